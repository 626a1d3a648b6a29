//! Object names found in tokens that nobody understood: what an `Opaque` operation warns about.

use sqlparser::tokenizer::{Token, Word};

use crate::schema::name::Quoting;
use crate::schema::{Dialect, Ident, ObjectName};

/// Words after which the name of an object can stand.
const BEFORE_A_NAME: &[&str] = &[
    "aggregate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "database",
    "domain",
    "event",
    "exists",
    "extension",
    "force",
    "from",
    "function",
    "handler",
    "ignore",
    "index",
    "inherit",
    "inherits",
    "into",
    "join",
    "key",
    "like",
    "listen",
    "materialized",
    "of",
    "on",
    "only",
    "partition",
    "policy",
    "procedure",
    "reindex",
    "references",
    "rename",
    "role",
    "routine",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "table",
    "tables",
    "to",
    "trigger",
    "truncate",
    "type",
    "update",
    "user",
    "using",
    "vacuum",
    "analyze",
    "view",
];

/// Words that are no name although they stand where one could.
const NEVER_A_NAME: &[&str] = &[
    "add",
    "all",
    "alter",
    "and",
    "as",
    "by",
    "cascade",
    "check",
    "column",
    "concurrently",
    "constraint",
    "create",
    "default",
    "delete",
    "drop",
    "each",
    "execute",
    "exists",
    "false",
    "for",
    "foreign",
    "from",
    "if",
    "in",
    "index",
    "insert",
    "into",
    "is",
    "key",
    "lateral",
    "materialized",
    "no",
    "not",
    "null",
    "on",
    "only",
    "or",
    "primary",
    "references",
    "restrict",
    "row",
    "schema",
    "select",
    "sequence",
    "set",
    "statement",
    "table",
    "tables",
    "to",
    "trigger",
    "true",
    "truncate",
    "type",
    "unique",
    "update",
    "using",
    "values",
    "view",
    "when",
    "where",
    "with",
];

/// Every name in `tokens` that stands where an object could. Errs on the generous side: a name too many only makes
/// the replay more careful.
pub(super) fn collect<'a>(tokens: impl Iterator<Item = &'a Token>, dialect: Dialect) -> Vec<ObjectName> {
    let mut found: Vec<ObjectName> = Vec::new();
    let mut tokens = tokens.peekable();
    let mut expected = false;
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) if expected && is_name(word) => {
                let mut parts = vec![ident(word, dialect)];
                while matches!(tokens.peek(), Some(Token::Period)) {
                    tokens.next();
                    if let Some(Token::Word(word)) = tokens.peek() {
                        parts.push(ident(word, dialect));
                        tokens.next();
                    }
                }
                let name = parts.pop().map(|name| ObjectName { schema: parts.pop(), name });
                found.extend(name.filter(|name| !found.contains(name)));
                expected = matches!(tokens.peek(), Some(Token::Comma));
            }
            Token::Word(word) if word.quote_style.is_none() => expected = (expected && is_noise(word)) || listed(BEFORE_A_NAME, word),
            Token::Comma => {}
            _ => expected = false,
        }
    }
    found
}

fn ident(word: &Word, dialect: Dialect) -> Ident {
    Ident::new(dialect, &word.value, if word.quote_style.is_some() { Quoting::Quoted } else { Quoting::Bare })
}

fn is_name(word: &Word) -> bool {
    word.quote_style.is_some() || !listed(NEVER_A_NAME, word)
}

fn is_noise(word: &Word) -> bool {
    listed(&["if", "not", "exists", "only", "concurrently", "ignore"], word)
}

fn listed(list: &[&str], word: &Word) -> bool {
    list.iter().any(|entry| word.value.eq_ignore_ascii_case(entry))
}
