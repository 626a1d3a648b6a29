//! enum-value-used-in-same-transaction: a new label cannot be used before it is committed.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::migration::Bounds;
use crate::schema::operation::TypeChange;
use crate::schema::{Dialect, ObjectName, Operation, ServerVersion};
use crate::sql::Clause;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("enum-value-used-in-same-transaction"),
    doc: include_str!("../../../lints/enum-value-used-in-same-transaction.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Clause(check),
};

/// From this version on the labels of a type may be used in the transaction that makes the type.
const FREE_IN_NEW_TYPES: ServerVersion = ServerVersion::new(17, 0);

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if frame.transaction.bounds == Bounds::Lone && !frame.is_in_block() || !looks_up(frame.operation) {
        return;
    }
    for clause in frame.earlier_in_script().take_while(|clause| is_in_transaction(frame, clause)) {
        let Operation::AlterType { name, change: TypeChange::AddLabel { label, .. } } = &clause.operation else { continue };
        if clause.span == frame.clause.span || !added_here(frame, name, label) || !uses(frame, label) {
            continue;
        }
        findings.push(
            Fault::new(format!("`{label}` was added to `{name}` in this transaction, and the server refuses to use it before the commit"))
                .label(clause.span, format!("adds `{label}`"))
                .help("commit the label first, in a transaction of its own: `COMMIT;`"),
        );
    }
}

/// Whether an earlier clause stands in the same transaction.
fn is_in_transaction(frame: &Frame<'_>, clause: &Clause) -> bool {
    frame.transaction.statements.first().is_some_and(|first| clause.span.start >= first.span.start)
}

/// Whether the label is not older than the transaction, and the type is.
fn added_here(frame: &Frame<'_>, name: &ObjectName, label: &str) -> bool {
    let Some(of) = frame.before.user_type(name).recorded() else { return true };
    let transaction = frame.origin.transaction;
    let older = of.labels().any(|held| held.text == label && held.origin.transaction != transaction);
    let new_type = of.origin.transaction == transaction && frame.server.version >= FREE_IN_NEW_TYPES;
    !older && !new_type
}

/// Whether labels can stand in the operation where the server looks them up.
fn looks_up(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::ChangeData(_)
            | Operation::Query { .. }
            | Operation::CreateTable(_)
            | Operation::AddColumn(_)
            | Operation::AlterColumn { .. }
            | Operation::AddConstraint(_)
            | Operation::CreateIndex(_)
            | Operation::CreateView(_)
            | Operation::CreateTrigger(_)
            | Operation::Access(_)
    )
}

/// Whether the clause names the label.
fn uses(frame: &Frame<'_>, label: &str) -> bool {
    frame.clause_sql().contains(&format!("'{}'", label.replace('\'', "''")))
}
