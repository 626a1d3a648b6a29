//! prefer-identity: a sequence with rights of its own.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Generated;
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("prefer-identity"),
    doc: include_str!("../../../lints/prefer-identity.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateTable, OperationKind::AddColumn], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    for (table, column, _) in frame.stated_columns() {
        if column.generated == Generated::Serial {
            findings.push(
                Fault::new(format!(
                    "`{table}.{}` is serial: its sequence needs a GRANT of its own, and anybody may write any number",
                    column.name
                ))
                .help("state it as `bigint GENERATED ALWAYS AS IDENTITY`"),
            );
        }
    }
}
