//! MERGE (PostgreSQL 15 and newer).

use sqlparser::tokenizer::Token;

use super::query::Reads;
use crate::schema::operation::{ChangeData, DataKind, Extent};
use crate::schema::{Dialect, Ident};
use crate::sql::cursor::{Cursor, Unread};

/// Reads behind MERGE.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<ChangeData, Unread> {
    if cursor.dialect() != Dialect::Postgres {
        return Err(Unread { reason: format!("{} has no MERGE", cursor.dialect()) });
    }
    let mut found = Reads::default();
    cursor.need_words(&["into"])?;
    cursor.word("only");
    let table = cursor.relation_name()?;
    cursor.take(&Token::Mul);
    if cursor.word("as") || !cursor.at_word(0, "using") {
        cursor.column_name()?;
    }
    cursor.need_words(&["using"])?;
    let start = cursor.start();
    let source = cursor.parser.parse_table_and_joins()?;
    cursor.note_uses(start, &mut found.uses);
    found.merge(cursor.references(&source)?);
    cursor.need_words(&["on"])?;
    let condition = cursor.searched(&mut found)?;
    let mut columns = Vec::new();
    let mut count = 0;
    while cursor.word("when") {
        count += 1;
        let not = cursor.word("not");
        cursor.need_words(&["matched"])?;
        if not && cursor.word("by") && cursor.one_of(&["source", "target"]).is_none() {
            return Err(cursor.unexpected("SOURCE or TARGET"));
        }
        if cursor.word("and") {
            cursor.searched(&mut found)?;
        }
        cursor.need_words(&["then"])?;
        action(cursor, &mut found, &mut columns)?;
    }
    if count == 0 {
        return Err(cursor.unexpected("WHEN"));
    }
    cursor.returning(&mut found)?;
    Ok(ChangeData {
        kind: DataKind::Merge,
        table,
        reads: found.reads,
        columns,
        uses: found.uses,
        extent: Extent::Condition,
        condition: Some(condition),
        conflict_guard: true,
        nested: false,
    })
}

fn action(cursor: &mut Cursor<'_>, found: &mut Reads, columns: &mut Vec<Ident>) -> Result<(), Unread> {
    if cursor.words(&["do", "nothing"]) || cursor.word("delete") {
        return Ok(());
    }
    if cursor.words(&["update", "set"]) {
        columns.extend(cursor.assignments(found)?.into_iter().map(|(_, column)| column));
        return Ok(());
    }
    cursor.need_words(&["insert"])?;
    columns.extend(cursor.optional_ident_list()?);
    if cursor.words(&["default", "values"]) {
        return Ok(());
    }
    if cursor.word("overriding") {
        if cursor.one_of(&["system", "user"]).is_none() {
            return Err(cursor.unexpected("SYSTEM or USER"));
        }
        cursor.need_words(&["value"])?;
    }
    cursor.need_words(&["values"])?;
    cursor.need(&Token::LParen)?;
    cursor.value(found)?;
    while cursor.take(&Token::Comma) {
        cursor.value(found)?;
    }
    cursor.need(&Token::RParen)
}
