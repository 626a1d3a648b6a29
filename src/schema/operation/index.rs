//! CREATE, ALTER and REINDEX.

#![expect(missing_docs, reason = "fields of a variant carry the name of the SQL part they hold")]

use crate::schema::expression::Expression;
use crate::schema::table::IndexKey;
use crate::schema::{Ident, ObjectName};

/// CREATE INDEX.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of the statement; they combine freely")]
pub struct CreateIndex {
    /// Its name, where one was given.
    pub name: Option<Ident>,
    /// The table or materialised view, as written.
    pub table: ObjectName,
    /// What it covers.
    pub keys: Vec<IndexKey>,
    /// INCLUDE.
    pub include: Vec<Ident>,
    /// WHERE.
    pub predicate: Option<Expression>,
    /// UNIQUE.
    pub unique: bool,
    /// CONCURRENTLY.
    pub concurrently: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// ON ONLY.
    pub only: bool,
    /// USING, lower case; `fulltext` and `spatial` for MySQL's own kinds; `btree` when nothing was written.
    pub method: String,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// ALGORITHM= / LOCK= of MySQL, upper case.
    pub algorithm: Option<String>,
    /// LOCK= of MySQL, upper case.
    pub lock: Option<String>,
}

/// ALTER INDEX.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum IndexChange {
    /// ATTACH PARTITION.
    Attach { child: ObjectName },
    /// SET / RESET, STATISTICS, DEPENDS ON EXTENSION.
    Option,
    /// SET TABLESPACE.
    SetTablespace,
    /// VISIBLE / INVISIBLE / IGNORED.
    Visibility { visible: bool },
}

/// What REINDEX rebuilds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ReindexTarget {
    /// REINDEX INDEX.
    Index(ObjectName),
    /// REINDEX TABLE.
    Table(ObjectName),
    /// REINDEX SCHEMA, DATABASE, SYSTEM.
    Wider,
}
