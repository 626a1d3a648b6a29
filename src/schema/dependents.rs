//! What hangs on a table or a column: for drops, renames and type changes.

use super::object::{Routine, Sequence, View};
use super::table::{Column, Constraint, ConstraintKind, ForeignKey, Generated, Index, IndexKey, Table, Trigger};
use super::{Expression, Ident, ObjectName, Schema};

/// One object that uses a table or a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependent<'a> {
    /// A view that reads it.
    View(&'a View),
    /// A foreign key of another table (or of the same one) that references it.
    ForeignKey {
        /// The referencing table.
        table: &'a Table,
        /// The constraint.
        constraint: &'a Constraint,
    },
    /// A constraint of the table itself.
    Constraint(&'a Constraint),
    /// An index of the table itself that no constraint owns.
    Index(&'a Index),
    /// A column computed from it.
    GeneratedColumn(&'a Column),
    /// A trigger whose body, condition or function names it.
    Trigger {
        /// The table that carries the trigger.
        table: &'a Table,
        /// The trigger.
        trigger: &'a Trigger,
    },
    /// A routine whose body names it.
    Routine(&'a Routine),
}

impl Schema {
    /// The foreign keys that reference a table, with the tables that carry them.
    pub fn referencing(&self, table: &ObjectName) -> impl Iterator<Item = (&Table, &Constraint, &ForeignKey)> {
        let target = self.canonical(table);
        let children: Vec<&Table> = self.referencing.of(&target).filter_map(|child| Some(self.tables.get(child)?.as_ref())).collect();
        children.into_iter().flat_map(move |child| {
            let target = target.clone();
            child.constraints.iter().filter_map(move |constraint| match &constraint.kind {
                ConstraintKind::ForeignKey(key) if key.references == target => Some((child, constraint, key)),
                ConstraintKind::ForeignKey(_)
                | ConstraintKind::PrimaryKey(_)
                | ConstraintKind::Unique { .. }
                | ConstraintKind::Check(_)
                | ConstraintKind::NotNull(_)
                | ConstraintKind::Exclusion { .. } => None,
            })
        })
    }

    /// The views that read a relation directly.
    pub fn views_reading(&self, relation: &ObjectName) -> impl Iterator<Item = &View> {
        let views: Vec<&View> =
            self.readers.of(&self.canonical(relation)).filter_map(|view| Some(self.views.get(view)?.as_ref())).collect();
        views.into_iter()
    }

    /// The routines whose body holds a word.
    pub fn routines_mentioning(&self, word: &Ident) -> impl Iterator<Item = &Routine> {
        self.mentions.of(word).filter_map(|routine| Some(self.routines.get(routine)?.as_ref()))
    }

    /// The triggers in whose text a word stands.
    pub fn triggers_mentioning(&self, word: &Ident) -> impl Iterator<Item = &Trigger> {
        let tables = self.trigger_mentions.of(word).filter_map(|table| self.tables.get(table));
        tables.flat_map(|table| &table.triggers).filter(|trigger| trigger.uses.contains(word))
    }

    /// The tables that inherit from a table (partitions are not among them).
    pub fn heirs(&self, table: &ObjectName) -> impl Iterator<Item = &Table> {
        let heirs: Vec<&Table> = self.heirs.of(&self.canonical(table)).filter_map(|heir| Some(self.tables.get(heir)?.as_ref())).collect();
        heirs.into_iter()
    }

    /// The sequences that a column owns.
    pub fn sequences_of(&self, table: &ObjectName, column: &Ident) -> impl Iterator<Item = &Sequence> {
        let owned = self.owned_sequences.of(table).filter_map(|sequence| Some(self.sequences.get(sequence)?.as_ref()));
        owned.filter(move |held: &&Sequence| held.owned_by.as_ref().is_some_and(|(of, by)| of == table && by == column))
    }

    /// Everything that uses the table, or with `column` that one column of it. By names: a superset for bodies and queries.
    pub fn dependents(&self, table: &ObjectName, column: Option<&Ident>) -> Vec<Dependent<'_>> {
        let Some(table) = self.table(table).recorded() else { return Vec::new() };
        let mut found = Vec::new();
        let concerns = |words: &[Ident]| column.is_none_or(|column| words.contains(column));
        found.extend(self.views_reading(&table.name).filter(|view| concerns(&view.uses)).map(Dependent::View));
        for (child, constraint, key) in self.referencing(&table.name) {
            if column.is_none_or(|column| table.referenced_by(key).contains(column)) {
                found.push(Dependent::ForeignKey { table: child, constraint });
            }
        }
        if let Some(column) = column {
            found.extend(table.constraints.iter().filter(|held| held.concerns(column)).map(Dependent::Constraint));
            let own = table.indexes.iter().filter(|index| !index.backs_constraint && index.concerns(column));
            found.extend(own.map(Dependent::Index));
            found.extend(table.columns.iter().filter(|other| other.is_computed_from(column)).map(Dependent::GeneratedColumn));
        }
        for trigger in &table.triggers {
            let by_function = || {
                let function = trigger.function.as_ref().and_then(|function| self.routine(function).recorded());
                function.is_some_and(|function| concerns(&function.uses))
            };
            if column.is_none() || concerns(&trigger.uses) || by_function() {
                found.push(Dependent::Trigger { table, trigger });
            }
        }
        for other in self.trigger_mentions.of(&table.name.name).filter_map(|name| self.tables.get(name)) {
            if other.name != table.name {
                let naming = other.triggers.iter().filter(|held| held.uses.contains(&table.name.name) && concerns(&held.uses));
                found.extend(naming.map(|trigger| Dependent::Trigger { table: other, trigger }));
            }
        }
        found.extend(self.routines_mentioning(&table.name.name).filter(|routine| concerns(&routine.uses)).map(Dependent::Routine));
        found
    }
}

impl Table {
    /// The columns of this table that a foreign key to it references.
    pub fn referenced_by<'a>(&'a self, key: &'a ForeignKey) -> &'a [Ident] {
        if key.referenced_columns.is_empty() { self.primary_key() } else { &key.referenced_columns }
    }
}

impl Constraint {
    /// Whether its meaning depends on this column of its table.
    pub fn concerns(&self, column: &Ident) -> bool {
        match &self.kind {
            ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } | ConstraintKind::Exclusion { columns } => {
                columns.contains(column)
            }
            ConstraintKind::Check(condition) => condition.columns.contains(column),
            ConstraintKind::NotNull(named) => named == column,
            ConstraintKind::ForeignKey(key) => key.columns.contains(column),
        }
    }
}

impl Index {
    /// Whether the column stands in a key, an expression, INCLUDE or the predicate.
    pub fn concerns(&self, column: &Ident) -> bool {
        self.keys.iter().any(|key| match key {
            IndexKey::Column(name) => name == column,
            IndexKey::Expression(expression) => expression.columns.contains(column),
        }) || self.include.contains(column)
            || self.predicate.as_ref().is_some_and(|predicate| predicate.columns.contains(column))
    }
}

impl Index {
    /// The plain columns of its keys.
    pub fn columns(&self) -> impl Iterator<Item = &Ident> {
        self.keys.iter().filter_map(IndexKey::column)
    }

    /// Whether its keys are exactly these columns, in any order.
    pub fn covers(&self, columns: &[Ident]) -> bool {
        self.keys.len() == columns.len() && columns.iter().all(|column| self.columns().any(|key| key == column))
    }

    /// Whether it forbids the same duplicates as another unique index: the same keys, in any order.
    pub fn is_over_same_keys(&self, other: &Index) -> bool {
        self.keys.len() == other.keys.len() && other.keys.iter().all(|key| self.keys.contains(key))
    }
}

impl Column {
    /// Its default and the expression that it is computed by.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let computed = match &self.generated {
            Generated::Stored(expression) | Generated::Virtual(expression) => Some(expression),
            Generated::No | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => None,
        };
        self.default.iter().chain(computed)
    }

    /// Whether it is generated from this other column.
    pub fn is_computed_from(&self, column: &Ident) -> bool {
        match &self.generated {
            Generated::Stored(expression) | Generated::Virtual(expression) => expression.columns.contains(column),
            Generated::No | Generated::IdentityAlways | Generated::IdentityByDefault | Generated::Serial => false,
        }
    }
}
