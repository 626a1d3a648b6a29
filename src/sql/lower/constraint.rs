//! Table constraints: `[CONSTRAINT name] PRIMARY KEY | UNIQUE | CHECK | FOREIGN KEY | EXCLUDE | NOT NULL …`.

use sqlparser::tokenizer::Token;

use super::index_key::columns_of;
use crate::schema::operation::NewConstraint;
use crate::schema::table::{ConstraintKind, IndexKey, Validity};
use crate::schema::{Dialect, Ident};
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Whether a table constraint starts here rather than a column.
    pub(in crate::sql) fn at_constraint(&self) -> bool {
        let both = |first, second| self.at_word(0, first) && self.at_word(1, second);
        self.at_word(0, "constraint")
            || both("primary", "key")
            || both("foreign", "key")
            || self.at_word(0, "unique")
            || self.at_word(0, "check")
            || self.dialect() == Dialect::Postgres && (both("not", "null") || self.at_word(0, "exclude") && !self.at_type(1))
    }

    /// Whether what stands there can be a type: EXCLUDE may name a column.
    fn at_type(&self, nth: usize) -> bool {
        !self.at(nth, &Token::LParen) && !self.at_word(nth, "using")
    }

    /// Reads a table constraint with its attributes (NOT VALID, DEFERRABLE, …). The second value is the index of
    /// `USING INDEX`, whose columns only the schema knows.
    pub(in crate::sql) fn table_constraint(&mut self) -> Result<(NewConstraint, Option<Ident>), Unread> {
        let mut name = None;
        if self.word("constraint") {
            let unnamed =
                self.dialect() == Dialect::Mysql && ["primary", "unique", "foreign", "check"].iter().any(|kind| self.at_word(0, kind));
            name = if unnamed { None } else { Some(self.column_name()?) };
        }
        let (kind, using_index) = self.constraint_kind(&mut name)?;
        let mut constraint = NewConstraint { name, kind, validity: Validity::Valid, deferrable: false };
        self.constraint_properties(&mut constraint)?;
        Ok((constraint, using_index))
    }

    fn constraint_kind(&mut self, name: &mut Option<Ident>) -> Result<(ConstraintKind, Option<Ident>), Unread> {
        if self.words(&["primary", "key"]) {
            let (columns, index) = self.key(name)?;
            return Ok((ConstraintKind::PrimaryKey(columns), index));
        }
        if self.word("unique") {
            let nulls_not_distinct = self.nulls_not_distinct()?;
            if self.dialect() == Dialect::Mysql {
                return Ok((self.mysql_unique(name)?, None));
            }
            let (columns, index) = self.key(name)?;
            return Ok((ConstraintKind::Unique { columns, nulls_not_distinct }, index));
        }
        if self.word("check") {
            let (condition, _) = self.parenthesised_condition()?;
            self.conflict_clause()?;
            return Ok((ConstraintKind::Check(condition), None));
        }
        if self.words(&["foreign", "key"]) {
            if self.dialect() == Dialect::Mysql {
                self.words(&["if", "not", "exists"]);
                if !self.at(0, &Token::LParen) {
                    let index = self.ident()?;
                    name.get_or_insert(index);
                }
            }
            let columns = self.key_columns()?;
            self.need_words(&["references"])?;
            return Ok((ConstraintKind::ForeignKey(self.reference(columns)?), None));
        }
        if self.dialect() == Dialect::Postgres {
            if self.words(&["not", "null"]) {
                return Ok((ConstraintKind::NotNull(self.column_name()?), None));
            }
            if self.word("exclude") {
                return Ok((self.exclusion()?, None));
            }
        }
        Err(self.unexpected("a constraint"))
    }

    /// The columns of a PRIMARY KEY or UNIQUE, or the index that has them.
    fn key(&mut self, name: &mut Option<Ident>) -> Result<(Vec<Ident>, Option<Ident>), Unread> {
        match self.dialect() {
            Dialect::Postgres => {
                if self.words(&["using", "index"]) {
                    return Ok((Vec::new(), Some(self.ident()?)));
                }
                let columns = self.key_columns()?;
                self.index_parameters()?;
                Ok((columns, None))
            }
            Dialect::Mysql => {
                self.mysql_key_name(name)?;
                let columns = self.list(Cursor::key_part)?;
                self.index_options()?;
                Ok((columns, None))
            }
            Dialect::Sqlite => {
                let columns = self.list(Cursor::sqlite_key_part)?;
                self.conflict_clause()?;
                Ok((columns, None))
            }
        }
    }

    /// MySQL's UNIQUE. Where a key is an expression, no column is unique by itself: then it is an exclusion.
    fn mysql_unique(&mut self, name: &mut Option<Ident>) -> Result<ConstraintKind, Unread> {
        self.one_of(&["key", "index"]);
        self.mysql_key_name(name)?;
        let keys = self.list(Cursor::index_key)?;
        self.index_options()?;
        let plain = keys.iter().all(|key| matches!(key, IndexKey::Column(_)));
        let columns = keys.into_iter().flat_map(columns_of).collect();
        Ok(if plain { ConstraintKind::Unique { columns, nulls_not_distinct: false } } else { ConstraintKind::Exclusion { columns } })
    }

    /// `[IF NOT EXISTS] [index name] [USING type]` before the columns of a MySQL key.
    fn mysql_key_name(&mut self, name: &mut Option<Ident>) -> Result<(), Unread> {
        self.words(&["if", "not", "exists"]);
        self.index_type()?;
        if !self.at(0, &Token::LParen) {
            *name = Some(self.ident()?);
            self.index_type()?;
        }
        Ok(())
    }

    /// What may stand behind the constraint itself.
    fn constraint_properties(&mut self, constraint: &mut NewConstraint) -> Result<(), Unread> {
        loop {
            match self.dialect() {
                Dialect::Postgres if self.words(&["not", "valid"]) => constraint.validity = Validity::NotValid,
                Dialect::Postgres if self.words(&["no", "inherit"]) => {}
                Dialect::Postgres | Dialect::Mysql if self.words(&["not", "enforced"]) => constraint.validity = Validity::NotEnforced,
                Dialect::Postgres | Dialect::Mysql if self.word("enforced") => {}
                Dialect::Postgres | Dialect::Sqlite if self.words(&["not", "deferrable"]) || self.words(&["initially", "immediate"]) => {}
                Dialect::Postgres | Dialect::Sqlite if self.word("deferrable") || self.words(&["initially", "deferred"]) => {
                    constraint.deferrable = true;
                }
                Dialect::Postgres | Dialect::Sqlite | Dialect::Mysql => return Ok(()),
            }
        }
    }
}
