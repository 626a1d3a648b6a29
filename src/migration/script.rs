//! A phase's file: its digest, and its text when it is asked for.

use std::path::PathBuf;
use std::sync::Arc;

use super::{MigrationError, liquibase};
use crate::schema::{Dialect, Phase};
use crate::sql::{Digest, Source};

/// A phase's file.
#[derive(Clone, Debug)]
pub struct ScriptFile {
    /// Which phase (Expand for rollback.sql: that is what it undoes).
    pub phase: Phase,
    /// How the file is called in messages: relative to the project, with `/`.
    pub path: Arc<str>,
    /// Over its tokens, and those of what migration.toml declares for it.
    pub digest: Digest,
    /// Over every byte of the text.
    pub content: Digest,
    /// Where the text is.
    pub text: ScriptText,
    /// The syncs of migration.toml, which contribute statements to each of its scripts; empty for most.
    pub declared: Arc<str>,
}

/// Where a script's text is kept. Files are read when they are needed and dropped again, so that memory
/// follows the catalogue and not the history.
#[derive(Clone, Debug)]
pub enum ScriptText {
    /// On disk.
    File {
        /// The file.
        file: PathBuf,
        /// Which part of it.
        part: Part,
    },
    /// In the binary.
    Embedded(Source),
}

/// Which part of a file a script is: dbmate, goose and sql-migrate keep a migration and its undoing in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Part {
    /// All of it.
    Whole,
    /// All of it, cut where Liquibase's changesets say so.
    Changesets,
    /// From `-- migrate:up` (or `-- +goose Up`) to the next mark.
    Up,
    /// From `-- migrate:down` (or `-- +goose Down`) to the next mark.
    Down,
}

impl ScriptFile {
    /// The text. A part of a file keeps its lines and columns: what does not belong to it is blank.
    ///
    /// # Errors
    /// `Io` when the file cannot be read, `Decode` when it is no text.
    pub fn source(&self) -> Result<Source, MigrationError> {
        match &self.text {
            ScriptText::Embedded(source) => Ok(source.clone()),
            ScriptText::File { file, part } => {
                let bytes = std::fs::read(file).map_err(|source| MigrationError::Io { path: file.clone(), source })?;
                let source = Source::decode(Arc::clone(&self.path), &bytes)?;
                Ok(part.of(source))
            }
        }
    }

    /// Which part of its file it is.
    pub fn part(&self) -> Part {
        match &self.text {
            ScriptText::Embedded(_) => Part::Whole,
            ScriptText::File { part, .. } => *part,
        }
    }

    /// Reads the file once for its digest.
    pub(super) fn hashed(phase: Phase, path: Arc<str>, text: ScriptText, dialect: Dialect) -> Result<ScriptFile, MigrationError> {
        let mut script = ScriptFile { phase, path, digest: Digest([0; 32]), content: Digest([0; 32]), text, declared: Arc::from("") };
        let source = script.source()?;
        script.digest = Digest::of(&source.text, dialect);
        script.content = Digest::of_bytes(source.text.as_bytes());
        Ok(script)
    }

    /// A script that has no file: all of it is declared in migration.toml, which `path` names.
    pub(super) fn without_file(phase: Phase, path: &Arc<str>) -> ScriptFile {
        let text = ScriptText::Embedded(Source::new(Arc::clone(path), ""));
        ScriptFile { phase, path: Arc::clone(path), digest: Digest([0; 32]), content: Digest([0; 32]), text, declared: Arc::from("") }
    }

    /// Adds what migration.toml declares: an edit of it is an edit of the script.
    pub(super) fn declare(&mut self, declared: &Arc<str>, dialect: Dialect) -> Result<(), MigrationError> {
        self.declared = Arc::clone(declared);
        self.digest = Digest::of(&self.written()?, dialect);
        Ok(())
    }

