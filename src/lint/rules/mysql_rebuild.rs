//! mysql-rebuild: the table is built anew beside the writes, and replicas wait for it.

use crate::dialect::Algorithm;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("mysql-rebuild"),
    doc: include_str!("../../../lints/mysql-rebuild.md"),
    class: Class::Waiting,
    levels: PhaseLevels { expand: Level::Warn, backfill: Level::Warn, contract: Level::Allow },
    dialects: &[Dialect::Mysql],
    yields_to: &["add-required-column", "not-null-breaks-old-writers", "sync-new-column-not-null"],
    check: Check::Clause(check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    // Whether a column may go is told by drop-column; how is no choice.
    let drops = matches!(frame.operation, Operation::DropColumn { .. });
    if frame.impact.algorithm != Some(Algorithm::Rebuild) || drops {
        return;
    }
    let Some(table) = frame.impact.locks.first().map(|held| &held.table) else { return };
    if frame.is_new_table(table) {
        return;
    }
    findings.push(
        Fault::new(format!(
            "this builds `{table}` anew: reads and writes go on, but replicas fall behind by as long as it takes, and the disk holds the table twice"
        ))
        .on(table)
        .help(format!("run it off-peak in contract.sql, with an eye on the replicas: `{};`", frame.sql())),
    );
}
