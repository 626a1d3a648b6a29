//! Statements around statements in PostgreSQL 18: EXPLAIN, PREPARE, COPY, CALL, cursors.

use std::sync::LazyLock;

use sqlparser::tokenizer::Token;

use crate::schema::Operation;
use crate::schema::operation::{Block, ChangeData, DataKind, Extent};
use crate::sql::Clause;
use crate::sql::cursor::{Cursor, Unread};
use crate::sql::read::dispatch;
use crate::sql::read::found::Found;
use crate::sql::read::synopsis::{self, Form, Pattern, one, statement_end};

#[rustfmt::skip]
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    vec![
        one("COPY [ BINARY ] name [ %columns ] FROM [ PROGRAM ] { string | STDIN | STDOUT } [ [ USING ] DELIMITERS string ] [ [ WITH ] { ( %copy_option ,... ) | { %old_copy_option } ... } ] [ condition:{ WHERE expr } ]", |f| {
            Ok(Operation::ChangeData(Box::new(ChangeData {
                kind: DataKind::Copy,
                table: f.name("name")?,
                reads: Vec::new(),
                uses: Vec::new(),
                columns: f.idents("column").collect(),
                extent: Extent::Condition,
                condition: None,
                conflict_guard: false,
                nested: false,
            })))
        }),
        one("COPY [ BINARY ] { ( query ) | name [ %columns ] } TO [ PROGRAM ] { string | STDIN | STDOUT } [ [ USING ] DELIMITERS string ] [ [ WITH ] { ( %copy_option ,... ) | { %old_copy_option } ... } ]", |f| {
            Ok(Operation::Query { reads: f.query("query").or_else(|_| f.name("name").map(|name| vec![name]))?, functions: Vec::new() })
        }),
        one("CALL name ( [ { [ ident { := | => } ] expr } ,... ] )", |f| Ok(Operation::Block(Block { dynamic: false, calls: Some(f.name("name")?) }))),
        // What it runs was read where it was prepared.
        one("EXECUTE ident [ parens ]", |_| Ok(Operation::Block(Block { dynamic: false, calls: None }))),
        one("DECLARE ident [ BINARY | ASENSITIVE | INSENSITIVE | [ NO ] SCROLL ] ... CURSOR [ { WITH | WITHOUT } HOLD ] FOR query", |f| {
            Ok(Operation::Query { reads: f.query("query")?, functions: Vec::new() })
        }),
    ]
});

static EXPLAIN: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::new(
        "EXPLAIN [ ( { analyze:{ { ANALYZE | ANALYSE } [ off:{ FALSE | OFF } | any ] } | word [ any ] } ,... ) | analyze:{ ANALYZE | ANALYSE } | VERBOSE ] ...",
    )
});
static PREPARE: LazyLock<Pattern> = LazyLock::new(|| Pattern::new("PREPARE ident [ ( type ,... ) ] AS"));

/// Reads the statement.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    synopsis::read(cursor, &FORMS, &mut Found::new(cursor), statement_end)
}

/// EXPLAIN: with ANALYZE the statement runs, without it only looks.
pub(super) fn explain(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let (start, mut found) = (cursor.start(), Found::new(cursor));
    if !EXPLAIN.fits(cursor, &mut found) {
        return Err(found.unread(cursor));
    }
    let mut clauses = inner(cursor)?;
    if found.has("analyze") && !found.has("off") {
        for clause in &mut clauses {
            if let Operation::ChangeData(change) = &mut clause.operation {
                change.nested = true;
            }
        }
        return Ok(clauses);
    }
    Ok(vec![Clause { span: cursor.span_from(start), operation: Operation::Query { reads: Vec::new(), functions: Vec::new() } }])
}

/// PREPARE: counted as if it ran, since EXECUTE does not say what it runs.
pub(super) fn prepare(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    let mut found = Found::new(cursor);
    if !PREPARE.fits(cursor, &mut found) {
        return Err(found.unread(cursor));
    }
    inner(cursor)
}

/// The statement inside: one that the database can plan, so never another of these.
fn inner(cursor: &mut Cursor<'_>) -> Result<Vec<Clause>, Unread> {
    const PLANNED: &[&str] =
        &["select", "insert", "update", "delete", "merge", "values", "with", "table", "create", "refresh", "execute", "declare"];
    if cursor.at(0, &Token::LParen) || PLANNED.iter().any(|verb| cursor.at_word(0, verb)) {
        return dispatch::read(cursor);
    }
    Err(cursor.unexpected("a statement that can be planned"))
}
