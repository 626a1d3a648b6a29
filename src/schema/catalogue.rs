//! The schema as a value: every object by its canonical name, and the look-ups.
//!
//! Copies share what they had in common when the schema was last settled: a copy costs what changed since.

use super::backlinks::Backlinks;
use super::layered::{Layered, Objects};
use super::object::{Routine, Sequence, UserType, View};
use super::search_path::SearchPath;
use super::table::{Column, Index, Knowledge, Table, Trigger};
use super::words::Words;
use super::{Dialect, Ident, ObjectName, Origin};
use std::sync::Arc;

/// What a look-up says. Rules treat `Unknown` as "may exist, may be anything".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// It exists and everything about it was read.
    Known(T),
    /// It exists, but a statement about it could not be read: what is recorded may be stale.
    Stale(T),
    /// It is not recorded, but may exist: the replay did not see the whole history or something unreadable named it.
    Unknown,
    /// It does not exist.
    Absent,
}

impl<T> Found<T> {
    /// What is recorded, trusted or stale.
    pub fn recorded(self) -> Option<T> {
        match self {
            Found::Known(value) | Found::Stale(value) => Some(value),
            Found::Unknown | Found::Absent => None,
        }
    }

    /// What is recorded, only where it can be trusted.
    pub fn known(self) -> Option<T> {
        match self {
            Found::Known(value) => Some(value),
            Found::Stale(_) | Found::Unknown | Found::Absent => None,
        }
    }

    /// Whether it certainly does not exist.
    pub fn is_absent(&self) -> bool {
        match self {
            Found::Absent => true,
            Found::Known(_) | Found::Stale(_) | Found::Unknown => false,
        }
    }

    /// The same answer about a part of what was found.
    pub fn map<U>(self, part: impl FnOnce(T) -> U) -> Found<U> {
        match self {
            Found::Known(value) => Found::Known(part(value)),
            Found::Stale(value) => Found::Stale(part(value)),
            Found::Unknown => Found::Unknown,
            Found::Absent => Found::Absent,
        }
    }

    /// A part that may be missing: absent when the whole is known, unknown when it is stale.
    pub fn and_then<U>(self, part: impl FnOnce(T) -> Option<U>) -> Found<U> {
        match self {
            Found::Known(value) => part(value).map_or(Found::Absent, Found::Known),
            Found::Stale(value) => part(value).map_or(Found::Unknown, Found::Stale),
            Found::Unknown => Found::Unknown,
            Found::Absent => Found::Absent,
        }
    }
}

/// Whether MySQL looks up the parents of rows: `foreign_key_checks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum KeyChecks {
    /// It does.
    On,
    /// A script has switched it off for its session.
    Off,
}

/// Everything that the replayed migrations left in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Decides folding, the default schema and the names of unnamed constraints.
    pub(super) dialect: Dialect,
    /// `Unknown` when objects may exist that no replayed migration made (loose files, an adopted database).
    pub(super) history: Knowledge,
    pub(super) tables: Objects<Table>,
    pub(super) views: Objects<View>,
    pub(super) routines: Objects<Routine>,
    pub(super) types: Objects<UserType>,
    pub(super) sequences: Objects<Sequence>,
    /// Schemas made by CREATE SCHEMA; what lies in others may exist unseen.
    pub(super) schemas: Layered<Ident, Origin>,
    /// Index name → the table or materialised view that carries it. Empty in MySQL, where a table has its own index names.
    pub(super) index_tables: Layered<ObjectName, ObjectName>,
    /// Trigger name → its table, where trigger names are unique within a schema (not in PostgreSQL).
    pub(super) trigger_tables: Layered<ObjectName, ObjectName>,
    /// Names in unreadable statements: recorded objects without a [`Knowledge`] of their own, or none at all.
    pub(super) poisoned: Layered<ObjectName, ()>,
    /// Names that certainly denote nothing although the history is unknown: dropped since.
    pub(super) gone: Layered<ObjectName, ()>,
    /// Whether an extension was made: it brings functions and types that no statement names.
    pub(super) extended: bool,
    /// Whether a publication was made: UPDATE and DELETE of its tables need something that tells rows apart.
    pub(super) published: bool,
    pub(super) search_path: SearchPath,
    /// MySQL's `foreign_key_checks` in the session of the script.
    pub(super) key_checks: KeyChecks,
    /// Referenced table → tables with a foreign key to it.
    pub(super) referencing: Backlinks,
    /// Relation → views that read it.
    pub(super) readers: Backlinks,
    /// Table → tables that inherit from it (not partitions).
    pub(super) heirs: Backlinks,
    /// Table → sequences that one of its columns owns.
    pub(super) owned_sequences: Backlinks,
    /// Word → routines whose body holds it.
    pub(super) mentions: Backlinks<Ident>,
    /// Word → tables that carry a trigger whose own text holds it.
    pub(super) trigger_mentions: Backlinks<Ident>,
    /// Word → tables that may hold it.
    pub(super) words: Words,
    /// Name of a type → domains that may stand on it.
    pub(super) bases: Words,
}

