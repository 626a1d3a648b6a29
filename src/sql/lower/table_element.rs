//! The list in the parentheses of CREATE TABLE: columns, constraints, MySQL's keys, LIKE.

use sqlparser::tokenizer::Token;

use crate::schema::Dialect;
use crate::schema::operation::{CreateTable, NewColumn};
use crate::schema::table::Generated;
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Reads the list. True when it holds names without types, as before AS SELECT.
    pub(super) fn table_elements(&mut self, table: &mut CreateTable) -> Result<bool, Unread> {
        let mut names_only = false;
        let mut columns_ended = false;
        self.need(&Token::LParen)?;
        if self.dialect() == Dialect::Postgres && self.take(&Token::RParen) {
            return Ok(false);
        }
        loop {
            columns_ended |= self.at_constraint();
            if columns_ended && self.dialect() == Dialect::Sqlite && !self.at_constraint() {
                return Err(self.unexpected("a constraint, since columns stand before constraints"));
            }
            names_only |= self.table_element(table)?;
            if self.take(&Token::Comma) {
                continue;
            }
            // SQLite lets the comma between table constraints be left out.
            if !(self.dialect() == Dialect::Sqlite && columns_ended && self.at_constraint()) {
                break;
            }
        }
        self.need(&Token::RParen)?;
        if table.columns.is_empty() && self.dialect() == Dialect::Sqlite {
            return Err(Unread { reason: "the table has no column".to_owned() });
        }
        Ok(names_only)
    }

    fn table_element(&mut self, table: &mut CreateTable) -> Result<bool, Unread> {
        let dialect = self.dialect();
        if self.at_constraint() {
            let (constraint, using_index) = self.table_constraint()?;
            if using_index.is_some() {
                return Err(Unread { reason: "USING INDEX needs a table that exists".to_owned() });
            }
            table.constraints.push(constraint);
        } else if self.at_mysql_index() {
            let index = self.mysql_index(&table.name)?;
            table.indexes.push(index);
        } else if dialect == Dialect::Mysql && self.words(&["period", "for"]) {
            self.ident()?;
            self.ident_list()?;
        } else if dialect == Dialect::Postgres && self.word("like") {
            table.like.push(self.relation_name()?);
            self.like_options()?;
        } else if dialect == Dialect::Postgres && matches!(self.parser.peek_nth_token_ref(1).token, Token::Comma | Token::RParen) {
            table.columns.push(untyped(self)?);
            return Ok(true);
        } else {
            let (column, constraints) = self.column_definition()?;
            if column.positioned {
                return Err(Unread { reason: "FIRST and AFTER belong to ALTER TABLE".to_owned() });
            }
            if dialect == Dialect::Postgres && is_key_of_mysql(&column) {
                return Err(Unread { reason: format!("PostgreSQL defines no {} inside CREATE TABLE", column.name) });
            }
            table.columns.push(column);
            table.constraints.extend(constraints);
        }
        Ok(false)
    }

    /// `INCLUDING ALL` and its kin.
    fn like_options(&mut self) -> Result<(), Unread> {
        const WHAT: [&str; 10] =
            ["all", "comments", "compression", "constraints", "defaults", "generated", "identity", "indexes", "statistics", "storage"];
        while self.one_of(&["including", "excluding"]).is_some() {
            if self.one_of(&WHAT).is_none() {
                return Err(self.unexpected("what LIKE shall include"));
            }
        }
        Ok(())
    }

    /// The list of a typed table or a partition: columns without types.
    pub(super) fn typed_elements(&mut self, table: &mut CreateTable) -> Result<(), Unread> {
        self.need(&Token::LParen)?;
        loop {
            if self.at_constraint() {
                table.constraints.push(self.table_constraint()?.0);
            } else {
                let (column, constraints) = self.column_options()?;
                table.columns.push(column);
                table.constraints.extend(constraints);
            }
            if !self.take(&Token::Comma) {
                return self.need(&Token::RParen);
            }
        }
    }
}

/// `KEY k (a)` has the form of a column of type `k(a)`, which no PostgreSQL type takes.
fn is_key_of_mysql(column: &NewColumn) -> bool {
    matches!(column.name.as_str(), "key" | "index") && column.ty.as_ref().is_some_and(|ty| !ty.labels.is_empty())
}

fn untyped(cursor: &mut Cursor<'_>) -> Result<NewColumn, Unread> {
    Ok(NewColumn {
        name: cursor.column_name()?,
        ty: None,
        not_null: false,
        default: None,
        generated: Generated::No,
        collation: None,
        positioned: false,
        details: Vec::new(),
    })
}
