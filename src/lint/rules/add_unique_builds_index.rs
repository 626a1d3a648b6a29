//! add-unique-builds-index: the index behind the constraint is built under a lock that stops reads and writes.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::ConstraintKind;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("add-unique-builds-index"),
    doc: include_str!("../../../lints/add-unique-builds-index.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AddColumn, OperationKind::AddConstraint, OperationKind::AlterColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, constraint) in frame.added_constraints() {
        let ConstraintKind::Unique { columns, .. } = &constraint.kind else { continue };
        if frame.is_new_table(table) || frame.impact.index_builds().next().is_none() {
            continue;
        }
        let dialect = frame.dialect();
        let name = recipe::constraint_name(dialect, table, constraint);
        let by_partition = frame.key_by_partition(table, &name, "UNIQUE", columns);
        let later = by_partition.unwrap_or_else(|| recipe::add_constraint(dialect, table, constraint));
        let (phase, sql) = match frame.operation {
            Operation::AddColumn(add) => {
                let column = recipe::bare_column(dialect, &add.column);
                (frame.phase(), format!("{} ADD COLUMN {column};\n{later}", recipe::alter(dialect, table)))
            }
            _ => (frame.tightening_phase(table, columns), later),
        };
        findings.push(
            Fault::new(format!("UNIQUE builds an index over every row of `{table}`, and reads and writes wait meanwhile"))
                .on(table)
                .help(format!("build the index CONCURRENTLY and let the constraint take it:\n{}", sql.trim_end()))
                .cure(phase, sql),
        );
    }
}
