//! insert-without-columns: rows go into whatever columns the table happens to have.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::DataKind;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("insert-without-columns"),
    doc: include_str!("../../../lints/insert-without-columns.md"),
    class: Class::Script,
    levels: PhaseLevels::WARN,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::ChangeData], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::ChangeData(change) = frame.operation else { return };
    let inserts = match change.kind {
        DataKind::Insert | DataKind::InsertSelect | DataKind::Replace => change.columns.is_empty(),
        DataKind::Update | DataKind::Delete | DataKind::Merge | DataKind::Copy => false,
    };
    let sql = frame.clause_sql();
    if !inserts || frame.is_new_table(&change.table) || fills_by_default(sql) {
        return;
    }
    let columns = frame.table(&change.table).map(|table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>());
    let dialect = frame.dialect();
    let list = columns.filter(|columns| !columns.is_empty()).map_or_else(|| "…".to_owned(), |columns| columns.spelled(dialect));
    findings.push(
        Fault::new(format!(
            "this INSERT counts on the number and order of the columns of `{}`, which the next migration may change",
            change.table
        ))
        .help(format!("name the columns: `INSERT INTO {} ({list}) …;`", change.table.spelled(dialect))),
    );
}

/// DEFAULT VALUES, and MySQL's empty lists.
fn fills_by_default(sql: &str) -> bool {
    let words: Vec<String> = sql.to_ascii_lowercase().split_whitespace().map(str::to_owned).collect();
    words.windows(2).any(|pair| pair[0] == "default" && pair[1].starts_with("values"))
        || sql.replace(char::is_whitespace, "").contains("()")
}
