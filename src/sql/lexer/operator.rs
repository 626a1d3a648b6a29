//! How far an operator goes, per dialect: `=-1` is two tokens, `->>` is one.

use crate::schema::Dialect;

/// Operators of more than one byte, longest first.
const MYSQL: &[&[u8]] = &[b"<=>", b"->>", b"<=", b">=", b"<>", b"!=", b":=", b"||", b"&&", b"<<", b">>", b"->"];
const SQLITE: &[&[u8]] = &[b"->>", b"<=", b">=", b"<>", b"!=", b"==", b"||", b"<<", b">>", b"->"];
const POSTGRES_FIXED: &[&[u8]] = &[b"::", b":="];

/// No operator is longer; looking no further keeps a run of `+` linear. PostgreSQL itself stops at NAMEDATALEN, 63.
const LONGEST: usize = 16;

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
    // A run that ends in + or - gives these back, unless one of the special characters is in it.
    let (mut length, mut solid, mut special) = (0, 1, false);
    for (at, byte) in bytes[..bytes.len().min(LONGEST)].iter().enumerate() {
        let comment = at > 0 && matches!((byte, bytes.get(at + 1)), (b'-', Some(b'-')) | (b'/', Some(b'*')));
        match PART[usize::from(*byte)] {
            _ if comment => break,
            Part::None => break,
            Part::Sign => {}
            Part::Plain => solid = at + 1,
            Part::Special => special = true,
        }
        length = at + 1;
    }
    if special { length } else { solid.min(length).max(1) }
}

/// What a byte is to PostgreSQL's operators.
#[derive(Clone, Copy)]
enum Part {
    None,
    /// `+ -`.
    Sign,
    /// `* / < > =`.
    Plain,
    /// `` ~ ! @ # % ^ & | ` ? ``.
    Special,
}

const PART: [Part; 256] = {
    let mut table = [Part::None; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'+' | b'-' => Part::Sign,
            b'*' | b'/' | b'<' | b'>' | b'=' => Part::Plain,
            b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|' | b'`' | b'?' => Part::Special,
            _ => Part::None,
        };
        byte += 1;
    }
    table
};
