//! The files of a migration: which texts they hold before and after, whatever layout the folder follows.

use std::collections::BTreeMap;

use super::Draft;
use crate::migration::{Migration, MigrationError, Part};
use crate::schema::Phase;

/// Where the texts of a migration are kept.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// The migration's own folder, also where it does not exist yet.
    pub folder: String,
    /// The file of each phase that has one, and which part of it.
    pub scripts: BTreeMap<Phase, (String, Part)>,
    /// What undoes the expand script, where that is a file of its own.
    pub rollback: Option<String>,
    /// All files, whole.
    pub files: BTreeMap<String, String>,
}

/// What becomes of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: String,
    /// Its text now; `None` where it does not exist.
    pub before: Option<String>,
    /// Its text then; `None` where it goes.
    pub after: Option<String>,
}

impl Home {
    /// The home of a migration as the loader found it.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of(
        migration: &Migration,
        shown: &str,
        read: impl Fn(&str) -> Result<Option<String>, MigrationError>,
    ) -> Result<Home, MigrationError> {
        let prefix = if shown.is_empty() { String::new() } else { format!("{shown}/") };
        let mut home = Home { folder: format!("{prefix}{}", migration.id), ..Home::default() };
        let settings = format!("{}/migration.toml", home.folder);
        // A script may have no file: a sync contributes all of it.
        for script in migration.scripts.iter().filter(|script| *script.path != *settings) {
            home.scripts.insert(script.phase, (script.path.to_string(), script.part()));
        }
        let rollback = migration.rollback.as_ref().map(|script| script.path.to_string());
        home.rollback = rollback.filter(|path| !home.scripts.values().any(|(script, _)| script == path));
        let scripts = home.scripts.values().map(|(path, _)| path.clone());
        for path in scripts.chain(home.rollback.clone()).chain([settings]).collect::<Vec<_>>() {
            if let Some(text) = read(&path)? {
                home.files.insert(path, text);
            }
        }
        Ok(home)
    }

    /// migration.toml.
    pub fn settings(&self) -> String {
        format!("{}/migration.toml", self.folder).trim_start_matches('/').to_owned()
    }

    /// The file of a phase, also where it does not exist yet.
    pub fn script(&self, phase: Phase) -> String {
        match self.scripts.get(&phase) {
            Some((path, _)) => path.clone(),
            None => self.native(phase),
        }
    }

    fn native(&self, phase: Phase) -> String {
        format!("{}/{phase}.sql", self.folder).trim_start_matches('/').to_owned()
    }

    /// Whether the file of a phase lies in the folder under a name that does not go with ours.
    fn is_foreign(&self, phase: Phase) -> bool {
        let native = self.native(phase);
        self.scripts
            .get(&phase)
            .is_some_and(|(path, _)| *path != native && path.rsplit_once('/').map(|(folder, _)| folder) == Some(&self.folder))
    }
}

/// The files that change when the texts of a migration do.
pub fn changes(home: &Home, before: &Draft, after: &Draft) -> Vec<Change> {
    let mut texts: BTreeMap<String, Option<String>> = BTreeMap::new();
    let joined = Phase::ALL.into_iter().filter(|phase| holds_sql(after.text(*phase))).count() > 1 || !after.settings().is_empty();
    for phase in Phase::ALL {
        let (old, new) = (before.text(phase), after.text(phase));
        let moves = joined && home.is_foreign(phase);
        if old == new && !moves {
            continue;
        }
        let now = home.script(phase);
        let whole = match home.scripts.get(&phase) {
            Some((path, Part::Up)) => up_part(home.files.get(path).map_or("", String::as_str), new),
            Some((_, Part::Whole | Part::Changesets | Part::Down)) | None => new.to_owned(),
        };
        let then = if moves { home.native(phase) } else { now.clone() };
        if then != now {
            texts.insert(now, None);
        }
        texts.insert(then, holds_sql(new).then_some(whole));
    }
    if before.text(Phase::Expand) != after.text(Phase::Expand)
        && let Some(rollback) = &home.rollback
    {
        // It undoes what is no longer done.
        texts.insert(rollback.clone(), None);
    }
    if before.settings() != after.settings() {
        texts.insert(home.settings(), Some(after.settings().to_owned()));
    }
    let changes = texts.into_iter().map(|(path, after)| Change { before: home.files.get(&path).cloned(), after, path });
    changes.filter(|change| change.before != change.after).collect()
}

