//! add-column-rewrites-table: the whole table is written anew to fill the column.

use crate::lint::cure::{Spelled, derived, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Generated;
use crate::schema::{Dialect, Expression, Operation, OperationKind, Phase};

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
    let column = &frame.without_domain(column);
    let (alter, name) = (recipe::alter(dialect, table), column.name.spelled(dialect));
    let add = format!("{alter} ADD COLUMN {};", recipe::bare_column(dialect, column));
    let sequence = derived(dialect, [table.name.as_str(), column.name.as_str(), "seq"]).spelled(dialect);
    let (why, default, fill) = match &column.generated {
        Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => (
            "a number is drawn for every row".to_owned(),
            format!(
                "CREATE SEQUENCE {sequence} OWNED BY {}.{name};\n{alter} ALTER COLUMN {name} SET DEFAULT nextval('{sequence}');\n",
                table.spelled(dialect)
            ),
            format!("nextval('{sequence}')"),
        ),
        Generated::Stored(expression) => {
            let function = derived(dialect, [table.name.as_str(), column.name.as_str(), "fill"]).spelled(dialect);
            let body = trigger(&function, &table.spelled(dialect), &name, expression);
            ("a stored column is computed for every row".to_owned(), body, expression.text.clone())
        }
        Generated::Virtual(_) | Generated::No => match &column.default {
            Some(default) => (
                format!("the default `{}` is computed for every row", default.text),
                format!("{alter} ALTER COLUMN {name} SET DEFAULT {};\n", default.text),
                default.text.clone(),
            ),
            None => ("its type checks every row".to_owned(), String::new(), recipe::sample_value(column.ty.as_ref()).to_owned()),
        },
    };
    let fault = Fault::new(format!("`{table}` is written anew with all its indexes, and reads and writes wait meanwhile: {why}"))
        .on(table)
        .help(format!("add the column empty, let new rows fill it, and fill old rows in backfill.sql; begin with `{add}`"))
        .cure(Phase::Expand, format!("{add}\n{default}"))
        .cure(Phase::Backfill, format!("UPDATE {} SET {name} = {fill} WHERE {name} IS NULL;", table.spelled(dialect)));
    findings.push(if column.not_null {
        fault.cure(Phase::Contract, recipe::set_not_null(dialect, table, &column.name, None))
    } else {
        fault
    });
}

/// A trigger that computes the column for every row that is written.
fn trigger(function: &str, table: &str, column: &str, expression: &Expression) -> String {
    let mut value = String::new();
    for token in expression.text.split(' ') {
        let is_column = expression.columns.iter().any(|column| column.as_str() == token || column.quoted(Dialect::Postgres) == token);
        value.push_str(if is_column { " NEW." } else { " " });
        value.push_str(token);
    }
    let value = value.trim_start();
    format!(
        "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n  NEW.{column} := {value};\n  RETURN NEW;\nEND $$;\n\
         CREATE TRIGGER {function} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();\n"
    )
}