    /// What people wrote for it: what migration.toml declares, then the file. The digest and the ledger keep this, not
    /// the SQL that the tool makes of it, so that a newer version may write better SQL.
    ///
    /// # Errors
    /// As [`ScriptFile::source`].
    pub fn written(&self) -> Result<String, MigrationError> {
        let text = self.source()?.text;
        Ok(if self.declared.is_empty() { text.to_string() } else { format!("{}\n{}", self.declared, text.trim_start_matches('\u{feff}')) })
    }
}

/// A line that divides a file into parts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Up,
    Down,
}

fn mark(line: &str) -> Option<Mark> {
    let comment = line.trim().strip_prefix("--")?.trim_start();
    let rest = comment.strip_prefix("migrate:").or_else(|| comment.strip_prefix("+goose")).or_else(|| comment.strip_prefix("+migrate"))?;
    let word = rest.split_whitespace().next()?;
    match word {
        "up" | "Up" => Some(Mark::Up),
        "down" | "Down" => Some(Mark::Down),
        _ => None,
    }
}

impl Part {
    /// The parts of a file: `Whole` for one without marks.
    pub fn present(text: &str) -> Vec<Part> {
        if liquibase::is_formatted(text) {
            return vec![Part::Changesets];
        }
        // Nearly every file has no mark: look for the letters before looking at lines.
        if !text.contains("migrate:") && !text.contains("+goose") && !text.contains("+migrate") {
            return vec![Part::Whole];
        }
        let marks: Vec<Mark> = text.lines().filter_map(mark).collect();
        match (marks.contains(&Mark::Up), marks.contains(&Mark::Down)) {
            (false, false) => vec![Part::Whole],
            (_, false) => vec![Part::Up],
            (_, true) => vec![Part::Up, Part::Down],
        }
    }

    /// Whether a line is the mark behind which the migration begins in a file that also holds its undoing.
    pub fn begins_up(line: &str) -> bool {
        mark(line) == Some(Mark::Up)
    }

    /// Blanks everything else, marks included.
    pub fn of(self, source: Source) -> Source {
        let wanted = match self {
            Part::Whole => return source,
            Part::Changesets => {
                let text = liquibase::with_semicolons(&source.text);
                return Source::new(source.path, text);
            }
            Part::Up => Mark::Up,
            Part::Down => Mark::Down,
        };
        let mut kept = String::with_capacity(source.text.len());
        // SQL before the first mark is kept with the migration itself: nothing of a file is ever skipped.
        let mut inside = Some(Mark::Up);
        for line in source.text.split_inclusive('\n') {
            let next = mark(line);
            inside = next.or(inside);
            // The mark itself stays: it is a comment, and may say more than where the part begins.
            if inside == Some(wanted) {
                kept.push_str(line);
            } else {
                kept.extend(line.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            }
        }
        Source::new(source.path, kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(part: Part, text: &str) -> String {
        part.of(Source::new("x.sql", text)).text.to_string()
    }

    #[test]
    fn parts_keep_their_lines() {
        let text = "-- migrate:up\nCREATE TABLE a (b int);\n-- migrate:down\nDROP TABLE a;\n";
        assert_eq!(Part::present(text), [Part::Up, Part::Down]);
        assert_eq!(part(Part::Up, text).trim(), "-- migrate:up\nCREATE TABLE a (b int);");
        assert_eq!(part(Part::Down, text).trim(), "-- migrate:down\nDROP TABLE a;");
        assert_eq!(part(Part::Down, text).lines().nth(3), Some("DROP TABLE a;"));
        assert_eq!(Part::present("-- migrate: allow(x) reason=\"y\"\nSELECT 1;"), [Part::Whole]);
        assert_eq!(Part::present("-- +migrate Up\nSELECT 1;\n-- +migrate Down\nSELECT 2;"), [Part::Up, Part::Down]);
        assert_eq!(Part::present("-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n-- +goose StatementEnd"), [Part::Up]);
    }

    #[test]
    fn text_before_the_first_mark_is_not_lost() {
        let text = "SELECT 0;\n-- +goose Down\nSELECT 1;";
        assert_eq!(part(Part::Up, text).trim(), "SELECT 0;");
    }
}
