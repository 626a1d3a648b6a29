//! sqlite-rebuild-rename-first: keys, views and triggers follow the old table to its new name.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-rebuild-rename-first"),
    doc: include_str!("../../../lints/sqlite-rebuild-rename-first.md"),
    class: Class::Data,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &[],
    check: Check::Of(&[OperationKind::RenameTable], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::RenameTable { table, to } = frame.operation else { return };
    if frame.is_new_table(table) || frame.is_view(table) || !is_made_again(frame, table) {
        return;
    }
    findings.push(
        Fault::new(format!(
            "foreign keys, views and triggers follow `{table}` to the name `{to}`, so they name the old table and not the new `{table}`"
        ))
        .help(format!(
            "make the new table under another name, then drop the old one and rename: `CREATE TABLE {table}_new (…); INSERT INTO {table}_new …; DROP TABLE {table}; ALTER TABLE {table}_new RENAME TO {table};`"
        )),
    );
}

/// Whether the script makes a table of the old name afterwards.
fn is_made_again(frame: &Frame<'_>, table: &ObjectName) -> bool {
    let later = frame.script.statements.iter().filter(|statement| statement.span.start > frame.statement.span.start);
    later.flat_map(|statement| &statement.clauses).any(|clause| match &clause.operation {
        Operation::CreateTable(create) => create.name == *table,
        Operation::RenameTable { table: _, to } => *to == table.name,
        _ => false,
    })
}
