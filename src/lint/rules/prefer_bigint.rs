//! prefer-bigint: a key that runs out of numbers.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::{ConstraintKind, Generated};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("prefer-bigint"),
    doc: include_str!("../../../lints/prefer-bigint.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, constraints) in frame.stated_columns() {
        let Some(ty) = &column.ty else { continue };
        let keyed = constraints.iter().any(|constraint| match &constraint.kind {
            ConstraintKind::PrimaryKey(columns) => columns.as_slice() == std::slice::from_ref(&column.name),
            ConstraintKind::ForeignKey(key) => key.columns.contains(&column.name),
            ConstraintKind::Unique { .. } | ConstraintKind::Check(_) | ConstraintKind::NotNull(_) | ConstraintKind::Exclusion { .. } => {
                false
            }
        });
        let numbers = match column.generated {
            Generated::Serial | Generated::IdentityAlways | Generated::IdentityByDefault => true,
            Generated::No | Generated::Stored(_) | Generated::Virtual(_) => false,
        };
        if (keyed || numbers) && matches!(ty.base.as_str(), "integer" | "smallint" | "mediumint" | "tinyint") {
            findings.push(
                Fault::new(format!(
                    "`{table}.{}` is {ty}: a key that counts rows runs out of numbers, and to widen it writes the table anew",
                    column.name
                ))
                .help("state it as `bigint`"),
            );
        }
    }
}
