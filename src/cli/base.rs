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
    // git is asked from the folder itself: then it matters neither where the repository begins nor how it is laid out.
    let folder = fs::canonicalize(&project.migrations)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {}: {error}", project.migrations.display())))?;
    let base = merge_base(&folder, reference)?;
    let scratch = Scratch(std::env::temp_dir().join(format!("migrate-base-{}-{:x}", std::process::id(), fastrand::u64(..))));
    let target = scratch.0.join("base");
    fs::create_dir_all(&target).map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    let objects = objects(&folder, &base)?;
    check_out(&folder, &objects, &target).map_err(|error| Failure::from_error(Exit::Failure, &error))?;
    Ok(Migrations::read(&target, &scratch.0, dialect)?.manifest())
}

/// The main branch of the remote, where git knows one.
pub(super) fn main_branch(project: &Project) -> Option<String> {
    let root = fs::canonicalize(&project.root).ok()?;
    let known = |name: &&&str| git(&root, &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]).is_ok();
    ["origin/HEAD", "origin/main", "origin/master"].iter().find(known).map(|name| (*name).to_owned())
}

/// The commit where this branch left the reference.
fn merge_base(folder: &Path, reference: &str) -> Result<String, Failure> {
    git(folder, &["rev-parse", "--git-dir"])
        .map_err(|reason| Failure::new(Exit::Usage, format!("--base needs git, and git says of {}: {reason}", folder.display())))?;
    let shallow = git(folder, &["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer == "true");
    let missing = |message: String| {
        let failure = Failure::new(Exit::Usage, message);
        let failure = if shallow { failure.next("git fetch --unshallow origin") } else { failure };
        failure.next(format!("git fetch origin {}", reference.strip_prefix("origin/").unwrap_or(reference)))
    };
    let named = ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{reference}^{{commit}}")];
    let commit = git(folder, &named).map_err(|_| {
        let hint = if shallow { "; this checkout is shallow: in CI ask for the whole history (`fetch-depth: 0`)" } else { "" };
        missing(format!("git knows no commit `{reference}`{hint}"))
    })?;
    match git(folder, &["merge-base", &commit, "HEAD"]) {
        Ok(base) => Ok(base),
        // Where the past is cut off, the tip of the base would blame the branch for what it merely does not have yet.
        Err(_) if shallow => Err(missing(format!(
            "this checkout is shallow, so git cannot tell where the branch left `{reference}`: in CI ask for the whole history (`fetch-depth: 0`)"
        ))),
        // No common past at all: everything that the base holds is its own.
        Err(_) => Ok(commit),
    }
}

/// Object and path of every file below the folder, relative to it.
fn objects(folder: &Path, base: &str) -> Result<Vec<(String, PathBuf)>, Failure> {
    let listed = git(folder, &["ls-tree", "-r", "-z", base])
        .map_err(|reason| Failure::new(Exit::Failure, format!("git cannot list the base: {reason}")))?;
    let entries = listed.split('\0').filter_map(|entry| {
        let (meta, path) = entry.split_once('\t')?;
        let mut meta = meta.split(' ').skip(1);
        // Links to other repositories are no files.
        (meta.next() == Some("blob")).then_some((meta.next()?.to_owned(), PathBuf::from(path)))
    });
    Ok(entries.collect())
}

/// Writes the objects to the target, all by one process of git.
fn check_out(folder: &Path, objects: &[(String, PathBuf)], target: &Path) -> std::io::Result<()> {
    let mut process = command(folder, &["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
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
        let file = target.join(path);
        fs::create_dir_all(file.parent().unwrap_or(target))?;
        fs::write(file, content)?;
    }
    drop(questions);
    process.wait().map(drop)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = command(folder, arguments).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    // A hook's own idea of the repository and of its index does not reach into this folder.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(variable);
    }
    command.arg("-C").arg(folder).args(arguments).stderr(Stdio::piped());
    command
}
