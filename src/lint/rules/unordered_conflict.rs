//! unordered-conflict: two open scripts touch the same thing and nothing says which comes first.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::plan_fault::PlanFault;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unordered-conflict"),
    doc: include_str!("../../../lints/unordered-conflict.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Plan(check),
};

fn check(fault: &PlanFault) -> Option<Fault> {
    match fault {
        PlanFault::Unordered { object, does, other, other_does, other_place } => Some(
            Fault::new(format!(
                "this {does} {object}, and {other} ({other_place}) {other_does} it, but nothing says which of the two runs first"
            ))
            .help(format!(
                "say in the migration.toml of the one that must come second what it follows: `after = [\"{other}\"]`, beside what it followed so far"
            )),
        ),
        PlanFault::Uncut { .. } | PlanFault::Edited | PlanFault::Removed { .. } | PlanFault::OutOfOrder { .. } => None,
    }
}
