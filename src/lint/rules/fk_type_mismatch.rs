//! fk-type-mismatch: the two sides of a foreign key have different types.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::TypeName;
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("fk-type-mismatch"),
    doc: include_str!("../../../lints/fk-type-mismatch.md"),
    class: Class::Data,
    levels: PhaseLevels::WARN,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn, OperationKind::AddConstraint], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (name, key) in frame.added_foreign_keys() {
        let (Some(child), Some(parent)) = (frame.after.table(name).recorded(), frame.after.table(&key.references).recorded()) else {
            continue;
        };
        for (column, referenced) in key.columns.iter().zip(parent.referenced_by(key)) {
            let (Some(from), Some(to)) = (child.column(column), parent.column(referenced)) else { continue };
            if are_compared_as_they_are(&from.ty, &to.ty) {
                continue;
            }
            findings.push(
                Fault::new(format!(
                    "`{}.{column}` is {} and references `{}.{referenced}`, which is {}: each check converts, and what does not fit is refused",
                    child.name, from.ty, parent.name, to.ty
                ))
                .help(format!("give both sides one type: `{} {}`", column.spelled(frame.dialect()), to.ty)),
            );
        }
    }
}

/// Whether the server compares values of the two types without a cast.
fn are_compared_as_they_are(one: &TypeName, other: &TypeName) -> bool {
    let text = |ty: &TypeName| matches!(ty.base.as_str(), "text" | "character varying") && ty.array == 0;
    one.base == other.base && one.array == other.array || text(one) && text(other)
}
