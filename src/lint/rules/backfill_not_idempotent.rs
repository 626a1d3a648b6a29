//! backfill-not-idempotent: a batch that is repeated counts twice.

use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::operation::{ChangeData, DataKind, Extent};
use crate::schema::{Dialect, Ident, Operation, OperationKind, Phase};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("backfill-not-idempotent"),
    doc: include_str!("../../../lints/backfill-not-idempotent.md"),
    class: Class::Data,
    levels: PhaseLevels::WARN,
    dialects: &Dialect::ALL,
    yields_to: &[],
    check: Check::Of(&[OperationKind::ChangeData], check),
};

/// What makes another value of a value each time: operators, and functions by their names.
const GROWS: [&str; 9] = ["+", "-", "*", "/", "||", "array_append", "array_prepend", "array_cat", "concat"];

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::ChangeData(change) = frame.operation else { return };
    if frame.phase() != Phase::Backfill || frame.is_new_table(&change.table) {
        return;
    }
    match change.kind {
        DataKind::Update | DataKind::Merge => {
            let Some(column) = counted(frame, change) else { return };
            findings.push(
                Fault::new(format!(
                    "`{column}` is computed from itself, and the condition does not tell rows that are done: a batch that is repeated changes them again"
                ))
                .help(format!("compute a new column, or let the condition ask for what the statement sets: `UPDATE {} SET … WHERE … IS NULL;`", change.table)),
            );
        }
        DataKind::InsertSelect if !change.conflict_guard && !looks_at_itself(frame, change) => {
            if let Extent::Rows(_) = change.extent {
                return;
            }
            let guard = match frame.dialect() {
                Dialect::Postgres | Dialect::Sqlite => "ON CONFLICT DO NOTHING",
                Dialect::Mysql => "ON DUPLICATE KEY UPDATE …",
            };
            findings.push(
                Fault::new(format!("rows that `{}` has already are inserted again when the statement is repeated", change.table)).help(
                    format!(
                        "leave out what is there: `WHERE NOT EXISTS (SELECT 1 FROM {} …)`, and `{guard}` for what comes meanwhile",
                        change.table
                    ),
                ),
            );
        }
        DataKind::InsertSelect | DataKind::Insert | DataKind::Delete | DataKind::Replace | DataKind::Copy => {}
    }
}

fn looks_at_itself(frame: &Frame<'_>, change: &ChangeData) -> bool {
    let table = frame.before.canonical(&change.table);
    change.reads.iter().any(|read| frame.before.canonical(read) == table)
}

/// A column that grows by the statement, where nothing in its condition stops growing with it.
fn counted<'a>(frame: &Frame<'_>, change: &'a ChangeData) -> Option<&'a Ident> {
    let condition = change.condition.as_ref();
    let asked = |column: &Ident| condition.is_some_and(|condition| condition.columns.contains(column));
    // A column of the same name may come from another table, unless MERGE says that it is the target's.
    let target = (change.kind == DataKind::Merge).then(|| merge_target(frame.clause_sql()));
    if target.is_none() && !change.reads.is_empty() || change.columns.iter().any(asked) {
        return None;
    }
    let merges = |column: &Ident| {
        frame.column(&change.table, column).is_some_and(|known| matches!(known.ty.base.as_str(), "json" | "jsonb" | "hstore"))
    };
    let grows = |column: &&Ident| grows(frame.clause_sql(), target.as_deref(), column.as_str());
    change.columns.iter().find(|column| change.uses.contains(column) && grows(column) && !merges(column))
}

/// The name by which a MERGE calls the table that it changes.
fn merge_target(sql: &str) -> String {
    let lower = sql.to_ascii_lowercase();
    let mut words =
        lower.split_whitespace().skip_while(|word| *word != "into").skip(1).filter(|word| !matches!(*word, "only" | "*" | "as"));
    let name = words.next().unwrap_or_default();
    let name = name.rsplit('.').next().unwrap_or_default();
    words.next().filter(|word| *word != "using").unwrap_or(name).to_owned()
}

/// Whether one of the assignments computes the column from itself by what makes another value each time.
fn grows(sql: &str, target: Option<&str>, column: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    let plain: String = lower.split('\'').step_by(2).collect::<Vec<_>>().join("''");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let own = target.map(|target| format!("{target}.{column}"));
    let assigned = plain.split(" set ").skip(1).map(|rest| {
        let rest = rest.split_once(" when ").map_or(rest, |(assignments, _)| assignments);
        rest.rsplit_once(" where ").map_or(rest, |(assignments, _)| assignments)
    });
    assigned.flat_map(parts).any(|assignment| match assignment.split_once('=') {
        Some((target, value)) => {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let words: Vec<&str> = value.split(|c| !is_word(c)).collect();
            let name =
                |text: &str| text.trim().trim_matches(['"', '`']).rsplit('.').next().unwrap_or_default().trim_matches(['"', '`']) == column;
            let own = own.as_ref().is_none_or(|own| value.split_whitespace().any(|word| word.trim_matches(['(', ')', ',']).contains(own)));
            name(target) && words.contains(&column) && own && GROWS.iter().any(|sign| value.contains(sign))
        }
        None => false,
    })
}

/// The parts of a list between the commas outside parentheses.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::{grows, merge_target};

    #[test]
    fn a_value_grows_when_it_is_computed_from_itself() {
        assert!(grows("UPDATE t SET a = a + 1 WHERE id > 3", None, "a"));
        assert!(grows("UPDATE t SET b = 2, a = coalesce(a, 0) - 1", None, "a"));
        assert!(grows("UPDATE t SET name = 'x-' || name WHERE id > 3", None, "name"));
        assert!(!grows("UPDATE t SET a = lower(a) WHERE id > 3", None, "a"));
        assert!(!grows("UPDATE t SET a = b + 1 WHERE a IS NULL", None, "a"));
        assert!(!grows("UPDATE t SET a = replace(a, '-', '') WHERE id > 3", None, "a"));
        assert!(grows("UPDATE t\nSET a =\n  a + 1", None, "a"));
        let merge = "MERGE INTO t AS x USING s ON x.id = s.id WHEN MATCHED THEN UPDATE SET a = x.a + s.a WHEN NOT MATCHED THEN DO NOTHING";
        assert_eq!(merge_target(merge), "x");
        assert!(grows(merge, Some("x"), "a"));
        assert!(!grows("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a + 1", Some("t"), "a"));
        assert!(!grows("UPDATE t SET a = a, c = b - 1", None, "a"));
    }
}
