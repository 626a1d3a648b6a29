//! Pieces of constraints: key columns, referential actions, index parameters, conflict clauses.

use sqlparser::tokenizer::Token;

use super::index_key::columns_of;
use crate::schema::table::{ConstraintKind, ReferentialAction};
use crate::schema::{Dialect, Ident};
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Columns of a key; PostgreSQL 18 takes `period WITHOUT OVERLAPS` and `PERIOD period` as the last.
    pub(super) fn key_columns(&mut self) -> Result<Vec<Ident>, Unread> {
        self.list(|cursor| {
            if cursor.dialect() == Dialect::Postgres {
                if cursor.at_word(0, "period") && matches!(cursor.parser.peek_nth_token_ref(1).token, Token::Word(_)) {
                    cursor.word("period");
                }
                let column = cursor.column_name()?;
                cursor.words(&["without", "overlaps"]);
                return Ok(column);
            }
            cursor.column_name()
        })
    }

    /// The columns behind REFERENCES table; none where the primary key is meant.
    pub(super) fn referenced_columns(&mut self) -> Result<Vec<Ident>, Unread> {
        if !self.at(0, &Token::LParen) {
            return Ok(Vec::new());
        }
        if self.dialect() == Dialect::Mysql { self.list(Cursor::key_part) } else { self.key_columns() }
    }

    /// MATCH, ON DELETE and ON UPDATE in any order: the actions on delete and on update.
    pub(super) fn key_actions(&mut self) -> Result<(ReferentialAction, ReferentialAction), Unread> {
        let (mut on_delete, mut on_update) = (ReferentialAction::NoAction, ReferentialAction::NoAction);
        loop {
            if self.word("match") {
                // SQLite takes any name here.
                if self.dialect() == Dialect::Sqlite {
                    self.column_name()?;
                } else if self.one_of(&["full", "partial", "simple"]).is_none() {
                    return Err(self.unexpected("FULL, PARTIAL or SIMPLE"));
                }
            } else if self.words(&["on", "delete"]) {
                on_delete = self.key_action()?;
            } else if self.words(&["on", "update"]) {
                on_update = self.key_action()?;
            } else if !(self.dialect() == Dialect::Sqlite && self.on_insert()?) {
                return Ok((on_delete, on_update));
            }
        }
    }

    /// SQLite reads ON INSERT and does nothing with it.
    fn on_insert(&mut self) -> Result<bool, Unread> {
        if !self.words(&["on", "insert"]) {
            return Ok(false);
        }
        self.key_action().map(|_| true)
    }

    fn key_action(&mut self) -> Result<ReferentialAction, Unread> {
        let action = if self.words(&["no", "action"]) {
            ReferentialAction::NoAction
        } else if self.word("restrict") {
            ReferentialAction::Restrict
        } else if self.word("cascade") {
            ReferentialAction::Cascade
        } else if self.words(&["set", "null"]) {
            ReferentialAction::SetNull
        } else if self.words(&["set", "default"]) {
            ReferentialAction::SetDefault
        } else {
            return Err(self.unexpected("CASCADE, RESTRICT, SET NULL, SET DEFAULT or NO ACTION"));
        };
        let sets = matches!(action, ReferentialAction::SetNull | ReferentialAction::SetDefault);
        if sets && self.dialect() == Dialect::Postgres {
            self.optional_ident_list()?;
        }
        Ok(action)
    }

    /// PostgreSQL's NULLS [NOT] DISTINCT: whether NOT was written.
    pub(super) fn nulls_not_distinct(&mut self) -> Result<bool, Unread> {
        if self.dialect() != Dialect::Postgres {
            return Ok(false);
        }
        let not = self.words(&["nulls", "not", "distinct"]);
        if !not {
            self.words(&["nulls", "distinct"]);
        }
        Ok(not)
    }

    /// PostgreSQL's INCLUDE, WITH and USING INDEX TABLESPACE behind a key.
    pub(super) fn index_parameters(&mut self) -> Result<(), Unread> {
        if self.dialect() != Dialect::Postgres {
            return Ok(());
        }
        if self.word("include") {
            self.ident_list()?;
        }
        if self.at_word(0, "with") && self.at(1, &Token::LParen) {
            self.word("with");
            self.parameters()?;
        }
        if self.words(&["using", "index", "tablespace"]) {
            self.column_name()?;
        }
        Ok(())
    }

    /// `EXCLUDE [USING method] (key WITH operator, …) [INCLUDE …] [WITH …] [WHERE (…)]`, behind the word.
    pub(super) fn exclusion(&mut self) -> Result<ConstraintKind, Unread> {
        if self.word("using") {
            self.ident()?;
        }
        let mut columns = Vec::new();
        self.need(&Token::LParen)?;
        loop {
            columns.extend(columns_of(self.index_key()?));
            self.need_words(&["with"])?;
            self.operator()?;
            if !self.take(&Token::Comma) {
                break;
            }
        }
        self.need(&Token::RParen)?;
        self.index_parameters()?;
        if self.word("where") {
            self.parenthesised_condition()?;
        }
        Ok(ConstraintKind::Exclusion { columns })
    }

    /// An operator's sign, or `OPERATOR(schema.sign)`.
    fn operator(&mut self) -> Result<(), Unread> {
        if self.word("operator") {
            return self.skip_parentheses();
        }
        match &self.parser.peek_token_ref().token {
            Token::Word(_) | Token::LParen | Token::RParen | Token::Comma | Token::Number(..) | Token::EOF => {
                Err(self.unexpected("an operator"))
            }
            _ => {
                self.parser.advance_token();
                Ok(())
            }
        }
    }

    /// SQLite's ON CONFLICT behind a constraint.
    pub(super) fn conflict_clause(&mut self) -> Result<(), Unread> {
        if self.dialect() == Dialect::Sqlite
            && self.words(&["on", "conflict"])
            && self.one_of(&["rollback", "abort", "fail", "ignore", "replace"]).is_none()
        {
            return Err(self.unexpected("ROLLBACK, ABORT, FAIL, IGNORE or REPLACE"));
        }
        Ok(())
    }
}
