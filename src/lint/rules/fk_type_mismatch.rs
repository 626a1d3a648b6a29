//! fk-type-mismatch: the two sides of a foreign key have different types.

use crate::lint::cure::Spelled;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::recipe::sync::Names;
use crate::schema::table::{ForeignKey, TypeName};
use crate::schema::{Dialect, Ident, ObjectName, OperationKind};

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
            let fault = Fault::new(format!(
                "`{}.{column}` is {} and references `{}.{referenced}`, which is {}: each check converts, and what does not fit is refused",
                child.name, from.ty, parent.name, to.ty
            ))
            .help(format!("give both sides one type: `{} {}`", column.spelled(frame.dialect()), to.ty));
            // One side goes before the other.
            findings.push(if stands_in(frame, name, key) { fault.at_most(Level::Notice) } else { fault });
        }
    }
}

/// Whether the key takes the place of one between the same tables: its own column is kept equal with one that had a key, or
/// the same column had one.
fn stands_in(frame: &Frame<'_>, name: &ObjectName, key: &ForeignKey) -> bool {
    let Some(child) = frame.table(name) else { return false };
    let before = |column: &Ident| Names::keeping(child, column, frame.dialect()).map_or_else(|| column.clone(), |names| names.old);
    let columns: Vec<Ident> = key.columns.iter().map(before).collect();
    let references = frame.before.canonical(&key.references);
    child.foreign_keys().any(|held| held.references == references && held.columns == columns)
}

/// Whether the server compares values of the two types without a cast.
fn are_compared_as_they_are(one: &TypeName, other: &TypeName) -> bool {
    let text = |ty: &TypeName| matches!(ty.base.as_str(), "text" | "character varying") && ty.array == 0;
    one.base == other.base && one.array == other.array || text(one) && text(other)
}
