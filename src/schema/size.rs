//! How large tables are, where somebody counted: a file of sizes, a live database, or both.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{ObjectName, Origin, Phase, Schema};

/// The size of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TableSize {
    /// Rows, as far as the server knows.
    pub rows: u64,
    /// Bytes of the rows, those kept apart included.
    pub bytes: u64,
    /// Bytes of all indexes.
    pub index_bytes: u64,
}

/// The tables of one database at one time. A partitioned table stands there with the sum of its partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// By canonical name.
    pub tables: HashMap<ObjectName, TableSize>,
    /// The scripts that had run there, by migration and phase; `None` where nobody kept a record of that.
    pub ran: Option<HashSet<(String, Phase)>>,
}

/// What is known of the sizes of tables. What is not counted is unknown, and taken to be large.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    counts: Vec<Arc<Count>>,
}

impl TableSize {
    /// Rows and indexes together.
    pub fn total_bytes(self) -> u64 {
        self.bytes.saturating_add(self.index_bytes)
    }

    fn plus(self, other: TableSize) -> TableSize {
        TableSize {
            rows: self.rows.saturating_add(other.rows),
            bytes: self.bytes.saturating_add(other.bytes),
            index_bytes: self.index_bytes.saturating_add(other.index_bytes),
        }
    }

    fn larger(self, other: TableSize) -> TableSize {
        TableSize {
            rows: self.rows.max(other.rows),
            bytes: self.bytes.max(other.bytes),
            index_bytes: self.index_bytes.max(other.index_bytes),
        }
    }
}

impl Sizes {
    /// Nothing is known.
    pub fn unknown() -> Sizes {
        Sizes::default()
    }

    /// Adds a count. Of two counts of one table the larger holds: it is small only where nobody says otherwise.
    #[must_use]
    pub fn with(mut self, count: Count) -> Sizes {
        self.counts.push(Arc::new(count));
        self
    }

    /// The size of a table or materialised view as a statement meets it.
    ///
    /// A table that a script made which had not run when it was counted is another one than the one that was counted.
    pub fn of(&self, schema: &Schema, written: &ObjectName) -> Option<TableSize> {
        let name = schema.canonical(written);
        let known = self.counts.iter().filter_map(|count| count.of(schema, &name));
        known.reduce(TableSize::larger)
    }

    /// The size that was counted under a canonical name.
    pub fn counted(&self, name: &ObjectName) -> Option<TableSize> {
        self.counts.iter().filter_map(|count| count.tables.get(name).copied()).reduce(TableSize::larger)
    }
}

impl Count {
    fn of(&self, schema: &Schema, name: &ObjectName) -> Option<TableSize> {
        let counted = |name: &ObjectName| {
            let made_later = schema.table(name).recorded().is_some_and(|table| !self.had_run(&table.origin));
            if made_later { None } else { self.tables.get(name).copied() }
        };
        let below = schema.descendants(name);
        let own = counted(name);
        if below.is_empty() {
            return own;
        }
        let holds_rows = |name: &&ObjectName| schema.table(name).recorded().is_none_or(|table| !table.is_partitioned());
        let parts: Option<Vec<TableSize>> = below.iter().chain([name]).filter(holds_rows).map(counted).collect();
        let sum = parts?.into_iter().fold(TableSize::default(), TableSize::plus);
        // Partitions that no migration made are in the parent's own count alone.
        Some(own.map_or(sum, |own| own.larger(sum)))
    }

    fn had_run(&self, origin: &Origin) -> bool {
        let ran = |ran: &HashSet<(String, Phase)>| ran.contains(&(origin.migration.to_string(), origin.phase));
        origin.is_unseen() || self.ran.as_ref().is_none_or(ran)
    }
}
