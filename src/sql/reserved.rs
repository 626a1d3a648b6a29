//! Words that cannot be a bare name, per dialect: they keep a form from taking a keyword for a name.

use crate::schema::Dialect;

/// Whether `word`, written bare, is refused as the name of an object or column.
pub(crate) fn is_reserved(dialect: Dialect, word: &str) -> bool {
    let list = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
        Dialect::Mysql => MYSQL,
    };
    let mut folded = [0_u8; 32];
    let Some(folded) = folded.get_mut(..word.len()) else { return false };
    folded.copy_from_slice(word.as_bytes());
    folded.make_ascii_lowercase();
    list.binary_search_by(|entry| entry.as_bytes().cmp(folded)).is_ok()
}

/// PostgreSQL 18, appendix C: reserved, and "reserved (can be function or type)".
#[rustfmt::skip]
const POSTGRES: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both", "case", "cast", "check",
    "collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog", "current_date", "current_role",
    "current_schema", "current_time", "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except",
    "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner", "intersect", "into",
    "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime", "localtimestamp", "natural", "not", "notnull", "null", "offset",
    "on", "only", "or", "order", "outer", "overlaps", "placing", "primary", "references", "returning", "right", "select", "session_user", "similar",
    "some", "symmetric", "system_user", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "user", "using", "variadic",
    "verbose", "when", "where", "window", "with",
];

/// SQLite: keywords without a fallback to an identifier in its grammar.
#[rustfmt::skip]
const SQLITE: &[&str] = &[
    "add", "all", "alter", "and", "as", "autoincrement", "between", "case", "check", "collate", "commit", "constraint", "create", "default",
    "deferrable", "delete", "distinct", "drop", "else", "escape", "except", "exists", "foreign", "from", "group", "having", "in", "index", "insert",
    "intersect", "into", "is", "isnull", "join", "limit", "not", "nothing", "notnull", "null", "on", "or", "order", "primary", "references", "returning", "select",
    "set", "table", "then", "to", "transaction", "union", "unique", "update", "using", "values", "when", "where",
];

/// Reserved in MySQL 8 and in MariaDB 10.11 alike.
#[rustfmt::skip]
const MYSQL: &[&str] = &[
    "add", "all", "alter", "analyze", "and", "as", "asc", "before", "between", "bigint", "binary", "blob", "both", "by", "call", "cascade", "case",
    "change", "char", "character", "check", "collate", "column", "condition", "constraint", "continue", "convert", "create", "cross", "current_date",
    "current_time", "current_timestamp", "current_user", "cursor", "database", "databases", "dec", "decimal", "declare", "default", "delayed", "delete", "desc",
    "describe", "deterministic", "distinct", "distinctrow", "div", "double", "drop", "dual", "each", "else", "elseif", "enclosed", "escaped", "except", "exists", "exit",
    "explain", "false", "fetch", "float", "for", "force", "foreign", "from", "fulltext", "grant", "group", "having", "high_priority", "if", "ignore",
    "in", "index", "infile", "inner", "inout", "insert", "int", "integer", "intersect", "interval", "into", "is", "iterate", "join", "key", "keys",
    "kill", "leading", "leave", "left", "like", "limit", "linear", "lines", "load", "localtime", "localtimestamp", "lock", "long", "longblob", "longtext", "loop",
    "low_priority", "match", "mediumblob", "mediumint", "mediumtext", "mod", "modifies", "natural", "not", "null", "numeric", "on", "optimize",
    "option", "optionally", "or", "order", "out", "outer", "outfile", "partition", "precision", "primary", "procedure", "purge", "range", "read",
    "reads", "real", "references", "regexp", "release", "rename", "repeat", "replace", "require", "restrict", "return", "revoke", "right", "rlike",
    "schema", "schemas", "select", "sensitive", "separator", "set", "show", "smallint", "spatial", "specific", "sql", "starting", "straight_join",
    "table", "terminated", "then", "tinyblob", "tinyint", "tinytext", "to", "trailing", "trigger", "true", "undo", "union", "unique", "unlock",
    "unsigned", "update", "usage", "use", "using", "values", "varbinary", "varchar", "when", "where", "while", "with", "write", "xor", "zerofill",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_the_search() {
        assert!([POSTGRES, SQLITE, MYSQL].iter().all(|list| list.is_sorted()));
        assert!(is_reserved(Dialect::Postgres, "TABLE") && !is_reserved(Dialect::Postgres, "name"));
    }
}
