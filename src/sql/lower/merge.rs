//! MERGE (PostgreSQL 15 and newer).

use sqlparser::ast::{Expr, LimitClause, Query, SetExpr, TableFactor, TableWithJoins, Value};
use sqlparser::tokenizer::Token;

use super::query::Reads;
use crate::schema::expression::Shape;
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
    let mut condition = cursor.searched(&mut found)?;
    let offered = if condition.shape == Shape::Tautology { Extent::All } else { extent(&source) };
    let mut taken = match offered {
        Extent::Rows(rows) => Extent::Rows(rows),
        Extent::Condition | Extent::All => Extent::Condition,
    };
    let mut columns = Vec::new();
    let mut count = 0;
    while cursor.word("when") {
        count += 1;
        let not = cursor.word("not");
        cursor.need_words(&["matched"])?;
        let mut by_source = false;
        if not && cursor.word("by") {
            let by = cursor.one_of(&["source", "target"]).ok_or_else(|| cursor.unexpected("SOURCE or TARGET"))?;
            by_source = by == "source";
        }
        let mut asks = false;
        if cursor.word("and") {
            let asked = cursor.searched(&mut found)?;
            asks = asked.shape != Shape::Tautology;
            condition.columns.extend(asked.columns.iter().cloned());
        }
        cursor.need_words(&["then"])?;
        let changes = cursor.at_word(0, "update") || cursor.at_word(0, "delete");
        action(cursor, &mut found, &mut columns)?;
        match (by_source, asks) {
            (true, false) if changes => taken = Extent::All,
            (false, false) if changes && offered == Extent::All => taken = Extent::All,
            // Every row that the source lacks is looked at.
            (true, _) if taken != Extent::All => taken = Extent::Condition,
            _ => {}
        }
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
        extent: taken,
        condition: Some(condition),
        conflict_guard: true,
        nested: false,
    })
}

/// How many rows a source offers to be matched.
fn extent(source: &TableWithJoins) -> Extent {
    let TableFactor::Derived { subquery, .. } = &source.relation else { return Extent::All };
    let Query { body, limit_clause, .. } = subquery.as_ref();
    let limit = match limit_clause {
        Some(LimitClause::LimitOffset { limit: Some(Expr::Value(limit)), .. }) => match &limit.value {
            Value::Number(number, _) => number.to_string().parse().ok(),
            _ => None,
        },
        _ => None,
    };
    match (body.as_ref(), limit) {
        (_, Some(rows)) => Extent::Rows(rows),
        (SetExpr::Values(values), None) if source.joins.is_empty() => Extent::Rows(values.rows.len()),
        (SetExpr::Select(select), None) if select.from.is_empty() && source.joins.is_empty() => Extent::Rows(1),
        (SetExpr::Select(select), None) if select.selection.is_none() => Extent::All,
        _ => Extent::Condition,
    }
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
