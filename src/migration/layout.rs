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
    /// A folder with the names of its files, and of folders inside it.
    Folder { name: String, files: Vec<String>, folders: Vec<String> },
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

const NATIVE: [(&str, Role); 5] = [
    ("expand.sql", Role::Script(Phase::Expand)),
    ("backfill.sql", Role::Script(Phase::Backfill)),
    ("contract.sql", Role::Script(Phase::Contract)),
    ("rollback.sql", Role::Rollback),
    ("migration.toml", Role::Settings),
];

/// What an entry contributes; empty for files that are meant for people and tools.
pub(super) fn members(entry: &Entry) -> Result<Vec<Member>, Stranger> {
    match entry {
        Entry::File(name) => flat(name),
        Entry::Folder { name, .. } if name.starts_with('.') => Ok(Vec::new()),
        Entry::Folder { name, files, folders } => folder(name, files, folders),
    }
}

/// Files that may lie anywhere: notes, placeholders, editors' and other tools' files.
fn is_silent(name: &str) -> bool {
    let readme = name.len() >= 6 && name.is_char_boundary(6) && name[..6].eq_ignore_ascii_case("readme");
    name.starts_with('.') || (readme && (name.len() == 6 || name.ends_with(".md")))
}

fn flat(name: &str) -> Result<Vec<Member>, Stranger> {
    // Prisma's note of the provider.
    if is_silent(name) || name == "migration_lock.toml" {
        return Ok(Vec::new());
    }
    let stranger = |reason: String| Stranger { path: name.to_owned(), reason };
    let member = |id: &str, role| Ok(vec![Member { id: id.to_owned(), role, path: name.to_owned() }]);
    let Some(stem) = name.strip_suffix(".sql") else {
        return Err(stranger("is no migration: a migration is a folder with expand.sql, or a file that ends with .sql".to_owned()));
    };
    if NATIVE.iter().any(|(known, _)| *known == name) {
        return Err(stranger(format!("belongs into a folder of its own: <version>_<name>/{name}")));
    }
    if stem.is_empty() {
        return Err(stranger("has no name before .sql".to_owned()));
    }
    if stem.starts_with("R__") {
        return Err(stranger(
            "is a repeatable migration, which would run again whenever it changes: write a migration with a version instead".to_owned(),
        ));
    }
    match (stem.chars().next(), flyway(stem)) {
        (Some('B'), Some(_)) => return Err(stranger("is a baseline of another tool: give its content a version, `V…__….sql`".to_owned())),
        (Some('U'), Some(rest)) => return member(&format!("V{rest}"), Role::Rollback),
        _ => {}
    }
    if let Some(id) = stem.strip_suffix(".up") {
        return member(id, Role::Script(Phase::Expand));
    }
    if let Some(id) = stem.strip_suffix(".down") {
        return member(id, Role::Rollback);
    }
    member(stem, Role::Flat)
}

/// `U1_2__name` → `1_2__name`, for any of Flyway's letters.
fn flyway(stem: &str) -> Option<&str> {
    let rest = stem.get(1..)?;
    let (version, _) = rest.split_once("__")?;
    let numbers = version.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(|c| c.is_ascii_digit() || c == '_' || c == '.');
    numbers.then_some(rest)
}

fn folder(name: &str, files: &[String], folders: &[String]) -> Result<Vec<Member>, Stranger> {
    if let Some(inner) = folders.iter().find(|inner| !inner.starts_with('.')) {
        let reason = "is a folder inside a migration: migrations lie side by side in one folder".to_owned();
        return Err(Stranger { path: format!("{name}/{inner}"), reason });
    }
    let files: Vec<&str> = files.iter().map(String::as_str).filter(|file| !is_silent(file)).collect();
    let known = layout(&files);
    let mut members = Vec::new();
    for file in &files {
        let path = format!("{name}/{file}");
        match known.iter().find(|(known, _)| known == file) {
            Some((_, Some(role))) => members.push(Member { id: name.to_owned(), role: *role, path }),
            Some((_, None)) => {}
            None => {
                let names = known.iter().map(|(known, _)| *known);
                let reason =
                    format!("is not understood{}; known here: {}", hint(file, names.clone()), names.collect::<Vec<_>>().join(", "));
                return Err(Stranger { path, reason });
            }
        }
    }
    let scripted = members.iter().any(|member| matches!(member.role, Role::Script(_)));
    if !scripted {
        let reason = "holds no script: add expand.sql, backfill.sql or contract.sql, or remove the folder".to_owned();
        return Err(Stranger { path: name.to_owned(), reason });
    }
    Ok(members)
}

/// The names that a folder may hold, told by the files that are there; `None` for those that say nothing to us.
fn layout(files: &[&str]) -> Vec<(&'static str, Option<Role>)> {
    let native = || NATIVE.iter().map(|(name, role)| (*name, Some(*role))).collect();
    if files.iter().any(|file| NATIVE.iter().any(|(name, _)| name == file)) {
        native()
    } else if files.contains(&"up.sql") || files.contains(&"down.sql") {
        // Diesel. metadata.toml says `run_in_transaction`, which we tell from the statements.
        vec![("up.sql", Some(Role::Script(Phase::Expand))), ("down.sql", Some(Role::Rollback)), ("metadata.toml", None)]
    } else if files.contains(&"migration.sql") {
        // Prisma.
        vec![("migration.sql", Some(Role::Script(Phase::Expand)))]
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
        let files = files.iter().map(|&file| file.to_owned()).collect();
        of(&Entry::Folder { name: "1_a".to_owned(), files, folders: Vec::new() })
    }

    fn of(entry: &Entry) -> Result<Vec<(String, Role)>, String> {
        let members = members(entry).map_err(|stranger| stranger.reason)?;
        Ok(members.into_iter().map(|member| (member.id, member.role)).collect())
    }

    #[test]
    fn flat_files() {
        assert_eq!(file("1_a.sql"), Ok(vec![("1_a".into(), Role::Flat)]));
        assert_eq!(file("1_a.up.sql"), Ok(vec![("1_a".into(), Role::Script(Phase::Expand))]));
        assert_eq!(file("1_a.down.sql"), Ok(vec![("1_a".into(), Role::Rollback)]));
        assert_eq!(file("V1__a.sql"), Ok(vec![("V1__a".into(), Role::Flat)]));
        assert_eq!(file("U1_2__a.sql"), Ok(vec![("V1_2__a".into(), Role::Rollback)]));
        assert_eq!(file("Users__a.sql"), Ok(vec![("Users__a".into(), Role::Flat)]));
        for silent in [".gitkeep", ".keep", "README.md", "readme", "README.de.md", "migration_lock.toml", ".DS_Store"] {
            assert_eq!(file(silent), Ok(Vec::new()), "{silent}");
        }
        for strange in ["notes.txt", "1_a.sql.bak", "R__views.sql", "B1__base.sql", "expand.sql", ".sql~", "schema.rb"] {
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
        assert!(folder(&["migration.toml"]).expect_err("no script").contains("holds no script"));
        assert!(folder(&["down.sql"]).is_err());
        assert!(folder(&[]).is_err());
    }

    #[test]
    fn folders_inside_migrations_are_refused() {
        let entry = Entry::Folder { name: "1_a".into(), files: vec!["expand.sql".into()], folders: vec!["old".into()] };
        assert_eq!(members(&entry).expect_err("nested").path, "1_a/old");
    }
}
