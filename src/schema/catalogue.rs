//! The schema as a value: every object by its canonical name.
//!
//! Tables are shared between copies (`Arc`), so a copy of a schema costs its map, not its tables.

use std::collections::HashMap;
use std::sync::Arc;

use super::object::{Routine, Sequence, UserType, View};
use super::table::{Index, Knowledge, Table};
use super::{Dialect, Ident, ObjectName};

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
}

/// Everything that the replayed migrations left in the database.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Decides folding, the default schema and the names of unnamed constraints.
    pub(super) dialect: Dialect,
    /// `Unknown` when objects may exist that no replayed migration made (loose files, an adopted database).
    pub(super) history: Knowledge,
    pub(super) tables: HashMap<ObjectName, Arc<Table>>,
    pub(super) views: HashMap<ObjectName, Arc<View>>,
    pub(super) routines: HashMap<ObjectName, Arc<Routine>>,
    pub(super) types: HashMap<ObjectName, Arc<UserType>>,
    pub(super) sequences: HashMap<ObjectName, Arc<Sequence>>,
    /// Index name → the table or materialised view that carries it.
    pub(super) index_tables: HashMap<ObjectName, ObjectName>,
    /// Names in unreadable statements that are not recorded as any object.
    pub(super) poisoned: std::collections::HashSet<ObjectName>,
    /// Canonical: the first entry is where new objects go.
    pub(super) search_path: Vec<Ident>,
}
