//! drop-fk-locks-both-tables: the guarantee goes while running releases count on it, and both tables stand still for a moment.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::ConstraintRef;
use crate::schema::table::{ConstraintKind, ForeignKey};
use crate::schema::{Dialect, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-fk-locks-both-tables"),
    doc: include_str!("../../../lints/drop-fk-locks-both-tables.md"),
    class: Class::OldReleases,
    levels: PhaseLevels::CONTRACT_ONLY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropConstraint], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropConstraint { table: name, constraint, .. } = frame.operation else { return };
    let Some(table) = frame.table(name).filter(|_| !frame.is_new_table(name)) else { return };
    let (ConstraintRef::Named(which) | ConstraintRef::ForeignKey(which)) = constraint else { return };
    let Some(held) = table.constraint(which).filter(|held| frame.seen(&held.origin) == Seen::ByEveryone) else { return };
    let ConstraintKind::ForeignKey(key) = &held.kind else { return };
    let schema = frame.at_commit();
    let stands_in = |other: &ForeignKey| other.columns == key.columns && other.references == key.references;
    if schema.table(name).recorded().is_none_or(|table| table.foreign_keys().any(stands_in)) {
        return;
    }
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!(
            "without foreign key `{which}` running releases leave orphans in `{name}`; dropping it locks `{name}` and `{}` at once",
            key.references
        ))
        .help(format!("release code that keeps the reference by itself, then drop it in contract.sql, alone in its transaction: `{sql}`"))
        .cure(Phase::Contract, sql),
    );
}
