//! CREATE INDEX in every dialect, and MySQL's index definitions inside CREATE and ALTER TABLE.

use sqlparser::tokenizer::Token;

use crate::schema::operation::CreateIndex;
use crate::schema::{Dialect, Ident, ObjectName};
use crate::sql::cursor::{Cursor, Unread};

/// Reads `[UNIQUE | FULLTEXT | SPATIAL] INDEX …` behind CREATE; `None`, with nothing consumed, if that does not stand here.
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<Option<CreateIndex>, Unread> {
    let kinds: &[&str] = if cursor.dialect() == Dialect::Mysql { &["unique", "fulltext", "spatial"] } else { &["unique"] };
    let kind = kinds.iter().find(|kind| cursor.at_word(0, kind));
    if !cursor.at_word(usize::from(kind.is_some()), "index") {
        return Ok(None);
    }
    if kind.is_some() {
        cursor.parser.advance_token();
    }
    cursor.word("index");
    let mut index = blank(ObjectName::bare(Ident::stored("")));
    index.unique = kind == Some(&"unique");
    if let Some(special @ (&"fulltext" | &"spatial")) = kind {
        index.method = (*special).to_owned();
    }
    match cursor.dialect() {
        Dialect::Postgres => postgres(cursor, &mut index)?,
        Dialect::Sqlite => sqlite(cursor, &mut index)?,
        Dialect::Mysql => mysql(cursor, &mut index)?,
    }
    Ok(Some(index))
}

fn blank(table: ObjectName) -> CreateIndex {
    CreateIndex {
        name: None,
        table,
        keys: Vec::new(),
        include: Vec::new(),
        predicate: None,
        unique: false,
        concurrently: false,
        if_not_exists: false,
        only: false,
        method: "btree".to_owned(),
        nulls_not_distinct: false,
        algorithm: None,
        lock: None,
    }
}

fn postgres(cursor: &mut Cursor<'_>, index: &mut CreateIndex) -> Result<(), Unread> {
    index.concurrently = cursor.word("concurrently");
    index.if_not_exists = cursor.words(&["if", "not", "exists"]);
    if index.if_not_exists || !cursor.at_word(0, "on") {
        index.name = Some(cursor.column_name()?);
    }
    cursor.need_words(&["on"])?;
    index.only = cursor.word("only");
    index.table = cursor.relation_name()?;
    if cursor.word("using") {
        index.method = cursor.column_name()?.as_str().to_owned();
    }
    index.keys = cursor.list(Cursor::index_key)?;
    if cursor.word("include") {
        index.include = cursor.ident_list()?;
    }
    index.nulls_not_distinct = cursor.nulls_not_distinct()?;
    if cursor.word("with") {
        cursor.parameters()?;
    }
    if cursor.word("tablespace") {
        cursor.column_name()?;
    }
    predicate(cursor, index)
}

fn sqlite(cursor: &mut Cursor<'_>, index: &mut CreateIndex) -> Result<(), Unread> {
    index.if_not_exists = cursor.words(&["if", "not", "exists"]);
    let name = cursor.relation_name()?;
    cursor.need_words(&["on"])?;
    // A schema before the index's name says where the table is.
    index.table = ObjectName { schema: name.schema, name: cursor.column_name()? };
    index.name = Some(name.name);
    index.keys = cursor.list(Cursor::index_key)?;
    predicate(cursor, index)
}

fn predicate(cursor: &mut Cursor<'_>, index: &mut CreateIndex) -> Result<(), Unread> {
    if cursor.word("where") {
        index.predicate = Some(cursor.condition()?.0);
    }
    Ok(())
}

fn mysql(cursor: &mut Cursor<'_>, index: &mut CreateIndex) -> Result<(), Unread> {
    index.if_not_exists = cursor.words(&["if", "not", "exists"]);
    index.name = Some(cursor.column_name()?);
    let before = cursor.index_type()?;
    cursor.need_words(&["on"])?;
    index.table = cursor.relation_name()?;
    index.keys = cursor.list(Cursor::index_key)?;
    let behind = cursor.index_options()?;
    if let Some(method) = behind.or(before) {
        index.method = method;
    }
    loop {
        if cursor.word("algorithm") {
            index.algorithm = Some(choice(cursor)?);
        } else if cursor.word("lock") {
            index.lock = Some(choice(cursor)?);
        } else if cursor.word("wait") {
            cursor.number()?;
        } else if !cursor.word("nowait") {
            return Ok(());
        }
    }
}

