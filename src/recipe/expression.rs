//! Expressions as a person would write them. The schema keeps them as tokens between blanks.

use crate::schema::{Dialect, Expression, Ident};

/// Words before a parenthesis that are no function.
const KEYWORDS: [&str; 20] = [
    "in", "and", "or", "not", "any", "all", "some", "exists", "as", "over", "filter", "then", "when", "else", "case", "between", "like",
    "is", "values", "check",
];

/// The expression without the blanks that nobody writes: `lower(a) = 'x'` instead of `lower ( a ) = 'x'`.
pub fn pretty(expression: &Expression) -> String {
    joined(words(&expression.text))
}

/// The expression with another column in the place of one.
pub(super) fn with_column(expression: &Expression, dialect: Dialect, old: &Ident, new: &str) -> String {
    let is_old = |word: &&str| *word == old.as_str() || *word == old.written() || *word == old.quoted(dialect);
    joined(words(&expression.text).into_iter().map(|word| if is_old(&word) { new } else { word }))
}

/// The tokens; a blank inside quotes parts nothing.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            ('\'' | '"' | '`', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => {
                words.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[start..]);
    words.retain(|word| !word.is_empty());
    words
}

fn joined<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut last: Option<&str> = None;
    for word in words {
        let called = word == "("
            && last.is_some_and(|last| {
                last.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"')
                    && !KEYWORDS.contains(&last.to_ascii_lowercase().as_str())
            });
        let close = matches!(word, ")" | "," | "." | "::" | "]" | "[") || called || matches!(last, Some("(" | "." | "::" | "["));
        if !text.is_empty() && !close {
            text.push(' ');
        }
        text.push_str(word);
        last = Some(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_read_as_they_are_written() {
        for (tokens, written) in [
            ("gen_random_uuid ( )", "gen_random_uuid()"),
            ("( price > 0 AND a IN ( 'x y' , 'z' ) )", "(price > 0 AND a IN ('x y', 'z'))"),
            ("'a' :: text", "'a'::text"),
            ("coalesce ( u . name , '' )", "coalesce(u.name, '')"),
            ("( a + b ) * 2", "(a + b) * 2"),
        ] {
            assert_eq!(joined(words(tokens)), written);
        }
    }
}
