//! Statements that read or change rows, with their WITH clauses: each data change is a clause of its own.

use sqlparser::tokenizer::Token;

use super::query::Reads;
use super::{change, insert, merge, select, whole};
use crate::schema::operation::ChangeData;
use crate::schema::{Dialect, ObjectName, Operation};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};

/// Words with which a data change begins.
const CHANGES: [&str; 5] = ["insert", "update", "delete", "merge", "replace"];

/// Reads `[WITH …] INSERT | UPDATE | DELETE | MERGE | REPLACE | SELECT | VALUES | TABLE`.
pub(super) fn statement(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let start = cursor.start();
    let mut with = With::default();
    if cursor.word("with") {
        with.read(cursor)?;
    }
    let mut clauses = if at_change(cursor) {
        let start = cursor.start();
        let changes = data_change(cursor)?;
        changes.into_iter().map(|change| whole(cursor, start, Operation::ChangeData(Box::new(change)))).collect()
    } else {
        vec![select::statement(cursor)?]
    };
    if with.changes.is_empty() {
        // One operation: its clause is the whole statement, WITH included.
        for clause in &mut clauses {
            clause.span = cursor.span_from(start);
        }
    }
    for clause in &mut clauses {
        with.complete(&mut clause.operation);
    }
    with.changes.append(&mut clauses);
    Ok(with.changes)
}

fn at_change(cursor: &Cursor<'_>) -> bool {
    CHANGES.iter().any(|word| cursor.at_word(0, word))
}

fn data_change(cursor: &mut Cursor<'_>) -> Result<Vec<ChangeData>, Unread> {
    if cursor.word("update") {
        change::update(cursor)
    } else if cursor.word("delete") {
        change::delete(cursor)
    } else if cursor.word("merge") {
        merge::read(cursor).map(|change| vec![change])
    } else {
        insert::read(cursor).map(|change| vec![change])
    }
}

/// What a WITH clause defines, reads and changes.
#[derive(Default)]
struct With {
    names: Vec<ObjectName>,
    found: Reads,
    changes: Vec<Clause>,
}

impl With {
    /// Reads `[RECURSIVE] name [(columns)] AS (…), …` behind WITH.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Unread> {
        let recursive = cursor.word("recursive");
        loop {
            let name = ObjectName::bare(cursor.column_name()?);
            cursor.optional_ident_list()?;
            cursor.need_words(&["as"])?;
            if cursor.dialect() != Dialect::Mysql && !cursor.words(&["not", "materialized"]) {
                cursor.word("materialized");
            }
            cursor.need(&Token::LParen)?;
            let mut seen = self.names.clone();
            if recursive {
                seen.push(name.clone());
            }
            self.body(cursor, &seen)?;
            cursor.need(&Token::RParen)?;
            self.search_and_cycle(cursor)?;
            self.names.push(name);
            if !cursor.take(&Token::Comma) {
                return Ok(());
            }
        }
    }

    fn body(&mut self, cursor: &mut Cursor<'_>, seen: &[ObjectName]) -> Result<(), Unread> {
        if !(cursor.dialect() == Dialect::Postgres && at_change(cursor)) {
            let start = cursor.start();
            let mut found = cursor.query()?;
            found.without(seen);
            cursor.note_uses(start, &mut found.uses);
            self.found.merge(found);
            return Ok(());
        }
        let start = cursor.start();
        for mut change in data_change(cursor)? {
            change.nested = true;
            change.reads.retain(|name| !seen.contains(name));
            self.changes.push(whole(cursor, start, Operation::ChangeData(Box::new(change))));
        }
        Ok(())
    }

    /// PostgreSQL's SEARCH and CYCLE behind a recursive item.
    fn search_and_cycle(&self, cursor: &mut Cursor<'_>) -> Result<(), Unread> {
        if cursor.dialect() != Dialect::Postgres {
            return Ok(());
        }
        if cursor.words(&["search", "breadth", "first", "by"]) || cursor.words(&["search", "depth", "first", "by"]) {
            names(cursor)?;
            cursor.need_words(&["set"])?;
            cursor.column_name()?;
        }
        if cursor.word("cycle") {
            names(cursor)?;
            cursor.need_words(&["set"])?;
            cursor.column_name()?;
            if cursor.word("to") {
                cursor.expression()?;
                cursor.need_words(&["default"])?;
                cursor.expression()?;
            }
            cursor.need_words(&["using"])?;
            cursor.column_name()?;
        }
        Ok(())
    }

    /// Adds what the WITH clause reads to the statement below it, and takes out what it defines.
    fn complete(&self, operation: &mut Operation) {
        if let Operation::ChangeData(change) = operation {
            change.uses.extend(self.found.uses.iter().cloned());
        }
        let found = match operation {
            Operation::ChangeData(change) => Some((&mut change.reads, None)),
            Operation::Query { reads, functions } => Some((reads, Some(functions))),
            Operation::CreateTable(table) => table.as_query.as_mut().map(|reads| (reads, None)),
            _ => None,
        };
        let Some((reads, functions)) = found else { return };
        reads.retain(|name| !self.names.contains(name));
        self.found.reads.iter().for_each(|name| super::query::add(reads, name.clone()));
        if let Some(functions) = functions {
            self.found.functions.iter().for_each(|name| super::query::add(functions, name.clone()));
        }
    }
}

