//! create-index-blocks-writes: every write waits until the index is built.

use crate::dialect::Lock;
use crate::lint::finding::{Fault, Findings};
use crate::lint::frame::Frame;
use crate::lint::level::PhaseLevels;
use crate::lint::rule::{Check, Class, LintId, Rule};
use crate::schema::table::Table;
use crate::schema::{Dialect, Operation, OperationKind};

pub(super) static RULE: Rule = Rule {
    id: LintId::new("create-index-blocks-writes"),
    doc: include_str!("../../../lints/create-index-blocks-writes.md"),
    class: Class::Waiting,
    levels: PhaseLevels::DENY,
    dialects: &[Dialect::Postgres],
    yields_to: &[],
    check: Check::Of(&[OperationKind::CreateIndex], check),
};

fn check(frame: &Frame<'_>, findings: &mut Findings) {
    let Operation::CreateIndex(index) = frame.operation else { return };
    let table = &index.table;
    let blocks =
        frame.impact.lock(&frame.before.canonical(table)).is_some_and(Lock::blocks_writes) && frame.impact.index_builds().next().is_some();
    if index.concurrently || !blocks || frame.is_new_table(table) || frame.is_view(table) {
        return;
    }
    let fault =
        Fault::new(format!("writes to `{table}` wait until the index is built: it takes a SHARE lock and reads every row")).on(table);
    let partitioned = frame.table(table).is_some_and(Table::is_partitioned);
    if partitioned {
        let only = splice(frame.sql(), "on", "ONLY");
        findings.push(fault.help(format!(
            "build it on the parent alone, on each partition CONCURRENTLY, then ALTER INDEX … ATTACH PARTITION; begin with `{only};`"
        )));
        return;
    }
    let sql = format!("{};", splice(frame.sql(), "index", "CONCURRENTLY"));
    findings.push(fault.help(format!("build it beside the writes, outside a transaction: `{sql}`")).cure(frame.phase(), sql));
}

/// The statement with a word put behind the first occurrence of another.
fn splice(sql: &str, after: &str, word: &str) -> String {
    let lower = sql.to_ascii_lowercase();
    let separate = |at: &usize| {
        let bounded = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
        bounded(at.checked_sub(1).and_then(|before| lower.as_bytes().get(before))) && bounded(lower.as_bytes().get(at + after.len()))
    };
    match lower.match_indices(after).map(|(at, _)| at).find(separate) {
        Some(at) => format!("{} {word}{}", &sql[..at + after.len()], &sql[at + after.len()..]),
        None => sql.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::splice;

    #[test]
    fn the_word_goes_behind_the_keyword_and_not_into_a_name() {
        assert_eq!(
            splice("CREATE UNIQUE INDEX a_index ON t (a)", "index", "CONCURRENTLY"),
            "CREATE UNIQUE INDEX CONCURRENTLY a_index ON t (a)"
        );
        assert_eq!(splice("create index one on t (a)", "on", "ONLY"), "create index one on ONLY t (a)");
    }
}
