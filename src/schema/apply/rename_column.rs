//! Renames of columns, in every constraint, index, expression, key and view that names them.

use std::sync::Arc;

use super::Applied;
use crate::schema::comparison::Demand;
use crate::schema::expression::ExpressionFacts;
use crate::schema::operation::ObjectChange;
use crate::schema::table::{ConstraintKind, Generated, IndexKey, Partitioning, Table};
use crate::schema::{Dialect, Expression, Ident, ObjectName, Schema};

impl Schema {
    pub(super) fn rename_column(&mut self, written: &ObjectName, column: &Ident, to: &Ident) -> Applied {
        let name = self.canonical(written);
        if self.views.contains_key(&name) {
            return self.alter_view(written, &ObjectChange::RenameColumn { column: column.clone(), to: to.clone() });
        }
        let canonical = self.reach_table(written)?;
        let Some(table) = self.tables.get(&canonical) else { return Ok(()) };
        if table.column(column).is_none() {
            return table.unless_unseen("column", column);
        }
        if column == to {
            return Ok(());
        }
        if table.column(to).is_some() {
            return table.unless_stale("column", to);
        }
        for heir in self.descendants(&canonical) {
            self.rename_column_of(&heir, column, to);
        }
        self.rename_column_of(&canonical, column, to);
        Ok(())
    }

    fn rename_column_of(&mut self, canonical: &ObjectName, column: &Ident, to: &Ident) {
        let dialect = self.dialect;
        let Some(table) = self.table_mut(canonical) else { return };
        table.rename_column(column, to);
        let triggers = table.triggers.clone();
        for child in self.referencing.copied(canonical) {
            let Some(child) = self.table_mut(&child) else { continue };
            for held in &mut child.constraints {
                if let ConstraintKind::ForeignKey(key) = &mut held.kind
                    && &key.references == canonical
                {
                    replace(&mut key.referenced_columns, column, to);
                }
            }
        }
        for sequence in self.owned_sequences.copied(canonical) {
            let Some(sequence) = self.sequences.get_mut(&sequence) else { continue };
            match &mut Arc::make_mut(sequence).owned_by {
                Some((_, owner)) if owner == column => *owner = to.clone(),
                Some(_) | None => {}
            }
        }
        if dialect == Dialect::Mysql {
            return;
        }
        for view in self.readers.copied(canonical) {
            let Some(view) = self.views.get_mut(&view) else { continue };
            let view = Arc::make_mut(view);
            match view.reads.as_slice() {
                [_] => replace(&mut view.uses, column, to),
                // The old name may be that of a column of another table.
                _ if view.uses.contains(column) && !view.uses.contains(to) => view.uses.push(to.clone()),
                _ => {}
            }
        }
        if dialect == Dialect::Sqlite {
            for trigger in triggers {
                self.forget_trigger(canonical, &trigger);
                let mut renamed = trigger.clone();
                replace(&mut renamed.uses, column, to);
                self.link_trigger(canonical, &renamed);
                if let Some(table) = self.table_mut(canonical) {
                    for held in table.triggers.iter_mut().filter(|held| held.name == trigger.name) {
                        *held = renamed.clone();
                    }
                }
            }
        }
    }
}

impl Table {
    fn rename_column(&mut self, column: &Ident, to: &Ident) {
        for held in &mut self.columns {
            if &held.name == column {
                held.name = to.clone();
            }
            if let Generated::Stored(expression) | Generated::Virtual(expression) = &mut held.generated {
                expression.rename_column(column, to);
            }
        }
        for held in &mut self.constraints {
            match &mut held.kind {
                ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } | ConstraintKind::Exclusion { columns } => {
                    replace(columns, column, to);
                }
                ConstraintKind::ForeignKey(key) => replace(&mut key.columns, column, to),
                ConstraintKind::NotNull(named) if named == column => *named = to.clone(),
                ConstraintKind::NotNull(_) => {}
                ConstraintKind::Check(condition) => condition.rename_column(column, to),
            }
        }
        for index in &mut self.indexes {
            for key in &mut index.keys {
                match key {
                    IndexKey::Column(name) if name == column => *name = to.clone(),
                    IndexKey::Column(_) => {}
                    IndexKey::Expression(expression) => expression.rename_column(column, to),
                }
            }
            replace(&mut index.include, column, to);
            if let Some(predicate) = &mut index.predicate {
                predicate.rename_column(column, to);
            }
        }
        if let Partitioning::Partitioned { columns, .. } = &mut self.partitioning {
            replace(columns, column, to);
        }
    }
}

impl Expression {
    /// The same expression after a rename of one column.
    pub(in crate::schema) fn rename_column(&mut self, column: &Ident, to: &Ident) {
        if !self.columns.contains(column) {
            return;
        }
        let facts: &mut ExpressionFacts = self;
        replace(&mut facts.columns, column, to);
        replace(&mut facts.proves_not_null, column, to);
        let compared = facts.demands.iter_mut().flat_map(Demand::comparisons_mut).filter(|comparison| comparison.column == *column);
        compared.for_each(|comparison| comparison.column = to.clone());
        let mut in_string = false;
        let words: Vec<&str> = facts
            .text
            .split(' ')
            .map(|word| {
                let names = !in_string && (word == column.as_str() || word.trim_matches(['"', '`']) == column.as_str());
                in_string ^= word.matches('\'').count() % 2 == 1;
                if names { to.as_str() } else { word }
            })
            .collect();
        facts.text = words.join(" ");
    }
}

pub(super) fn replace<T: PartialEq + Clone>(list: &mut [T], old: &T, new: &T) {
    for item in list.iter_mut().filter(|item| *item == old) {
        *item = new.clone();
    }
}