/// `[=] WORD`, upper case.
fn choice(cursor: &mut Cursor<'_>) -> Result<String, Unread> {
    cursor.take(&Token::Eq);
    match cursor.one_of(&["default", "inplace", "copy", "nocopy", "instant", "none", "shared", "exclusive"]) {
        Some(word) => Ok(word.to_ascii_uppercase()),
        None => Err(cursor.unexpected("an algorithm or a lock level")),
    }
}

impl Cursor<'_> {
    /// Whether MySQL's `{INDEX | KEY | FULLTEXT | SPATIAL} …` starts here rather than a column.
    pub(in crate::sql) fn at_mysql_index(&self) -> bool {
        self.dialect() == Dialect::Mysql && ["index", "key", "fulltext", "spatial"].iter().any(|word| self.at_word(0, word))
    }

    /// Reads `{INDEX | KEY} [name] …` or `{FULLTEXT | SPATIAL} [INDEX | KEY] [name] …` of this table.
    pub(in crate::sql) fn mysql_index(&mut self, table: &ObjectName) -> Result<CreateIndex, Unread> {
        let mut index = blank(table.clone());
        if let Some(special) = self.one_of(&["fulltext", "spatial"]) {
            index.method = special.to_owned();
        }
        let named_kind = self.one_of(&["index", "key"]).is_some();
        if !named_kind && index.method == "btree" {
            return Err(self.unexpected("INDEX or KEY"));
        }
        index.if_not_exists = self.words(&["if", "not", "exists"]);
        let mut method = self.index_type()?;
        if !self.at(0, &Token::LParen) {
            index.name = Some(self.column_name()?);
            method = self.index_type()?.or(method);
        }
        index.keys = self.list(Cursor::index_key)?;
        method = self.index_options()?.or(method);
        if let Some(method) = method {
            index.method = method;
        }
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Operation;
    use crate::schema::table::IndexKey;
    use crate::sql::lower::probes::read;

    fn index(dialect: Dialect, text: &str) -> CreateIndex {
        match read(dialect, text).as_deref() {
            Ok([clause]) => match &clause.operation {
                Operation::CreateIndex(index) => (**index).clone(),
                other => panic!("{text}: {other:?}"),
            },
            other => panic!("{text}: {other:?}"),
        }
    }

    fn keys(index: &CreateIndex) -> Vec<String> {
        index
            .keys
            .iter()
            .map(|key| match key {
                IndexKey::Column(name) => name.to_string(),
                IndexKey::Expression(expression) => format!("({})", expression.text),
            })
            .collect()
    }

    #[test]
    fn every_part_of_a_postgres_index_is_kept() {
        let index = index(
            Dialect::Postgres,
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS by_mail ON ONLY s.users USING gin (lower(mail) text_ops DESC, id, (a || b)) \
             INCLUDE (c) NULLS NOT DISTINCT WHERE deleted_at IS NULL",
        );
        assert_eq!(keys(&index), ["(lower ( mail ))", "id", "(a || b)"]);
        assert_eq!(index.table.to_string(), "s.users");
        assert_eq!(index.method, "gin");
        assert_eq!(index.include, [Ident::stored("c")]);
        assert_eq!(index.predicate.as_ref().map(|predicate| predicate.text.as_str()), Some("deleted_at is null"));
        assert!(index.unique && index.concurrently && index.if_not_exists && index.only && index.nulls_not_distinct);
    }

    #[test]
    fn other_dialects_keep_theirs() {
        let index = super::tests::index(Dialect::Mysql, "CREATE FULLTEXT INDEX i ON t (a(10), (lower(b))) ALGORITHM=INPLACE LOCK NONE");
        assert_eq!((index.method.as_str(), index.algorithm.as_deref(), index.lock.as_deref()), ("fulltext", Some("INPLACE"), Some("NONE")));
        assert_eq!(keys(&index), ["a", "(lower ( b ))"]);
        let index = super::tests::index(Dialect::Sqlite, "CREATE INDEX aux.i ON t (a COLLATE NOCASE, b + 1 DESC) WHERE c");
        assert_eq!(index.table.to_string(), "aux.t");
        assert_eq!(keys(&index), ["a", "(b + 1)"]);
    }
}
