//! change-collation: text compares and sorts in another way for running releases, and its indexes are built again.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::remade::anew_in_contract;
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ColumnChange;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("change-collation"),
    doc: include_str!("../../../lints/change-collation.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn, OperationKind::CreateTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (old, column, new) in frame.remade_columns().filter(|(_, column, new)| !is_same(column.collation.as_ref(), new.collation.as_ref()))
    {
        let told = new.collation.as_ref().map_or_else(|| "its type's own".to_owned(), |to| format!("`{to}`"));
        let fault = Fault::new(format!(
            "`{}.{}` gets collation {told}: running releases find and sort rows otherwise, and a unique index may refuse what they write",
            old.name, column.name
        ));
        findings.push(fault.help(anew_in_contract(&old.name)));
    }
    let Operation::AlterColumn { table, column, change } = frame.operation else { return };
    let to = match change {
        ColumnChange::SetType { collation, .. } => collation.as_ref(),
        ColumnChange::Redefine { column: new, .. } => new.collation.as_ref(),
        _ => return,
    };
    let Some(held) = frame.column(table, column).filter(|held| held.collation.as_ref() != to) else { return };
    // Another kind of value has no collation to lose.
    let kind_stays = frame.type_change().is_none_or(|change| change.to.base == held.ty.base || to.is_some());
    if frame.column_seen(table, column) == Seen::ByNobody || !kind_stays {
        return;
    }
    let told = to.map_or_else(|| "its type's own".to_owned(), |to| format!("`{to}`"));
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!(
            "`{table}.{column}` gets collation {told}: running releases find and sort rows otherwise, and every index over it is built again under a lock"
        ))
        .help(format!("build an index with the collation, or a new column with it, and name it in queries; a change in place belongs in contract.sql: `{sql}`")),
    );
}

/// Whether text compares alike: SQLite's names know no case, and BINARY is what is meant where none is written.
fn is_same(old: Option<&ObjectName>, new: Option<&ObjectName>) -> bool {
    let name = |collation: Option<&ObjectName>| collation.map_or("binary".to_owned(), |name| name.to_string().to_ascii_lowercase());
    name(old) == name(new)
}
