//! drop-has-dependents: what still uses the object stops the drop, or fails behind it.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::frame::dependents::Fate;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("drop-has-dependents"),
    doc: include_str!("../../../lints/drop-has-dependents.md"),
    class: Class::Script,
    levels: PhaseLevels::DENY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(
        &[
            OperationKind::DropColumn,
            OperationKind::DropTable,
            OperationKind::DropIndex,
            OperationKind::DropView,
            OperationKind::DropRoutine,
            OperationKind::DropType,
            OperationKind::DropSequence,
            OperationKind::DropSchema,
            OperationKind::DropConstraint,
        ],
        check,
    ),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let users = frame.users_of_dropped();
    let named = |fate: Fate| {
        let names: Vec<&str> = users.iter().filter(|user| user.fate == fate).map(|user| user.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let (blocking, broken, gone) = (named(Fate::Blocks), named(Fate::Breaks), named(Fate::Goes));
    let message = match (blocking, broken, gone) {
        (Some(blocking), _, _) => format!("the drop fails while it is used by {blocking}"),
        (None, Some(broken), _) => format!("the drop works and leaves behind what still names it and fails when it is next used: {broken}"),
        (None, None, Some(gone)) => format!("the drop takes along, without a word, {gone}"),
        (None, None, None) => return,
    };
    findings.push(Fault::new(message).help(format!(
        "replace in expand.sql what uses it by something that does not name it, or drop that first; then drop in contract.sql: `{};`",
        frame.drop_sql()
    )));
}
