//! CREATE TABLE in every dialect: the head and the order of its parts.

use sqlparser::tokenizer::Token;

use crate::schema::operation::CreateTable;
use crate::schema::table::Persistence;
use crate::schema::{Dialect, ObjectName};
use crate::sql::cursor::{Cursor, Unread};

/// Reads `[TEMPORARY | UNLOGGED] TABLE …` behind CREATE.
pub(in crate::sql) fn create(cursor: &mut Cursor<'_>) -> Result<CreateTable, Unread> {
    let persistence = persistence(cursor)?;
    cursor.need_words(&["table"])?;
    let if_not_exists = cursor.words(&["if", "not", "exists"]);
    let mut table = blank(cursor.relation_name()?);
    table.persistence = persistence;
    table.if_not_exists = if_not_exists;
    match cursor.dialect() {
        Dialect::Postgres => postgres(cursor, &mut table)?,
        Dialect::Sqlite => sqlite(cursor, &mut table)?,
        Dialect::Mysql => mysql(cursor, &mut table)?,
    }
    Ok(table)
}

fn persistence(cursor: &mut Cursor<'_>) -> Result<Persistence, Unread> {
    let dialect = cursor.dialect();
    if dialect == Dialect::Postgres {
        if cursor.word("unlogged") {
            return Ok(Persistence::Unlogged);
        }
        if cursor.one_of(&["global", "local"]).is_some() && !cursor.at_word(0, "temporary") && !cursor.at_word(0, "temp") {
            return Err(cursor.unexpected("TEMPORARY"));
        }
    }
    let temporary = cursor.word("temporary") || dialect != Dialect::Mysql && cursor.word("temp");
    Ok(if temporary { Persistence::Temporary } else { Persistence::Permanent })
}

/// A table of which only the name is known.
pub(in crate::sql) fn blank(name: ObjectName) -> CreateTable {
    CreateTable {
        name,
        if_not_exists: false,
        persistence: Persistence::Permanent,
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        like: Vec::new(),
        inherits: Vec::new(),
        partition_of: None,
        partition_by: None,
        as_query: None,
        charset: None,
        without_rowid: false,
        strict: false,
        foreign: false,
    }
}