/// Tables in which tools keep what they ran. They make these themselves, before the first migration, and migrations
/// that adopt one tool from another do touch them.
const BOOKKEEPING: [&str; 13] = [
    "__diesel_schema_migrations",
    "_prisma_migrations",
    "_sqlx_migrations",
    "alembic_version",
    "ar_internal_metadata",
    "atlas_schema_revisions",
    "databasechangelog",
    "databasechangeloglock",
    "django_migrations",
    "flyway_schema_history",
    "goose_db_version",
    "refinery_schema_history",
    "schema_migrations",
];

impl Schema {
    /// The schema of an empty database (`Known`), or of one whose history is not at hand (`Unknown`).
    pub fn new(dialect: Dialect, history: Knowledge) -> Schema {
        Schema {
            dialect,
            history,
            tables: Objects::new(),
            views: Objects::new(),
            routines: Objects::new(),
            types: Objects::new(),
            sequences: Objects::new(),
            schemas: Layered::new(),
            index_tables: Layered::new(),
            trigger_tables: Layered::new(),
            poisoned: Layered::new(),
            gone: Layered::new(),
            extended: false,
            published: false,
            search_path: SearchPath::new(dialect),
            key_checks: KeyChecks::On,
            referencing: Backlinks::new(),
            readers: Backlinks::new(),
            heirs: Backlinks::new(),
            owned_sequences: Backlinks::new(),
            mentions: Backlinks::new(),
            trigger_mentions: Backlinks::new(),
            words: Words(Backlinks::new()),
            bases: Words(Backlinks::new()),
        }
    }

    /// The dialect whose rules it follows.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether foreign keys are checked in the session of the script (MySQL).
    pub fn key_checks(&self) -> KeyChecks {
        self.key_checks
    }

    /// Whether every object in the database came from the replay.
    pub fn history(&self) -> Knowledge {
        self.history
    }

    /// Whether a publication may hold tables.
    pub fn is_published(&self) -> bool {
        self.published
    }

    /// The table of this name, as written.
    pub fn table(&self, name: &ObjectName) -> Found<&Table> {
        let name = self.canonical(name);
        match self.tables.get(&name) {
            Some(table) => trusted(table.knowledge, table.as_ref()),
            None if self.views.contains_key(&name) => Found::Absent,
            None => self.unrecorded(&name),
        }
    }

    /// The view or materialised view of this name, as written.
    pub fn view(&self, name: &ObjectName) -> Found<&View> {
        let name = self.canonical(name);
        match self.views.get(&name) {
            Some(view) => trusted(view.knowledge, view.as_ref()),
            None if self.tables.contains_key(&name) => Found::Absent,
            None => self.unrecorded(&name),
        }
    }

