//! unknown-lint: an allowance names a lint that does not exist, so it allows nothing.

use crate::lint::allowance::AllowanceFault;
use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::Dialect;

pub(super) static RULE: Rule = Rule {
    id: LintId::new("unknown-lint"),
    doc: include_str!("../../../lints/unknown-lint.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Allowance(check),
};

fn check(fault: &AllowanceFault) -> Option<Fault> {
    match fault {
        AllowanceFault::Unknown { id, suggestion } => {
            let meant = suggestion.map(|id| format!(" (did you mean `{id}`?)")).unwrap_or_default();
            let example = suggestion.map_or("drop-column", |id| id.as_str());
            Some(
                Fault::new(format!("there is no lint `{id}`{meant}, so nothing is allowed here"))
                    .help(format!("name the lint as its finding does: `-- migrate: allow({example}) reason=\"…\"`")),
            )
        }
        AllowanceFault::NoReason { .. }
        | AllowanceFault::Expired { .. }
        | AllowanceFault::NoDate { .. }
        | AllowanceFault::Fixed { .. }
        | AllowanceFault::Unused { .. } => None,
    }
}
