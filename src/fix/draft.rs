//! The texts of a migration while they are worked on.

use crate::schema::Phase;
use crate::sql::Span;

/// The scripts and the settings of a migration, as texts. An empty one is a file that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// In the order of `Phase::ALL`.
    texts: [String; 3],
    /// migration.toml.
    settings: String,
    /// Bytes at the beginning of each text that came from earlier phases.
    front: [usize; 3],
}

fn index(phase: Phase) -> usize {
    match phase {
        Phase::Expand => 0,
        Phase::Backfill => 1,
        Phase::Contract => 2,
    }
}

impl Draft {
    /// A migration of these scripts and this migration.toml.
    pub fn new(scripts: impl IntoIterator<Item = (Phase, String)>, settings: String) -> Draft {
        let mut draft = Draft { settings, ..Draft::default() };
        for (phase, text) in scripts {
            draft.texts[index(phase)] = text;
        }
        draft
    }

    /// The script of a phase; empty when there is none.
    pub fn text(&self, phase: Phase) -> &str {
        &self.texts[index(phase)]
    }

    /// migration.toml; empty when there is none.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// Puts a text in the place of another.
    pub(super) fn replace(&mut self, phase: Phase, span: Span, text: &str) {
        self.texts[index(phase)].replace_range(span.range(), text);
    }

    /// Moves statements from one phase to another: those of an earlier phase come before what a script holds by itself,
    /// in the order in which they are moved, those of a later phase behind it.
    pub(super) fn put(&mut self, from: Phase, to: Phase, sql: &str) {
        let mut sql = sql.trim().to_owned();
        if sql.is_empty() {
            return;
        }
        sql.push('\n');
        let (text, front) = (&mut self.texts[index(to)], &mut self.front[index(to)]);
        if to > from {
            if *front == 0 && !text.trim().is_empty() {
                text.insert(0, '\n');
            }
            text.insert_str(*front, &sql);
            *front += sql.len();
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&sql);
        }
    }

    /// Adds to migration.toml.
    pub(super) fn put_settings(&mut self, toml: &str) {
        if self.settings.contains(toml.trim()) {
            return;
        }
        if !self.settings.is_empty() {
            let gap = if self.settings.ends_with('\n') { "\n" } else { "\n\n" };
            self.settings.push_str(gap);
        }
        self.settings.push_str(toml);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_keeps_its_order() {
        let mut draft = Draft::new([(Phase::Contract, "DROP TABLE c;\n".to_owned())], String::new());
        draft.put(Phase::Expand, Phase::Contract, "DROP TABLE a;");
        draft.put(Phase::Expand, Phase::Contract, "DROP TABLE b;\n");
        draft.put(Phase::Contract, Phase::Expand, "CREATE TABLE d (e int);");
        assert_eq!(draft.text(Phase::Contract), "DROP TABLE a;\nDROP TABLE b;\n\nDROP TABLE c;\n");
        assert_eq!(draft.text(Phase::Expand), "CREATE TABLE d (e int);\n");
    }

    #[test]
    fn settings_are_added_once() {
        let mut draft = Draft::new([], "after = []".to_owned());
        draft.put_settings("[[sync]]\n");
        draft.put_settings("[[sync]]\n");
        assert_eq!(draft.settings(), "after = []\n\n[[sync]]\n");
    }
}
