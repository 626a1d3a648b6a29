//! UPDATE and DELETE. MySQL changes several tables with one statement: one change per table.

use sqlparser::ast::{TableFactor, TableWithJoins};
use sqlparser::tokenizer::Token;

use super::query::Reads;
use super::rows::Which;
use crate::schema::operation::{ChangeData, DataKind};
use crate::schema::{Dialect, Ident, ObjectName};
use crate::sql::cursor::{Cursor, Unread};

/// Reads behind UPDATE.
pub(super) fn update(cursor: &mut Cursor<'_>) -> Result<Vec<ChangeData>, Unread> {
    let mut found = Reads::default();
    if cursor.dialect() == Dialect::Mysql {
        cursor.word("low_priority");
        cursor.word("ignore");
        let tables = cursor.sources(&mut found)?;
        cursor.need_words(&["set"])?;
        let assigned = cursor.assignments(&mut found)?;
        let which = cursor.which_rows(&mut found)?;
        return updated(cursor, &tables, assigned, &found, &which);
    }
    if cursor.dialect() == Dialect::Sqlite
        && cursor.word("or")
        && cursor.one_of(&["replace", "ignore", "abort", "fail", "rollback"]).is_none()
    {
        return Err(cursor.unexpected("REPLACE, IGNORE, ABORT, FAIL or ROLLBACK"));
    }
    let table = target(cursor, "set")?;
    cursor.need_words(&["set"])?;
    let columns = cursor.assignments(&mut found)?.into_iter().map(|(_, column)| column).collect();
    if cursor.word("from") {
        cursor.sources(&mut found)?;
    }
    let which = cursor.which_rows(&mut found)?;
    Ok(vec![change(DataKind::Update, table, columns, &found, which)])
}

/// Reads behind DELETE.
pub(super) fn delete(cursor: &mut Cursor<'_>) -> Result<Vec<ChangeData>, Unread> {
    let mut found = Reads::default();
    if cursor.dialect() == Dialect::Mysql {
        return delete_mysql(cursor, &mut found);
    }
    cursor.need_words(&["from"])?;
    let table = target(cursor, "using")?;
    if cursor.dialect() == Dialect::Postgres && cursor.word("using") {
        cursor.sources(&mut found)?;
    }
    let which = cursor.which_rows(&mut found)?;
    Ok(vec![change(DataKind::Delete, table, Vec::new(), &found, which)])
}

/// `[ONLY] table [*] [[AS] alias]`. `next` is the word behind, which is no alias.
fn target(cursor: &mut Cursor<'_>, next: &str) -> Result<ObjectName, Unread> {
    let postgres = cursor.dialect() == Dialect::Postgres;
    let only = postgres && cursor.word("only");
    let wrapped = only && cursor.take(&Token::LParen);
    let table = cursor.relation_name()?;
    if wrapped {
        cursor.need(&Token::RParen)?;
    } else if postgres {
        cursor.take(&Token::Mul);
    }
    let bare = matches!(cursor.parser.peek_token_ref().token, Token::Word(_))
        && ![next, "where", "returning"].iter().any(|word| cursor.at_word(0, word));
    if cursor.word("as") || postgres && bare {
        cursor.column_name()?;
    }
    Ok(table)
}

fn change(kind: DataKind, table: ObjectName, columns: Vec<Ident>, found: &Reads, which: Which) -> ChangeData {
    let Reads { reads, functions: _, uses } = found.clone();
    ChangeData { kind, table, reads, columns, uses, extent: which.extent, condition: which.condition, conflict_guard: false, nested: false }
}

/// A table in MySQL's table references, with the name by which the statement calls it.
struct Named {
    table: ObjectName,
    called: Ident,
}

fn named(cursor: &Cursor<'_>, tables: &[TableWithJoins]) -> Result<Vec<Named>, Unread> {
    let mut all = Vec::new();
    for tree in tables {
        factor(cursor, &tree.relation, &mut all)?;
        for join in &tree.joins {
            factor(cursor, &join.relation, &mut all)?;
        }
    }
    Ok(all)
}

fn factor(cursor: &Cursor<'_>, tree: &TableFactor, all: &mut Vec<Named>) -> Result<(), Unread> {
    match tree {
        TableFactor::Table { name, alias, .. } => {
            let table = cursor.lower_name(name)?;
            let called = alias.as_ref().map_or_else(|| table.name.clone(), |alias| cursor.lower_ident(&alias.name));
            all.push(Named { table, called });
        }
        TableFactor::NestedJoin { table_with_joins, .. } => {
            all.append(&mut named(cursor, std::slice::from_ref(table_with_joins))?);
        }
        _ => {}
    }
    Ok(())
}

/// One change for each table that is assigned to. A column without its table's name is taken to be the first table's.
fn updated(
    cursor: &Cursor<'_>,
    tables: &[TableWithJoins],
    assigned: Vec<(Option<Ident>, Ident)>,
    found: &Reads,
    which: &Which,
) -> Result<Vec<ChangeData>, Unread> {
    let named = named(cursor, tables)?;
    let first = named.first().ok_or_else(|| cursor.unexpected("a table"))?;
    let mut changes: Vec<ChangeData> = Vec::new();
    for (qualifier, column) in assigned {
        let table = match &qualifier {
            Some(qualifier) => &named.iter().find(|table| table.called == *qualifier).unwrap_or(first).table,
            None => &first.table,
        };
        match changes.iter_mut().find(|change| change.table == *table) {
            Some(change) => change.columns.push(column),
            None => changes.push(mysql_change(DataKind::Update, table, vec![column], found, which)),
        }
    }
    Ok(changes)
}

