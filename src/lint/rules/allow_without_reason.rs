//! allow-without-reason: a finding is allowed and nobody says why.

use crate::lint::allowance::AllowanceFault;
use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("allow-without-reason"),
    doc: include_str!("../../../lints/allow-without-reason.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Allowance(check),
};

fn check(fault: &AllowanceFault) -> Option<Fault> {
    match fault {
        AllowanceFault::NoReason { lint } => Some(
            Fault::new(format!("`{lint}` is allowed here without a reason, so it stays in force"))
                .help(format!("say why it is right here: `-- migrate: allow({lint}) reason=\"…\"`")),
        ),
        AllowanceFault::Unknown { .. }
        | AllowanceFault::Expired { .. }
        | AllowanceFault::NoDate { .. }
        | AllowanceFault::Fixed { .. }
        | AllowanceFault::Unused { .. } => None,
    }
}
