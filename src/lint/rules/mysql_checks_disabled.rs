//! mysql-checks-disabled: rows that break a foreign key come in or stay.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::ConstraintKind;
use crate::schema::{Dialect, KeyChecks, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-checks-disabled"),
    doc: include_str!("../../../lints/mysql-checks-disabled.md"),
    class: Class::Data,
    levels: PhaseLevels { expand: Level::Warn, backfill: Level::Warn, contract: Level::Notice },
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(
        &[OperationKind::AddConstraint, OperationKind::AddColumn, OperationKind::AlterColumn, OperationKind::ChangeData],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if frame.before.key_checks() == KeyChecks::On {
        return;
    }
    let is_key = |kind: &ConstraintKind| matches!(kind, ConstraintKind::ForeignKey(_));
    let (table, what) = match frame.operation {
        Operation::ChangeData(change) => {
            let keyed = frame.table(&change.table).is_some_and(|table| table.constraints.iter().any(|held| is_key(&held.kind)));
            if !keyed {
                return;
            }
            (&change.table, "no parent is looked up for the rows that this writes to")
        }
        _ => match frame.added_constraints().find(|(_, constraint)| is_key(&constraint.kind)) {
            Some((table, _)) => (table, "no row is looked at when this adds a foreign key to"),
            None => return,
        },
    };
    if frame.is_new_table(table) {
        return;
    }
    findings.push(
        Fault::new(format!("foreign_key_checks is off: {what} `{table}`, so rows without a parent stay for ever"))
            .on(table)
            .help("mend rows without a parent first, in backfill.sql, and switch the checks on again behind it: `SET SESSION foreign_key_checks = 1;`"),
    );
}
