//! metadata-lock-timeout: a metadata lock may be waited for without end, and everybody else waits behind.

use std::time::Duration;

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::setting::{Limit, Unit};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("metadata-lock-timeout"),
    doc: include_str!("../../../lints/metadata-lock-timeout.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::SetSetting], check),
};

/// So long queries may pile up behind one waiting ALTER before users notice: longer is as good as never.
const LONG: Duration = Duration::from_secs(60);

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::SetSetting(setting) = frame.operation else { return };
    if setting.name != "lock_wait_timeout" {
        return;
    }
    let how_long = match setting.limit(Unit::Seconds) {
        Limit::After(limit) if limit >= LONG => format!("{} seconds", limit.as_secs()),
        Limit::Default => "as long as the server's default says, in MySQL a year".to_owned(),
        // 0 gives up at once.
        Limit::Off | Limit::After(_) | Limit::Unknown => return,
    };
    if !frame.something_waits_under(setting) {
        return;
    }
    findings.push(
        Fault::new(format!(
            "the statements that follow wait for their metadata locks {how_long}, and every query of these tables queues behind them"
        ))
        .help("take the line away, or set seconds: `SET SESSION lock_wait_timeout = 5;`"),
    );
}
