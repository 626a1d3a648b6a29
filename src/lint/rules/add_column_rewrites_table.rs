//! add-column-rewrites-table: the whole table is written anew to fill the column.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::{Wishes, add_column, pretty};
use crate::schema::table::Generated;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("add-column-rewrites-table"),
    doc: include_str!("../../../lints/add-column-rewrites-table.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AddColumn(add) = frame.operation else { return };
    let (table, column) = (&add.table, &add.column);
    if frame.is_new_table(table) || frame.impact.rewrites().next().is_none() {
        return;
    }
    let dialect = frame.dialect();
    let why = match &column.generated {
        Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => "a number is drawn for every row".to_owned(),
        Generated::Stored(_) => "a stored column is computed for every row".to_owned(),
        Generated::Virtual(_) | Generated::No => match &column.default {
            Some(default) => format!("the default `{}` is computed for every row", pretty(default)),
            None => "its type checks every row".to_owned(),
        },
    };
    let bare = recipe::bare_column(dialect, &frame.without_domain(column));
    let begin = format!("{} ADD COLUMN {bare};", recipe::alter(dialect, table));
    let fault = Fault::new(format!("`{table}` is written anew with all its indexes, and reads and writes wait meanwhile: {why}"))
        .on(table)
        .help(format!("add the column empty, let new rows fill it, and fill old rows in backfill.sql; begin with `{begin}`"));
    findings.push(match add_column(&frame.given(), add, &Wishes::default()) {
        Ok(phases) => fault.by_phases(&phases),
        // Only a person knows what each row should hold.
        Err(_) => fault,
    });
}
