//! File names → migrations: every layout that the loader understands, by names alone.
//!
//! Knows neither texts nor file systems: the same rules serve a folder on disk and one inside the binary.

use super::nearest::hint;
use crate::schema::Phase;

/// One entry of the migrations folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A file.
    File(String),
    /// A folder with what is in it.
    Folder(Folder),
}

/// A folder inside the migrations folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) name: String,
    /// The names of its files.
    pub(super) files: Vec<String>,
    /// The folders inside it.
    pub(super) folders: Vec<Folder>,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The script of a phase.
    Script(Phase),
    /// Undoes the expand script.
    Rollback,
    /// migration.toml.
    Settings,
    /// A flat file: an expand script, perhaps with its undoing behind a mark.
    Flat,
}

/// A file that belongs to a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// The migration.
    pub(super) id: String,
    /// What the file is for.
    pub(super) role: Role,
    /// Its path below the migrations folder, with `/`.
    pub(super) path: String,
}

/// A file or folder that fits no layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stranger {
    pub(super) path: String,
    pub(super) reason: String,
}

/// A file or folder that holds no SQL for us: it is named once and left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its path below the migrations folder.
    pub path: String,
    /// Why.
    pub reason: &'static str,
    /// Whether it may change the schema all the same, so that what is not recorded proves nothing.
    pub may_change: bool,
}

/// What the entries of a folder contribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) members: Vec<Member>,
    pub(super) left_out: Vec<LeftOut>,
}

const NATIVE: [(&str, Role); 5] = [
    ("expand.sql", Role::Script(Phase::Expand)),
    ("backfill.sql", Role::Script(Phase::Backfill)),
    ("contract.sql", Role::Script(Phase::Contract)),
    ("rollback.sql", Role::Rollback),
    ("migration.toml", Role::Settings),
];

/// Endings of files in which other tools write migrations that are no SQL.
const CODE: [&str; 13] = ["go", "rs", "py", "rb", "js", "cjs", "mjs", "ts", "php", "java", "kt", "cs", "exs"];

/// Endings of files that tools and people keep beside migrations.
const COMPANIONS: [&str; 12] = ["xml", "yaml", "yml", "json", "toml", "sum", "mod", "lock", "hcl", "conf", "sh", "md"];

/// Folders that hold what tests load, never what a deployment runs.
const TEST_FOLDERS: [&str; 7] = ["testdata", "fixtures", "test", "tests", "seeds", "seed", "snapshots"];

const NO_SCRIPT: &str = "holds no script: add expand.sql, backfill.sql or contract.sql, or remove the folder";

/// Files that may lie anywhere: notes, placeholders, editors' and other tools' files.
fn is_silent(name: &str) -> bool {
    let readme = name.len() >= 6 && name.is_char_boundary(6) && name[..6].eq_ignore_ascii_case("readme");
    name.starts_with('.') || (readme && (name.len() == 6 || name.ends_with(".md")))
}

/// What an entry contributes; nothing for files that are meant for people and tools alone.
pub(super) fn found(entry: &Entry) -> Result<Found, Stranger> {
    let mut found = Found::default();
    match entry {
        Entry::File(name) => found.file("", name)?,
        Entry::Folder(folder) => found.folder("", folder)?,
    }
    Ok(found)
}

