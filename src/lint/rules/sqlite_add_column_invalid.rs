//! sqlite-add-column-invalid: SQLite cannot add such a column.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::expression::Shape;
use crate::schema::operation::AddColumn;
use crate::schema::table::{ConstraintKind, Generated};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sqlite-add-column-invalid"),
    doc: include_str!("../../../lints/sqlite-add-column-invalid.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Sqlite],
    yields_to: &["add-required-column"],
    check: Check::Of(&[OperationKind::AddColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AddColumn(add) = frame.operation else { return };
    let Some(reason) = refusal(frame, add) else { return };
    let (dialect, table) = (frame.dialect(), &add.table);
    let plain = format!("{} ADD COLUMN {};", recipe::alter(dialect, table), recipe::bare_column(dialect, &add.column));
    findings.push(
        Fault::new(format!("`{table}.{}` cannot be added, SQLite refuses it: {reason}", add.column.name))
            .help(format!("add a plain column, and fill it in backfill.sql or make an index on it: `{plain}`")),
    );
}

/// Why the database refuses, whatever the rows, or as soon as there is one.
fn refusal(frame: &Frame<'_>, add: &AddColumn) -> Option<&'static str> {
    let has = |demanded: fn(&ConstraintKind) -> bool| add.constraints.iter().any(|constraint| demanded(&constraint.kind));
    if has(|kind| matches!(kind, ConstraintKind::PrimaryKey(_))) {
        return Some("it is a PRIMARY KEY");
    }
    if has(|kind| matches!(kind, ConstraintKind::Unique { .. })) {
        return Some("it is UNIQUE");
    }
    if frame.is_new_table(&add.table) {
        return None;
    }
    let value = add.column.default.as_ref().filter(|default| default.shape != Shape::Null);
    if matches!(add.column.generated, Generated::Stored(_)) {
        return Some("it is generated and STORED");
    }
    if value.is_some_and(|default| default.shape == Shape::Computed) {
        return Some("its default is no constant, and there may be rows");
    }
    let references = has(|kind| matches!(kind, ConstraintKind::ForeignKey(_)));
    (references && value.is_some() && frame.foreign_keys_on()).then_some("it references a table and has a default other than NULL")
}
