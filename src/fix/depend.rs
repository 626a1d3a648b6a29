//! What must follow a statement that moves to a later phase: statements behind it that build on it.

use super::unit::{Unit, operations, unit};
use crate::schema::operation::{AddConstraint, ChangeData, ColumnChange, ConstraintRef};
use crate::schema::table::ConstraintKind;
use crate::schema::{Ident, ObjectName, Operation, Phase};
use crate::sql::{Script, Span};

/// A statement, or a clause of one, that follows.
#[derive(Debug)]
pub(super) struct Dependent {
    pub(super) statement: usize,
    pub(super) unit: Unit,
    /// Where to; `None` for what the cure has done already.
    pub(super) to: Option<Phase>,
}

/// What moved, as far as others can build on it.
#[derive(Debug, Default)]
struct Moved<'a> {
    /// Names of constraints and indexes that it makes.
    names: Vec<&'a Ident>,
    /// Tables whose rows it changes.
    written: Vec<&'a ObjectName>,
}

impl<'a> Moved<'a> {
    fn add(&mut self, operation: &'a Operation) {
        match operation {
            Operation::AddConstraint(add) => self.names.extend(&add.constraint.name),
            Operation::CreateIndex(index) => self.names.extend(&index.name),
            Operation::ChangeData(change) => self.written.push(&change.table),
            _ => {}
        }
    }

    /// Where an operation must go that builds on what moved to `phase`; `None` when it does not.
    fn pulls(&self, operation: &Operation, phase: Phase) -> Option<Option<Phase>> {
        let named = |name: &Ident| self.names.contains(&name);
        let written = |table: &ObjectName| self.written.contains(&table);
        let pulled = match operation {
            // The cures of constraints validate what they add.
            Operation::ValidateConstraint { name, .. } if named(name) => return Some(None),
            Operation::AddConstraint(add) => {
                let AddConstraint { table, using_index, constraint, .. } = add.as_ref();
                let tightens = written(table) && !matches!(constraint.kind, ConstraintKind::ForeignKey(_));
                (using_index.as_ref().is_some_and(named)).then_some(phase).or(tightens.then_some(Phase::Contract))
            }
            Operation::DropConstraint { constraint: ConstraintRef::Named(name), .. }
            | Operation::RenameConstraint { name, .. }
            | Operation::AlterConstraint { name, .. } => named(name).then_some(phase),
            Operation::DropIndex { index, .. } | Operation::RenameIndex { index, .. } | Operation::AlterIndex { index, .. } => {
                named(&index.name).then_some(phase)
            }
            Operation::AlterColumn { table, change, .. } => {
                let tightens = match change {
                    ColumnChange::SetNotNull => true,
                    ColumnChange::Redefine { column, .. } => column.not_null,
                    _ => false,
                };
                (tightens && written(table)).then_some(Phase::Contract)
            }
            Operation::CreateIndex(index) => (index.unique && written(&index.table)).then_some(Phase::Contract),
            Operation::ChangeData(change) => {
                let ChangeData { table, reads, .. } = change.as_ref();
                (written(table) || reads.iter().any(written)).then_some(phase)
            }
            _ => None,
        };
        pulled.map(Some)
    }
}

/// The statements behind `number` in the script that must follow its clause at `span` to `phase`, in their order.
pub(super) fn behind(script: &Script, number: usize, span: Span, phase: Phase) -> Vec<Dependent> {
    let mut moved = Moved::default();
    operations(&script.statements[number], span).for_each(|operation| moved.add(operation));
    let mut dependents = Vec::new();
    for (at, statement) in script.statements.iter().enumerate().skip(number + 1) {
        let pulled = statement.clauses.iter().find_map(|clause| Some((clause, moved.pulls(&clause.operation, phase)?)));
        let Some((clause, to)) = pulled else { continue };
        let Some(unit) = unit(script, statement, clause.span) else { continue };
        if to.is_some() {
            operations(statement, clause.span).for_each(|operation| moved.add(operation));
        }
        dependents.push(Dependent { statement: at, unit, to });
    }
    dependents
}