/// Whether anything in the text is more than a comment.
fn holds_sql(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("--")
    })
}

/// A file that keeps a migration and its undoing: with another migration, and without the undoing, which fits no more.
fn up_part(file: &str, up: &str) -> String {
    let mut head = String::new();
    for line in file.split_inclusive('\n') {
        head.push_str(line);
        if Part::begins_up(line) {
            return format!("{head}{}", up.trim_start_matches(['\n', ' ']).trim_end().to_owned() + "\n");
        }
    }
    up.to_owned()
}

impl Change {
    /// The unified difference, as `git apply` takes it.
    pub fn difference(&self) -> String {
        let (old, new) = (self.before.as_deref().unwrap_or_default(), self.after.as_deref().unwrap_or_default());
        let name = |side: &str, text: &Option<String>| match text {
            Some(_) => format!("{side}/{}", self.path),
            None => "/dev/null".to_owned(),
        };
        let difference = similar::TextDiff::from_lines(old, new);
        difference.unified_diff().context_radius(3).header(&name("a", &self.before), &name("b", &self.after)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(files: &[(&str, Phase, Part, &str)]) -> Home {
        let mut home = Home { folder: "migrations/1_a".to_owned(), ..Home::default() };
        for (path, phase, part, text) in files {
            home.scripts.insert(*phase, ((*path).to_owned(), *part));
            home.files.insert((*path).to_owned(), (*text).to_owned());
        }
        home
    }

    fn expand(text: &str) -> Draft {
        Draft::new([(Phase::Expand, text.to_owned())], String::new())
    }

    fn paths(changes: &[Change]) -> Vec<(&str, bool)> {
        changes.iter().map(|change| (change.path.as_str(), change.after.is_some())).collect()
    }

    #[test]
    fn a_flat_file_stays_and_gets_a_folder_beside_it() {
        let home = home(&[("migrations/1_a.sql", Phase::Expand, Part::Whole, "A;\nB;\n")]);
        let after = Draft::new([(Phase::Expand, "A;\n".to_owned()), (Phase::Contract, "B;\n".to_owned())], String::new());
        let changes = changes(&home, &expand("A;\nB;\n"), &after);
        assert_eq!(paths(&changes), [("migrations/1_a.sql", true), ("migrations/1_a/contract.sql", true)]);
    }

    #[test]
    fn a_file_without_statements_goes() {
        let home = home(&[("migrations/1_a.sql", Phase::Expand, Part::Whole, "-- x\nB;\n")]);
        let after = Draft::new([(Phase::Expand, "-- x\n".to_owned()), (Phase::Contract, "B;\n".to_owned())], String::new());
        let changes = changes(&home, &expand("-- x\nB;\n"), &after);
        assert_eq!(paths(&changes), [("migrations/1_a.sql", false), ("migrations/1_a/contract.sql", true)]);
    }

    #[test]
    fn a_folder_of_another_tool_gets_our_names_once_it_has_phases() {
        let home = home(&[("migrations/1_a/up.sql", Phase::Expand, Part::Whole, "A;\n")]);
        let one = changes(&home, &expand("A;\n"), &expand("C;\n"));
        assert_eq!(paths(&one), [("migrations/1_a/up.sql", true)]);
        let after = Draft::new([(Phase::Expand, "A;\n".to_owned()), (Phase::Contract, "B;\n".to_owned())], String::new());
        let two = changes(&home, &expand("A;\n"), &after);
        assert_eq!(
            paths(&two),
            [("migrations/1_a/contract.sql", true), ("migrations/1_a/expand.sql", true), ("migrations/1_a/up.sql", false)]
        );
    }

    #[test]
    fn the_undoing_in_the_same_file_goes() {
        let file = "-- migrate:up\nA;\n\n-- migrate:down\nZ;\n";
        assert_eq!(up_part(file, "             \nB;\n\n  "), "-- migrate:up\nB;\n");
    }

    #[test]
    fn a_new_file_differs_from_nothing() {
        let change = Change { path: "m/1/contract.sql".to_owned(), before: None, after: Some("DROP TABLE a;\n".to_owned()) };
        assert_eq!(change.difference(), "--- /dev/null\n+++ b/m/1/contract.sql\n@@ -0,0 +1 @@\n+DROP TABLE a;\n");
    }
}
