//! backfill-outside-backfill-phase: data work runs in one piece, beside DDL and its locks.

use crate::lint::cure::recipe;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ChangeData, DataKind, Extent};
use crate::schema::{Dialect, Ident, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("backfill-outside-backfill-phase"),
    doc: include_str!("../../../lints/backfill-outside-backfill-phase.md"),
    class: Class::Waiting,
    levels: PhaseLevels::BACKFILL_ONLY,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::ChangeData], check),
};

/// So many literal rows are taken for reference data: they stand in the file, so somebody wrote them.
const REFERENCE_ROWS: usize = 100;

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::ChangeData(change) = frame.operation else { return };
    if frame.is_new_table(&change.table) && reads_nothing_old(frame, change) || is_a_row_or_two(frame, change) || is_rebuild(frame, change)
    {
        return;
    }
    let what = match change.kind {
        DataKind::Update => "UPDATE",
        DataKind::Delete => "DELETE",
        DataKind::InsertSelect => "INSERT … SELECT",
        DataKind::Insert => "INSERT of many rows",
        DataKind::Merge => "MERGE",
        DataKind::Replace => "REPLACE",
        DataKind::Copy => "COPY",
    };
    let sql = format!("{};", frame.sql());
    findings.push(
        Fault::new(format!(
            "{what} over `{}` in {}.sql runs in one piece: row locks and one long transaction for everybody else",
            change.table,
            frame.phase()
        ))
        .on(&change.table)
        .help(format!("move it to backfill.sql, where it is cut into batches and resumed:\n{sql}"))
        .cure(Phase::Backfill, sql),
    );
}

/// Whether rows come from the statement itself or from tables that nobody uses yet.
fn reads_nothing_old(frame: &Frame<'_>, change: &ChangeData) -> bool {
    match change.kind {
        DataKind::InsertSelect | DataKind::Merge => change.reads.iter().all(|read| frame.is_new_table(read)),
        DataKind::Insert | DataKind::Update | DataKind::Delete | DataKind::Replace | DataKind::Copy => true,
    }
}

fn is_a_row_or_two(frame: &Frame<'_>, change: &ChangeData) -> bool {
    match (change.kind, change.extent) {
        (DataKind::Insert | DataKind::Replace, Extent::Rows(rows)) => rows <= REFERENCE_ROWS,
        (DataKind::Update | DataKind::Delete, Extent::Condition) => change.condition.as_ref().is_some_and(|condition| {
            let pinned = pinned(&condition.text);
            let pins = |key: &[&Ident]| !key.is_empty() && key.iter().all(|column| pinned.iter().any(|pinned| *pinned == column.as_str()));
            match frame.table(&change.table) {
                Some(table) => recipe::unique_keys(table).any(|key| pins(&key)),
                None => pinned.contains(&"id"),
            }
        }),
        // INSERT … SELECT without FROM is a guarded insert of one row.
        (DataKind::InsertSelect, _) => {
            change.reads.iter().all(|read| *read == change.table) && change.reads.len() <= 1 && change.extent != Extent::All
        }
        _ => false,
    }
}

/// The columns that a condition compares with a literal: `id = 5 AND lang IN ('en', 'de')`.
fn pinned(condition: &str) -> Vec<&str> {
    if condition.split(' ').any(|word| word.eq_ignore_ascii_case("or") || word.eq_ignore_ascii_case("select")) {
        return Vec::new();
    }
    let words: Vec<&str> = condition.split(' ').filter(|word| !matches!(*word, "(" | ")")).collect();
    let starts = |at: usize| at == 0 || words[at - 1].eq_ignore_ascii_case("and");
    let literal = |word: &&&str| word.starts_with(['\'', '$']) || word.starts_with(|c: char| c.is_ascii_digit());
    let compares = |pair: &[&str], at: usize| {
        (pair[1] == "=" || pair[1].eq_ignore_ascii_case("in")) && words.get(at + 2).as_ref().is_some_and(literal)
    };
    let pairs = words.windows(2).enumerate().filter(|(at, pair)| starts(*at) && compares(pair, *at));
    pairs.map(|(_, pair)| pair[0].rsplit('.').next().unwrap_or(pair[0]).trim_matches(['"', '`'])).collect()
}

/// The copy of SQLite's rebuild: the table it reads is dropped later in the same transaction.
fn is_rebuild(frame: &Frame<'_>, change: &ChangeData) -> bool {
    frame.dialect() == Dialect::Sqlite
        && frame.is_new_table(&change.table)
        && frame.later().any(|clause| match &clause.operation {
            Operation::DropTable(drop) => change.reads.contains(&drop.name),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::pinned;

    #[test]
    fn a_condition_pins_what_it_compares_with_literals() {
        assert_eq!(pinned("id = 5"), ["id"]);
        assert_eq!(pinned("( s . id = 5 )"), Vec::<&str>::new());
        assert_eq!(pinned("a = 'x' AND lang IN ( 'en' , 'de' )"), ["a", "lang"]);
        assert_eq!(pinned("id = 5 OR TRUE"), Vec::<&str>::new());
        assert_eq!(pinned("id > 5"), Vec::<&str>::new());
        assert_eq!(pinned("id = other_id"), Vec::<&str>::new());
    }
}
