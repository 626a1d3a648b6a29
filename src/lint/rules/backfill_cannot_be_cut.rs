//! backfill-cannot-be-cut: a statement of backfill.sql that cannot be run in batches.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::plan_fault::PlanFault;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("backfill-cannot-be-cut"),
    doc: include_str!("../../../lints/backfill-cannot-be-cut.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Plan(check),
};

fn check(fault: &PlanFault) -> Option<Fault> {
    match fault {
        PlanFault::Uncut { reason } => Some(Fault::new(format!("this statement cannot be run in batches: {reason}")).help(
            "write it as UPDATE … WHERE, DELETE … WHERE or INSERT … SELECT over one table with a key, with a condition that finished \
                 rows no longer meet: `UPDATE users SET full_name = name WHERE full_name IS NULL;`",
        )),
        PlanFault::Unordered { .. } | PlanFault::Edited | PlanFault::Removed { .. } | PlanFault::OutOfOrder { .. } => None,
    }
}
