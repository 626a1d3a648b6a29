//! Words that cannot name a column without quotes.

use sqlparser::tokenizer::Token;

use crate::schema::{Dialect, Ident};
use crate::sql::cursor::{Cursor, Unread};

/// PostgreSQL 18, appendix C: reserved, and reserved except as function or type. In ascending order.
const POSTGRES: [&str; 100] = [
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both", "case", "cast",
    "check", "collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog", "current_date",
    "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct",
    "do", "else", "end", "except", "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike",
    "in", "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime",
    "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "placing",
    "primary", "references", "returning", "right", "select", "session_user", "similar", "some", "symmetric", "system_user", "table",
    "tablesample", "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic", "verbose", "when", "where",
    "window",
];

/// SQLite: keywords for which its grammar has no fallback to a name. In ascending order.
const SQLITE: [&str; 58] = [
    "add", "all", "alter", "and", "as", "autoincrement", "between", "case", "check", "collate", "commit", "constraint", "create",
    "default", "deferrable", "delete", "distinct", "drop", "else", "escape", "exists", "foreign", "from", "group", "having", "in",
    "index", "insert", "into", "is", "isnull", "join", "limit", "not", "nothing", "notnull", "null", "on", "or", "order", "primary",
    "references", "returning", "select", "set", "table", "then", "to", "transaction", "union", "unique", "update", "using", "values",
    "when", "where", "intersect", "except",
];

/// MySQL 8 and MariaDB alike. In ascending order.
const MYSQL: [&str; 175] = [
    "add", "all", "alter", "analyze", "and", "as", "asc", "before", "between", "bigint", "binary", "blob", "both", "by", "call",
    "cascade", "case", "change", "char", "character", "check", "collate", "column", "condition", "constraint", "continue", "convert",
    "create", "cross", "current_date", "current_time", "current_timestamp", "current_user", "cursor", "database", "databases",
    "dec", "decimal", "declare", "default", "delayed", "delete", "desc", "describe", "deterministic", "distinct", "distinctrow", "div",
    "double", "drop", "dual", "each", "else", "elseif", "enclosed", "escaped", "except", "exists", "exit", "explain", "false", "fetch",
    "float", "for", "force", "foreign", "from", "fulltext", "grant", "group", "having", "if", "ignore", "in", "index", "infile",
    "inner", "inout", "insert", "int", "integer", "intersect", "interval", "into", "is", "iterate", "join", "key", "keys", "kill",
    "leading", "leave", "left", "like", "limit", "linear", "lines", "load", "localtime", "localtimestamp", "lock", "long", "longblob",
    "longtext", "loop", "low_priority", "match", "mediumblob", "mediumint", "mediumtext", "mod", "modifies", "natural", "not", "null",
    "numeric", "on", "optimize", "option", "optionally", "or", "order", "out", "outer", "outfile", "partition", "precision", "primary",
    "procedure", "purge", "range", "read", "reads", "real", "references", "regexp", "release", "rename", "repeat", "replace", "require",
    "restrict", "return", "revoke", "right", "rlike", "schema", "schemas", "select", "separator", "set", "show", "smallint", "spatial",
    "sql", "starting", "straight_join", "table", "terminated", "then", "tinyint", "to", "trailing", "trigger", "true", "undo", "union",
    "unique", "unlock", "unsigned", "update", "usage", "use", "using", "values",
];

impl Cursor<'_> {
    /// A column's name: any identifier but a bare reserved word.
    pub(in crate::sql) fn column_name(&mut self) -> Result<Ident, Unread> {
        if let Token::Word(word) = &self.parser.peek_token_ref().token
            && word.quote_style.is_none()
            && is_reserved(self.dialect(), &word.value)
        {
            return Err(self.unexpected("a column's name"));
        }
        self.ident()
    }
}

/// Whether a bare word cannot name a column.
pub(super) fn is_reserved(dialect: Dialect, word: &str) -> bool {
    let list: &[&str] = match dialect {
        Dialect::Postgres => &POSTGRES,
        Dialect::Sqlite => &SQLITE,
        Dialect::Mysql => &MYSQL,
    };
    list.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
