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
