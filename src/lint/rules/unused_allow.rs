//! unused-allow: an allowance allows nothing; the next fault would slip through it.

use crate::lint::allowance::AllowanceFault;
use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unused-allow"),
    doc: include_str!("../../../lints/unused-allow.md"),
    class: Class::Script,
    levels: PhaseLevels::WARN,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Allowance(check),
};

fn check(fault: &AllowanceFault) -> Option<Fault> {
    match fault {
        AllowanceFault::Unused { lint } => Some(
            Fault::new(format!("nothing here is found by `{lint}`, and a later fault would slip through unseen"))
                .help(format!("take the allowance away; `migrate explain {lint}` tells what it is about")),
        ),
        AllowanceFault::Fixed { lint } => Some(
            Fault::new(format!("no allowance reaches `{lint}`: the database would not take such a text, whoever answers for it"))
                .help(format!("repair the text and take the allowance away; `migrate explain {lint}` tells what it is about")),
        ),
        AllowanceFault::Unknown { .. }
        | AllowanceFault::NoReason { .. }
        | AllowanceFault::Expired { .. }
        | AllowanceFault::NoDate { .. } => None,
    }
}
