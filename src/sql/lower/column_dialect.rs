//! Column attributes that only one dialect has.

use sqlparser::tokenizer::Token;

use super::column::Draft;
use crate::schema::table::{ConstraintKind, Detail, Generated};
use crate::schema::{Dialect, ObjectName};
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// Reads one attribute that only this dialect has; false when none stands here.
    pub(super) fn dialect_attribute(&mut self, draft: &mut Draft) -> Result<bool, Unread> {
        match self.dialect() {
            Dialect::Postgres => self.postgres_attribute(),
            Dialect::Mysql => self.mysql_attribute(draft),
            Dialect::Sqlite => Ok(false),
        }
    }

    fn postgres_attribute(&mut self) -> Result<bool, Unread> {
        if self.word("storage") || self.word("compression") {
            self.ident()?;
        } else if self.word("options") {
            self.skip_parentheses()?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// The parenthesised sequence options of GENERATED … AS IDENTITY.
    pub(super) fn sequence_options(&mut self) -> Result<(), Unread> {
        self.need(&Token::LParen)?;
        while !self.take(&Token::RParen) {
            if self.words(&["owned", "by"]) || self.words(&["sequence", "name"]) {
                self.object_name()?;
            } else if self.word("as") {
                self.data_type()?;
            } else if self.word("increment") {
                self.word("by");
                self.number()?;
            } else if self.word("start") || self.word("restart") {
                self.word("with");
                self.number()?;
            } else if self.one_of(&["minvalue", "maxvalue", "cache"]).is_some() {
                self.number()?;
            } else {
                self.word("no");
                if self.one_of(&["cycle", "minvalue", "maxvalue"]).is_none() {
                    return Err(self.unexpected("an option of a sequence"));
                }
            }
        }
        Ok(())
    }

    fn mysql_attribute(&mut self, draft: &mut Draft) -> Result<bool, Unread> {
        if self.word("auto_increment") {
            draft.column.generated = Generated::Serial;
        } else if self.word("key") {
            draft.constrain(ConstraintKind::PrimaryKey(vec![draft.column.name.clone()]));
        } else if self.word("comment") {
            self.take(&Token::Eq);
            let comment = self.string()?;
            draft.column.details.push(Detail::Comment(comment));
        } else if self.word("engine_attribute") || self.word("secondary_engine_attribute") {
            self.take(&Token::Eq);
            self.string()?;
        } else if self.words(&["on", "update"]) {
            self.current_timestamp()?;
            draft.column.details.push(Detail::OnUpdate);
        } else if self.words(&["character", "set"]) || self.word("charset") || self.words(&["char", "set"]) {
            self.take(&Token::Eq);
            let name = self.charset_name()?;
            draft.column.details.push(Detail::Charset(name));
        } else if self.words(&["serial", "default", "value"]) {
            draft.column.generated = Generated::Serial;
            draft.column.not_null = true;
            draft.unique(false);
        } else if self.word("column_format") || self.word("storage") {
            self.ident()?;
        } else if self.word("compressed") {
            if self.take(&Token::Eq) {
                self.ident()?;
            }
        } else if self.word("srid") || self.word("ref_system_id") {
            self.take(&Token::Eq);
            self.number()?;
        } else if self.word("first") {
            draft.column.positioned = true;
        } else if self.word("after") {
            self.ident()?;
            draft.column.positioned = true;
        } else if self.word("invisible") {
            draft.column.details.push(Detail::Invisible);
        } else {
            return Ok(self.one_of(&["visible", "binary", "ascii", "unicode"]).is_some()
                || self.words(&["with", "system", "versioning"])
                || self.words(&["without", "system", "versioning"]));
        }
        Ok(true)
    }

    /// A character set or a collation, with quotes or without: its full name, lower case.
    pub(super) fn charset_name(&mut self) -> Result<String, Unread> {
        let name = match &self.parser.peek_token_ref().token {
            Token::Word(word) => word.value.to_ascii_lowercase(),
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text.to_ascii_lowercase(),
            _ => return Err(self.unexpected("a character set")),
        };
        self.parser.advance_token();
        Ok(if name == "utf8" { "utf8mb3".to_owned() } else { name })
    }

    /// `CURRENT_TIMESTAMP[(n)]` or one of its other names.
    fn current_timestamp(&mut self) -> Result<(), Unread> {
        if self.one_of(&["current_timestamp", "now", "localtime", "localtimestamp"]).is_none() {
            return Err(self.unexpected("CURRENT_TIMESTAMP"));
        }
        if self.at(0, &Token::LParen) {
            self.skip_parentheses()?;
        }
        Ok(())
    }

    /// The name behind COLLATE.
    pub(super) fn collation(&mut self) -> Result<ObjectName, Unread> {
        if self.dialect() == Dialect::Mysql {
            self.take(&Token::Eq);
            if matches!(self.parser.peek_token_ref().token, Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)) {
                return self.object_name();
            }
        }
        self.relation_name()
    }
}
