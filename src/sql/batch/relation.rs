//! Names and lists of tables, read from tokens.

use std::ops::Range;

use super::CannotCut;
use super::words::Words;
use crate::schema::name::Quoting;
use crate::schema::{Ident, ObjectName};
use crate::sql::lexer::TokenKind;

/// A table in FROM, USING, or behind UPDATE.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) name: ObjectName,
    /// Its alias, else its name, as written.
    pub(super) reference: String,
    /// The token behind name and alias.
    pub(super) end: usize,
}

impl Relation {
    /// Whether `qualifier`, as written in front of a column, means this table. For MySQL, which compares without case.
    pub(super) fn is_called(&self, qualifier: &str) -> bool {
        let plain = |name: &str| name.trim_matches('`').to_ascii_lowercase();
        plain(&self.reference) == plain(qualifier) || self.name.name.as_str() == plain(qualifier)
    }
}

/// Words that go on behind a table and are no alias.
const NO_ALIAS: &[&str] = &[
    "set",
    "from",
    "where",
    "using",
    "join",
    "inner",
    "left",
    "right",
    "full",
    "cross",
    "natural",
    "on",
    "straight_join",
    "indexed",
    "not",
    "partition",
    "returning",
    "order",
    "group",
    "having",
    "limit",
    "offset",
    "fetch",
    "for",
    "window",
    "union",
    "except",
    "intersect",
    "tablesample",
    "force",
    "use",
    "ignore",
    "lateral",
];

/// The table at token `at`.
pub(super) fn table(words: &Words<'_>, mut at: usize) -> Result<Relation, CannotCut> {
    if words.is(at, "only") {
        at += 1;
    }
    if words.kind(at) == Some(TokenKind::Open) {
        return Err(CannotCut::NoTable { what: "a subquery".to_owned() });
    }
    let (name, mut reference, mut at) = name(words, at)?;
    if words.kind(at) == Some(TokenKind::Open) {
        return Err(CannotCut::NoTable { what: format!("the function {reference}") });
    }
    if words.text(at) == "*" {
        at += 1;
    }
    if words.is(at, "partition") && words.kind(at + 1) == Some(TokenKind::Open) {
        at = words.behind(at + 1);
    }
    let explicit = words.is(at, "as");
    let alias = at + usize::from(explicit);
    let named = match words.kind(alias) {
        Some(TokenKind::Word) => explicit || !words.is_any(alias, NO_ALIAS),
        Some(TokenKind::Name) => true,
        _ => false,
    };
    if named {
        words.text(alias).clone_into(&mut reference);
        at = alias + 1;
    }
    if words.is(at, "tablesample") {
        return Err(CannotCut::Shape { what: "TABLESAMPLE".to_owned() });
    }
    Ok(Relation { name, reference, end: at })
}

/// `a`, `s.a`: the name, its text and the token behind it.
fn name(words: &Words<'_>, mut at: usize) -> Result<(ObjectName, String, usize), CannotCut> {
    let mut parts = Vec::new();
    let mut written = String::new();
    loop {
        parts.push(ident(words, at)?);
        written.push_str(words.text(at));
        at += 1;
        if words.kind(at) != Some(TokenKind::Dot) {
            break;
        }
        written.push('.');
        at += 1;
    }
    let last = parts.pop().ok_or_else(|| expected_table(words, at))?;
    Ok((ObjectName { schema: parts.pop(), name: last }, written, at))
}

/// The identifier at token `at`.
pub(super) fn ident(words: &Words<'_>, at: usize) -> Result<Ident, CannotCut> {
    let text = words.text(at);
    match words.kind(at) {
        Some(TokenKind::Word | TokenKind::Number) => Ok(Ident::new(words.dialect, text, Quoting::Bare)),
        Some(TokenKind::Name) if text.starts_with(['"', '`', '[']) => {
            let inner = &text[1..text.len() - 1];
            let unquoted = match text.as_bytes()[0] {
                b'"' => inner.replace("\"\"", "\""),
                b'`' => inner.replace("``", "`"),
                _ => inner.to_owned(),
            };
            Ok(Ident::new(words.dialect, &unquoted, Quoting::Quoted))
        }
        _ => Err(expected_table(words, at)),
    }
}

fn expected_table(words: &Words<'_>, at: usize) -> CannotCut {
    let found = match words.text(at) {
        "" => "the end of the statement".to_owned(),
        text => format!("`{text}`"),
    };
    CannotCut::Unread { reason: format!("a table was expected, found {found}") }
}

/// The tables of a FROM list at `depth`, the first one at the start of `part`. What is no table is left out, unless it stands first.
pub(super) fn list(words: &Words<'_>, part: Range<usize>, depth: usize) -> Result<Vec<Relation>, CannotCut> {
    let first = table(words, part.start)?;
    let mut at = first.end;
    let mut found = vec![first];
    while at < part.end {
        let here = words.tokens[at].depth == depth;
        let separator = here && (words.kind(at) == Some(TokenKind::Comma) || words.is_keyword(at, &["join", "straight_join"]));
        if here && words.is_keyword(at, &["right", "full"]) && words.kind(at + 1) != Some(TokenKind::Open) {
            return Err(CannotCut::Shape { what: format!("{} JOIN", words.text(at).to_ascii_uppercase()) });
        }
        at += 1;
        if separator && let Ok(relation) = table(words, at) {
            at = relation.end;
            found.push(relation);
        }
    }
    Ok(found)
}
