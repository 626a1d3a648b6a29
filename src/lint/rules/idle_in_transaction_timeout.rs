//! idle-in-transaction-timeout: a client that hangs keeps its locks for ever.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::setting::{Limit, Unit};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("idle-in-transaction-timeout"),
    doc: include_str!("../../../lints/idle-in-transaction-timeout.md"),
    class: Class::Waiting,
    levels: PhaseLevels::NOTICE,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::SetSetting], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::SetSetting(setting) = frame.operation else { return };
    if setting.name != "idle_in_transaction_session_timeout" {
        return;
    }
    match setting.limit(Unit::Milliseconds) {
        Limit::Off | Limit::Default => {}
        Limit::After(_) | Limit::Unknown => return,
    }
    if frame.something_waits_under(setting) {
        findings.push(
            Fault::new("a client that hangs inside a transaction keeps its locks for as long as its connection lives")
                .help("take the line away, the runner sets a limit; or set one: `SET LOCAL idle_in_transaction_session_timeout = '30s';`"),
        );
    }
}
