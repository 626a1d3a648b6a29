//! sqlite-version: the engine is older than the statement.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind, ServerVersion};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-version"),
    doc: include_str!("../../../lints/sqlite-version.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropColumn, OperationKind::RenameColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (what, since) = match frame.operation {
        Operation::DropColumn { .. } => ("DROP COLUMN", ServerVersion::new(3, 35)),
        Operation::RenameColumn { .. } => ("RENAME COLUMN", ServerVersion::new(3, 25)),
        _ => return,
    };
    let version = frame.server.version;
    if version >= since {
        return;
    }
    findings.push(
        Fault::new(format!("{what} came with SQLite {since}, and the engine is {version}"))
            .help("make the table anew, or run it with the engine that is compiled in: `migrate apply`"),
    );
}
