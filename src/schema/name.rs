//! Names as the database compares them: the dialect, case folding and quoting.
//!
//! Must not know where a name was written.

mod shared;

use std::fmt;
use std::hash::{Hash, Hasher};

use arcstr::ArcStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A family of databases that share one SQL grammar and one set of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// PostgreSQL 14 and newer.
    Postgres,
    /// SQLite 3.35 and newer.
    Sqlite,
    /// MySQL 8 and MariaDB 10.6 and newer.
    Mysql,
}

impl Dialect {
    /// Every dialect, in the order in which they are documented.
    pub const ALL: [Dialect; 3] = [Dialect::Postgres, Dialect::Sqlite, Dialect::Mysql];

    /// The name used in migrate.toml, in lint pages and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Postgres => "postgres",
            Dialect::Sqlite => "sqlite",
            Dialect::Mysql => "mysql",
        }
    }

    /// Reads the name back; `None` when it names no dialect.
    pub fn from_name(name: &str) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name)
    }

    /// The schema that an unqualified name lives in when no search path was set.
    pub fn default_schema(self) -> Option<&'static str> {
        match self {
            Dialect::Postgres => Some("public"),
            Dialect::Sqlite => Some("main"),
            Dialect::Mysql => None,
        }
    }

    /// Quotes an identifier so that the database reads back exactly this name.
    pub fn quote(self, name: &str) -> String {
        match self {
            Dialect::Postgres | Dialect::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
            Dialect::Mysql => format!("`{}`", name.replace('`', "``")),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// PostgreSQL cuts names to this many bytes (NAMEDATALEN - 1).
pub const POSTGRES_NAME_BYTES: usize = 63;

/// One identifier. Two are equal when the database would take them for the same name.
///
/// PostgreSQL folds unquoted names to lower case; SQLite and MySQL compare names without case
/// (MySQL table names are compared so too: replay follows `lower_case_table_names = 1`).
#[derive(Clone)]
pub struct Ident {
    folded: ArcStr,
    /// Where it differs.
    written: Option<ArcStr>,
}

impl Ident {
    /// An identifier as it stands in SQL, without its quotes.
    pub fn new(dialect: Dialect, text: &str, quoting: Quoting) -> Ident {
        let keeps_case = match (dialect, quoting) {
            (Dialect::Postgres, Quoting::Quoted) => true,
            (Dialect::Postgres, Quoting::Bare) => !text.bytes().any(|byte| byte.is_ascii_uppercase()),
            (Dialect::Sqlite | Dialect::Mysql, _) => !text.bytes().any(|byte| byte.is_ascii_uppercase()),
        };
        let kept = &text[..kept(dialect, text)];
        if keeps_case && kept.len() == text.len() {
            return Ident::stored(text);
        }
        let folded = if keeps_case { shared::text(kept) } else { shared::text(&kept.to_ascii_lowercase()) };
        Ident { folded, written: Some(shared::text(text)) }
    }

    /// A name that is already in the form the database stores (from a catalogue or a constant).
    pub fn stored(text: &str) -> Ident {
        Ident { folded: shared::text(text), written: None }
    }

    /// The form in which the database compares it.
    pub fn as_str(&self) -> &str {
        &self.folded
    }

    /// The form in which it was written.
    pub fn written(&self) -> &str {
        self.written.as_ref().unwrap_or(&self.folded)
    }

    /// The name quoted for use in SQL of this dialect.
    pub fn quoted(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Postgres => dialect.quote(&self.folded),
            Dialect::Sqlite | Dialect::Mysql => dialect.quote(self.written()),
        }
    }
}

/// The bytes of a name that PostgreSQL keeps (NAMEDATALEN less the end mark, on a character's boundary).
const POSTGRES_NAME: usize = 63;

/// How much of a name the database keeps: PostgreSQL cuts longer ones without an error, the others refuse them.
fn kept(dialect: Dialect, text: &str) -> usize {
    match dialect {
        Dialect::Postgres if text.len() > POSTGRES_NAME => {
            let mut end = POSTGRES_NAME;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            end
        }
        Dialect::Postgres | Dialect::Sqlite | Dialect::Mysql => text.len(),
    }
}

/// Both forms: what is read back is the same name in every respect.
impl Serialize for Ident {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.folded.as_str(), self.written.as_deref()).serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for Ident {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ident, D::Error> {
        let (folded, written): (&str, Option<&str>) = Deserialize::deserialize(deserializer)?;
        Ok(Ident { folded: shared::text(folded), written: written.map(shared::text) })
    }
}

/// Whether an identifier stood in quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// As written: subject to folding.
    Bare,
    /// In the dialect's identifier quotes.
    Quoted,
}

impl PartialEq for Ident {
    fn eq(&self, other: &Ident) -> bool {
        self.folded == other.folded
    }
}
impl Eq for Ident {}
impl Hash for Ident {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}
impl PartialOrd for Ident {
    fn partial_cmp(&self, other: &Ident) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Ident {
    fn cmp(&self, other: &Ident) -> std::cmp::Ordering {
        self.folded.cmp(&other.folded)
    }
}
impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.folded)
    }
}
impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.folded)
    }
}

/// The name of a table, index, view or any other object, as written: perhaps with its schema.
///
/// A database part in front (`db.schema.name`) is not kept.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ObjectName {
    /// The schema, where one was written (in a [`Schema`](super::Schema): where it is not the default one).
    pub schema: Option<Ident>,
    /// The object's own name.
    pub name: Ident,
}

impl ObjectName {
    /// A name without a schema.
    pub fn bare(name: Ident) -> ObjectName {
        ObjectName { schema: None, name }
    }

    /// The name quoted for use in SQL of this dialect.
    pub fn quoted(&self, dialect: Dialect) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", schema.quoted(dialect), self.name.quoted(dialect)),
            None => self.name.quoted(dialect),
        }
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_cuts_long_names() {
        let long = "é".repeat(40);
        let name = Ident::new(Dialect::Postgres, &long, Quoting::Quoted);
        assert_eq!((name.as_str().len(), name.written().len()), (62, 80), "63 bytes would cut a character");
        assert_eq!(name, Ident::new(Dialect::Postgres, &"é".repeat(31), Quoting::Quoted));
        assert_eq!(Ident::new(Dialect::Mysql, &long, Quoting::Quoted).as_str().len(), 80);
        assert_eq!(Ident::new(Dialect::Postgres, &"A".repeat(64), Quoting::Bare).as_str(), "a".repeat(63));
    }
}
