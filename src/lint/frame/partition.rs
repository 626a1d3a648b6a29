//! The bounds of a partition as a condition: what a CHECK must say so that no row is read.

use super::Frame;
use crate::lint::cure::{Spelled, derived, recipe};
use crate::schema::bound::{Edge, PartitionBound};
use crate::schema::table::{Partitioning, Table};
use crate::schema::{Dialect, Ident, ObjectName};

/// A validated CHECK that lets a partition come without a scan.
#[derive(Clone, Debug)]
pub(in crate::lint) struct BoundCheck {
    /// The statements that add it and validate it.
    pub(in crate::lint) add: String,
    /// The statement that takes it away again.
    pub(in crate::lint) drop: String,
}

impl<'a> Frame<'a> {
    /// The only column of a partitioned table's key.
    pub(in crate::lint) fn partition_key(&self, parent: &ObjectName) -> Option<&'a Ident> {
        match self.table(parent).map(|table| &table.partitioning)? {
            Partitioning::Partitioned { columns, .. } => match &columns[..] {
                [only] => Some(only),
                [] | [..] => None,
            },
            Partitioning::None | Partitioning::PartitionOf(_) => None,
        }
    }

    /// The CHECK by which a table proves that all its rows lie within the bounds.
    pub(in crate::lint) fn check_within(&self, table: &ObjectName, key: &Ident, bound: &PartitionBound) -> Option<BoundCheck> {
        let (name, condition) = (key.spelled(self.dialect()), condition(self.dialect(), key, bound)?);
        Some(check(self.dialect(), table, &format!("{name} IS NOT NULL AND {condition}")))
    }

    /// The CHECK by which the DEFAULT partition proves that none of its rows lies within the bounds.
    pub(in crate::lint) fn check_outside(&self, default: &ObjectName, key: &Ident, bound: &PartitionBound) -> Option<BoundCheck> {
        Some(check(self.dialect(), default, &format!("NOT ({})", condition(self.dialect(), key, bound)?)))
    }

    /// A unique or primary key of a partitioned table, built beside running writers: on the parent alone, then partition by
    /// partition. `None` where partitions are partitioned again, and for a table that has none.
    pub(in crate::lint) fn key_by_partition(&self, parent: &ObjectName, name: &Ident, kind: &str, columns: &[Ident]) -> Option<String> {
        let dialect = self.dialect();
        let leaves: Option<Vec<&Table>> =
            self.table(parent)?.partitions().iter().map(|leaf| self.table(leaf).filter(|leaf| !leaf.is_partitioned())).collect();
        let leaves = leaves.filter(|leaves| !leaves.is_empty())?;
        let (on, of, columns) = (parent.spelled(dialect), name.spelled(dialect), columns.spelled(dialect));
        let mut sql = format!("ALTER TABLE ONLY {on} ADD CONSTRAINT {of} {kind} ({columns});\n");
        for leaf in leaves {
            let own = derived(dialect, [leaf.name.name.as_str(), name.as_str()]).spelled(dialect);
            let table = leaf.name.spelled(dialect);
            sql.push_str(&format!(
                "CREATE UNIQUE INDEX CONCURRENTLY {own} ON {table} ({columns});\n\
                 {} ADD CONSTRAINT {own} {kind} USING INDEX {own};\nALTER INDEX {of} ATTACH PARTITION {own};\n",
                recipe::alter(dialect, &leaf.name)
            ));
        }
        Some(sql)
    }

    /// The DEFAULT partition of a table where old releases fill it.
    pub(in crate::lint) fn old_default_partition(&self, parent: &ObjectName) -> Option<&'a ObjectName> {
        self.table(parent).and_then(Table::default_partition).filter(|default| !self.is_new_table(default))
    }
}

fn check(dialect: Dialect, table: &ObjectName, condition: &str) -> BoundCheck {
    let alter = recipe::alter(dialect, table);
    let name = derived(dialect, [table.name.as_str(), "bounds"]).spelled(dialect);
    BoundCheck {
        add: format!("{alter} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID;\n{alter} VALIDATE CONSTRAINT {name};\n"),
        drop: format!("{alter} DROP CONSTRAINT {name};\n"),
    }
}

/// `a >= 1 AND a < 9`, or `a IN (1, 2)`.
fn condition(dialect: Dialect, key: &Ident, bound: &PartitionBound) -> Option<String> {
    let key = key.spelled(dialect);
    let text = |edge: &Edge, sign: &str| match edge {
        Edge::Open => Some(None),
        Edge::At { sql, .. } => Some(Some(format!("{key} {sign} {sql}"))),
        Edge::Null | Edge::Computed => None,
    };
    match bound {
        PartitionBound::Range { from, to } => match (&from[..], &to[..]) {
            ([from], [to]) => {
                let parts: Vec<String> = [text(from, ">=")?, text(to, "<")?].into_iter().flatten().collect();
                (!parts.is_empty()).then(|| parts.join(" AND "))
            }
            (_, _) => None,
        },
        PartitionBound::List(values) => {
            let values: Option<Vec<&str>> = values
                .iter()
                .map(|value| match value {
                    Edge::At { sql, .. } => Some(sql.as_str()),
                    Edge::Open | Edge::Null | Edge::Computed => None,
                })
                .collect();
            Some(format!("{key} IN ({})", values?.join(", ")))
        }
        PartitionBound::Default | PartitionBound::Hash => None,
    }
}
