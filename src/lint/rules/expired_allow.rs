//! expired-allow: the last day of an allowance has passed, or cannot be read.

use crate::lint::allowance::AllowanceFault;
use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("expired-allow"),
    doc: include_str!("../../../lints/expired-allow.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Allowance(check),
};

fn check(fault: &AllowanceFault) -> Option<Fault> {
    match fault {
        AllowanceFault::Expired { lint, until } => {
            Some(Fault::new(format!("the allowance of `{lint}` ended on {until} and allows nothing any more")).help(format!(
                "repair what `{lint}` reports, or answer for it anew: `-- migrate: allow({lint}) reason=\"…\" until=2027-01-31`"
            )))
        }
        AllowanceFault::NoDate { lint, until } => Some(
            Fault::new(format!("`{until}` is no day, so nobody can tell how long `{lint}` is allowed"))
                .help(format!("write year, month and day: `-- migrate: allow({lint}) reason=\"…\" until=2027-01-31`")),
        ),
        AllowanceFault::Unknown { .. } | AllowanceFault::NoReason { .. } | AllowanceFault::Fixed { .. } | AllowanceFault::Unused { .. } => {
            None
        }
    }
}
