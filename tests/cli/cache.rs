//! The cache changes nothing but the time: after any edit of a folder, and whatever becomes of the cache's own files, a plan
//! with it is the plan without it, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::base::git;
use crate::{Ran, migrate_with};

/// Scripts of the folder at first: more than are worth a snapshot.
const SCRIPTS: usize = 76;

/// Random edits, each followed by two plans.
const EDITS: usize = 14;

fn script(number: usize, seed: u64) -> String {
    let other = number / 2;
    match number % 4 {
        0 => format!(
            "CREATE TABLE t{number} (id bigint PRIMARY KEY, a int DEFAULT {seed}, b text CHECK (b <> ''), m timestamptz DEFAULT now());\n"
        ),
        1 => format!("ALTER TABLE t{} ADD COLUMN c{number} varchar({});\n", number - 1, 10 + seed % 50),
        2 => format!("CREATE INDEX i{number} ON t{} (a) WHERE a > {seed};\n", number - 2),
        _ => format!("CREATE VIEW v{number} AS SELECT id FROM t{};\nCREATE TYPE e{number} AS ENUM ('a{other}', 'b');\n", number - 3),
    }
}

/// A project whose last scripts are judged on top of what the first ones leave.
struct Project {
    folder: tempfile::TempDir,
    cache: PathBuf,
}

impl Project {
    fn new() -> Project {
        let folder = tempfile::tempdir().expect("a folder");
        let project = Project { cache: folder.path().join("cache"), folder };
        fs::create_dir_all(project.migrations()).expect("a folder");
        let baseline = format!("{:04}_m", SCRIPTS - 4);
        let settings = format!("dialect = \"postgres\"\nserver_version = \"15\"\nbaseline = \"{baseline}\"\n");
        fs::write(project.folder.path().join("migrate.toml"), settings).expect("written");
        (0..SCRIPTS).for_each(|number| fs::write(project.file(number), script(number, 1)).expect("written"));
        project
    }

    fn migrations(&self) -> PathBuf {
        self.folder.path().join("migrations")
    }

    fn file(&self, number: usize) -> PathBuf {
        self.migrations().join(format!("{number:04}_m.sql"))
    }

    /// The flat files that are there, in order.
    fn files(&self) -> Vec<PathBuf> {
        listed(&self.migrations()).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "sql")).collect()
    }

    fn plan(&self, more: &[&str]) -> Ran {
        let arguments = [&["plan", "--offline", "--format", "json"], more].concat();
        migrate_with(self.folder.path(), &arguments, &[("MIGRATE_CACHE_DIR", &self.cache.to_string_lossy())])
    }

    fn check(&self, after: &str) {
        let (with, without) = (self.plan(&[]), self.plan(&["--no-cache"]));
        assert_eq!((with.code, &with.err), (without.code, &without.err), "after {after}");
        assert!(with.out == without.out, "after {after}: a plan with the cache differs\n{}\n{}", with.out, without.out);
    }

    /// The files of the cache with this ending.
    fn cached(&self, ending: &str) -> Vec<PathBuf> {
        listed(&self.cache).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == ending)).collect()
    }
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// Changes one file or two, at random; says how.
fn edit(project: &Project, random: &mut fastrand::Rng) -> String {
    let files = project.files();
    let file = &files[random.usize(..files.len())];
    let text = fs::read_to_string(file).expect("a script");
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match random.usize(..7) {
        0 => {
            fs::write(file, format!("{text}CREATE TABLE x{} (id int);\n", random.u32(..))).expect("written");
            format!("a statement more in {name}")
        }
        // The size stays, and the time of the change is made the old one again.
        1 => {
            let then = fs::metadata(file).and_then(|found| found.modified()).expect("a time");
            fs::write(file, text.replacen("id", "ix", 1)).expect("written");
            fs::File::options().write(true).open(file).and_then(|open| open.set_modified(then)).expect("a time");
            format!("a secret edit of {name}")
        }
        2 => {
            let other = &files[random.usize(..files.len())];
            let theirs = fs::read_to_string(other).expect("a script");
            fs::write(file, theirs).expect("written");
            fs::write(other, text).expect("written");
            format!("a swap of {name} and {}", other.display())
        }
        3 => {
            fs::remove_file(file).expect("removed");
            format!("the removal of {name}")
        }
        4 => {
            fs::rename(file, file.with_file_name(name.replace("_m", "_n"))).expect("renamed");
            format!("a new name of {name}")
        }
        5 => {
            fs::write(file, &text).expect("written");
            format!("a touch of {name}")
        }
        _ => {
            let number = 100 + random.usize(..800);
            fs::write(project.file(number), format!("CREATE TABLE y{number} (id bigint, z text DEFAULT now()::text);\n")).expect("written");
            format!("a new file {number}")
        }
    }
}

