//! How a table is partitioned: PARTITION BY and the bounds of a partition.

use sqlparser::tokenizer::Token;

use crate::schema::Ident;
use crate::schema::bound::PartitionBound;
use crate::schema::table::IndexKey;
use crate::sql::cursor::{Cursor, Unread};

impl Cursor<'_> {
    /// `FOR VALUES …` or DEFAULT.
    pub(in crate::sql) fn partition_bound(&mut self) -> Result<PartitionBound, Unread> {
        if self.word("default") {
            return Ok(PartitionBound::Default);
        }
        self.need_words(&["for", "values"])?;
        if self.word("in") {
            return Ok(PartitionBound::List(self.list(Cursor::partition_edge)?));
        }
        if self.word("from") {
            let from = self.list(Cursor::partition_edge)?;
            self.need_words(&["to"])?;
            return Ok(PartitionBound::Range { from, to: self.list(Cursor::partition_edge)? });
        }
        self.need_words(&["with"])?;
        self.list(|cursor| {
            if cursor.one_of(&["modulus", "remainder"]).is_none() {
                return Err(cursor.unexpected("MODULUS or REMAINDER"));
            }
            cursor.number()
        })?;
        Ok(PartitionBound::Hash)
    }

    /// PostgreSQL's strategy and key behind PARTITION BY.
    pub(super) fn partition_key(&mut self) -> Result<(String, Vec<Ident>), Unread> {
        let strategy = self.one_of(&["range", "list", "hash"]).ok_or_else(|| self.unexpected("RANGE, LIST or HASH"))?;
        let keys = self.list(Cursor::index_key)?;
        Ok((strategy.to_owned(), keys.into_iter().filter_map(plain).collect()))
    }

    /// MySQL's partitioning behind PARTITION BY, with its subpartitions and partition definitions.
    pub(in crate::sql) fn mysql_partitioning(&mut self) -> Result<(String, Vec<Ident>), Unread> {
        let scheme = self.mysql_scheme()?;
        if self.word("partitions") {
            self.number()?;
        }
        if self.words(&["subpartition", "by"]) {
            self.mysql_scheme()?;
            if self.word("subpartitions") {
                self.number()?;
            }
        }
        if self.at(0, &Token::LParen) && self.at_word(1, "partition") {
            self.list(Cursor::mysql_partition)?;
        }
        Ok(scheme)
    }

    /// `PARTITION name [VALUES …] [options] [(SUBPARTITION …)]`.
    fn mysql_partition(&mut self) -> Result<(), Unread> {
        self.need_words(&["partition"])?;
        self.column_name()?;
        if self.words(&["values", "less", "than"]) {
            if !self.word("maxvalue") {
                self.list(Cursor::partition_value)?;
            }
        } else if self.words(&["values", "in"]) {
            self.list(Cursor::partition_value)?;
        } else {
            // MariaDB's system versioning, and its partition for every other value.
            self.one_of(&["history", "current", "default"]);
        }
        self.mysql_partition_options()?;
        if self.at(0, &Token::LParen) {
            self.list(|cursor| {
                cursor.need_words(&["subpartition"])?;
                cursor.column_name()?;
                cursor.mysql_partition_options()
            })?;
        }
        Ok(())
    }

    /// A value of a partition's bound: MAXVALUE, an expression, or several in parentheses.
    fn partition_value(&mut self) -> Result<(), Unread> {
        if self.one_of(&["maxvalue", "default"]).is_some() { Ok(()) } else { self.expression().map(|_| ()) }
    }

    fn mysql_partition_options(&mut self) -> Result<(), Unread> {
        loop {
            let named = self.words(&["data", "directory"])
                || self.words(&["index", "directory"])
                || self.words(&["storage", "engine"])
                || self.one_of(&["engine", "comment", "max_rows", "min_rows", "tablespace", "nodegroup"]).is_some();
            if !named {
                return Ok(());
            }
            self.take(&Token::Eq);
            self.parameter_value()?;
        }
    }

    fn mysql_scheme(&mut self) -> Result<(String, Vec<Ident>), Unread> {
        let linear = self.word("linear");
        let strategy = self.one_of(&["range", "list", "hash", "key", "system_time"]);
        let strategy = strategy.ok_or_else(|| self.unexpected("RANGE, LIST, HASH or KEY"))?;
        if linear && !matches!(strategy, "hash" | "key") {
            return Err(self.unexpected("HASH or KEY behind LINEAR"));
        }
        let columns = match strategy {
            "system_time" => self.system_time()?,
            "key" => {
                if self.word("algorithm") {
                    self.need(&Token::Eq)?;
                    self.number()?;
                }
                if self.at(0, &Token::LParen) && self.at(1, &Token::RParen) {
                    self.skip_parentheses()?;
                    Vec::new()
                } else {
                    self.ident_list()?
                }
            }
            _ if self.word("columns") => self.ident_list()?,
            _ => {
                let (expression, _) = self.parenthesised_expression()?;
                expression.columns.clone()
            }
        };
        Ok((strategy.to_owned(), columns))
    }

    /// MariaDB's history partitions: `[LIMIT n] [INTERVAL …] [AUTO]`.
    fn system_time(&mut self) -> Result<Vec<Ident>, Unread> {
        if self.word("limit") {
            self.number()?;
        } else if self.word("interval") {
            self.parameter_value()?;
            self.ident()?;
        }
        self.word("auto");
        Ok(Vec::new())
    }
}

fn plain(key: IndexKey) -> Option<Ident> {
    match key {
        IndexKey::Column(column) => Some(column),
        IndexKey::Expression(_) => None,
    }
}
