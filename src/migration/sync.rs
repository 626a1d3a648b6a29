//! `[[sync]]` of migration.toml: an old column and the new one that takes its place, kept equal by the tool.
//!
//! Names and expressions are SQL as the user wrote it; what they mean is found out where the schema is known.

use std::fmt;
use std::fmt::Write;

use super::MigrationError;
use super::table::{At, Table};
use crate::sql::{Source, Span};

/// One declared pair of columns.
///
/// Two are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Sync {
    /// `table`: its name as in SQL, perhaps with a schema, perhaps quoted.
    pub table: String,
    /// `old`: the column that running releases know.
    pub old: String,
    /// `new`: the column that takes its place; the migration adds it.
    pub new: String,
    /// `type`: of the new column; that of the old one where nothing is said.
    pub ty: Option<String>,
    /// `forward`: the new value, from the old column and others of the row; the old value where nothing is said.
    pub forward: Option<String>,
    /// `backward`: the old value, from the new column and others of the row; the new value where nothing is said.
    pub backward: Option<String>,
    /// `winner`: which side counts when one write changes both and they do not fit.
    pub winner: Side,
    declared: Declared,
}

/// One of the two columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The column that running releases know.
    Old,
    /// The column that takes its place.
    #[default]
    New,
}

/// A key of `[[sync]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncKey {
    /// `table`.
    Table,
    /// `old`.
    Old,
    /// `new`.
    New,
    /// `type`.
    Type,
    /// `forward`.
    Forward,
    /// `backward`.
    Backward,
}

/// Where a sync is declared.
#[derive(Clone, Debug)]
struct Declared {
    source: Source,
    whole: Span,
    keys: Vec<(SyncKey, Span)>,
}

impl PartialEq for Sync {
    fn eq(&self, other: &Sync) -> bool {
        let said = |sync: &Sync| {
            let names = [&sync.table, &sync.old, &sync.new].map(String::clone);
            (names, sync.ty.clone(), sync.forward.clone(), sync.backward.clone(), sync.winner)
        };
        said(self) == said(other)
    }
}
impl Eq for Sync {}

impl Side {
    /// The word in migration.toml.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Old => "old",
            Side::New => "new",
        }
    }
}

impl Sync {
    /// A sync that stands in no file yet: same type, same value, the new side wins. Names as in SQL: quote those that
    /// need it.
    pub fn new(table: impl Into<String>, old: impl Into<String>, new: impl Into<String>) -> Sync {
        let declared = Declared { source: Source::new("migration.toml", ""), whole: Span::new(0, 0), keys: Vec::new() };
        Sync { table: table.into(), old: old.into(), new: new.into(), ty: None, forward: None, backward: None, winner: Side::New, declared }
    }

    /// The table for migration.toml, with the keys that say something.
    pub fn to_toml(&self) -> String {
        self.to_string()
    }

    /// The file that declares it.
    pub fn source(&self) -> &Source {
        &self.declared.source
    }

    /// The line `[[sync]]` in that file.
    pub fn span(&self) -> Span {
        self.declared.whole
    }

    /// The value of a key in that file; the whole sync where the key is left out.
    pub fn span_of(&self, key: SyncKey) -> Span {
        self.declared.keys.iter().find(|(known, _)| *known == key).map_or(self.declared.whole, |(_, span)| *span)
    }

    /// The error that points at a key.
    pub fn fault(&self, key: SyncKey, message: impl Into<String>) -> MigrationError {
        let source = self.source();
        MigrationError::Settings { path: source.path.to_string(), place: source.place(self.span_of(key).start), message: message.into() }
    }