#[test]
fn after_random_edits_a_plan_is_the_same_with_the_cache_and_without() {
    let seed = std::env::var("CACHE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    let mut random = fastrand::Rng::with_seed(seed);
    let project = Project::new();
    // Files that are younger than the clock of a file system tells apart are not trusted by their times.
    std::thread::sleep(Duration::from_millis(3_100));
    project.check("nothing");
    assert_eq!((project.cached("replay").len(), project.cached("files").len()), (1, 1), "nothing was kept");
    project.check("nothing, once more");
    let mut told = Vec::new();
    for _ in 0..EDITS {
        // The baseline's file stays: without it the project is refused, which is no plan.
        let baseline = project.file(SCRIPTS - 4);
        let kept = fs::read(&baseline).expect("the baseline");
        told.push(edit(&project, &mut random));
        if !baseline.exists() {
            fs::write(&baseline, kept).expect("written");
            let renamed = baseline.with_file_name(format!("{:04}_n.sql", SCRIPTS - 4));
            if renamed.exists() {
                fs::remove_file(renamed).expect("removed");
            }
        }
        project.check(&format!("{} (CACHE_SEED={seed})", told.join(", ")));
    }
}

#[test]
fn a_base_is_the_same_whether_its_contents_are_known_or_read() {
    let project = Project::new();
    let folder = project.folder.path();
    // A folder of phases, one with a declaration, and code that is no script stand among the flat files.
    let more = [
        ("1005_x/expand.sql", "CREATE TABLE x (id bigint PRIMARY KEY, a text, b text);\n"),
        ("1005_x/contract.sql", "ALTER TABLE x DROP COLUMN a;\n"),
        ("1005_x/migration.toml", "[[sync]]\ntable = \"x\"\nold = \"a\"\nnew = \"b\"\nforward = \"a\"\nbackward = \"b\"\n"),
        ("1003_code.py", "pass\n"),
    ];
    for (path, text) in more {
        let file = project.migrations().join(path);
        fs::create_dir_all(file.parent().expect("it lies in the folder")).expect("a folder");
        fs::write(file, text).expect("written");
    }
    fs::write(folder.join(".gitignore"), "/cache\n").expect("written");
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "base"], &["checkout", "-q", "-b", "topic"]] {
        git(folder, arguments);
    }
    let check = |after: &str| {
        let (with, without) = (project.plan(&["--base", "main"]), project.plan(&["--base", "main", "--no-cache"]));
        assert_eq!((with.code, &with.err, &with.out), (without.code, &without.err, &without.out), "after {after}");
        with
    };
    check("nothing");
    let known = project.cached("files");
    assert!(!known.is_empty(), "nothing was kept of the base");
    check("nothing, once more");
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..4 {
        let edited = edit(&project, &mut random);
        check(&edited);
    }
    // The base moves on: some contents are known, one is not.
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "edits"]);
    git(folder, &["branch", "-f", "main", "topic"]);
    fs::write(project.file(960), "CREATE TABLE last (id int);\n").expect("written");
    check("another base");
    for file in project.cached("files") {
        let bytes = fs::read(&file).expect("a file of the cache");
        fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
    }
    check("a cache that is cut in half");
}

/// What is done to a file of the cache.
type Spoil = fn(Vec<u8>) -> Vec<u8>;

#[test]
fn a_spoilt_cache_counts_as_none() {
    let project = Project::new();
    project.check("nothing");
    let spoil: [(&str, Spoil); 5] = [
        ("half of it", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("nothing in it", |_| Vec::new()),
        ("one bit turned", |mut bytes| {
            let at = bytes.len() / 3;
            bytes[at] ^= 4;
            bytes
        }),
        ("another program's bytes", |_| b"SQLite format 3\0".repeat(40)),
        ("more behind it", |mut bytes| {
            bytes.extend_from_slice(b"more");
            bytes
        }),
    ];
    for (how, change) in spoil {
        let files: Vec<PathBuf> = project.cached("replay").into_iter().chain(project.cached("files")).collect();
        assert_eq!(files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "replay")).count(), 1);
        for file in files {
            let bytes = fs::read(&file).expect("a file of the cache");
            fs::write(&file, change(bytes)).expect("written");
        }
        project.check(how);
    }
    // A folder that cannot be written is no reason to fail either.
    fs::remove_dir_all(&project.cache).expect("removed");
    fs::write(&project.cache, "a file where a folder should be").expect("written");
    project.check("a file in its place");
}