fn postgres(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<(), Unread> {
    let mut names_only = false;
    let mut as_query_only = false;
    if cursor.word("of") {
        cursor.relation_name()?;
        if cursor.at(0, &Token::LParen) {
            cursor.typed_elements(table)?;
        }
    } else if cursor.words(&["partition", "of"]) {
        let parent = cursor.relation_name()?;
        if cursor.at(0, &Token::LParen) {
            cursor.typed_elements(table)?;
        }
        table.partition_of = Some((parent, cursor.partition_bound()?));
    } else if cursor.at(0, &Token::LParen) {
        names_only = cursor.table_elements(table)?;
        if cursor.word("inherits") {
            table.inherits = cursor.list(Cursor::relation_name)?;
        }
    } else {
        as_query_only = true;
    }
    if cursor.words(&["partition", "by"]) {
        table.partition_by = Some(cursor.partition_key()?);
    }
    cursor.postgres_table_options()?;
    if cursor.word("as") {
        table.as_query = Some(if cursor.word("execute") { prepared(cursor)? } else { cursor.query()?.reads });
        if !(cursor.words(&["with", "no", "data"]) || cursor.words(&["with", "data"])) && cursor.at_word(0, "with") {
            return Err(cursor.unexpected("WITH DATA or WITH NO DATA"));
        }
    } else if as_query_only {
        return Err(cursor.unexpected("`(`"));
    } else if names_only {
        return Err(Unread { reason: "a column has no type".to_owned() });
    }
    Ok(())
}

/// A prepared statement and its arguments: which relations it reads stands elsewhere.
fn prepared(cursor: &mut Cursor<'_>) -> Result<Vec<ObjectName>, Unread> {
    cursor.column_name()?;
    if cursor.at(0, &Token::LParen) {
        cursor.list(Cursor::expression)?;
    }
    Ok(Vec::new())
}

fn sqlite(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<(), Unread> {
    if cursor.word("as") {
        table.as_query = Some(cursor.query()?.reads);
        return Ok(());
    }
    cursor.table_elements(table)?;
    let mut more = false;
    loop {
        if cursor.words(&["without", "rowid"]) {
            table.without_rowid = true;
        } else if cursor.word("strict") {
            table.strict = true;
        } else {
            return if more { Err(cursor.unexpected("STRICT or WITHOUT ROWID")) } else { Ok(()) };
        }
        more = cursor.take(&Token::Comma);
        if !more {
            return Ok(());
        }
    }
}

fn mysql(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<(), Unread> {
    if cursor.word("like") {
        table.like = vec![cursor.relation_name()?];
        return Ok(());
    }
    if cursor.at(0, &Token::LParen) && cursor.at_word(1, "like") {
        cursor.need(&Token::LParen)?;
        cursor.word("like");
        table.like = vec![cursor.relation_name()?];
        return cursor.need(&Token::RParen);
    }
    let defined = cursor.at(0, &Token::LParen) && !cursor.at_word(1, "select") && !cursor.at(1, &Token::LParen);
    if defined {
        cursor.table_elements(table)?;
    }
    table.charset = cursor.mysql_table_options()?;
    if cursor.words(&["partition", "by"]) {
        table.partition_by = Some(cursor.mysql_partitioning()?);
    }
    cursor.one_of(&["ignore", "replace"]);
    let explicit = cursor.word("as");
    if explicit || !defined || cursor.at_word(0, "select") || cursor.at_word(0, "with") || cursor.at(0, &Token::LParen) {
        table.as_query = Some(cursor.query()?.reads);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Operation;
    use crate::sql::lower::probes::read;

    fn table(dialect: Dialect, text: &str) -> CreateTable {
        match read(dialect, text).as_deref() {
            Ok([clause]) => match &clause.operation {
                Operation::CreateTable(table) => (**table).clone(),
                other => panic!("{text}: {other:?}"),
            },
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn columns_and_constraints_are_kept_in_order() {
        let table = table(
            Dialect::Postgres,
            "CREATE UNLOGGED TABLE IF NOT EXISTS s.t (id bigserial PRIMARY KEY, LIKE o INCLUDING ALL, a int REFERENCES p, UNIQUE (a, id), CHECK (a > 0)) \
             INHERITS (q) PARTITION BY RANGE (a, lower(b))",
        );
        assert_eq!(table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["id", "a"]);
        assert_eq!(table.constraints.len(), 4);
        assert_eq!((table.like.len(), table.inherits.len()), (1, 1));
        assert_eq!(table.persistence, Persistence::Unlogged);
        assert!(table.if_not_exists);
        let (strategy, columns) = table.partition_by.expect("it is partitioned");
        assert_eq!((strategy.as_str(), columns.len()), ("range", 1));
    }

    #[test]
    fn a_partition_knows_its_parent() {
        let table = super::tests::table(Dialect::Postgres, "CREATE TABLE t PARTITION OF s.p DEFAULT");
        assert_eq!(table.partition_of.map(|(parent, bound)| (parent.to_string(), bound.is_default())), Some(("s.p".to_owned(), true)));
    }

    #[test]
    fn a_table_made_by_a_query_knows_what_it_reads() {
        for dialect in Dialect::ALL {
            let table = super::tests::table(dialect, "CREATE TABLE t AS SELECT * FROM a JOIN b USING (id)");
            assert_eq!(table.as_query.map(|reads| reads.len()), Some(2), "{dialect}");
            assert!(table.columns.is_empty());
        }
        let table = super::tests::table(Dialect::Postgres, "SELECT a INTO TEMP n FROM o");
        assert_eq!((table.name.to_string(), table.persistence), ("n".to_owned(), Persistence::Temporary));
    }

    #[test]
    fn keys_inside_a_mysql_table_are_indexes_of_it() {
        let table = super::tests::table(Dialect::Mysql, "CREATE TABLE t (a INT, KEY k (a), UNIQUE KEY u (a), FULLTEXT ft (a))");
        assert_eq!(table.indexes.iter().map(|index| index.method.as_str()).collect::<Vec<_>>(), ["btree", "fulltext"]);
        assert_eq!(table.constraints[0].name.as_ref().map(ToString::to_string).as_deref(), Some("u"));
    }

    #[test]
    fn a_table_without_rowid_is_told() {
        let table = super::tests::table(Dialect::Sqlite, "CREATE TABLE t (a PRIMARY KEY) STRICT, WITHOUT ROWID");
        assert!(table.without_rowid && table.strict);
    }
}
