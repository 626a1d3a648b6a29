//! Keeps passwords out of everything that is written: whatever looks like a URL loses its password.

/// The text with every password in a URL or a `password=` setting replaced by `***`.
pub(super) fn redact(text: &str) -> String {
    settings(&urls(text))
}

/// `scheme://user:secret@host` becomes `scheme://user:***@host`. The password ends at the last `@` before white space
/// or a quote: one that holds an unescaped `@` or `/` must not leak its tail.
fn urls(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>')).unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        match url.rsplit_once('@') {
            Some((credentials, host)) => {
                let user = credentials.split_once(':').map_or(credentials, |(user, _)| user);
                clean.push_str(user);
                if credentials.contains(':') {
                    clean.push_str(":***");
                }
                clean.push('@');
                clean.push_str(host);
            }
            None => clean.push_str(url),
        }
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

/// `password=secret` (query parameters, key-value connection strings) becomes `password=***`.
fn settings(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find("password=") {
        let (before, after) = rest.split_at(at + "password=".len());
        clean.push_str(before);
        clean.push_str("***");
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '`')).unwrap_or(after.len());
        rest = &after[end..];
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn a_url_keeps_everything_but_its_password() {
        assert_eq!(
            redact("cannot reach postgres://app:s3cret@db:5432/shop: refused"),
            "cannot reach postgres://app:***@db:5432/shop: refused"
        );
    }

    #[test]
    fn unescaped_separators_in_a_password_do_not_leak_its_tail() {
        assert_eq!(redact("postgres://app:p@ss/w:rd@db/shop"), "postgres://app:***@db/shop");
    }

    #[test]
    fn query_parameters_and_settings_lose_theirs() {
        assert_eq!(redact("postgres://db/shop?user=a&password=hunter2&x=1"), "postgres://db/shop?user=a&password=***&x=1");
        assert_eq!(redact("host=db PASSWORD=hunter2 user=a"), "host=db PASSWORD=*** user=a");
    }

    #[test]
    fn text_without_credentials_is_left_alone() {
        assert_eq!(redact("see https://example.org/a@b and sqlite://shop.db"), "see https://example.org/a@b and sqlite://shop.db");
    }
}
