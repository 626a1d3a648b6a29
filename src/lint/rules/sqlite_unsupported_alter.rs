//! sqlite-unsupported-alter: SQLite has no such ALTER TABLE.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-unsupported-alter"),
    doc: include_str!("../../../lints/sqlite-unsupported-alter.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::Opaque], check),
};

/// ALTER TABLE of SQLite, complete.
const FORMS: &str = "RENAME TO, RENAME COLUMN, ADD COLUMN and DROP COLUMN, one in each statement";

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::Opaque(_) = frame.operation else { return };
    let words: Vec<String> = frame.sql().split_whitespace().take(2).map(str::to_ascii_lowercase).collect();
    if words != ["alter", "table"] || frame.has_text_problem() {
        return;
    }
    findings.push(Fault::new(format!("this is a syntax error: ALTER TABLE of SQLite knows {FORMS}")).help(
        "make the table anew, with foreign keys off: `PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE t_new (…); INSERT INTO t_new (…) SELECT … FROM t; DROP TABLE t; ALTER TABLE t_new RENAME TO t; COMMIT; PRAGMA foreign_keys = ON;`",
    ));
}
