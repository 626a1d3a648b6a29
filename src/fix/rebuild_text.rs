//! Slices of a script by statement, and names in them.

use super::terminated;
use crate::sql::{Script, Span};

/// A statement with what stands before it and the comment behind it on its line.
#[derive(Debug)]
pub(super) struct Chunk<'a> {
    text: &'a str,
    /// From the end of the chunk before.
    pub(super) whole: Span,
    /// The statement with its terminator.
    own: Span,
}

impl Chunk<'_> {
    /// All of it, ended by a terminator and a line.
    pub(super) fn text(&self) -> String {
        let before = &self.text[self.whole.start..self.own.start];
        let own = &self.text[self.own.range()];
        let end = if own.ends_with(';') { "" } else { ";" };
        let behind = &self.text[self.own.end..self.whole.end];
        let line = if behind.ends_with('\n') { "" } else { "\n" };
        format!("{before}{own}{end}{behind}{line}")
    }

    /// The comments before the statement.
    pub(super) fn comments(&self) -> String {
        let before = self.text[self.whole.start..self.own.start].trim();
        if before.is_empty() { String::new() } else { format!("{before}\n") }
    }
}

/// The chunks of a script, one a statement.
pub(super) fn chunks(script: &Script) -> Vec<Chunk<'_>> {
    let text: &str = &script.source.text;
    let mut chunks = Vec::new();
    let mut start = 0;
    for statement in &script.statements {
        let own = terminated(text, statement.span);
        let rest = &text[own.end..];
        let line = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let behind = rest[..line].trim();
        let end = if behind.is_empty() || behind.starts_with("--") { own.end + line } else { own.end };
        chunks.push(Chunk { text, whole: Span::new(start, end), own });
        start = end;
    }
    chunks
}

/// A name to be written in another's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    /// In lower case.
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    /// Only where it stands first.
    pub(super) once: bool,
}

/// The SQL with other names. Strings and comments keep their text.
pub(super) fn respelled(sql: &str, words: &[Word<'_>]) -> String {
    let mut respelled = String::new();
    let mut used = vec![false; words.len()];
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let length = token(rest, c);
        let (token, behind) = rest.split_at(length);
        let name = token.trim_matches(['"', '`', '[', ']']).to_ascii_lowercase();
        let quoted = c == '\'' || token.starts_with("--") || token.starts_with("/*");
        let hit = (0..words.len()).find(|at| !quoted && words[*at].from == name && !(words[*at].once && used[*at]));
        match hit {
            Some(at) => {
                used[at] = true;
                respelled.push_str(words[at].to);
            }
            None => respelled.push_str(token),
        }
        rest = behind;
    }
    respelled
}

/// The tokens of a text with their places, without comments and what is blank.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let first = text[at..].chars().next()?;
            let (start, length) = (at, token(&text[at..], first));
            at += length;
            let found = &text[start..at];
            if !(first.is_whitespace() || found.starts_with("--") || found.starts_with("/*")) {
                return Some((start, found));
            }
        }
    })
}

/// The length of the word, string, comment or sign that a text begins with.
fn token(text: &str, first: char) -> usize {
    let until = |mark: &str, from: usize| text[from..].find(mark).map_or(text.len(), |at| from + at + mark.len());
    match first {
        '\'' => until("'", 1),
        '"' => until("\"", 1),
        '`' => until("`", 1),
        '[' => until("]", 1),
        '-' if text.starts_with("--") => until("\n", 2),
        '/' if text.starts_with("/*") => until("*/", 2),
        c if c.is_alphanumeric() || c == '_' => text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()),
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_and_strings_do_not() {
        let words = [Word { from: "users", to: "users_new", once: true }, Word { from: "users_old", to: "users", once: false }];
        let sql = "INSERT INTO \"Users\" (a) SELECT users_old.a || 'users_old''users' FROM users_old -- users_old";
        let expected = "INSERT INTO users_new (a) SELECT users.a || 'users_old''users' FROM users -- users_old";
        assert_eq!(respelled(sql, &words), expected);
    }
}
