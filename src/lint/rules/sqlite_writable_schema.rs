//! sqlite-writable-schema: the catalogue is written by hand.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-writable-schema"),
    doc: include_str!("../../../lints/sqlite-writable-schema.md"),
    class: Class::Data,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::SetSetting, OperationKind::ChangeData], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let writes = match frame.operation {
        Operation::SetSetting(setting) => {
            let on = |value: &String| ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str());
            setting.name == "writable_schema" && setting.values.iter().any(on)
        }
        Operation::ChangeData(change) => matches!(change.table.name.as_str(), "sqlite_master" | "sqlite_schema"),
        _ => return,
    };
    if writes {
        findings.push(
            Fault::new("this edits SQLite's catalogue by hand: one wrong byte, and the database file cannot be opened any more")
                .help("make the table anew with `CREATE TABLE`, `INSERT … SELECT`, `DROP TABLE` and `ALTER TABLE … RENAME TO`"),
        );
    }
}
