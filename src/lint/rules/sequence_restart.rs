//! sequence-restart: numbers that are taken are handed out again.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::{Frame, Seen};
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ColumnChange, SequenceChange};
use crate::schema::{Dialect, Ident, ObjectName, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("sequence-restart"),
    doc: include_str!("../../../lints/sequence-restart.md"),
    class: Class::Data,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres, Dialect::Mysql],
    yields_to: &[],
    check: Check::Of(&[OperationKind::AlterSequence, OperationKind::AlterColumn, OperationKind::Query], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let (name, new) = match frame.operation {
        Operation::AlterSequence { name, change: SequenceChange::Restart } => {
            let found = frame.before.sequence(name);
            (name.to_string(), found.is_absent() || frame.is_new(found.recorded().map(|sequence| &sequence.origin)))
        }
        Operation::AlterColumn { table, column, change: ColumnChange::RestartIdentity } => {
            (format!("{table}.{column}"), frame.column_seen(table, column) == Seen::ByNobody)
        }
        Operation::Query { functions, .. } if functions.iter().any(|function| function.name.as_str() == "setval") => {
            let Some(name) = set_to_a_literal(frame.clause_sql()) else { return };
            let sequence = ObjectName::bare(Ident::stored(name));
            let found = frame.before.sequence(&sequence);
            let owner = found.recorded().and_then(|sequence| sequence.owned_by.as_ref());
            let new = frame.is_new_object(&sequence) || owner.is_some_and(|(table, _)| frame.is_new_table(table));
            (name.to_owned(), new)
        }
        _ => return,
    };
    if new {
        return;
    }
    findings.push(
        Fault::new(format!(
            "`{name}` starts again at a number that rows may hold: inserts of every release fail on the key, or mix old and new rows"
        ))
        .help(format!("only go forward, beyond what is there: `SELECT setval('{name}', (SELECT max(…) FROM …));`")),
    );
}

/// The sequence of `setval('name', 7)`; a computed number looks at what is there.
fn set_to_a_literal(sql: &str) -> Option<&str> {
    let at = sql.to_ascii_lowercase().find("setval")?;
    let (_, arguments) = sql[at..].split_once('(')?;
    let (name, value) = arguments.split_once(',')?;
    value
        .trim_start()
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| name.trim().trim_end_matches("::regclass").trim_matches(['\'', '"']))
}
