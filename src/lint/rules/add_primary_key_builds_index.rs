//! add-primary-key-builds-index: the index behind the key is built under a lock that stops reads and writes.

use crate::lint::cure::{Spelled, recipe};
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::ConstraintKind;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("add-primary-key-builds-index"),
    doc: include_str!("../../../lints/add-primary-key-builds-index.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddConstraint], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::AddConstraint(add) = frame.operation else { return };
    let (table, ConstraintKind::PrimaryKey(columns)) = (&add.table, &add.constraint.kind) else { return };
    if frame.is_new_table(table) || frame.impact.index_builds().next().is_none() {
        return;
    }
    let dialect = frame.dialect();
    let nullable = columns.iter().filter(|column| frame.column(table, column).is_none_or(|known| !known.not_null));
    let not_null: String = nullable.map(|column| recipe::set_not_null(dialect, table, column, None)).collect();
    let name = recipe::constraint_name(dialect, table, &add.constraint);
    let key = frame.key_by_partition(table, &name, "PRIMARY KEY", columns).unwrap_or_else(|| {
        format!(
            "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {} ({});\n{} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name};\n",
            table.spelled(dialect),
            columns.spelled(dialect),
            recipe::alter(dialect, table),
            name = name.spelled(dialect),
        )
    });
    let sql = format!("{not_null}{key}");
    findings.push(
        Fault::new(format!("PRIMARY KEY builds an index over every row of `{table}`, and reads and writes wait meanwhile"))
            .on(table)
            .help(format!("build the index CONCURRENTLY and let the key take it:\n{}", sql.trim_end()))
            .cure(frame.tightening_phase(table, columns), sql),
    );
}
