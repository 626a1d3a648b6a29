//! edited-applied-file: the base of the branch has this script with another content, or had it and it is gone.

use crate::lint::finding::Fault;
use crate::lint::level::{Level, PhaseLevels};
use crate::lint::plan_fault::PlanFault;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("edited-applied-file"),
    doc: include_str!("../../../lints/edited-applied-file.md"),
    class: Class::Script,
    levels: PhaseLevels { expand: Level::Deny, backfill: Level::Deny, contract: Level::Warn },
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Plan(check),
};

fn check(fault: &PlanFault) -> Option<Fault> {
    let fault = match fault {
        PlanFault::Edited => Fault::new("the base has this script with another content: databases that ran it keep the old one").help(
            "restore it (`git diff --merge-base <base>` shows the change) and put the change into a migration of its own: `migrate new <slug>`",
        ),
        PlanFault::Removed { renamed_to: Some(other) } => Fault::new(format!(
            "the base has this script, and here its content is that of {other}: databases that ran it would run it again"
        ))
        .help(format!("give {other} its name back: `git mv` it")),
        PlanFault::Removed { renamed_to: None } => {
            Fault::new("the base has this script, and here it is gone: new databases would end otherwise than those that ran it")
                .help("restore it: `git restore --source <base> -- <path>`, and undo what it did in a migration of its own")
        }
        PlanFault::Unordered { .. } | PlanFault::Uncut { .. } | PlanFault::OutOfOrder { .. } => return None,
    };
    Some(fault)
}