impl Found {
    /// A file that is a migration by itself.
    fn file(&mut self, parent: &str, name: &str) -> Result<(), Stranger> {
        let path = format!("{parent}{name}");
        // Prisma's note of the provider.
        if is_silent(name) || name == "migration_lock.toml" {
            return Ok(());
        }
        let stranger = |reason: &str| Stranger { path: path.clone(), reason: reason.to_owned() };
        let Some(stem) = name.strip_suffix(".sql") else {
            let left = other(&path, name);
            self.left_out.push(
                left.ok_or_else(|| stranger("is no migration: a migration is a folder with expand.sql, or a file that ends with .sql"))?,
            );
            return Ok(());
        };
        if NATIVE.iter().any(|(known, _)| *known == name) {
            return Err(stranger(&format!("belongs into a folder of its own: <version>_<name>/{name}")));
        }
        if stem.is_empty() {
            return Err(stranger("has no name before .sql"));
        }
        if stem.starts_with('B') && flyway(stem).is_some() {
            let reason = "is a baseline: the versioned scripts are read instead";
            self.left_out.push(LeftOut { path, reason, may_change: true });
            return Ok(());
        }
        let (id, role) = match (stem.chars().next(), flyway(stem)) {
            (Some('U'), Some(rest)) => (format!("V{rest}"), Role::Rollback),
            _ => match (stem.strip_suffix(".up"), stem.strip_suffix(".down")) {
                (Some(id), _) => (id.to_owned(), Role::Script(Phase::Expand)),
                (None, Some(id)) => (id.to_owned(), Role::Rollback),
                (None, None) => (stem.to_owned(), Role::Flat),
            },
        };
        self.members.push(Member { id, role, path });
        Ok(())
    }

    fn folder(&mut self, parent: &str, folder: &Folder) -> Result<(), Stranger> {
        let name = &folder.name;
        let path = format!("{parent}{name}");
        if name.starts_with('.') {
            return Ok(());
        }
        if TEST_FOLDERS.contains(&name.as_str()) {
            self.left_out.push(LeftOut { path, reason: "holds what tests load", may_change: false });
            return Ok(());
        }
        if folder.is_collection() {
            let parent = format!("{path}/");
            folder.files.iter().try_for_each(|file| self.file(&parent, file))?;
            return folder.folders.iter().try_for_each(|inner| self.folder(&parent, inner));
        }
        let files: Vec<&str> = folder.files.iter().map(String::as_str).filter(|file| !is_silent(file)).collect();
        let native = files.iter().any(|file| NATIVE.iter().any(|(known, _)| known == file));
        if native || folder.holds_sql() {
            return self.migration(&path, name, &files, &folder.folders);
        }
        if files.is_empty() && folder.folders.is_empty() {
            return Err(Stranger { path, reason: NO_SCRIPT.to_owned() });
        }
        self.left_out.push(LeftOut { path, reason: "holds no SQL", may_change: false });
        Ok(())
    }

    /// A folder that is one migration.
    fn migration(&mut self, parent: &str, name: &str, files: &[&str], folders: &[Folder]) -> Result<(), Stranger> {
        if let Some(inner) = folders.iter().find(|inner| !inner.name.starts_with('.')) {
            let reason = "is a folder inside a migration: migrations lie side by side in one folder".to_owned();
            return Err(Stranger { path: format!("{parent}/{}", inner.name), reason });
        }
        let known = layout(files);
        let before = self.members.len();
        for file in files {
            let path = format!("{parent}/{file}");
            match known.iter().find(|(known, _)| known == file) {
                Some((_, Some(role))) => self.members.push(Member { id: name.to_owned(), role: *role, path }),
                Some((_, None)) => {}
                None => {
                    let names = known.iter().map(|(known, _)| *known);
                    let reason =
                        format!("is not understood{}; known here: {}", hint(file, names.clone()), names.collect::<Vec<_>>().join(", "));
                    return Err(Stranger { path, reason });
                }
            }
        }
        // Whether migration.toml declares something to do, its text tells.
        let scripted = self.members[before..].iter().any(|member| matches!(member.role, Role::Script(_) | Role::Settings));
        if scripted { Ok(()) } else { Err(Stranger { path: parent.to_owned(), reason: NO_SCRIPT.to_owned() }) }
    }
}

