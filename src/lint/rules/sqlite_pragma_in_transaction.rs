//! sqlite-pragma-in-transaction: PRAGMA foreign_keys does nothing inside a transaction.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::migration::Bounds;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-pragma-in-transaction"),
    doc: include_str!("../../../lints/sqlite-pragma-in-transaction.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::SetSetting], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::SetSetting(setting) = frame.operation else { return };
    if setting.name != "foreign_keys" || setting.values.is_empty() || frame.transaction.bounds != Bounds::Explicit {
        return;
    }
    findings.push(
        Fault::new("inside a transaction PRAGMA foreign_keys does nothing, and no error says so")
            .help(format!("put it before BEGIN and its counterpart behind COMMIT: `{};`", frame.sql())),
    );
}
