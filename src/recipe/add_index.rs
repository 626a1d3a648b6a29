//! An index on PostgreSQL, built beside the writes. One without a name gets one, so that a build that failed is found again.

use super::phases::{Given, Phases};
use super::{Spelled, derived};
use crate::schema::Phase;
use crate::schema::operation::CreateIndex;
use crate::schema::table::{IndexKey, Table};

/// Builds an index whose statement reads `sql`; `None` on a partitioned table, whose parts are built one by one.
pub fn add_index(given: &Given<'_>, index: &CreateIndex, sql: &str) -> Option<Phases> {
    let dialect = given.dialect();
    let table = given.table(&index.table);
    if table.is_some_and(Table::is_partitioned) {
        return None;
    }
    let mut columns = Vec::new();
    for key in &index.keys {
        match key {
            IndexKey::Column(name) => columns.push(name.clone()),
            IndexKey::Expression(expression) => columns.extend(expression.columns.iter().cloned()),
        }
    }
    let phase = if index.unique { given.tightening(&index.table, &columns) } else { given.phase };
    let mut phases = Phases::default();
    let sql = match &index.name {
        Some(_) => behind(sql, "index", "CONCURRENTLY")?,
        None => {
            let words = columns.iter().map(|column| column.as_str());
            let name = derived(dialect, std::iter::once(index.table.name.as_str()).chain(words).chain(["idx"]));
            behind(sql, "index", &format!("CONCURRENTLY {}", name.spelled(dialect)))?
        }
    };
    phases.add(
        match phase {
            Phase::Backfill => Phase::Expand,
            other => other,
        },
        &format!("{sql};"),
    );
    Some(phases)
}

/// The statement with words put behind the first occurrence of one that stands by itself.
fn behind(sql: &str, after: &str, words: &str) -> Option<String> {
    let lower = sql.to_ascii_lowercase();
    let blank = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
    let bytes = lower.as_bytes();
    let alone = |at: &usize| blank(at.checked_sub(1).and_then(|before| bytes.get(before))) && blank(bytes.get(at + after.len()));
    let end = lower.match_indices(after).map(|(at, _)| at).find(alone)? + after.len();
    Some(format!("{} {words}{}", &sql[..end], &sql[end..]))
}
