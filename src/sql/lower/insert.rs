//! INSERT and REPLACE.

use sqlparser::tokenizer::Token;

use super::query::Reads;
use crate::schema::operation::{ChangeData, DataKind, Extent};
use crate::schema::{Dialect, Expression, Ident, ObjectName};
use crate::sql::cursor::{Cursor, Unread};

/// Reads from INSERT or REPLACE on.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<ChangeData, Unread> {
    let head = head(cursor)?;
    let mut found = Reads::default();
    let mut columns = columns(cursor)?;
    if cursor.dialect() == Dialect::Postgres && cursor.word("overriding") {
        if cursor.one_of(&["system", "user"]).is_none() {
            return Err(cursor.unexpected("SYSTEM or USER"));
        }
        cursor.need_words(&["value"])?;
    }
    let rows = rows(cursor, &mut found, &mut columns)?;
    let mut guard = head.guard;
    if cursor.dialect() == Dialect::Mysql && cursor.word("as") {
        cursor.ident()?;
        cursor.optional_ident_list()?;
    }
    while cursor.word("on") {
        guard = true;
        on_conflict(cursor, &mut found)?;
    }
    cursor.returning(&mut found)?;
    let kind = match rows.kind {
        _ if head.replace => DataKind::Replace,
        kind => kind,
    };
    Ok(ChangeData {
        kind,
        table: head.table,
        reads: found.reads,
        columns,
        uses: found.uses,
        extent: rows.extent,
        condition: rows.condition,
        conflict_guard: guard,
        nested: false,
    })
}

struct Head {
    table: ObjectName,
    replace: bool,
    guard: bool,
}

/// `INSERT [modifiers] [INTO] table [alias]`.
fn head(cursor: &mut Cursor<'_>) -> Result<Head, Unread> {
    let dialect = cursor.dialect();
    let mut replace = dialect != Dialect::Postgres && cursor.word("replace");
    let mut guard = false;
    if !replace {
        cursor.need_words(&["insert"])?;
    }
    match dialect {
        Dialect::Sqlite if !replace && cursor.word("or") => match cursor.one_of(&["replace", "ignore", "abort", "fail", "rollback"]) {
            Some("replace") => replace = true,
            Some("ignore") => guard = true,
            Some(_) => {}
            None => return Err(cursor.unexpected("REPLACE, IGNORE, ABORT, FAIL or ROLLBACK")),
        },
        Dialect::Mysql => {
            cursor.one_of(&["low_priority", "delayed", "high_priority"]);
            guard = cursor.word("ignore");
        }
        Dialect::Sqlite | Dialect::Postgres => {}
    }
    if dialect == Dialect::Mysql {
        cursor.word("into");
    } else {
        cursor.need_words(&["into"])?;
    }
    let table = cursor.relation_name()?;
    if dialect == Dialect::Mysql {
        if cursor.word("partition") {
            cursor.ident_list()?;
        }
    } else if cursor.word("as") {
        cursor.column_name()?;
    }
    Ok(Head { table, replace, guard })
}

/// The column list; a parenthesis may also start a query.
fn columns(cursor: &mut Cursor<'_>) -> Result<Vec<Ident>, Unread> {
    let query = ["select", "with", "values", "table"].iter().any(|word| cursor.at_word(1, word));
    if !cursor.at(0, &Token::LParen) || query || cursor.at(1, &Token::LParen) {
        return Ok(Vec::new());
    }
    if cursor.dialect() == Dialect::Mysql && cursor.at(1, &Token::RParen) {
        cursor.skip_parentheses()?;
        return Ok(Vec::new());
    }
    cursor.list(|cursor| {
        let column = cursor.column_name()?;
        match cursor.dialect() {
            Dialect::Postgres => {
                // `column.field` and `column[1]` insert into a part of the column.
                cursor.column_part()?;
                Ok(column)
            }
            Dialect::Mysql if cursor.take(&Token::Period) => cursor.ident(),
            Dialect::Mysql | Dialect::Sqlite => Ok(column),
        }
    })
}

struct Rows {
    kind: DataKind,
    extent: Extent,
    condition: Option<Expression>,
}

fn rows(cursor: &mut Cursor<'_>, found: &mut Reads, columns: &mut Vec<Ident>) -> Result<Rows, Unread> {
    let dialect = cursor.dialect();
    let literal = |count| Rows { kind: DataKind::Insert, extent: Extent::Rows(count), condition: None };
    if dialect != Dialect::Mysql && cursor.words(&["default", "values"]) {
        return Ok(literal(1));
    }
    if dialect == Dialect::Mysql && cursor.word("set") {
        columns.extend(cursor.assignments(found)?.into_iter().map(|(_, column)| column));
        return Ok(literal(1));
    }
    let place = cursor.place();
    if cursor.word("values") || dialect == Dialect::Mysql && cursor.word("value") {
        let count = literal_rows(cursor, found)?;
        let goes_on = ["order", "limit", "offset", "fetch", "union", "intersect", "except"].iter().any(|word| cursor.at_word(0, word));
        if !goes_on {
            return Ok(literal(count));
        }
        cursor.rewind(place);
    }
    if let Some(whole) = cursor.table_command()? {
        found.merge(whole);
        return Ok(Rows { kind: DataKind::InsertSelect, extent: Extent::All, condition: None });
    }
    let start = cursor.start();
    let tree = cursor.parser.parse_query()?;
    let span = cursor.span_from(start);
    found.merge(cursor.references(&*tree)?);
    cursor.note_uses(start, &mut found.uses);
    let (extent, condition) = cursor.selected(&tree, span)?;
    Ok(Rows { kind: DataKind::InsertSelect, extent, condition })
}

