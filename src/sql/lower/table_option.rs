//! What follows the parentheses of CREATE TABLE: storage, engine, character set.

use sqlparser::tokenizer::Token;

use crate::sql::cursor::{Cursor, Unread};

/// MySQL's and MariaDB's options that take one value, an equals sign between or not.
const MYSQL: [&str; 37] = [
    "auto_increment",
    "autoextend_size",
    "avg_row_length",
    "checksum",
    "comment",
    "compression",
    "connection",
    "delay_key_write",
    "encrypted",
    "encryption",
    "encryption_key_id",
    "engine",
    "engine_attribute",
    "ietf_quotes",
    "insert_method",
    "itef_quotes",
    "key_block_size",
    "max_rows",
    "min_rows",
    "pack_keys",
    "page_checksum",
    "page_compressed",
    "page_compression_level",
    "password",
    "row_format",
    "secondary_engine",
    "secondary_engine_attribute",
    "sequence",
    "stats_auto_recalc",
    "stats_persistent",
    "stats_sample_pages",
    "table_checksum",
    "tablespace",
    "transactional",
    "type",
    "charset",
    "collate",
];

impl Cursor<'_> {
    /// USING, WITH, WITHOUT OIDS, ON COMMIT, TABLESPACE, in this order.
    pub(super) fn postgres_table_options(&mut self) -> Result<(), Unread> {
        if self.word("using") {
            self.column_name()?;
        }
        if self.at_word(0, "with") && self.at(1, &Token::LParen) {
            self.word("with");
            self.parameters()?;
        } else {
            self.words(&["without", "oids"]);
        }
        if self.words(&["on", "commit"]) && !(self.words(&["preserve", "rows"]) || self.words(&["delete", "rows"]) || self.word("drop")) {
            return Err(self.unexpected("PRESERVE ROWS, DELETE ROWS or DROP"));
        }
        if self.word("tablespace") {
            self.column_name()?;
        }
        Ok(())
    }

    /// Reads MySQL's table options, with or without commas between them, until none follows; the character set among them.
    pub(super) fn mysql_table_options(&mut self) -> Result<Option<String>, Unread> {
        let mut comma = false;
        let mut charset = None;
        loop {
            if let Some(stated) = self.table_charset()? {
                // A collation tells more than the character set in its name.
                let is_collation = |name: &String| name.contains('_');
                charset = charset.filter(is_collation).or(Some(stated));
            } else if !self.mysql_table_option()? {
                return if comma { Err(self.unexpected("a table option")) } else { Ok(charset) };
            }
            comma = self.take(&Token::Comma);
        }
    }

    /// Reads the character set of a table, told by itself or by a collation.
    fn table_charset(&mut self) -> Result<Option<String>, Unread> {
        let at = usize::from(self.at_word(0, "default"));
        let stated =
            self.at_word(at, "charset") || self.at_word(at, "collate") || self.at_word(at, "character") && self.at_word(at + 1, "set");
        if !stated {
            return Ok(None);
        }
        self.word("default");
        if self.one_of(&["charset", "collate"]).is_none() {
            self.words(&["character", "set"]);
        }
        self.take(&Token::Eq);
        self.charset_name().map(Some)
    }

    /// Reads one table option; false when none stands here.
    pub(in crate::sql) fn mysql_table_option(&mut self) -> Result<bool, Unread> {
        if self.at_word(0, "default") {
            self.word("default");
            if !(self.words(&["character", "set"]) || self.word("charset") || self.word("collate")) {
                return Err(self.unexpected("CHARACTER SET or COLLATE"));
            }
            self.take(&Token::Eq);
            self.parameter_value()?;
        } else if self.words(&["character", "set"]) || self.words(&["data", "directory"]) || self.words(&["index", "directory"]) {
            self.take(&Token::Eq);
            self.parameter_value()?;
        } else if self.word("union") {
            self.take(&Token::Eq);
            self.list(Cursor::relation_name)?;
        } else if self.words(&["with", "system", "versioning"]) || self.words(&["start", "transaction"]) {
            return Ok(true);
        } else if let Some(option) = self.one_of(&MYSQL) {
            self.take(&Token::Eq);
            if matches!(option, "comment" | "connection" | "password" | "compression" | "encryption") {
                self.string()?;
                return Ok(true);
            }
            self.parameter_value()?;
            if option == "tablespace" && self.word("storage") {
                self.ident()?;
            }
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}
