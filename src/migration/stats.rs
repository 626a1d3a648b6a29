//! The file of sizes that `migrate stats` writes and `--sizes` reads: how large the tables of a database were.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MigrationError, NodeRef};
use crate::schema::name::Quoting;
use crate::schema::size::{Count, TableSize};
use crate::schema::{Dialect, Ident, ObjectName, Phase};

/// The version of the document. Grows when something is taken away or changes its meaning.
pub const STATS_FORMAT: u32 = 1;

/// The sizes of all tables of one database; docs/sizes.schema.json is its schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// The version of the document.
    pub format: u32,
    /// Which database.
    pub dialect: Dialect,
    /// Its release.
    pub server_version: String,
    /// When it was asked.
    pub taken_at: Timestamp,
    /// The scripts that had run, as `migration:phase`: a table that another one makes is none of these. `None` where the database has no ledger.
    pub ran: Option<Vec<String>>,
    /// The tables and materialised views, by name. A partitioned table holds the sum of its partitions.
    pub tables: Vec<TableStats>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStats {
    /// Its schema; `None` where the database has none.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Rows, as far as the server knows.
    pub rows: u64,
    /// Bytes of the rows.
    pub bytes: u64,
    /// Bytes of its indexes.
    pub index_bytes: u64,
}

/// Either the document itself or the report of `migrate stats --format json`, which holds it.
#[derive(Deserialize)]
struct Wrapped {
    stats: Option<Stats>,
}

impl Stats {
    /// The document for tables that were counted now.
    pub fn new(
        dialect: Dialect,
        server_version: String,
        taken_at: Timestamp,
        ran: Option<&[NodeRef]>,
        tables: impl IntoIterator<Item = (ObjectName, TableSize)>,
    ) -> Stats {
        let mut tables: Vec<TableStats> = tables
            .into_iter()
            .map(|(table, TableSize { rows, bytes, index_bytes })| TableStats {
                schema: table.schema.as_ref().map(|schema| schema.as_str().to_owned()).or(dialect.default_schema().map(str::to_owned)),
                name: table.name.written().to_owned(),
                rows,
                bytes,
                index_bytes,
            })
            .collect();
        tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        let ran = ran.map(|nodes| {
            let mut names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
            names.sort();
            names
        });
        Stats { format: STATS_FORMAT, dialect, server_version, taken_at, ran, tables }
    }

    /// Reads a file of sizes for a project of this dialect.
    ///
    /// # Errors
    /// When it cannot be read, is no such document, was written by a later version, or is about another database.
    pub fn read(path: &Path, dialect: Dialect) -> Result<Stats, MigrationError> {
        let text = std::fs::read_to_string(path).map_err(|source| MigrationError::Io { path: path.to_owned(), source })?;
        Stats::parse(&text, dialect).map_err(|reason| MigrationError::NotUnderstood { path: path.display().to_string(), reason })
    }

    fn parse(text: &str, dialect: Dialect) -> Result<Stats, String> {
        const AGAIN: &str = "write it again with `migrate stats`";
        let document: serde_json::Value = serde_json::from_str(text).map_err(|error| format!("no JSON document: {error}; {AGAIN}"))?;
        let format = document.get("stats").unwrap_or(&document).get("format").and_then(serde_json::Value::as_u64);
        if format.is_some_and(|format| format > u64::from(STATS_FORMAT)) {
            return Err(format!(
                "written by a later version of migrate, in format {}; {AGAIN} of this version",
                format.unwrap_or_default()
            ));
        }
        let wrapped = serde_json::from_value::<Wrapped>(document.clone()).ok().and_then(|wrapped| wrapped.stats);
        let stats = match wrapped {
            Some(stats) => stats,
            None => serde_json::from_value::<Stats>(document).map_err(|error| format!("no file of sizes: {error}; {AGAIN}"))?,
        };
        if stats.dialect != dialect {
            return Err(format!("the sizes are those of a {} database, and the project is for {dialect}", stats.dialect));
        }
        Ok(stats)
    }

    /// The document as text, ending in a newline.
    pub fn document(&self) -> String {
        // Plain values only: this cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The sizes by name.
    pub fn count(&self) -> Count {
        let ident = |text: &str| Ident::new(self.dialect, text, Quoting::Quoted);
        let tables = self.tables.iter().map(|table| {
            let schema = table.schema.as_deref().filter(|schema| Some(*schema) != self.dialect.default_schema());
            let name = ObjectName { schema: schema.map(ident), name: ident(&table.name) };
            (name, TableSize { rows: table.rows, bytes: table.bytes, index_bytes: table.index_bytes })
        });
        let node = |text: &String| {
            let (migration, phase) = text.rsplit_once(':')?;
            Some((migration.to_owned(), Phase::from_name(phase)?))
        };
        Count { tables: tables.collect(), ran: self.ran.as_ref().map(|ran| ran.iter().filter_map(node).collect()) }
    }
}

/// Tables that were counted now, in a database where these scripts ran; `None` where it keeps no record of that.
pub fn counted(tables: impl IntoIterator<Item = (ObjectName, TableSize)>, ran: Option<&[NodeRef]>) -> Count {
    let node = |node: &NodeRef| (node.migration.to_string(), node.phase);
    Count { tables: tables.into_iter().collect(), ran: ran.map(|nodes| nodes.iter().map(node).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"format":1,"dialect":"postgres","server_version":"17.2","taken_at":"2026-11-21T09:30:00Z","ran":["1_a:expand"],
        "tables":[{"schema":"public","name":"Users","rows":7,"bytes":8192,"index_bytes":16384},{"schema":"app","name":"t","rows":1,"bytes":1,"index_bytes":0}]}"#;

    #[test]
    fn the_document_and_the_report_that_holds_it_are_read() {
        let stats = Stats::parse(DOCUMENT, Dialect::Postgres).expect("a file of sizes");
        let wrapped = format!(r#"{{"format":1,"command":"stats","stats":{DOCUMENT}}}"#);
        assert_eq!(Stats::parse(&wrapped, Dialect::Postgres), Ok(stats.clone()));
        let count = stats.count();
        let size = TableSize { rows: 7, bytes: 8192, index_bytes: 16384 };
        assert_eq!(count.tables.get(&ObjectName::bare(Ident::stored("Users"))), Some(&size));
        assert_eq!(count.tables.len(), 2);
        assert_eq!(count.ran, Some([("1_a".to_owned(), Phase::Expand)].into()));
    }

    #[test]
    fn what_is_no_such_document_says_how_to_make_one() {
        let fault = |text: &str, dialect| Stats::parse(text, dialect).expect_err("must be refused");
        assert!(fault("{", Dialect::Postgres).starts_with("no JSON document"));
        assert!(fault("{\"format\":1}", Dialect::Postgres).contains("write it again with `migrate stats`"));
        assert!(fault("{\"format\":2}", Dialect::Postgres).starts_with("written by a later version of migrate, in format 2"));
        assert_eq!(fault(DOCUMENT, Dialect::Sqlite), "the sizes are those of a postgres database, and the project is for sqlite");
    }
}
