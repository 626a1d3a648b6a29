//! lock-timeout-disabled: a lock may be waited for without end, and everybody else waits behind.

use std::time::Duration;

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::setting::{Limit, Unit};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("lock-timeout-disabled"),
    doc: include_str!("../../../lints/lock-timeout-disabled.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::SetSetting], check),
};

/// So long queries may pile up behind one waiting statement before users notice: longer is as good as never.
const LONG: Duration = Duration::from_secs(60);

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::SetSetting(setting) = frame.operation else { return };
    let resets_all = setting.name == "all" && setting.restores();
    if setting.name != "lock_timeout" && !resets_all {
        return;
    }
    let how_long = match setting.limit(Unit::Milliseconds) {
        Limit::Off => "without end".to_owned(),
        Limit::Default => "as long as the server's default says, which is without end".to_owned(),
        Limit::After(limit) if limit >= LONG => format!("{} seconds", limit.as_secs()),
        Limit::After(_) | Limit::Unknown => return,
    };
    if !frame.something_waits_under(setting) {
        return;
    }
    findings.push(
        Fault::new(format!(
            "the statements that follow wait for their locks {how_long}, and every query that comes later queues behind them"
        ))
        .help("take the line away, the runner sets a limit and tries again; or set one of seconds: `SET LOCAL lock_timeout = '2s';`"),
    );
}
