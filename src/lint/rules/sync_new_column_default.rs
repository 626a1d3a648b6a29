//! sync-new-column-default: a default looks like a value that somebody gave, and overwrites the side that somebody did give.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::sync::Names;
use crate::schema::expression::Shape;
use crate::schema::operation::ColumnChange;
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sync-new-column-default"),
    doc: include_str!("../../../lints/sync-new-column-default.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AlterColumn { table, column, change } = frame.operation else { return };
    let default = match change {
        ColumnChange::SetDefault(default) => Some(default),
        ColumnChange::Redefine { column: new, .. } => new.default.as_ref(),
        ColumnChange::SetType { .. }
        | ColumnChange::DropDefault
        | ColumnChange::SetNotNull
        | ColumnChange::DropNotNull
        | ColumnChange::SetIdentity(_)
        | ColumnChange::DropIdentity { .. }
        | ColumnChange::RestartIdentity
        | ColumnChange::DropExpression { .. }
        | ColumnChange::SetExpression(_)
        | ColumnChange::Storage
        | ColumnChange::Statistics => None,
    };
    let Some(default) = default.filter(|default| default.shape != Shape::Null) else { return };
    let Some(names) = frame.table(table).and_then(|table| Names::keeping(table, column, frame.dialect())) else { return };
    let dialect = frame.dialect();
    let sql = format!("{} ALTER COLUMN {} SET DEFAULT {}", recipe::alter(dialect, table), column.spelled(dialect), default.text);
    let fault = Fault::new(format!(
        "a default of `{table}.{column}` is taken for a value that a new release gave: each INSERT of an old release loses its `{}`",
        names.old
    ));
    findings.push(
        fault
            .help(format!("set it in contract.sql, when nothing is kept equal any more: `{sql};`"))
            .cure(Phase::Contract, format!("{sql};")),
    );
}
