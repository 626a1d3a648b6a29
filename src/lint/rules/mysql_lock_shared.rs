//! mysql-lock-shared: writes wait although nothing is copied.

use crate::dialect::Algorithm;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-lock-shared"),
    doc: include_str!("../../../lints/mysql-lock-shared.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Clause(check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let what = match frame.impact.algorithm {
        Some(Algorithm::BuildShared) => "a FULLTEXT or SPATIAL index is built",
        Some(Algorithm::RebuildShared) => "the table is built anew",
        Some(Algorithm::Instant | Algorithm::Build | Algorithm::Rebuild | Algorithm::Copy) | None => return,
    };
    let Some(table) = frame.impact.locks.first().map(|held| &held.table) else { return };
    if frame.is_new_table(table) {
        return;
    }
    findings.push(
        Fault::new(format!("writes to `{table}` wait while {what}: InnoDB has no way to let them go on (LOCK=SHARED)")).on(table).help(format!(
            "put it on a new table that takes the place of the old one, or let a tool copy `{table}` online; the server refuses rather than blocks with `LOCK=NONE`"
        )),
    );
}
