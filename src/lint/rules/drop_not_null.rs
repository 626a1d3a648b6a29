//! drop-not-null: running releases may read a NULL where they never met one.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ColumnChange;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-not-null"),
    doc: include_str!("../../../lints/drop-not-null.md"),
    class: Class::OldReleases,
    levels: PhaseLevels { contract: Level::Allow, ..PhaseLevels::NOTICE },
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AlterColumn { table, column, change } = frame.operation else { return };
    let relaxes = match change {
        ColumnChange::DropNotNull => true,
        ColumnChange::Redefine { column: new, .. } => !new.not_null && frame.column(table, column).is_some_and(|held| held.not_null),
        _ => false,
    };
    let nullable = frame.column(table, column).is_some_and(|held| !held.not_null);
    if !relaxes || nullable || !frame.is_old_column(table, column) {
        return;
    }
    findings.push(
        Fault::new(format!("running releases that read `{table}.{column}` meet NULL as soon as somebody writes it"))
            .help(format!("let no release write NULL before all that run can read it; `{};` itself is fine", frame.sql())),
    );
}
