//! What goes along with what a script drops, and what the dropped thing stood on: told by the schema that the script
//! meets, before it is replayed.

use super::access::Access;
use super::constraint::named;
use super::rows::idents;
use super::touch::{Object, Sink};
use crate::schema::operation::ConstraintRef;
use crate::schema::table::{Constraint, ConstraintKind, Index, IndexKey, Table};
use crate::schema::{Found, Ident, ObjectName, Operation, Schema};
use crate::sql::{Clause, Script};

/// What a clause touches without naming it.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct Foreseen {
    /// The clause, by number within the script.
    pub(super) clause: usize,
    /// The table that something goes away with, or from.
    table: Option<ObjectName>,
    /// Indexes of that table that go.
    indexes: Vec<Ident>,
    /// Constraints of that table that go.
    constraints: Vec<Ident>,
    /// Relations that cannot be dropped for as long as the dropped thing stands on them, with the columns it may name.
    stood_on: Vec<(ObjectName, Vec<Ident>)>,
    /// Columns of which something was demanded that is no longer: what is written before may be refused.
    relaxed: Vec<(ObjectName, Vec<Ident>)>,
    /// Functions that cannot, likewise.
    called: Vec<ObjectName>,
    /// Foreign keys of other tables that stand on the dropped thing, and must go before it or with it.
    carried: Vec<(ObjectName, Ident)>,
    /// Views that stand on it, likewise.
    read_by: Vec<ObjectName>,
    /// Whether a view or trigger stays that names what is gone by then.
    bodies: Bodies,
}

/// Whether what views and triggers name is there before and after a clause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Bodies {
    #[default]
    Sound,
    /// It takes away what one of them names, or one that names what is gone.
    Change,
}

/// Looks ahead at every clause that drops something.
pub(in crate::plan) fn foresee(script: &Script, before: &Schema) -> Vec<Foreseen> {
    let clauses = || script.statements.iter().flat_map(|statement| &statement.clauses);
    let dropped: Vec<&Ident> = clauses().filter_map(|clause| body_dropped(&clause.operation)).collect();
    let of = |(clause, found): (usize, &Clause)| Some(Foreseen { clause, ..of(&found.operation, before, &dropped)? });
    clauses().enumerate().filter_map(of).collect()
}

/// The view or trigger that a clause drops.
fn body_dropped(operation: &Operation) -> Option<&Ident> {
    if let Operation::DropView { drop, .. } = operation {
        return Some(&drop.name.name);
    }
    let Operation::DropTrigger { trigger, .. } = operation else { return None };
    Some(&trigger.name)
}

/// `dropped` are the views and triggers that go with the script.
fn of(operation: &Operation, before: &Schema, dropped: &[&Ident]) -> Option<Foreseen> {
    if let Operation::DropTable(drop) = operation {
        let foreseen = going(table(before, &drop.name)?, |_| true, |_| true);
        let foreseen = foreseen.with_dependents(before, None);
        return Some(Foreseen { bodies: named_elsewhere(&drop.name, before, dropped), ..foreseen });
    }
    if let Operation::DropColumn { table: name, column, .. } = operation {
        let foreseen = going(table(before, name)?, |index| index.concerns(column), |constraint| constraint.concerns(column));
        return Some(foreseen.with_dependents(before, Some(column)));
    }
    if let Operation::DropConstraint {
        table: name, constraint: ConstraintRef::Named(dropped) | ConstraintRef::ForeignKey(dropped), ..
    } = operation
    {
        let own = |index: &Index| index.backs_constraint && index.name.as_ref() == Some(dropped);
        let found = table(before, name)?;
        let is_dropped = |constraint: &Constraint| constraint.name.as_ref() == Some(dropped);
        let demanded = found.constraints.iter().filter(|constraint| is_dropped(constraint)).map(constraint_columns);
        let relaxed = demanded.map(|columns| (found.name.clone(), columns)).collect();
        return Some(Foreseen { relaxed, ..going(found, own, is_dropped) });
    }
    // The index names no table where it is dropped, but it goes with its table.
    if let Operation::DropIndex { index, table: None, .. } = operation {
        let (table, found) = before.index(index, None).recorded()?;
        let stood_on = vec![(table.clone(), index_columns(found))];
        let relaxed = if found.unique { stood_on.clone() } else { Vec::new() };
        return Some(Foreseen { table: Some(table.clone()), stood_on, relaxed, ..Foreseen::default() });
    }
    if let Operation::DropView { drop, .. } = operation {
        let view = before.view(&drop.name).recorded()?;
        let stood_on = view.reads.iter().map(|relation| (relation.clone(), view.uses.clone())).collect();
        let is_broken = view.reads.iter().any(|relation| is_gone(before, relation));
        let bodies = if is_broken { Bodies::Change } else { named_elsewhere(&drop.name, before, dropped) };
        return Some(Foreseen { stood_on, bodies, ..Foreseen::default() });
    }
    let Operation::DropTrigger { trigger, table: Some(name), .. } = operation else { return None };
    let trigger = table(before, name)?.triggers.iter().find(|found| found.name == trigger.name)?;
    Some(Foreseen { called: trigger.function.iter().cloned().collect(), ..Foreseen::default() })
}

