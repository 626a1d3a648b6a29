//! out-of-order-file: a new migration stands before one that the base of the branch has.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::plan_fault::PlanFault;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("out-of-order-file"),
    doc: include_str!("../../../lints/out-of-order-file.md"),
    class: Class::Script,
    levels: PhaseLevels::WARN,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Plan(check),
};

fn check(fault: &PlanFault) -> Option<Fault> {
    match fault {
        PlanFault::OutOfOrder { newest } => Some(
            Fault::new(format!("the base has {newest} already: databases that ran it run this one after it, new databases before it"))
                .help("give it a later version, or say in its migration.toml what it follows: `after = [\"<migration>\"]`"),
        ),
        PlanFault::Unordered { .. } | PlanFault::Uncut { .. } | PlanFault::Edited | PlanFault::Removed { .. } => None,
    }
}