    /// The function or procedure of this name, as written; built-in ones are not recorded.
    pub fn routine(&self, name: &ObjectName) -> Found<&Routine> {
        let name = self.canonical(name);
        match self.routines.get(&name) {
            Some(routine) => trusted(self.knowledge_of(&name), routine.as_ref()),
            None if self.extended => Found::Unknown,
            None => self.unrecorded(&name),
        }
    }

    /// The user-defined type of this name, as written; built-in ones are not recorded.
    pub fn user_type(&self, name: &ObjectName) -> Found<&UserType> {
        let name = self.canonical(name);
        match self.types.get(&name) {
            Some(user_type) => trusted(user_type.knowledge, user_type.as_ref()),
            None if self.extended => Found::Unknown,
            None => self.unrecorded(&name),
        }
    }

    /// The sequence of this name, as written.
    pub fn sequence(&self, name: &ObjectName) -> Found<&Sequence> {
        let name = self.canonical(name);
        match self.sequences.get(&name) {
            Some(sequence) => trusted(self.knowledge_of(&name), sequence.as_ref()),
            None => self.unrecorded(&name),
        }
    }

    /// The index of this name with the canonical name of the table or materialised view that carries it.
    ///
    /// `table` is needed in MySQL, where each table has its own index names.
    pub fn index(&self, name: &ObjectName, table: Option<&ObjectName>) -> Found<(&ObjectName, &Index)> {
        if let Some(table) = table {
            return self.table(table).and_then(|table| Some((&table.name, table.index(&name.name)?)));
        }
        let name = self.canonical(name);
        let Some(carrier) = self.index_tables.get(&name) else { return self.unrecorded(&name) };
        if let Some(table) = self.tables.get(carrier) {
            return trusted(table.knowledge, table.as_ref()).and_then(|table| Some((&table.name, table.index(&name.name)?)));
        }
        let Some(view) = self.views.get(carrier) else { return Found::Unknown };
        let on_view = |view: &'_ View| view.indexes.iter().position(|index| index.name.as_ref() == Some(&name.name));
        trusted(view.knowledge, view.as_ref()).and_then(|view| Some((&view.name, &view.indexes[on_view(view)?])))
    }

    /// The trigger of this name with its table; `table` is told in PostgreSQL only. Triggers of views are not recorded.
    pub fn trigger(&self, name: &ObjectName, table: Option<&ObjectName>) -> Found<(&Table, &Trigger)> {
        let canonical = match table {
            Some(table) => self.canonical(table),
            None => match self.trigger_tables.get(&self.canonical(name)) {
                Some(table) => table.clone(),
                None if self.views.is_empty() => return self.unrecorded(&self.canonical(name)),
                None => return Found::Unknown,
            },
        };
        if self.views.contains_key(&canonical) {
            return Found::Unknown;
        }
        self.table(&canonical).and_then(|table| Some((table, table.triggers.iter().find(|held| held.name == name.name)?)))
    }

    /// The column of this table, both as written.
    pub fn column(&self, table: &ObjectName, column: &Ident) -> Found<&Column> {
        self.table(table).and_then(|table| table.column(column))
    }

    /// Who made the schema of this name (the SQL kind); `None` where no replayed migration did.
    pub fn schema_origin(&self, name: &Ident) -> Option<&Origin> {
        self.schemas.get(name)
    }

