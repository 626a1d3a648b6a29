//! slow-statement-under-lock: rows are worked through while an earlier statement's lock makes everybody wait.

use crate::dialect::Work;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::{Dialect, ObjectName, Operation};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("slow-statement-under-lock"),
    doc: include_str!("../../../lints/slow-statement-under-lock.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &["validate-in-same-transaction"],
    check: Check::Clause(check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    if frame.transaction.held.is_empty() {
        return;
    }
    let slow = frame.impact.work.iter().find_map(|work| worked(frame, work)).or_else(|| looked_through(frame));
    let Some(slow) = slow else { return };
    let held = frame.transaction.held.iter().filter(|held| {
        let own = frame.impact.lock(&held.table).is_some_and(|lock| lock >= held.lock);
        held.lock.blocks_writes() && !own && !frame.before.table(&held.table).is_absent() && !frame.is_new_table(&held.table)
    });
    let Some(held) = held.max_by_key(|held| held.lock) else { return };
    let waiting = if held.lock.blocks_reads() { "reads and writes" } else { "writes" };
    findings.push(
        Fault::new(format!(
            "this works through the rows of `{slow}` while the transaction still holds {} on `{}`: {waiting} of it wait to the end",
            held.lock, held.table
        ))
        .on(slow)
        .label(held.span, format!("takes {} on `{}`", held.lock, held.table))
        .help("end the transaction before it, so that the lock lasts a moment: `COMMIT;`"),
    );
}

/// The table that a query of the script looks through, or for which it sleeps.
fn looked_through<'a>(frame: &Frame<'a>) -> Option<&'a ObjectName> {
    let Operation::Query { reads, functions } = frame.operation else { return None };
    let calls = |name: &str| functions.iter().any(|function| function.name.as_str() == name);
    // A block asks for single rows to decide what to do; a sequence is set by the greatest key, which an index tells.
    if frame.is_in_block() || calls("setval") {
        return None;
    }
    let in_use = |table: &&ObjectName| frame.table(table).is_some() && !frame.is_new_table(table);
    let sleeps = || calls("pg_sleep").then_some(&frame.transaction.held.first()?.table);
    reads.iter().find(in_use).or_else(sleeps)
}

/// The table whose rows take long.
fn worked<'a>(frame: &Frame<'a>, work: &'a Work) -> Option<&'a ObjectName> {
    match work {
        Work::Scan(table) | Work::BuildIndex(table) | Work::Rewrite(table) => (!frame.is_new_table(table)).then_some(table),
        Work::Rows(table) => match frame.operation {
            Operation::ChangeData(change) if !frame.touches_few_rows(change) => {
                let old = !frame.is_new_table(table) || change.reads.iter().any(|read| !frame.is_new_table(read));
                old.then_some(table)
            }
            _ => None,
        },
    }
}