/// Whether views or triggers that stay name a relation that goes.
fn named_elsewhere(relation: &ObjectName, before: &Schema, dropped: &[&Ident]) -> Bodies {
    let own = table(before, relation).map(|table| table.triggers.as_slice()).unwrap_or_default();
    let stays = |name: &Ident| !dropped.contains(&name) && own.iter().all(|trigger| trigger.name != *name);
    let by_trigger = before.triggers_mentioning(&relation.name).any(|trigger| stays(&trigger.name));
    match by_trigger || before.views_reading(relation).any(|view| stays(&view.name.name)) {
        true => Bodies::Change,
        false => Bodies::Sound,
    }
}

fn is_gone(schema: &Schema, relation: &ObjectName) -> bool {
    matches!(schema.table(relation), Found::Absent) && matches!(schema.view(relation), Found::Absent)
}

fn table<'s>(schema: &'s Schema, name: &ObjectName) -> Option<&'s Table> {
    match schema.table(name) {
        Found::Known(table) | Found::Stale(table) => Some(table),
        Found::Unknown | Found::Absent => None,
    }
}

/// The indexes and constraints of a table that go, with the tables that foreign keys among them refer to.
fn going(table: &Table, indexes: impl Fn(&Index) -> bool, constraints: impl Fn(&Constraint) -> bool) -> Foreseen {
    let mut foreseen = Foreseen { table: Some(table.name.clone()), ..Foreseen::default() };
    foreseen.indexes = table.indexes.iter().filter(|index| indexes(index)).filter_map(|index| index.name.clone()).collect();
    for constraint in table.constraints.iter().filter(|constraint| constraints(constraint)) {
        foreseen.constraints.extend(constraint.name.clone());
        foreseen.stood_on.push((table.name.clone(), constraint_columns(constraint)));
        if let ConstraintKind::ForeignKey(key) = &constraint.kind {
            foreseen.stood_on.push((key.references.clone(), key.referenced_columns.clone()));
        }
    }
    foreseen
}

/// The columns without which an index cannot be.
pub(super) fn index_columns(index: &Index) -> Vec<Ident> {
    let keys = index.keys.iter().flat_map(|key| match key {
        IndexKey::Column(column) => std::slice::from_ref(column),
        IndexKey::Expression(expression) => expression.columns.as_slice(),
    });
    let predicate = index.predicate.iter().flat_map(|predicate| &predicate.columns);
    keys.chain(&index.include).chain(predicate).cloned().collect()
}

/// The columns without which a constraint cannot be.
pub(super) fn constraint_columns(constraint: &Constraint) -> Vec<Ident> {
    match &constraint.kind {
        ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } | ConstraintKind::Exclusion { columns } => {
            columns.clone()
        }
        ConstraintKind::Check(condition) => condition.columns.clone(),
        ConstraintKind::NotNull(column) => vec![column.clone()],
        ConstraintKind::ForeignKey(key) => key.columns.clone(),
    }
}

impl Foreseen {
    /// Adds what stands on the table, or on one column of it.
    fn with_dependents(mut self, before: &Schema, column: Option<&Ident>) -> Foreseen {
        let Some(name) = self.table.clone() else { return self };
        let Some(table) = table(before, &name) else { return self };
        for (other, constraint, key) in before.referencing(&name) {
            if column.is_none_or(|column| table.referenced_by(key).contains(column)) {
                self.carried.extend(constraint.name.clone().map(|constraint| (other.name.clone(), constraint)));
            }
        }
        let views = before.views_reading(&name).filter(|view| column.is_none_or(|column| view.uses.contains(column)));
        self.read_by.extend(views.map(|view| view.name.clone()));
        self
    }
}

impl Sink<'_> {
    /// Adds what was foreseen for a clause.
    pub(super) fn foreseen(&mut self, foreseen: &Foreseen) {
        if let Some(table) = &foreseen.table {
            self.relation(table, Access::Uses);
            foreseen.indexes.iter().for_each(|index| self.index_name(table, index, Access::Removes));
            foreseen.constraints.iter().for_each(|constraint| self.table_part(table, named(constraint), Access::Removes));
        }
        for (relation, columns) in &foreseen.stood_on {
            self.relation(relation, Access::Uses);
            self.wide(relation, Access::Uses, Some(idents(columns)));
        }
        for (table, columns) in &foreseen.relaxed {
            self.columns(table, columns, Access::Constrains);
        }
        for (table, constraint) in &foreseen.carried {
            self.relation(table, Access::Uses);
            self.table_part(table, named(constraint), Access::Alters);
        }
        foreseen.read_by.iter().for_each(|view| self.relation(view, Access::Uses));
        match foreseen.bodies {
            Bodies::Sound => {}
            // Taking away is harmless beside taking away; a rename between two of them is not.
            Bodies::Change => self.bodies(Access::Deletes),
        }
        for routine in &foreseen.called {
            let object = Object::Routine(self.schema.canonical(routine));
            self.object(object, Access::Uses);
        }
    }
}
