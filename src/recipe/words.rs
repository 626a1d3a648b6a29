//! The words of a statement's text: names are changed in it, strings and comments are not.

use crate::schema::name::Quoting;
use crate::schema::{Dialect, Ident};

/// A name to be written in another's place.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// In lower case.
    pub from: &'a str,
    /// As it is written.
    pub to: &'a str,
    /// Only where it stands first.
    pub once: bool,
}

/// The SQL with other names. Strings and comments keep their text.
pub fn respelled(sql: &str, words: &[Word<'_>]) -> String {
    let mut used = vec![false; words.len()];
    rewritten(sql, |token| {
        let name = token.trim_matches(['"', '`', '[', ']']).to_ascii_lowercase();
        let hit = (0..words.len()).find(|at| words[*at].from == name && !(words[*at].once && used[*at]))?;
        used[hit] = true;
        Some(words[hit].to)
    })
}

/// The SQL with another name in the place of one, as the database tells names apart.
pub(super) fn renamed(sql: &str, dialect: Dialect, from: &Ident, to: &str) -> String {
    rewritten(sql, |token| is_name(dialect, token, from).then_some(to))
}

/// Whether a token is this name.
pub(super) fn is_name(dialect: Dialect, token: &str, name: &Ident) -> bool {
    let bare = token.trim_matches(['"', '`', '[', ']']);
    let quoting = if bare.len() == token.len() { Quoting::Bare } else { Quoting::Quoted };
    !token.starts_with('\'') && Ident::new(dialect, bare, quoting) == *name
}

fn rewritten<'a>(sql: &str, mut to: impl FnMut(&str) -> Option<&'a str>) -> String {
    let mut text = String::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let (token, behind) = rest.split_at(token(rest, c));
        let quoted = c == '\'' || token.starts_with("--") || token.starts_with("/*");
        text.push_str(if quoted { token } else { to(token).unwrap_or(token) });
        rest = behind;
    }
    text
}

/// The tokens of a text with their places, without comments and what is blank.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
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

    #[test]
    fn a_name_is_told_as_the_database_tells_it() {
        let name = Ident::new(Dialect::Postgres, "age", Quoting::Bare);
        let sql = "SELECT AGE, \"age\", \"Age\", 'age', ages FROM u -- age";
        assert_eq!(renamed(sql, Dialect::Postgres, &name, "years"), "SELECT years, years, \"Age\", 'age', ages FROM u -- age");
    }
}
