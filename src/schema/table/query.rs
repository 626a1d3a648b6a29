//! What is asked of a table: its parts by name, its keys, what proves that a column holds no NULL.

use super::{Column, Constraint, ConstraintKind, Detail, Generated, Index, IndexKey, Partitioning, Table, Validity};
use crate::schema::{Ident, ObjectName};

impl Table {
    /// Gives back the room that its lists do not use.
    pub(in crate::schema) fn shrink(&mut self) {
        self.columns.shrink_to_fit();
        self.constraints.shrink_to_fit();
        self.indexes.shrink_to_fit();
        self.triggers.shrink_to_fit();
    }

    /// The partitioned table that this one is attached to.
    pub fn partition_parent(&self) -> Option<&ObjectName> {
        match &self.partitioning {
            Partitioning::PartitionOf(parent) => Some(parent),
            Partitioning::Partitioned { parent, .. } => parent.as_ref(),
            Partitioning::None => None,
        }
    }

    /// The attached partitions; empty when the table is not partitioned.
    pub fn partitions(&self) -> &[ObjectName] {
        match &self.partitioning {
            Partitioning::Partitioned { partitions, .. } => partitions,
            Partitioning::None | Partitioning::PartitionOf(_) => &[],
        }
    }

    /// The DEFAULT partition.
    pub fn default_partition(&self) -> Option<&ObjectName> {
        match &self.partitioning {
            Partitioning::Partitioned { default, .. } => default.as_ref(),
            Partitioning::None | Partitioning::PartitionOf(_) => None,
        }
    }

    /// Whether it is divided into partitions and stores no rows itself.
    pub fn is_partitioned(&self) -> bool {
        match &self.partitioning {
            Partitioning::Partitioned { .. } => true,
            Partitioning::None | Partitioning::PartitionOf(_) => false,
        }
    }

    /// Whether SQLite refuses to drop the column for what the table itself says of it: an index, a key, or a constraint
    /// that is not about this column alone.
    pub fn holds_column(&self, column: &Ident) -> bool {
        let indexed = self.indexes.iter().any(|index| index.concerns(column));
        indexed
            || self.constraints.iter().any(|held| match &held.kind {
                ConstraintKind::Check(condition) => {
                    condition.columns.contains(column) && condition.columns.iter().any(|other| other != column)
                }
                ConstraintKind::NotNull(_) => false,
                // A key written behind its column goes with it; such keys seldom have a name.
                ConstraintKind::ForeignKey(key) => {
                    key.columns.contains(column) && (key.columns.len() > 1 || held.name.is_some())
                        || key.references == self.name && key.referenced_columns.contains(column)
                }
                ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => held.concerns(column),
            })
            || self.columns.iter().any(|other| match &other.generated {
                Generated::Stored(value) | Generated::Virtual(value) => other.name != *column && value.columns.contains(column),
                Generated::No | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => false,
            })
    }

    /// The column of this name.
    pub fn column(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| &column.name == name)
    }

    /// The constraint of this name.
    pub fn constraint(&self, name: &Ident) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| constraint.name.as_ref() == Some(name))
    }

    /// The index of this name.
    pub fn index(&self, name: &Ident) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name.as_ref() == Some(name))
    }

    /// The columns of the primary key; empty when there is none.
    pub fn primary_key(&self) -> &[Ident] {
        self.constraints
            .iter()
            .find_map(|constraint| match &constraint.kind {
                ConstraintKind::PrimaryKey(columns) => Some(columns.as_slice()),
                ConstraintKind::Unique { .. }
                | ConstraintKind::Check(_)
                | ConstraintKind::NotNull(_)
                | ConstraintKind::ForeignKey(_)
                | ConstraintKind::Exclusion { .. } => None,
            })
            .unwrap_or_default()
    }

    /// Whether a valid constraint proves that this column holds no NULL.
    pub fn proves_not_null(&self, column: &Ident) -> bool {
        self.constraints.iter().any(|constraint| {
            constraint.validity == Validity::Valid
                && match &constraint.kind {
                    ConstraintKind::Check(condition) => condition.proves_not_null.contains(column),
                    ConstraintKind::NotNull(named) => named == column,
                    ConstraintKind::PrimaryKey(_)
                    | ConstraintKind::Unique { .. }
                    | ConstraintKind::ForeignKey(_)
                    | ConstraintKind::Exclusion { .. } => false,
                }
        })
    }

    /// The columns by which rows can be walked: the primary key, else a unique index without predicate over
    /// NOT NULL columns. Empty when the table has no such key.
    pub fn walking_key(&self) -> Vec<Ident> {
        let primary = self.primary_key();
        if !primary.is_empty() {
            return primary.to_vec();
        }
        self.indexes
            .iter()
            .filter(|index| index.unique && index.valid && index.predicate.is_none())
            .find_map(|index| {
                index
                    .keys
                    .iter()
                    .map(|key| match key {
                        IndexKey::Column(name) if self.column(name).is_some_and(|column| column.not_null) => Some(name.clone()),
                        IndexKey::Column(_) | IndexKey::Expression(_) => None,
                    })
                    .collect()
            })
            .unwrap_or_default()
    }
}

impl Table {
    /// The character set of new columns (MySQL), where the table states one.
    pub fn default_charset(&self) -> Option<&str> {
        self.charset.as_deref()?.split('_').next()
    }

    /// The collation of new columns (MySQL), where the table states one.
    pub fn default_collation(&self) -> Option<&str> {
        self.charset.as_deref().filter(|name| name.contains('_'))
    }
}

impl Column {
    /// The character set, as far as the column tells it: written, or in the name of its collation.
    pub fn charset(&self) -> Option<&str> {
        charset(&self.details, self.collation.as_ref())
    }
}

/// The character set that a column states, by itself or through a collation such as `utf8mb4_bin`.
pub fn charset<'a>(details: &'a [Detail], collation: Option<&'a ObjectName>) -> Option<&'a str> {
    let stated = details.iter().find_map(|detail| match detail {
        Detail::Charset(name) => Some(name.as_str()),
        Detail::Comment(_) | Detail::OnUpdate | Detail::Invisible | Detail::Nullable | Detail::IgnoredReference(_) => None,
    });
    stated.or_else(|| collation.and_then(|name| name.name.as_str().split('_').next()))
}

impl ConstraintKind {
    /// Whether it compares rows with each other: keys and exclusions.
    pub fn compares_rows(&self) -> bool {
        match self {
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. } | ConstraintKind::Exclusion { .. } => true,
            ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::ForeignKey(_) => false,
        }
    }
}
