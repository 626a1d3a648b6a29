//! One key of an index or a key constraint: a column or an expression with collation, operator class and order.

use sqlparser::ast::Expr;
use sqlparser::dialect::Precedence;
use sqlparser::tokenizer::Token;

use crate::schema::table::IndexKey;
use crate::schema::{Dialect, Ident};
use crate::sql::cursor::{Cursor, Unread, grammar};

/// The columns that a key depends on.
pub(super) fn columns_of(key: IndexKey) -> Vec<Ident> {
    match key {
        IndexKey::Column(column) => vec![column],
        IndexKey::Expression(expression) => expression.columns.clone(),
    }
}

impl Cursor<'_> {
    /// Reads one key with everything that may follow it.
    pub(in crate::sql) fn index_key(&mut self) -> Result<IndexKey, Unread> {
        match self.dialect() {
            Dialect::Postgres => {
                let key = self.postgres_key()?;
                if self.word("collate") {
                    self.relation_name()?;
                }
                self.operator_class()?;
                self.order()?;
                Ok(key)
            }
            Dialect::Mysql => {
                let key = if self.at(0, &Token::LParen) {
                    IndexKey::Expression(self.parenthesised_expression()?.0)
                } else {
                    IndexKey::Column(self.prefix_column()?)
                };
                self.one_of(&["asc", "desc"]);
                Ok(key)
            }
            Dialect::Sqlite => {
                let key = self.sqlite_key()?;
                self.order()?;
                Ok(key)
            }
        }
    }

    /// A column of a MySQL key: perhaps a prefix of it, perhaps with an order.
    pub(super) fn key_part(&mut self) -> Result<Ident, Unread> {
        let column = self.prefix_column()?;
        self.one_of(&["asc", "desc"]);
        Ok(column)
    }

    /// A column of a SQLite key constraint.
    pub(super) fn sqlite_key_part(&mut self) -> Result<Ident, Unread> {
        let column = self.column_name()?;
        if self.word("collate") {
            self.ident()?;
        }
        self.one_of(&["asc", "desc"]);
        self.word("autoincrement");
        Ok(column)
    }

    fn prefix_column(&mut self) -> Result<Ident, Unread> {
        let column = self.column_name()?;
        if self.take(&Token::LParen) {
            self.number()?;
            self.need(&Token::RParen)?;
        }
        Ok(column)
    }

    /// A column, a function call or an expression in parentheses.
    fn postgres_key(&mut self) -> Result<IndexKey, Unread> {
        if self.at(0, &Token::LParen) {
            return Ok(IndexKey::Expression(self.parenthesised_expression()?.0));
        }
        if !self.at(1, &Token::LParen) && !self.at(1, &Token::Period) {
            return Ok(IndexKey::Column(self.column_name()?));
        }
        let start = self.start();
        let tree = self.parser.parse_subexpr(grammar(Dialect::Postgres).prec_value(Precedence::Period))?;
        let span = self.span_from(start);
        if matches!(tree, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            return Err(self.unexpected("a column or a function call as key"));
        }
        Ok(IndexKey::Expression(self.facts(&tree, span)?))
    }

    fn sqlite_key(&mut self) -> Result<IndexKey, Unread> {
        let start = self.start();
        let ends = matches!(self.parser.peek_nth_token_ref(1).token, Token::Comma | Token::RParen)
            || ["asc", "desc", "collate", "nulls"].iter().any(|word| self.at_word(1, word));
        if ends && !matches!(self.parser.peek_token_ref().token, Token::Number(..)) {
            let column = self.column_name()?;
            if self.word("collate") {
                self.ident()?;
            }
            return Ok(IndexKey::Column(column));
        }
        let tree = self.parser.parse_expr()?;
        let span = self.span_from(start);
        Ok(IndexKey::Expression(self.facts(&tree, span)?))
    }

    /// PostgreSQL's `text_pattern_ops`, perhaps with options. Any word that is not an order, INCLUDE or WITH.
    fn operator_class(&mut self) -> Result<(), Unread> {
        const NEXT: [&str; 5] = ["asc", "desc", "nulls", "with", "include"];
        let class = matches!(self.parser.peek_token_ref().token, Token::Word(_)) && !NEXT.iter().any(|word| self.at_word(0, word));
        if class {
            self.relation_name()?;
            if self.at(0, &Token::LParen) {
                self.parameters()?;
            }
        }
        Ok(())
    }

    fn order(&mut self) -> Result<(), Unread> {
        self.one_of(&["asc", "desc"]);
        if self.word("nulls") && self.one_of(&["first", "last"]).is_none() {
            return Err(self.unexpected("FIRST or LAST"));
        }
        Ok(())
    }

    /// MySQL's `USING BTREE`.
    pub(in crate::sql) fn index_type(&mut self) -> Result<Option<String>, Unread> {
        if self.dialect() == Dialect::Mysql && (self.word("using") || self.word("type")) {
            return match self.one_of(&["btree", "hash", "rtree"]) {
                Some(method) => Ok(Some(method.to_owned())),
                None => Err(self.unexpected("BTREE, HASH or RTREE")),
            };
        }
        Ok(None)
    }

    /// MySQL's options behind the columns of a key; the method if one is among them.
    pub(in crate::sql) fn index_options(&mut self) -> Result<Option<String>, Unread> {
        let mut method = None;
        loop {
            if let Some(written) = self.index_type()? {
                method = Some(written);
            } else if self.word("key_block_size") {
                self.take(&Token::Eq);
                self.number()?;
            } else if self.word("comment") || self.word("engine_attribute") || self.word("secondary_engine_attribute") {
                self.take(&Token::Eq);
                self.string()?;
            } else if self.words(&["with", "parser"]) {
                self.ident()?;
            } else if self.word("clustering") {
                self.take(&Token::Eq);
                self.ident()?;
            } else if self.one_of(&["visible", "invisible", "ignored"]).is_none() && !self.words(&["not", "ignored"]) {
                return Ok(method);
            }
        }
    }
}
