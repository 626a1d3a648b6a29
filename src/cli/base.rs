//! `--base REF`: what the migrations folder held where this branch left its base, read from git's objects.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::cache::{Cache, Files};
use super::exit::Exit;
use super::failure::Failure;
use crate::migration::{Manifest, Project, Tree};
use crate::schema::Dialect;

/// The manifest of the base. Contents that an earlier run has read are known by their names.
///
/// # Errors
/// When git does not know the reference, or the base's own folder is not understood.
pub(super) fn manifest(project: &Project, reference: &str, dialect: Dialect, cache: &Cache) -> Result<Manifest, Failure> {
    // git is asked from the folder itself: then it matters neither where the repository begins nor how it is laid out.
    let folder = fs::canonicalize(&project.migrations)
        .map_err(|error| Failure::new(Exit::Usage, format!("cannot read {}: {error}", project.migrations.display())))?;
    let base = merge_base(&folder, reference)?;
    let files = objects(&folder, &base)?;
    let contents = RefCell::new(None);
    let read = |object: &str| {
        let mut contents = contents.borrow_mut();
        if contents.is_none() {
            *contents = Some(Contents::of(&folder)?);
        }
        contents.as_mut().map_or_else(|| Ok(Vec::new()), |contents: &mut Contents| contents.read(object))
    };
    let mut seen = cache.seen(project, dialect, Files::InGit);
    let manifest = Manifest::of_tree(&Tree { shown: "base", files: &files, read: &read }, dialect, &mut seen)?;
    cache.keep_seen(project, dialect, Files::InGit, &seen);
    Ok(manifest)
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

/// Path and object of every file below the folder.
fn objects(folder: &Path, base: &str) -> Result<BTreeMap<String, String>, Failure> {
    let listed = git(folder, &["ls-tree", "-r", "-z", base])
        .map_err(|reason| Failure::new(Exit::Failure, format!("git cannot list the base: {reason}")))?;
    let entries = listed.split('\0').filter_map(|entry| {
        let (meta, path) = entry.split_once('\t')?;
        let mut meta = meta.split(' ').skip(1);
        // Links to other repositories are no files.
        (meta.next() == Some("blob")).then_some((path.to_owned(), meta.next()?.to_owned()))
    });
    Ok(entries.collect())
}

/// One process of git that is asked for one content after the other.
struct Contents {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Contents {
    fn of(folder: &Path) -> io::Result<Contents> {
        let mut process = command(folder, &["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let silent = || io::Error::other("git cannot be asked");
        let answers = BufReader::new(process.stdout.take().ok_or_else(silent)?);
        Ok(Contents { questions: process.stdin.take(), answers, process })
    }

    fn read(&mut self, object: &str) -> io::Result<Vec<u8>> {
        let questions = self.questions.as_mut().ok_or_else(|| io::Error::other("git is not asked any more"))?;
        writeln!(questions, "{object}")?;
        questions.flush()?;
        let mut head = String::new();
        self.answers.read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok());
        let size: usize = size.ok_or_else(|| io::Error::other(format!("git said `{}`", head.trim_end())))?;
        let mut content = vec![0; size + 1];
        self.answers.read_exact(&mut content)?;
        content.pop();
        Ok(content)
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        // No more questions: git ends by itself. How, does not matter any more.
        self.questions = None;
        let _ = self.process.wait();
    }
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
