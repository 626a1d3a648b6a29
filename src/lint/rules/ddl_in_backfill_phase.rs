//! ddl-in-backfill-phase: a backfill is cut into batches and run again; DDL can be neither.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("ddl-in-backfill-phase"),
    doc: include_str!("../../../lints/ddl-in-backfill-phase.md"),
    class: Class::Script,
    levels: PhaseLevels::NOT_IN_BACKFILL,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Clause(check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if !changes_schema(frame.operation) {
        return;
    }
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new("backfill.sql holds data work only: it runs in batches and may run again, which DDL cannot")
            .help(format!("move it to expand.sql if it adds, to contract.sql if it takes away:\n{sql}"))
            .cure(home(frame.operation), sql),
    );
}

/// Where the statement belongs.
fn home(operation: &Operation) -> Phase {
    match operation {
        Operation::DropTable(_)
        | Operation::DropColumn { .. }
        | Operation::DropConstraint { .. }
        | Operation::DropIndex { .. }
        | Operation::DropView { .. }
        | Operation::DropRoutine { .. }
        | Operation::DropTrigger { .. }
        | Operation::DropType { .. }
        | Operation::DropSequence(_)
        | Operation::DropSchema { .. }
        | Operation::Truncate { .. }
        | Operation::AlterColumn { .. } => Phase::Contract,
        _ => Phase::Expand,
    }
}

fn changes_schema(operation: &Operation) -> bool {
    match operation {
        Operation::ChangeData(_)
        | Operation::Query { .. }
        | Operation::Transaction(_)
        | Operation::SetSetting(_)
        | Operation::LockTable { .. }
        | Operation::Maintenance { .. }
        | Operation::RefreshView { .. }
        | Operation::Block(_)
        | Operation::Opaque(_) => false,
        Operation::CreateTable(_)
        | Operation::DropTable(_)
        | Operation::RenameTable { .. }
        | Operation::MoveTable { .. }
        | Operation::AddColumn(_)
        | Operation::DropColumn { .. }
        | Operation::RenameColumn { .. }
        | Operation::AlterColumn { .. }
        | Operation::AddConstraint(_)
        | Operation::ValidateConstraint { .. }
        | Operation::DropConstraint { .. }
        | Operation::RenameConstraint { .. }
        | Operation::AlterConstraint { .. }
        | Operation::AttachPartition { .. }
        | Operation::DetachPartition { .. }
        | Operation::AlterTable { .. }
        | Operation::CreateIndex(_)
        | Operation::DropIndex { .. }
        | Operation::RenameIndex { .. }
        | Operation::AlterIndex { .. }
        | Operation::Reindex { .. }
        | Operation::CreateView(_)
        | Operation::DropView { .. }
        | Operation::AlterView { .. }
        | Operation::CreateRoutine(_)
        | Operation::DropRoutine { .. }
        | Operation::AlterRoutine { .. }
        | Operation::CreateTrigger(_)
        | Operation::DropTrigger { .. }
        | Operation::RenameTrigger { .. }
        | Operation::CreateType { .. }
        | Operation::AlterType { .. }
        | Operation::DropType { .. }
        | Operation::CreateSequence { .. }
        | Operation::AlterSequence { .. }
        | Operation::DropSequence(_)
        | Operation::CreateSchema { .. }
        | Operation::AlterSchema { .. }
        | Operation::DropSchema { .. }
        | Operation::Access(_)
        | Operation::OtherObject { .. }
        | Operation::Comment { .. }
        | Operation::Truncate { .. } => true,
    }
}
