//! mysql-copy-algorithm: every write waits while the table is copied row by row.

use crate::dialect::Algorithm;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ConstraintRef, TableChange};
use crate::schema::table::ConstraintKind;
use crate::schema::{Dialect, Operation};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-copy-algorithm"),
    doc: include_str!("../../../lints/mysql-copy-algorithm.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Mysql],
    yields_to: &[
        "change-column-type",
        "check-breaks-old-writers",
        "fk-breaks-old-writers",
        "mysql-explicit-copy",
        "narrow-type-breaks-old-writers",
        "remove-enum-value",
    ],
    check: Check::Clause(check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if frame.impact.algorithm != Some(Algorithm::Copy) || is_request(frame) || replaces_primary_key(frame) {
        return;
    }
    let Some(table) = frame.impact.locks.first().map(|held| &held.table) else { return };
    if frame.is_new_table(table) {
        return;
    }
    let online = format!("{}, ALGORITHM=INPLACE, LOCK=NONE;", frame.sql());
    let help = match frame.added_constraints().next().map(|(_, constraint)| &constraint.kind) {
        Some(ConstraintKind::ForeignKey(_)) => format!(
            "look for rows without a parent, then add the key in a session that does not look again: `SET SESSION foreign_key_checks = 0; {online}`"
        ),
        Some(ConstraintKind::Check(_)) => format!(
            "let `migrate new <slug> add-check …` write it without a copy, or let a tool copy the table online (gh-ost, pt-online-schema-change); the server refuses rather than copies with `{online}`"
        ),
        Some(_) | None => format!(
            "add a new column instead, or let a tool copy the table online (gh-ost, pt-online-schema-change); the server refuses rather than copies with `{online}`"
        ),
    };
    let message = format!("the server copies `{table}` row by row for this: every write to it waits until the copy is done");
    findings.push(Fault::new(message).on(table).help(help));
}

/// ALGORITHM=COPY itself, which another lint reports.
fn is_request(frame: &Frame<'_>) -> bool {
    matches!(frame.operation, Operation::AlterTable { change: TableChange::Algorithm { .. }, .. })
}

/// DROP PRIMARY KEY beside ADD PRIMARY KEY: one rebuild in place, which the other clause tells of.
fn replaces_primary_key(frame: &Frame<'_>) -> bool {
    let drops = matches!(frame.operation, Operation::DropConstraint { constraint: ConstraintRef::PrimaryKey, .. });
    drops
        && frame.statement.clauses.iter().any(|clause| match &clause.operation {
            Operation::AddConstraint(add) => matches!(add.constraint.kind, ConstraintKind::PrimaryKey(_)),
            _ => false,
        })
}