/// A file that is no SQL and is known by its ending.
fn other(path: &str, name: &str) -> Option<LeftOut> {
    let ending = name.rsplit_once('.')?.1;
    let is_code = CODE.contains(&ending);
    if !is_code && !COMPANIONS.contains(&ending) {
        return None;
    }
    // A version makes code a migration; a changelog may hold changes of its own beside the files that it includes.
    let may_change = (is_code && is_versioned(name)) || ending == "xml";
    let reason = if may_change { "is no SQL: what it does is not known here" } else { "is no SQL" };
    Some(LeftOut { path: path.to_owned(), reason, may_change })
}

impl Folder {
    /// Whether it merely sorts migrations: each of its files is one, as Flyway and refinery allow it.
    fn is_collection(&self) -> bool {
        let mut sql = self.files.iter().filter(|file| file.ends_with(".sql")).peekable();
        match sql.peek() {
            Some(_) => sql.all(|file| is_versioned(file)),
            None => self.folders.iter().any(|inner| inner.is_collection() && !TEST_FOLDERS.contains(&inner.name.as_str())),
        }
    }

    fn holds_sql(&self) -> bool {
        let named = |file: &String| file.to_lowercase().contains(".sql");
        self.files.iter().any(named) || self.folders.iter().any(Folder::holds_sql)
    }
}

/// Whether a file's name begins with a version: `0001_a.sql`, `V1__a.sql`, `R__a.sql`.
fn is_versioned(name: &str) -> bool {
    let marked = name.starts_with(['V', 'U', 'B']) && flyway(name).is_some();
    name.starts_with(|c: char| c.is_ascii_digit()) || name.starts_with("R__") || marked
}

/// `U1_2__name` → `1_2__name`, for any of Flyway's letters.
fn flyway(stem: &str) -> Option<&str> {
    let rest = stem.get(1..)?;
    let (version, _) = rest.split_once("__")?;
    let numbers = version.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
    numbers.then_some(rest)
}

