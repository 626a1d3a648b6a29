//! A transaction taken apart: each of its statements becomes one of its own.

use super::Draft;
use super::judge::Judged;
use crate::lint::finding::Finding;
use crate::migration::{Bounds, groups};
use crate::schema::operation::{Setting, TransactionControl};
use crate::schema::{Dialect, Operation};
use crate::sql::{Script, Span, Statement};

/// Settings of a transaction that the runner makes anyway.
const MADE_BY_THE_RUNNER: [&str; 3] = ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"];

/// The draft without the BEGIN and COMMIT around the finding; `None` where there are none, or they matter.
pub(super) fn dissolved(draft: &Draft, judged: &Judged, finding: &Finding) -> Option<Draft> {
    // The rebuild of SQLite's tables is one transaction or a loss.
    if judged.start.dialect() == Dialect::Sqlite {
        return None;
    }
    let script = judged.script(finding.phase)?;
    let statements = &script.statements;
    let around = |span: Span| span.start <= finding.span.start && finding.span.end <= span.end;
    let number = statements.iter().position(|statement| around(statement.span))?;
    let group = groups(script).groups.into_iter().find(|group| group.bounds == Bounds::Explicit && group.body.contains(&number))?;
    let body = &statements[group.body.clone()];
    let begin = group.body.start.checked_sub(1)?;
    let mut gone = vec![begin, group.body.end];
    for (at, statement) in body.iter().enumerate() {
        match sense(statement) {
            Sense::Any => {}
            Sense::Nowhere => gone.push(group.body.start + at),
            Sense::HereOnly => return None,
        }
    }
    gone.sort_unstable();
    let mut next = draft.clone();
    for at in gone.into_iter().rev() {
        next.replace(finding.phase, line_of(script, statements.get(at)?.span), "");
    }
    Some(next)
}

/// Where a statement means something.
enum Sense {
    /// Everywhere.
    Any,
    /// Not outside the transaction, but nobody needs it there.
    Nowhere,
    /// Only inside the transaction.
    HereOnly,
}

fn sense(statement: &Statement) -> Sense {
    let [clause] = &statement.clauses[..] else { return Sense::Any };
    match &clause.operation {
        Operation::SetSetting(Setting { name, local: true, .. }) => {
            if MADE_BY_THE_RUNNER.contains(&name.as_str()) {
                Sense::Nowhere
            } else {
                Sense::HereOnly
            }
        }
        Operation::LockTable { .. }
        | Operation::Transaction(TransactionControl::Savepoint | TransactionControl::Set | TransactionControl::TwoPhase) => Sense::HereOnly,
        _ => Sense::Any,
    }
}

/// The statement with its terminator, and the line where it stands there alone.
fn line_of(script: &Script, statement: Span) -> Span {
    let text = &script.source.text;
    let whole = super::terminated(text, statement);
    let start = text[..whole.start].rfind('\n').map_or(0, |at| at + 1);
    let rest = &text[whole.end..];
    let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
    let alone = text[start..whole.start].trim().is_empty() && rest[..end].trim().is_empty();
    if alone { Span::new(start, whole.end + end) } else { whole }
}
