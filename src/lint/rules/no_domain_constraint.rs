//! no-domain-constraint: a rule that locks every table with the domain when it changes.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{TypeChange, TypeDefinition};
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("no-domain-constraint"),
    doc: include_str!("../../../lints/no-domain-constraint.md"),
    class: Class::Style,
    levels: PhaseLevels::OFF,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateType, OperationKind::AlterType], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let name = match frame.operation {
        Operation::CreateType { name, definition: TypeDefinition::Domain { not_null, checks, .. } } if *not_null || !checks.is_empty() => {
            name
        }
        Operation::AlterType { name, change: TypeChange::AddCheck { .. } | TypeChange::SetNotNull } => name,
        _ => return,
    };
    findings.push(
        Fault::new(format!("the domain `{name}` carries a constraint: to change it locks and reads every table that has such a column"))
            .help("state it on the columns: `CHECK (…)`, which can be added NOT VALID"),
    );
}
