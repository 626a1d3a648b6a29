//! Edits of a statement's own text: what somebody wrote stays as they wrote it.

/// The statement with a word put behind the first occurrence of another.
pub(in crate::lint) fn splice(sql: &str, after: &str, word: &str) -> String {
    match find(sql, after) {
        Some(end) => format!("{} {word}{}", &sql[..end], &sql[end..]),
        None => sql.to_owned(),
    }
}

/// What stands behind the name that follows a word: of `CREATE INDEX i ON a.t (b)` with `on`, ` (b)`.
pub(in crate::lint) fn behind_name<'a>(sql: &'a str, after: &str) -> Option<&'a str> {
    let text = sql[find(sql, after)?..].trim_start();
    let only = text.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("only "));
    let text = if only { text[5..].trim_start() } else { text };
    let mut quoted = false;
    let end = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        !quoted && (c.is_whitespace() || *c == '(')
    });
    end.map(|(at, _)| &text[at..])
}

/// The end of the first occurrence of a word that stands by itself.
fn find(sql: &str, word: &str) -> Option<usize> {
    let lower = sql.to_ascii_lowercase();
    let bounded = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
    let alone = |at: &usize| {
        bounded(at.checked_sub(1).and_then(|before| lower.as_bytes().get(before))) && bounded(lower.as_bytes().get(at + word.len()))
    };
    lower.match_indices(word).map(|(at, _)| at).find(alone).map(|at| at + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_goes_behind_the_keyword_and_not_into_a_name() {
        assert_eq!(
            splice("CREATE UNIQUE INDEX a_index ON t (a)", "index", "CONCURRENTLY"),
            "CREATE UNIQUE INDEX CONCURRENTLY a_index ON t (a)"
        );
        assert_eq!(splice("create index one on t (a)", "on", "ONLY"), "create index one on ONLY t (a)");
    }

    #[test]
    fn what_follows_a_name_is_found_behind_quotes_and_only() {
        assert_eq!(behind_name("CREATE INDEX i ON a.t(b) WHERE c", "on"), Some("(b) WHERE c"));
        assert_eq!(behind_name("CREATE INDEX i ON ONLY \"a b\" USING gin (c)", "on"), Some(" USING gin (c)"));
        assert_eq!(behind_name("CREATE INDEX i", "on"), None);
    }
}