fn mysql_change(kind: DataKind, table: &ObjectName, columns: Vec<Ident>, found: &Reads, which: &Which) -> ChangeData {
    let which = Which { condition: which.condition.clone(), extent: which.extent };
    let mut change = change(kind, table.clone(), columns, found, which);
    change.reads.retain(|name| name != table);
    change
}

/// MySQL's DELETE: one table, or `t1, t2 FROM …`, or `FROM t1, t2 USING …`.
fn delete_mysql(cursor: &mut Cursor<'_>, found: &mut Reads) -> Result<Vec<ChangeData>, Unread> {
    while cursor.one_of(&["low_priority", "quick", "ignore"]).is_some() {}
    let targets_first = !cursor.word("from");
    let place = cursor.place();
    let targets = targets(cursor)?;
    let several = targets_first || targets.len() > 1 || cursor.at_word(0, "using");
    if several {
        cursor.need_words(&[if targets_first { "from" } else { "using" }])?;
        let tables = cursor.sources(found)?;
        let which = cursor.which_rows(found)?;
        let named = named(cursor, &tables)?;
        let resolve = |target: &ObjectName| match named.iter().find(|table| table.called == target.name) {
            Some(table) => table.table.clone(),
            None => target.clone(),
        };
        return Ok(targets.iter().map(|target| mysql_change(DataKind::Delete, &resolve(target), Vec::new(), found, &which)).collect());
    }
    cursor.rewind(place);
    let tables = vec![cursor.parser.parse_table_and_joins()?];
    let which = cursor.which_rows(found)?;
    let named = named(cursor, &tables)?;
    let table = named.first().ok_or_else(|| cursor.unexpected("a table"))?;
    if named.len() > 1 {
        return Err(Unread { reason: "DELETE FROM a join needs USING".to_owned() });
    }
    Ok(vec![mysql_change(DataKind::Delete, &table.table, Vec::new(), found, &which)])
}

/// `t1[.*], t2[.*]`.
fn targets(cursor: &mut Cursor<'_>) -> Result<Vec<ObjectName>, Unread> {
    let mut targets = Vec::new();
    loop {
        let mut name = ObjectName::bare(cursor.column_name()?);
        while cursor.take(&Token::Period) {
            if cursor.take(&Token::Mul) {
                break;
            }
            let last = cursor.parser.parse_identifier()?;
            name = ObjectName { schema: Some(name.name), name: cursor.lower_ident(&last) };
        }
        targets.push(name);
        if !cursor.take(&Token::Comma) {
            return Ok(targets);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Operation;
    use crate::schema::operation::Extent;
    use crate::sql::lower::probes::read;

    /// `table: columns` of each change, and the extent of the first.
    fn changes(dialect: Dialect, text: &str) -> (String, Extent) {
        let clauses = read(dialect, text).unwrap_or_else(|reason| panic!("{text}: {reason}"));
        let mut extent = Extent::All;
        let mut shown = Vec::new();
        for clause in &clauses {
            match &clause.operation {
                Operation::ChangeData(change) => {
                    let columns: Vec<&str> = change.columns.iter().map(Ident::as_str).collect();
                    let reads: Vec<String> = change.reads.iter().map(ToString::to_string).collect();
                    shown.push(format!("{}({}) from {}", change.table, columns.join(" "), reads.join(" ")));
                    extent = change.extent;
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        (shown.join(", "), extent)
    }

    #[test]
    fn every_row_is_told_from_some() {
        for (text, extent) in [
            ("UPDATE t SET a = 1", Extent::All),
            ("UPDATE t SET a = 1 WHERE TRUE", Extent::All),
            ("UPDATE t SET a = 1 WHERE 1 = 1 AND ('x' = 'x')", Extent::All),
            ("UPDATE t SET a = 1 WHERE a IS NULL", Extent::Condition),
            ("UPDATE t SET a = 1 WHERE CURRENT OF c", Extent::Rows(1)),
            ("DELETE FROM t", Extent::All),
            ("DELETE FROM t USING o WHERE t.id = o.id", Extent::Condition),
        ] {
            assert_eq!(changes(Dialect::Postgres, text).1, extent, "{text}");
        }
        assert_eq!(changes(Dialect::Mysql, "DELETE FROM t WHERE a LIMIT 500").1, Extent::Rows(500));
        assert_eq!(changes(Dialect::Mysql, "DELETE FROM t WHERE 1").1, Extent::All);
    }

    #[test]
    fn mysql_changes_each_table_that_is_assigned_to() {
        let (shown, _) = changes(Dialect::Mysql, "UPDATE a AS x JOIN b ON b.id = x.id, c SET x.p = b.q, b.r = 1, s = c.t WHERE x.u");
        assert_eq!(shown, "a(p s) from b c, b(r) from a c");
        let (shown, _) = changes(Dialect::Mysql, "DELETE x, c.* FROM a AS x JOIN c ON c.id = x.id WHERE x.u");
        assert_eq!(shown, "a() from c, c() from a");
        let (shown, _) = changes(Dialect::Mysql, "DELETE FROM a, b USING a JOIN b JOIN o WHERE a.id = o.id");
        assert_eq!(shown, "a() from b o, b() from a o");
    }

    #[test]
    fn what_is_read_beside_the_table_is_named() {
        let (shown, _) = changes(
            Dialect::Postgres,
            "UPDATE t x SET (a, b) = (SELECT c, d FROM s.o), e[1] = 2 FROM p JOIN q USING (id) WHERE x.id IN (SELECT id FROM r)",
        );
        assert_eq!(shown, "t(a b e) from s.o p q r");
    }
}
