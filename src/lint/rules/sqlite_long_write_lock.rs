//! sqlite-long-write-lock: no other write of the whole database goes on meanwhile.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-long-write-lock"),
    doc: include_str!("../../../lints/sqlite-long-write-lock.md"),
    class: Class::Waiting,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex, OperationKind::Reindex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Some(table) = frame.impact.index_builds().next() else { return };
    if frame.is_new_table(table) {
        return;
    }
    findings.push(
        Fault::new(format!("every write of the whole database waits until all rows of `{table}` are indexed: SQLite has one writer"))
            .on(table)
            .help("run it in a quiet hour, and let applications wait longer than it takes: `PRAGMA busy_timeout = 60000`"),
    );
}
