//! What may follow a column's type: constraints, defaults, generation, collation, MySQL's attributes.

use sqlparser::tokenizer::Token;

use super::column::Draft;
use crate::schema::operation::NewConstraint;
use crate::schema::table::{ConstraintKind, Detail, ForeignKey, Generated, Validity};
use crate::schema::{Dialect, Expression, Ident, Server, ServerVersion};
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Reads attributes until none follows.
    pub(super) fn column_attributes(&mut self, draft: &mut Draft) -> Result<(), Unread> {
        loop {
            if self.word("constraint") {
                // MySQL lets the name of a CHECK be left out.
                let unnamed = self.dialect() == Dialect::Mysql && self.at_word(0, "check");
                draft.label = if unnamed { None } else { Some(self.column_name()?) };
                if !self.constraint_attribute(draft)? && !self.default_attribute(draft)? && !self.lone_label() {
                    return Err(self.unexpected("a constraint"));
                }
                draft.label = None;
                continue;
            }
            let read = self.constraint_attribute(draft)? || self.default_attribute(draft)? || self.dialect_attribute(draft)?;
            if !read {
                return Ok(());
            }
        }
    }

    /// SQLite takes `CONSTRAINT name` with nothing behind it.
    fn lone_label(&self) -> bool {
        self.dialect() == Dialect::Sqlite
    }

    fn constraint_attribute(&mut self, draft: &mut Draft) -> Result<bool, Unread> {
        if self.words(&["not", "null"]) {
            draft.column.not_null = true;
            if draft.label.is_some() && self.dialect() == Dialect::Postgres {
                draft.constrain(ConstraintKind::NotNull(draft.column.name.clone()));
            }
            if self.dialect() == Dialect::Postgres {
                self.words(&["no", "inherit"]);
            }
            self.conflict_clause()?;
        } else if self.word("null") {
            if self.dialect() == Dialect::Mysql {
                draft.column.details.push(Detail::Nullable);
            }
            self.conflict_clause()?;
        } else if self.words(&["primary", "key"]) {
            draft.constrain(ConstraintKind::PrimaryKey(vec![draft.column.name.clone()]));
            if self.dialect() == Dialect::Sqlite {
                self.one_of(&["asc", "desc"]);
                self.conflict_clause()?;
                if self.word("autoincrement") {
                    draft.column.generated = Generated::Serial;
                }
            }
            self.index_parameters()?;
        } else if self.word("unique") {
            if self.dialect() == Dialect::Mysql {
                self.word("key");
            }
            let nulls_not_distinct = self.nulls_not_distinct()?;
            draft.unique(nulls_not_distinct);
            self.index_parameters()?;
            self.conflict_clause()?;
        } else if self.word("check") {
            let (condition, _) = self.parenthesised_condition()?;
            draft.constrain(ConstraintKind::Check(condition));
            if self.dialect() == Dialect::Postgres {
                self.words(&["no", "inherit"]);
            }
            self.conflict_clause()?;
        } else if self.word("references") {
            let foreign_key = self.reference(vec![draft.column.name.clone()])?;
            match ignores_references(self.server) {
                true => draft.column.details.push(Detail::IgnoredReference(foreign_key.references)),
                false => draft.constrain(ConstraintKind::ForeignKey(foreign_key)),
            }
        } else {
            return self.constraint_property(draft);
        }
        Ok(true)
    }

    /// DEFERRABLE, ENFORCED and their kin, which are about the constraint before them.
    fn constraint_property(&mut self, draft: &mut Draft) -> Result<bool, Unread> {
        let dialect = self.dialect();
        if dialect != Dialect::Postgres && draft.constraints.is_empty() {
            return Ok(false);
        }
        if dialect != Dialect::Mysql {
            if self.words(&["not", "deferrable"]) || self.words(&["initially", "immediate"]) {
                return Ok(true);
            }
            if self.word("deferrable") || self.words(&["initially", "deferred"]) {
                if let Some(constraint) = draft.constraints.last_mut() {
                    constraint.deferrable = true;
                    return Ok(true);
                }
                return Err(self.unexpected("a constraint before DEFERRABLE"));
            }
        }
        if dialect != Dialect::Sqlite {
            if self.words(&["not", "enforced"]) {
                if let Some(constraint) = draft.constraints.last_mut() {
                    constraint.validity = Validity::NotEnforced;
                    return Ok(true);
                }
                return Err(self.unexpected("a constraint before NOT ENFORCED"));
            }
            return Ok(self.word("enforced"));
        }
        Ok(false)
    }

    fn default_attribute(&mut self, draft: &mut Draft) -> Result<bool, Unread> {
        if self.word("default") {
            let (value, collation) = self.default_value()?;
            draft.column.default = Some(value);
            draft.column.collation = collation.or(draft.column.collation.take());
            return Ok(true);
        }
        if self.word("collate") {
            draft.column.collation = Some(self.collation()?);
            return Ok(true);
        }
        if self.word("generated") {
            let always = self.word("always");
            if !always {
                self.need_words(&["by", "default"])?;
            }
            self.need_words(&["as"])?;
            if self.dialect() == Dialect::Postgres && self.word("identity") {
                draft.column.generated = if always { Generated::IdentityAlways } else { Generated::IdentityByDefault };
                draft.column.not_null = true;
                if self.at(0, &Token::LParen) {
                    self.sequence_options()?;
                }
                return Ok(true);
            }
            if self.dialect() == Dialect::Mysql && self.word("row") {
                return self.one_of(&["start", "end"]).map(|_| true).ok_or_else(|| self.unexpected("START or END"));
            }
            if !always {
                return Err(self.unexpected("IDENTITY"));
            }
            draft.column.generated = self.generation()?;
            return Ok(true);
        }
        if self.dialect() != Dialect::Postgres && self.at_word(0, "as") && self.at(1, &Token::LParen) {
            self.word("as");
            draft.column.generated = self.generation()?;
            return Ok(true);
        }
        Ok(false)
    }

    /// `(expression) STORED | VIRTUAL`, and what each dialect takes for neither.
    fn generation(&mut self) -> Result<Generated, Unread> {
        let (value, _) = self.parenthesised_expression()?;
        let stored: fn(Expression) -> Generated = Generated::Stored;
        let make = match self.dialect() {
            _ if self.word("stored") => stored,
            _ if self.word("virtual") => Generated::Virtual,
            Dialect::Mysql if self.word("persistent") => stored,
            // PostgreSQL 18 made VIRTUAL the default; before, a kind had to be written.
            Dialect::Postgres | Dialect::Mysql | Dialect::Sqlite => Generated::Virtual,
        };
        Ok(make(value))
    }

    /// `table [(columns)] [MATCH …] [ON …]` behind REFERENCES.
    pub(super) fn reference(&mut self, columns: Vec<Ident>) -> Result<ForeignKey, Unread> {
        let references = self.relation_name()?;
        let referenced_columns = self.referenced_columns()?;
        let (on_delete, on_update) = self.key_actions()?;
        Ok(ForeignKey { columns, references, referenced_columns, on_delete, on_update })
    }
}

/// Whether REFERENCES behind a column does nothing. MySQL 8.0 manual, 15.1.20.5 FOREIGN KEY Constraints; 9.0 release notes.
fn ignores_references(server: Server) -> bool {
    server.dialect == Dialect::Mysql && !server.version.is_mariadb() && server.version < ServerVersion::new(9, 0)
}

impl Draft {
    pub(super) fn constrain(&mut self, kind: ConstraintKind) {
        let name = self.label.take();
        self.constraints.push(NewConstraint { name, kind, validity: Validity::Valid, deferrable: false });
    }

    pub(super) fn unique(&mut self, nulls_not_distinct: bool) {
        let columns = vec![self.column.name.clone()];
        self.constrain(ConstraintKind::Unique { columns, nulls_not_distinct });
    }
}