/// The names that a folder may hold, told by the files that are there; `None` for those that say nothing to us.
fn layout(files: &[&str]) -> Vec<(&'static str, Option<Role>)> {
    let native = || NATIVE.iter().map(|(name, role)| (*name, Some(*role))).collect();
    if files.iter().any(|file| NATIVE.iter().any(|(name, _)| name == file)) {
        native()
    } else if files.contains(&"up.sql") || (files.contains(&"down.sql") && !files.contains(&"migration.sql")) {
        // Diesel. metadata.toml says `run_in_transaction`, which we tell from the statements.
        vec![
            ("up.sql", Some(Role::Script(Phase::Expand))),
            ("down.sql", Some(Role::Rollback)),
            ("metadata.toml", None),
            ("metadata.yaml", None),
        ]
    } else if files.contains(&"migration.sql") {
        // Prisma.
        vec![("migration.sql", Some(Role::Script(Phase::Expand))), ("down.sql", Some(Role::Rollback))]
    } else {
        native()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Result<Vec<(String, Role)>, String> {
        of(&Entry::File(name.to_owned()))
    }

    fn folder(files: &[&str]) -> Result<Vec<(String, Role)>, String> {
        of(&Entry::Folder(named("1_a", files, Vec::new())))
    }

    fn named(name: &str, files: &[&str], folders: Vec<Folder>) -> Folder {
        Folder { name: name.to_owned(), files: files.iter().map(|&file| file.to_owned()).collect(), folders }
    }

    fn of(entry: &Entry) -> Result<Vec<(String, Role)>, String> {
        let found = found(entry).map_err(|stranger| stranger.reason)?;
        Ok(found.members.into_iter().map(|member| (member.id, member.role)).collect())
    }

    #[test]
    fn flat_files() {
        assert_eq!(file("1_a.sql"), Ok(vec![("1_a".into(), Role::Flat)]));
        assert_eq!(file("1_a.up.sql"), Ok(vec![("1_a".into(), Role::Script(Phase::Expand))]));
        assert_eq!(file("1_a.down.sql"), Ok(vec![("1_a".into(), Role::Rollback)]));
        assert_eq!(file("V1__a.sql"), Ok(vec![("V1__a".into(), Role::Flat)]));
        assert_eq!(file("U1_2__a.sql"), Ok(vec![("V1_2__a".into(), Role::Rollback)]));
        assert_eq!(file("Users__a.sql"), Ok(vec![("Users__a".into(), Role::Flat)]));
        for silent in
            [".gitkeep", "README.md", "readme", "README.de.md", "migration_lock.toml", ".DS_Store", "atlas.sum", "embed.go", "2_seed.py"]
        {
            assert_eq!(file(silent), Ok(Vec::new()), "{silent}");
        }
        for strange in ["notes.txt", "1_a.sql.bak", "expand.sql", ".sql~"] {
            assert_eq!(file(strange).is_err(), !strange.starts_with('.'), "{strange}");
        }
    }

    #[test]
    fn folders() {
        let native = folder(&["expand.sql", "contract.sql", "migration.toml", "rollback.sql", "README.md"]);
        assert_eq!(native.map(|members| members.len()), Ok(4));
        let diesel = folder(&["up.sql", "down.sql", "metadata.toml"]);
        assert_eq!(diesel, Ok(vec![("1_a".into(), Role::Script(Phase::Expand)), ("1_a".into(), Role::Rollback)]));
        assert_eq!(folder(&["migration.sql"]), Ok(vec![("1_a".into(), Role::Script(Phase::Expand))]));
        assert!(folder(&["expnad.sql"]).expect_err("a slip").contains("did you mean `expand.sql`?"));
        assert!(folder(&["expand.sql", "up.sql"]).is_err());
        assert!(folder(&["expand.sql", "notes.txt"]).is_err());
        assert!(folder(&["rollback.sql"]).expect_err("no script").contains("holds no script"));
        assert_eq!(folder(&["migration.toml"]).map(|members| members.len()), Ok(1));
        assert!(folder(&["down.sql"]).is_err());
        assert!(folder(&[]).is_err());
    }

    #[test]
    fn what_is_no_sql_is_named_and_what_may_change_the_schema_is_told_apart() {
        let left = |name: &str| found(&Entry::File(name.to_owned())).map(|found| found.left_out.first().map(|left| left.may_change));
        assert_eq!(left("atlas.sum"), Ok(Some(false)));
        assert_eq!(left("embed.go"), Ok(Some(false)), "a helper of the folder");
        assert_eq!(left("00003_seed.go"), Ok(Some(true)), "a migration in another language");
        assert_eq!(left("B5__base.sql"), Ok(Some(true)));
        assert_eq!(left("1_a.sql"), Ok(None));
    }

    #[test]
    fn folders_that_only_sort_are_looked_into() {
        let inner = named("2024", &["V3__c.sql", "U3__c.sql"], Vec::new());
        let tests = named("testdata", &["1_x.sql"], Vec::new());
        let entry = Entry::Folder(named("core", &["V1__a.sql", "R__views.sql", "notes.md"], vec![inner, tests]));
        let found = found(&entry).expect("understood");
        let told: Vec<(&str, &str)> = found.members.iter().map(|member| (member.id.as_str(), member.path.as_str())).collect();
        let expected = [
            ("V1__a", "core/V1__a.sql"),
            ("R__views", "core/R__views.sql"),
            ("V3__c", "core/2024/V3__c.sql"),
            ("V3__c", "core/2024/U3__c.sql"),
        ];
        assert_eq!(told, expected);
        assert_eq!(found.left_out.iter().map(|left| left.path.as_str()).collect::<Vec<_>>(), ["core/notes.md", "core/testdata"]);
    }

    #[test]
    fn folders_inside_migrations_are_refused() {
        let entry = Entry::Folder(named("1_a", &["expand.sql"], vec![named("old", &[], Vec::new())]));
        assert_eq!(found(&entry).expect_err("nested").path, "1_a/old");
    }
}
