//! primary-key-index-nullable-column: the key reads every row for NULL under a lock that stops reads and writes.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{ConstraintKind, IndexKey};
use crate::schema::{Dialect, Ident, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("primary-key-index-nullable-column"),
    doc: include_str!("../../../lints/primary-key-index-nullable-column.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddConstraint], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AddConstraint(add) = frame.operation else { return };
    let (Some(index), ConstraintKind::PrimaryKey(_)) = (&add.using_index, &add.constraint.kind) else { return };
    let table = &add.table;
    if frame.is_new_table(table) || !frame.impact.reads_all_rows(&frame.before.canonical(table)) {
        return;
    }
    let dialect = frame.dialect();
    let keys = frame.table(table).and_then(|table| table.index(index)).map(|index| &index.keys[..]).unwrap_or_default();
    let nullable: Vec<&Ident> = keys
        .iter()
        .filter_map(IndexKey::column)
        .filter(|column| frame.table(table).is_some_and(|table| !table.proves_not_null(column)))
        .filter(|column| frame.column(table, column).is_some_and(|known| !known.not_null))
        .collect();
    let named: Vec<&str> = nullable.iter().map(|column| column.as_str()).collect();
    let named = if named.is_empty() { "its columns".to_owned() } else { format!("`{}`", named.join("`, `")) };
    let not_null: String = nullable.iter().map(|column| recipe::set_not_null(dialect, table, column, None)).collect();
    let key =
        format!("{} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name};", recipe::alter(dialect, table), name = index.spelled(dialect));
    let fault = Fault::new(format!(
        "PRIMARY KEY looks for NULL in {named} in every row of `{table}`, and reads and writes wait meanwhile, although the index is built"
    ))
    .on(table);
    findings.push(match nullable.first() {
        Some(first) => {
            let sql = format!("{not_null}{key}\n");
            fault
                .help(format!("make the column NOT NULL first, without a scan under the lock:\n{}", sql.trim_end()))
                .cure(frame.not_null_phase(table, first), sql)
        }
        None => fault.help(format!("make the columns NOT NULL first, by a validated CHECK, then `{key}`")),
    });
}