    /// Reads one `[[sync]]`.
    pub(super) fn read((mut table, at): At<Table<'_>>) -> Result<Sync, MigrationError> {
        let document = table.document();
        let whole = Span::new(at.start, at.end);
        let mut keys = Vec::new();
        let mut note = |key, (text, span): At<String>| {
            keys.push((key, Span::new(span.start, span.end)));
            if text.trim().is_empty() {
                Err(document.fault(span, "an empty string says nothing: leave the key out".to_owned()))
            } else {
                Ok(text)
            }
        };
        let name = note(SyncKey::Table, table.required("table", at.clone())?)?;
        let old = note(SyncKey::Old, table.required("old", at.clone())?)?;
        let new = note(SyncKey::New, table.required("new", at)?)?;
        let ty = table.text("type")?.map(|value| note(SyncKey::Type, value)).transpose()?;
        let forward = table.text("forward")?.map(|value| note(SyncKey::Forward, value)).transpose()?;
        let backward = table.text("backward")?.map(|value| note(SyncKey::Backward, value)).transpose()?;
        let winner = match table.text("winner")? {
            None => Side::New,
            Some((word, span)) => match word.as_str() {
                "new" => Side::New,
                "old" => Side::Old,
                _ => return Err(document.fault(span, format!("`{word}` is no side: write new or old"))),
            },
        };
        table.finish()?;
        let declared = Declared { source: Source::new(document.path, document.text), whole, keys };
        Ok(Sync { table: name, old, new, ty, forward, backward, winner, declared })
    }
}

impl fmt::Display for Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[[sync]]\n")?;
        let winner = (self.winner != Side::New).then(|| self.winner.as_str().to_owned());
        let entries = [
            ("table", Some(&self.table)),
            ("old", Some(&self.old)),
            ("new", Some(&self.new)),
            ("type", self.ty.as_ref()),
            ("forward", self.forward.as_ref()),
            ("backward", self.backward.as_ref()),
            ("winner", winner.as_ref()),
        ];
        for (key, value) in entries {
            if let Some(value) = value {
                writeln!(f, "{key} = {}", toml_string(value))?;
            }
        }
        Ok(())
    }
}

/// A TOML string: in single quotes where that needs no escape and the text has double ones, as quoted names do.
fn toml_string(text: &str) -> String {
    let plain = !text.contains(|c: char| c == '\'' || c.is_control());
    if plain && text.contains(['"', '\\']) {
        return format!("'{text}'");
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::Settings;

    fn read(text: &str) -> Result<Vec<Sync>, String> {
        Settings::parse("m/migration.toml", text).map(|settings| settings.syncs).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_back() {
        let short = Sync::new("users", "name", "full_name");
        assert_eq!(short.to_toml(), "[[sync]]\ntable = \"users\"\nold = \"name\"\nnew = \"full_name\"\n");
        let whole = Sync {
            ty: Some("numeric(12, 2)".into()),
            forward: Some("\"Price\" / 100.0 || E'\\n' || ' \u{7f}\t'".into()),
            backward: Some("CAST(price * 100 AS integer)".into()),
            winner: Side::Old,
            ..Sync::new("shop.\"Order Items\"", "\"Price\"", "price")
        };
        let text = format!("{short}\n{whole}");
        assert!(text.contains("old = '\"Price\"'\n") && text.contains("winner = \"old\""), "{text}");
        assert_eq!(read(&text), Ok(vec![short, whole]));
    }

    #[test]
    fn faults_point_into_the_file() {
        let base = "[[sync]]\ntable = \"users\"\nold = \"name\"\n";
        assert_eq!(read(base).expect_err("refused"), "m/migration.toml:1:1: `sync.new` is missing");
        let of = |line: &str| read(&format!("{base}new = \"full_name\"\n{line}")).expect_err("refused");
        assert!(
            of("foward = \"name\"").ends_with(":5:1: unknown key `sync.foward`; did you mean `forward`?"),
            "{}",
            of("foward = \"name\"")
        );
        assert!(of("winner = \"both\"").contains(":5:10: `both` is no side"));
        assert!(of("type = \" \"").contains(":5:8: an empty string says nothing"));
        assert!(read("[sync]\ntable = \"users\"").expect_err("refused").contains("must be written as [[sync]]"));
        let syncs = read(&format!("after = []\n{base}new = \"full_name\"\n")).expect("valid");
        let fault = syncs[0].fault(SyncKey::Old, "no such column");
        assert_eq!(fault.to_string(), "m/migration.toml:4:7: no such column");
        assert_eq!(syncs[0].fault(SyncKey::Type, "unknown").to_string(), "m/migration.toml:2:1: unknown");
    }
}
