//! concurrently-under-statement-timeout: a limit ends the build half-way.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::setting::{Limit, Unit};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("concurrently-under-statement-timeout"),
    doc: include_str!("../../../lints/concurrently-under-statement-timeout.md"),
    class: Class::Script,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(
        &[OperationKind::CreateIndex, OperationKind::Reindex, OperationKind::DropIndex, OperationKind::DetachPartition],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (concurrently, table) = match frame.operation {
        Operation::CreateIndex(index) => (index.concurrently, Some(&index.table)),
        Operation::Reindex { concurrently, .. } | Operation::DropIndex { concurrently, .. } => (*concurrently, None),
        Operation::DetachPartition { concurrently, parent, .. } => (*concurrently, Some(parent)),
        _ => return,
    };
    if !concurrently || table.is_some_and(|table| frame.is_new_table(table)) {
        return;
    }
    let Some((setting, span)) = frame.session_setting("statement_timeout") else { return };
    let Limit::After(limit) = setting.limit(Unit::Milliseconds) else { return };
    findings.push(
        Fault::new(format!(
            "statement_timeout ends this after {} seconds, and what CONCURRENTLY leaves half-way is INVALID and stays",
            limit.as_secs()
        ))
        .label(span, "the limit is set here")
        .help("let it take its time, it makes nobody wait: `SET statement_timeout = 0;`"),
    );
}
