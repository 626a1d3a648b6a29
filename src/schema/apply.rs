//! Replay: schema + operation → schema. `apply/` holds one file per family of operations.
//!
//! Deterministic, and on average without a walk over the schema: ten thousand tables cost no more per operation than ten.

mod access;
mod column;
mod constraint;
mod constraint_drop;
mod create_table;
mod index;
mod naming;
mod opaque;
mod partition;
mod reach;
mod rename;
mod rename_column;
mod routine;
mod sequence;
mod space;
mod table;
mod trigger;
mod types;
mod view;

use super::operation::TransactionControl;
use super::{ObjectName, Operation, Origin, Schema};

/// Why an operation cannot have worked on the schema it met. A replay problem, not a lint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The operation needs an object that does not exist.
    Missing {
        /// `table`, `column`, `index`, …
        kind: &'static str,
        /// Its name as written.
        name: ObjectName,
    },
    /// The operation makes an object that exists already.
    Exists {
        /// `table`, `column`, `index`, …
        kind: &'static str,
        /// Its name as written.
        name: ObjectName,
    },
}

impl Problem {
    /// The object that is missing or exists.
    pub fn name(&self) -> &ObjectName {
        match self {
            Problem::Missing { name, .. } | Problem::Exists { name, .. } => name,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Problem::Missing { kind, name } => write!(f, "{kind} {name} does not exist here"),
            Problem::Exists { kind, name } => write!(f, "{kind} {name} exists here already"),
        }
    }
}

/// What one application yields.
type Applied = Result<(), Problem>;

impl Schema {
    /// Does to the schema what the operation does to the database.
    ///
    /// Of an operation that cannot have worked nothing is done, and the replay goes on.
    ///
    /// # Errors
    /// [`Problem`] when the operation names what does not exist, or makes what exists, and the replay is sure of that.
    pub fn apply(&mut self, operation: &Operation, origin: &Origin) -> Result<(), Problem> {
        self.search_path.enter(origin.transaction);
        match operation {
            Operation::CreateTable(create) => self.create_table(create, origin),
            Operation::DropTable(drop) => self.drop_table(drop),
            Operation::RenameTable { table, to } => self.rename_table(table, to),
            Operation::MoveTable { table, schema } => self.move_table(table, schema),
            Operation::AddColumn(add) => self.add_column(add, origin),
            Operation::DropColumn { table, column, if_exists, cascade } => self.drop_column(table, column, *if_exists, *cascade, origin),
            Operation::RenameColumn { table, column, to } => self.rename_column(table, column, to),
            Operation::AlterColumn { table, column, change } => self.alter_column(table, column, change, origin),
            Operation::AddConstraint(add) => self.add_constraint(add, origin),
            Operation::ValidateConstraint { table, name } => self.validate_constraint(table, name),
            Operation::DropConstraint { table, constraint, if_exists, cascade } => {
                self.drop_constraint(table, constraint, *if_exists, *cascade)
            }
            Operation::RenameConstraint { table, name, to } => self.rename_constraint(table, name, to),
            Operation::AlterConstraint { table, name, enforced } => self.alter_constraint(table, name, *enforced),
            Operation::AttachPartition { parent, partition, bound } => self.attach_partition(parent, partition, bound, origin),
            Operation::DetachPartition { parent, partition, concurrently: _, finalize: _ } => self.detach_partition(parent, partition),
            Operation::AlterTable { table, change } => self.alter_table(table, change),
            Operation::CreateIndex(create) => self.create_index(create, origin),
            Operation::DropIndex { index, table, concurrently: _, if_exists, cascade: _ } => {
                self.drop_index(index, table.as_ref(), *if_exists)
            }
            Operation::RenameIndex { index, table, to } => self.rename_index(index, table.as_ref(), to),
            Operation::AlterIndex { index, table, change } => self.alter_index(index, table.as_ref(), change),
            Operation::Reindex { target, concurrently: _ } => self.reindex(target),
            Operation::CreateView(create) => self.create_view(create, origin),
            Operation::DropView { drop, materialized: _ } => self.drop_view(drop),
            Operation::AlterView { view, change } => self.alter_view(view, change),
            Operation::RefreshView { view, concurrently: _ } => self.refresh_view(view),
            Operation::CreateRoutine(create) => self.create_routine(create, origin),
            Operation::DropRoutine { drop, arguments } => self.drop_routine(drop, arguments.as_deref()),
            Operation::AlterRoutine { routine, change } => self.alter_routine(routine, change),
            Operation::CreateTrigger(create) => self.create_trigger(create, origin),
            Operation::DropTrigger { trigger, table, if_exists, cascade: _ } => self.drop_trigger(trigger, table.as_ref(), *if_exists),
            Operation::RenameTrigger { trigger, table, to } => self.rename_trigger(trigger, table, to),
            Operation::CreateType { name, definition } => self.create_type(name, definition, origin),
            Operation::AlterType { name, change } => self.alter_type(name, change, origin),
            Operation::DropType { drop, domain: _ } => self.drop_type(drop),
            Operation::CreateSequence { name, owned_by, if_not_exists, temporary } => {
                self.create_sequence(name, owned_by.as_ref(), *if_not_exists, *temporary, origin)
            }
            Operation::AlterSequence { name, change } => self.alter_sequence(name, change),
            Operation::DropSequence(drop) => self.drop_sequence(drop),
            Operation::CreateSchema { name, if_not_exists } => self.create_schema(name, *if_not_exists, origin),
            Operation::AlterSchema { name, change } => self.alter_schema(name, change),
            Operation::DropSchema { name, if_exists, cascade } => self.drop_schema(name, *if_exists, *cascade),
            Operation::Access(change) => self.change_access(change, origin),
            Operation::OtherObject { verb, kind, name: _, cascade: _ } => {
                self.note_other_object(*verb, *kind);
                Ok(())
            }
            Operation::Comment { on: _ } | Operation::Query { .. } | Operation::Maintenance { .. } => Ok(()),
            Operation::ChangeData(change) => self.expect_relation(&change.table),
            Operation::Truncate { table, .. } | Operation::LockTable { table, .. } => self.expect_relation(table),
            Operation::Transaction(control) => {
                match control {
                    TransactionControl::Commit | TransactionControl::Rollback | TransactionControl::TwoPhase => {
                        self.search_path.end_transaction();
                    }
                    TransactionControl::Begin | TransactionControl::Savepoint | TransactionControl::Set => {}
                }
                Ok(())
            }
            Operation::SetSetting(setting) => {
                self.set_setting(setting, origin);
                Ok(())
            }
            Operation::Block(block) => {
                self.note_block(block);
                Ok(())
            }
            Operation::Opaque(opaque) => {
                self.poison(opaque);
                Ok(())
            }
        }
    }
}
