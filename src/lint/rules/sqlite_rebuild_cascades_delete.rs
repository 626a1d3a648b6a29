//! sqlite-rebuild-cascades-delete: DROP TABLE deletes rows of other tables first.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::ReferentialAction;
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-rebuild-cascades-delete"),
    doc: include_str!("../../../lints/sqlite-rebuild-cascades-delete.md"),
    class: Class::Data,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::DropTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::DropTable(drop) = frame.operation else { return };
    if frame.is_new_table(&drop.name) || !frame.foreign_keys_on() {
        return;
    }
    let name = frame.before.canonical(&drop.name);
    let follows = frame.before.referencing(&name).filter(|(child, _, key)| child.name != name && takes_along(key.on_delete));
    let mut children: Vec<&ObjectName> = follows.map(|(child, ..)| &child.name).collect();
    children.sort();
    let Some(child) = children.first() else { return };
    findings.push(
        Fault::new(format!(
            "while foreign keys are on, DROP TABLE deletes the rows of `{name}` first, and ON DELETE takes or changes rows of `{child}` with them"
        ))
        .help("switch foreign keys off outside the transaction, and on again behind it: `PRAGMA foreign_keys = OFF; BEGIN; … COMMIT; PRAGMA foreign_keys = ON;`"),
    );
}

/// Whether rows of a table go or change with the rows that they reference.
fn takes_along(on_delete: ReferentialAction) -> bool {
    match on_delete {
        ReferentialAction::Cascade | ReferentialAction::SetNull | ReferentialAction::SetDefault => true,
        ReferentialAction::NoAction | ReferentialAction::Restrict => false,
    }
}
