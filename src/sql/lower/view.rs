//! CREATE VIEW and CREATE MATERIALIZED VIEW in every dialect.

use std::ops::ControlFlow;

use sqlparser::ast::{self, Visit, Visitor};
use sqlparser::tokenizer::Token;

use super::view_columns;
use crate::schema::operation::CreateView;
use crate::schema::{Dialect, Ident};
use crate::sql::cursor::{Cursor, Unread};

/// Reads `[TEMPORARY] [RECURSIVE] [MATERIALIZED] VIEW …` behind CREATE [OR REPLACE]; `None`, with nothing consumed, if
/// that does not stand here.
pub(in crate::sql) fn create(cursor: &mut Cursor<'_>) -> Result<Option<CreateView>, Unread> {
    let dialect = cursor.dialect();
    let place = cursor.place();
    if dialect == Dialect::Mysql {
        mysql_properties(cursor)?;
    }
    let temporary = dialect != Dialect::Mysql && cursor.one_of(&["temporary", "temp"]).is_some();
    let recursive = dialect == Dialect::Postgres && cursor.word("recursive");
    let materialized = dialect == Dialect::Postgres && !temporary && !recursive && cursor.word("materialized");
    if !cursor.word("view") {
        cursor.rewind(place);
        return Ok(None);
    }
    let if_not_exists = (dialect != Dialect::Postgres || materialized) && cursor.words(&["if", "not", "exists"]);
    let name = cursor.relation_name()?;
    let names = cursor.optional_ident_list()?;
    if recursive && names.is_empty() {
        return Err(cursor.unexpected("the columns of a recursive view"));
    }
    if dialect == Dialect::Postgres {
        options(cursor, materialized)?;
    }
    cursor.need_words(&["as"])?;
    let tree = cursor.parser.parse_query()?;
    let mut found = cursor.references(&*tree)?;
    if recursive {
        found.without(std::slice::from_ref(&name));
    }
    let shape = view_columns::of(cursor, &tree, &names);
    tail(cursor, materialized)?;
    Ok(Some(CreateView {
        name,
        or_replace: false,
        if_not_exists,
        materialized,
        temporary,
        reads: found.reads,
        uses: identifiers(cursor, &tree),
        columns: shape.columns,
        shows: shape.shows,
        simple: shape.simple && dialect != Dialect::Sqlite && !materialized && !recursive,
    }))
}

/// MySQL's ALGORITHM, DEFINER and SQL SECURITY.
fn mysql_properties(cursor: &mut Cursor<'_>) -> Result<(), Unread> {
    if cursor.word("algorithm") {
        cursor.need(&Token::Eq)?;
        if cursor.one_of(&["undefined", "merge", "temptable"]).is_none() {
            return Err(cursor.unexpected("UNDEFINED, MERGE or TEMPTABLE"));
        }
    }
    if cursor.word("definer") {
        cursor.need(&Token::Eq)?;
        account(cursor)?;
    }
    if cursor.words(&["sql", "security"]) && cursor.one_of(&["definer", "invoker"]).is_none() {
        return Err(cursor.unexpected("DEFINER or INVOKER"));
    }
    Ok(())
}

/// `user@host`, CURRENT_USER or CURRENT_USER().
fn account(cursor: &mut Cursor<'_>) -> Result<(), Unread> {
    if cursor.word("current_user") || cursor.word("current_role") {
        if cursor.at(0, &Token::LParen) {
            cursor.skip_parentheses()?;
        }
        return Ok(());
    }
    cursor.parser.parse_identifier()?;
    // The tokenizer takes `@host` for one word or for a sign and a word.
    match &cursor.parser.peek_token_ref().token {
        Token::AtSign => {
            cursor.parser.advance_token();
            cursor.parser.parse_identifier()?;
        }
        Token::Word(word) if word.value.starts_with('@') => cursor.parser.advance_token(),
        _ => {}
    }
    Ok(())
}

/// What PostgreSQL takes before AS.
fn options(cursor: &mut Cursor<'_>, materialized: bool) -> Result<(), Unread> {
    if materialized && cursor.word("using") {
        cursor.column_name()?;
    }
    if cursor.word("with") {
        cursor.parameters()?;
    }
    if materialized && cursor.word("tablespace") {
        cursor.column_name()?;
    }
    Ok(())
}