    /// Every recorded table, in no order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values().map(AsRef::as_ref)
    }

    /// Every recorded view, in no order.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        self.views.values().map(AsRef::as_ref)
    }

    /// Every recorded routine, in no order.
    pub fn routines(&self) -> impl Iterator<Item = &Routine> {
        self.routines.values().map(AsRef::as_ref)
    }

    /// Every recorded user-defined type, in no order.
    pub fn user_types(&self) -> impl Iterator<Item = &UserType> {
        self.types.values().map(AsRef::as_ref)
    }

    /// Every recorded sequence, in no order.
    pub fn sequences(&self) -> impl Iterator<Item = &Sequence> {
        self.sequences.values().map(AsRef::as_ref)
    }

    /// Makes later copies cheap: what changed joins what all copies share, as far as no copy is left that shares it.
    pub(crate) fn settle(&mut self) {
        for table in self.tables.unsettled_values() {
            self.words.note(table);
        }
        for user_type in self.types.unsettled_values() {
            self.bases.note_base(user_type);
        }
        self.words.0.settle();
        self.bases.0.settle();
        self.tables.settle(|table| {
            if let Some(table) = Arc::get_mut(table) {
                table.shrink();
            }
        });
        self.views.settle(|_| {});
        self.routines.settle(|_| {});
        self.types.settle(|_| {});
        self.sequences.settle(|_| {});
        self.schemas.settle(|_| {});
        self.index_tables.settle(|_| {});
        self.trigger_tables.settle(|_| {});
        self.poisoned.settle(|()| {});
        self.gone.settle(|()| {});
        for links in [&mut self.referencing, &mut self.readers, &mut self.heirs, &mut self.owned_sequences] {
            links.settle();
        }
        self.mentions.settle();
        self.trigger_mentions.settle();
    }

    /// How much a copy costs: what changed since the schema was settled.
    pub(crate) fn unsettled(&self) -> usize {
        let objects = self.tables.unsettled() + self.views.unsettled() + self.index_tables.unsettled();
        objects + self.routines.unsettled() + self.types.unsettled() + self.sequences.unsettled() + self.mentions.unsettled()
    }

    /// What may be said of a canonical name under which nothing is recorded.
    pub(super) fn unrecorded<T>(&self, canonical: &ObjectName) -> Found<T> {
        if self.may_exist_unseen(canonical) { Found::Unknown } else { Found::Absent }
    }

    /// Whether something of this canonical name may exist although nothing is recorded under it.
    pub(super) fn may_exist_unseen(&self, canonical: &ObjectName) -> bool {
        if self.poisoned.contains_key(canonical) {
            return true;
        }
        let outside = canonical
            .schema
            .as_ref()
            .is_some_and(|schema| !self.schemas.contains_key(schema) && !self.search_path.is_temporary(Some(schema)));
        (outside || self.history == Knowledge::Unknown || self.is_system(canonical)) && !self.gone.contains_key(canonical)
    }

    /// Whether the name is one of the database's own tables.
    fn is_system(&self, canonical: &ObjectName) -> bool {
        let name = canonical.name.as_str();
        if BOOKKEEPING.contains(&name) {
            return true;
        }
        match self.dialect {
            Dialect::Postgres => name.starts_with("pg_"),
            Dialect::Sqlite => name.starts_with("sqlite_"),
            Dialect::Mysql => false,
        }
    }

    /// Whether any object is recorded under this canonical name.
    pub(super) fn is_recorded(&self, canonical: &ObjectName) -> bool {
        self.is_relation(canonical) || self.types.contains_key(canonical) || self.routines.contains_key(canonical)
    }

    /// Whether a table, view, sequence or index is recorded under this canonical name: they share one set of names.
    pub(super) fn is_relation(&self, canonical: &ObjectName) -> bool {
        self.tables.contains_key(canonical)
            || self.views.contains_key(canonical)
            || self.index_tables.contains_key(canonical)
            || self.sequences.contains_key(canonical)
    }

    /// The knowledge about objects that carry none themselves.
    fn knowledge_of(&self, canonical: &ObjectName) -> Knowledge {
        if self.poisoned.contains_key(canonical) { Knowledge::Unknown } else { Knowledge::Known }
    }
}

fn trusted<T>(knowledge: Knowledge, value: T) -> Found<T> {
    match knowledge {
        Knowledge::Known => Found::Known(value),
        Knowledge::Unknown => Found::Stale(value),
    }
}
