//! How far an operator goes, per dialect: `=-1` is two tokens, `->>` is one.

use crate::schema::Dialect;

/// Operators of more than one byte, longest first.
const MYSQL: &[&[u8]] = &[b"<=>", b"->>", b"<=", b">=", b"<>", b"!=", b":=", b"||", b"&&", b"<<", b">>", b"->"];
const SQLITE: &[&[u8]] = &[b"->>", b"<=", b">=", b"<>", b"!=", b"==", b"||", b"<<", b">>", b"->"];
const POSTGRES_FIXED: &[&[u8]] = &[b"::", b":="];

/// PostgreSQL refuses operators longer than NAMEDATALEN; looking no further keeps a run of `+` linear.
const LONGEST: usize = 64;

/// The length of the operator or other mark that `bytes` begins with; at least one.
pub(super) fn length(bytes: &[u8], dialect: Dialect) -> usize {
    let fixed = match dialect {
        Dialect::Postgres => POSTGRES_FIXED,
        Dialect::Sqlite => SQLITE,
        Dialect::Mysql => MYSQL,
    };
    if let Some(operator) = fixed.iter().find(|operator| bytes.starts_with(operator)) {
        return operator.len();
    }
    match dialect {
        Dialect::Postgres => postgres(bytes),
        Dialect::Sqlite | Dialect::Mysql => 1,
    }
}

/// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-OPERATORS>
fn postgres(bytes: &[u8]) -> usize {
    let part = |byte: &u8| matches!(byte, b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'`' | b'?');
    let bytes = &bytes[..bytes.len().min(LONGEST)];
    let run = bytes.iter().position(|byte| !part(byte)).unwrap_or(bytes.len());
    let comment = (1..run).find(|at| matches!(bytes[*at..], [b'-', b'-', ..] | [b'/', b'*', ..]));
    let mut length = comment.unwrap_or(run);
    let special = |byte: &u8| matches!(byte, b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'`' | b'?');
    if !bytes[..length].iter().any(special) {
        while length > 1 && matches!(bytes[length - 1], b'+' | b'-') {
            length -= 1;
        }
    }
    length.max(1)
}
