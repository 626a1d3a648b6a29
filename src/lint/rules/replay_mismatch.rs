//! replay-mismatch: the schema that the migrations make does not fit the statement.

use crate::lint::finding::Fault;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{self, Dialect};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("replay-mismatch"),
    doc: include_str!("../../../lints/replay-mismatch.md"),
    class: Class::Script,
    levels: PhaseLevels::WARN,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Replay(check),
};

fn check(problem: &schema::Problem) -> Option<Fault> {
    let message = match problem {
        schema::Problem::Missing { kind, name } => format!(
            "no earlier migration makes {kind} `{name}`, or one took it away: the statement would fail on a database made by these migrations"
        ),
        schema::Problem::Exists { kind, name } => {
            format!("an earlier migration makes {kind} `{name}` already: the statement would fail on a database made by these migrations")
        }
    };
    Some(
        Fault::new(message)
            .help("compare with the database; if migrations before these are kept elsewhere, their order may differ: `migrate status`"),
    )
}
