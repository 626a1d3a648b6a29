//! `--base REF`: what the migrations folder held where this branch left its base, read from git's objects.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::exit::Exit;
use super::failure::Failure;
use crate::migration::{Manifest, Migrations, Project};
use crate::schema::Dialect;

/// A scratch folder that goes away again.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies in the system's folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The manifest of the base.
///
/// # Errors
/// When git does not know the reference, or the base's own folder is not understood.
pub(super) fn manifest(project: &Project, reference: &str, dialect: Dialect) -> Result<Manifest, Failure> {
    let root = fs::canonicalize(&project.root).map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    let folder = project.migrations.strip_prefix(&project.root).unwrap_or(&project.migrations);
    let base = merge_base(&root, reference)?;
    let scratch = Scratch(std::env::temp_dir().join(format!("migrate-base-{}-{:x}", std::process::id(), fastrand::u64(..))));
    let target = scratch.0.join("base");
    fs::create_dir_all(&target).map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    let objects = objects(&root, &base, folder)?;
    check_out(&root, &objects, folder, &target).map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    Ok(Migrations::read(&target, &scratch.0, dialect)?.manifest())
}

/// Where this branch left the reference; the reference itself where they have no common past.
fn merge_base(root: &Path, reference: &str) -> Result<String, Failure> {
    let commit =
        git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{reference}^{{commit}}")]).map_err(|_| {
            Failure::new(Exit::Usage, format!("git knows no commit `{reference}`; in CI the checkout may need its history"))
                .next("git fetch --unshallow")
        })?;
    Ok(git(root, &["merge-base", &commit, "HEAD"]).unwrap_or(commit))
}

/// Object and path of every file below the folder, relative to the project.
fn objects(root: &Path, base: &str, folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let folder = folder.to_string_lossy();
    let listed = git(root, &["ls-tree", "-r", "-z", base, "--", &folder])
        .map_err(|reason| Failure::new(Exit::Failure, format!("git cannot list the base: {reason}")))?;
    let entries = listed.split('\0').filter_map(|entry| {
        let (meta, path) = entry.split_once('\t')?;
        Some((meta.split(' ').nth(2)?.to_owned(), PathBuf::from(path)))
    });
    Ok(entries.collect())
}

/// Writes the objects to the target, all by one process of git.
fn check_out(root: &Path, objects: &[(String, PathBuf)], folder: &Path, target: &Path) -> std::io::Result<()> {
    let mut process = command(root, &["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(mut questions), Some(answers)) = (process.stdin.take(), process.stdout.take()) else { return Ok(()) };
    let mut answers = BufReader::new(answers);
    for (object, path) in objects {
        writeln!(questions, "{object}")?;
        questions.flush()?;
        let mut head = String::new();
        answers.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok());
        let size: usize = size.ok_or_else(|| std::io::Error::other(format!("git said `{}`", head.trim_end())))?;
        let mut content = vec![0; size + 1];
        answers.read_exact(&mut content)?;
        content.pop();
        let file = target.join(path.strip_prefix(folder).unwrap_or(path));
        fs::create_dir_all(file.parent().unwrap_or(target))?;
        fs::write(file, content)?;
    }
    drop(questions);
    process.wait().map(drop)
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = command(root, arguments).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(arguments).stderr(Stdio::piped());
    command
}