fn names(cursor: &mut Cursor<'_>) -> Result<(), Unread> {
    cursor.column_name()?;
    while cursor.take(&Token::Comma) {
        cursor.column_name()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::operation::DataKind;
    use crate::sql::lower::probes::read;

    #[test]
    fn changes_in_a_with_clause_are_clauses_of_their_own() {
        let text =
            "WITH gone AS (DELETE FROM t WHERE a RETURNING *), seen AS (SELECT * FROM gone, o) INSERT INTO archive SELECT * FROM seen, p";
        let clauses = read(Dialect::Postgres, text).unwrap_or_else(|reason| panic!("{reason}"));
        let shown: Vec<(DataKind, String, Vec<String>, bool)> = clauses
            .iter()
            .map(|clause| match &clause.operation {
                Operation::ChangeData(change) => {
                    (change.kind, change.table.to_string(), change.reads.iter().map(ToString::to_string).collect(), change.nested)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        let strings = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            shown,
            [
                (DataKind::Delete, "t".to_owned(), strings(&[]), true),
                (DataKind::InsertSelect, "archive".to_owned(), strings(&["p", "o"]), false),
            ]
        );
        assert_eq!(&text[clauses[0].span.range()], "DELETE FROM t WHERE a RETURNING *");
    }

    #[test]
    fn a_with_item_may_hide_the_table_that_it_reads() {
        for (text, reads) in [
            ("WITH users AS (SELECT * FROM users) SELECT * FROM users", "users"),
            ("WITH RECURSIVE users AS (SELECT * FROM users) SELECT * FROM users", ""),
            ("SELECT * FROM (WITH x AS (SELECT * FROM a), y AS (SELECT * FROM x) SELECT * FROM y) z, x", "a x"),
            ("WITH x AS (SELECT 1) SELECT * FROM s.x JOIN b ON f(1)", "s.x b"),
        ] {
            match read(Dialect::Postgres, text).as_deref() {
                Ok([Clause { operation: Operation::Query { reads: found, .. }, .. }]) => {
                    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
                    assert_eq!(found.join(" "), reads, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn functions_of_a_query_are_named() {
        match read(Dialect::Postgres, "SELECT setval('s', max(id)) FROM pg_catalog.generate_series(1, 2) WHERE EXISTS (SELECT f(1))")
            .as_deref()
        {
            Ok([Clause { operation: Operation::Query { functions, .. }, .. }]) => {
                let found: Vec<String> = functions.iter().map(ToString::to_string).collect();
                assert_eq!(found, ["setval", "max", "pg_catalog.generate_series", "f"]);
            }
            other => panic!("{other:?}"),
        }
    }
}