fn literal_rows(cursor: &mut Cursor<'_>, found: &mut Reads) -> Result<usize, Unread> {
    let mut count = 0;
    loop {
        if cursor.dialect() == Dialect::Mysql {
            cursor.word("row");
        }
        cursor.need(&Token::LParen)?;
        if !(cursor.dialect() == Dialect::Mysql && cursor.at(0, &Token::RParen)) {
            cursor.value(found)?;
            while cursor.take(&Token::Comma) {
                cursor.value(found)?;
            }
        }
        cursor.need(&Token::RParen)?;
        count += 1;
        if !cursor.take(&Token::Comma) {
            return Ok(count);
        }
    }
}

/// `ON CONFLICT …` or `ON DUPLICATE KEY UPDATE …`, behind ON.
fn on_conflict(cursor: &mut Cursor<'_>, found: &mut Reads) -> Result<(), Unread> {
    if cursor.dialect() == Dialect::Mysql {
        cursor.need_words(&["duplicate", "key", "update"])?;
        return cursor.assignments(found).map(|_| ());
    }
    cursor.need_words(&["conflict"])?;
    if cursor.dialect() == Dialect::Postgres && cursor.words(&["on", "constraint"]) {
        cursor.ident()?;
    } else if cursor.at(0, &Token::LParen) {
        let start = cursor.start();
        cursor.list(Cursor::index_key)?;
        cursor.note_uses(start, &mut found.uses);
        if cursor.word("where") {
            cursor.searched(found)?;
        }
    }
    cursor.need_words(&["do"])?;
    if cursor.word("nothing") {
        return Ok(());
    }
    cursor.need_words(&["update", "set"])?;
    cursor.assignments(found)?;
    if cursor.word("where") {
        cursor.searched(found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Operation;
    use crate::sql::lower::probes::read;

    fn insert(dialect: Dialect, text: &str) -> ChangeData {
        match read(dialect, text).as_deref() {
            Ok([clause]) => match &clause.operation {
                Operation::ChangeData(change) => (**change).clone(),
                other => panic!("{text}: {other:?}"),
            },
            other => panic!("{text}: {other:?}"),
        }
    }

    fn names(names: &[ObjectName]) -> String {
        names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn literal_rows_are_counted() {
        for (dialect, text, rows) in [
            (Dialect::Postgres, "INSERT INTO t VALUES (1, f(2)), (3, '4')", 2),
            (Dialect::Postgres, "INSERT INTO t DEFAULT VALUES", 1),
            (Dialect::Postgres, "INSERT INTO t SELECT 1 UNION ALL SELECT 2", 2),
            (Dialect::Postgres, "INSERT INTO t SELECT x.a FROM (VALUES (1), (2), (3)) AS x (a)", 3),
            (Dialect::Postgres, "INSERT INTO t SELECT * FROM o LIMIT 7", 7),
            (Dialect::Mysql, "INSERT INTO t SET a = 1", 1),
            (Dialect::Mysql, "INSERT INTO t () VALUES ()", 1),
        ] {
            assert_eq!(insert(dialect, text).extent, Extent::Rows(rows), "{text}");
        }
    }

    #[test]
    fn a_select_decides_the_extent() {
        let all = insert(Dialect::Postgres, "INSERT INTO t (a) SELECT b FROM o");
        assert_eq!((all.kind, all.extent, names(&all.reads)), (DataKind::InsertSelect, Extent::All, "o".to_owned()));
        let some =
            insert(Dialect::Postgres, "INSERT INTO t (a) SELECT b FROM o WHERE NOT EXISTS (SELECT FROM t WHERE t.a = o.b) ORDER BY 1");
        assert_eq!((some.extent, names(&some.reads)), (Extent::Condition, "o t".to_owned()));
        assert_eq!(
            some.condition.map(|condition| condition.text.clone()).as_deref(),
            Some("not exists ( select from t where t . a = o . b )")
        );
        let tautology = insert(Dialect::Sqlite, "INSERT INTO t (a) SELECT b FROM o WHERE true ON CONFLICT DO NOTHING");
        assert_eq!((tautology.extent, tautology.conflict_guard), (Extent::All, true));
    }

    #[test]
    fn columns_are_those_assigned_and_uses_those_read() {
        let change =
            insert(Dialect::Postgres, "INSERT INTO t (a, b) SELECT c, lower(d) FROM o ON CONFLICT (a) DO UPDATE SET b = excluded.e");
        assert_eq!(change.columns.iter().map(Ident::as_str).collect::<Vec<_>>(), ["a", "b"]);
        for used in ["c", "d", "a", "e"] {
            assert!(change.uses.contains(&Ident::stored(used)), "{used}");
        }
        assert!(!change.uses.contains(&Ident::stored("b")));
    }

    #[test]
    fn replacing_is_told_apart() {
        for (dialect, text) in [(Dialect::Sqlite, "INSERT OR REPLACE INTO t VALUES (1)"), (Dialect::Mysql, "REPLACE t SET a = 1")] {
            assert_eq!(insert(dialect, text).kind, DataKind::Replace, "{text}");
        }
        assert!(insert(Dialect::Mysql, "INSERT IGNORE t VALUES (1)").conflict_guard);
        assert!(insert(Dialect::Mysql, "INSERT t VALUES (1) ON DUPLICATE KEY UPDATE a = 2").conflict_guard);
    }
}