/// WITH CHECK OPTION, or WITH [NO] DATA of a materialised view.
fn tail(cursor: &mut Cursor<'_>, materialized: bool) -> Result<(), Unread> {
    if cursor.dialect() == Dialect::Sqlite || !cursor.word("with") {
        return Ok(());
    }
    if materialized {
        return if cursor.words(&["no", "data"]) || cursor.word("data") { Ok(()) } else { Err(cursor.unexpected("DATA or NO DATA")) };
    }
    cursor.one_of(&["cascaded", "local"]);
    cursor.need_words(&["check", "option"])
}

/// Every identifier in the query, once.
fn identifiers(cursor: &Cursor<'_>, tree: &ast::Query) -> Vec<Ident> {
    struct Names<'c, 'a>(&'c Cursor<'a>, Vec<Ident>);
    impl Visitor for Names<'_, '_> {
        type Break = ();

        fn pre_visit_ident(&mut self, ident: &ast::Ident) -> ControlFlow<()> {
            let name = self.0.lower_ident(ident);
            if !self.1.contains(&name) {
                self.1.push(name);
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = Names(cursor, Vec::new());
    let _ = tree.visit(&mut names);
    names.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Operation;
    use crate::schema::operation::ViewColumn;
    use crate::sql::lower::probes::read;

    fn view(dialect: Dialect, text: &str) -> CreateView {
        match read(dialect, text).as_deref() {
            Ok([clause]) => match &clause.operation {
                Operation::CreateView(view) => (**view).clone(),
                other => panic!("{text}: {other:?}"),
            },
            other => panic!("{text}: {other:?}"),
        }
    }

    fn columns(view: &CreateView) -> Option<String> {
        let shown = view.columns.as_ref()?.iter().map(|column| match column {
            ViewColumn::All => "*".to_owned(),
            ViewColumn::Column { source, name } => format!("{source}={name}"),
        });
        Some(shown.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_view_of_one_table_shows_which_columns_it_hands_through() {
        for (text, shown, simple) in [
            ("CREATE VIEW v AS SELECT * FROM t", Some("*"), true),
            ("CREATE VIEW v AS SELECT t.* FROM t WHERE a > 1 ORDER BY b", Some("*"), true),
            ("CREATE VIEW v AS SELECT x.a, b AS c FROM t x WITH CHECK OPTION", Some("a=a b=c"), true),
            ("CREATE VIEW v (p) AS SELECT a, b FROM t", Some("a=p b=b"), true),
            ("CREATE VIEW v (p) AS SELECT * FROM t", None, true),
            ("CREATE VIEW v AS SELECT a, lower(b) FROM t", None, true),
            ("CREATE VIEW v AS SELECT *, a FROM t", None, true),
            ("CREATE VIEW v AS SELECT count(*) FROM t", None, false),
            ("CREATE VIEW v AS SELECT a, rank() OVER () FROM t", None, false),
            ("CREATE VIEW v AS SELECT DISTINCT a FROM t", Some("a=a"), false),
            ("CREATE VIEW v AS SELECT a FROM t GROUP BY a", Some("a=a"), false),
            ("CREATE VIEW v AS SELECT a FROM t LIMIT 5", Some("a=a"), false),
            ("CREATE VIEW v AS SELECT a FROM t JOIN o USING (id)", None, false),
            ("CREATE VIEW v AS SELECT a FROM t UNION SELECT b FROM o", None, false),
            ("CREATE MATERIALIZED VIEW v AS SELECT * FROM t", Some("*"), false),
        ] {
            let view = view(Dialect::Postgres, text);
            assert_eq!((columns(&view).as_deref(), view.simple), (shown, simple), "{text}");
        }
        assert!(!view(Dialect::Sqlite, "CREATE VIEW v AS SELECT * FROM t").simple);
    }

    #[test]
    fn a_view_names_what_it_reads_and_uses() {
        let view = view(
            Dialect::Mysql,
            "CREATE OR REPLACE DEFINER=`root`@`%` SQL SECURITY INVOKER VIEW db.v AS SELECT a FROM t JOIN o ON t.x = o.y",
        );
        assert_eq!(view.reads.iter().map(ToString::to_string).collect::<Vec<_>>(), ["t", "o"]);
        assert!(["a", "x", "y"].iter().all(|name| view.uses.contains(&Ident::stored(name))));
        assert!(view.or_replace && !view.materialized);
    }
}
