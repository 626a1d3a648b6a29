//! Keeps passwords out of everything that is written: whatever looks like a URL loses its password.

use std::borrow::Cow;
use std::io::{self, Write};

use memchr::memchr_iter;
use memchr::memmem;

/// The text with every password in a URL or a `password=` setting replaced by `***`. What holds none is not copied:
/// a report may be tens of megabytes long.
pub(super) fn redact(text: &str) -> Cow<'_, str> {
    let urls = if memmem::find(text.as_bytes(), b"://").is_some() { Cow::Owned(urls(text)) } else { Cow::Borrowed(text) };
    match setting(&urls, 0) {
        Some(first) => Cow::Owned(settings(&urls, first)),
        None => urls,
    }
}

/// Bytes that are held back at least before they are looked through: a report is written in many small pieces.
const HELD: usize = 1 << 16;

/// Redacts what goes through it, whole lines at a time: no secret reaches beyond its line.
pub(super) struct Redacted<W: Write> {
    out: W,
    held: Vec<u8>,
}

impl<W: Write> Redacted<W> {
    pub(super) fn new(out: W) -> Redacted<W> {
        Redacted { out, held: Vec::with_capacity(HELD * 2) }
    }

    /// Writes what is held of an unfinished line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.pass(self.held.len())?;
        self.out.flush()
    }

    fn pass(&mut self, end: usize) -> io::Result<()> {
        let text = std::str::from_utf8(&self.held[..end]).map_err(io::Error::other)?;
        self.out.write_all(redact(text).as_bytes())?;
        self.held.drain(..end);
        Ok(())
    }
}

impl<W: Write> Write for Redacted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= HELD
            && let Some(end) = memchr::memrchr(b'\n', &self.held)
        {
            self.pass(end + 1)?;
        }
        Ok(bytes.len())
    }

    /// Nothing: half a line may hold half a secret.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `scheme://user:secret@host` becomes `scheme://user:***@host`. The password ends at the last `@` before white space
/// or a quote: one that holds an unescaped `@` or `/` must not leak its tail.
fn urls(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memmem::find(rest.as_bytes(), b"://") {
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

/// What stands before the secret of a setting, in any case.
const SETTING: &str = "password=";

/// The first secret of a setting behind `from`.
fn setting(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let ends = memchr_iter(b'=', &bytes[from..]).map(|at| from + at + 1);
    let mut secrets =
        ends.filter(|&end| end.checked_sub(SETTING.len()).is_some_and(|start| bytes[start..end].eq_ignore_ascii_case(SETTING.as_bytes())));
    secrets.next()
}

/// `password=secret` (query parameters, key-value connection strings) becomes `password=***`.
fn settings(text: &str, first: usize) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut copied = 0;
    let mut next = Some(first);
    while let Some(at) = next {
        clean.push_str(&text[copied..at]);
        clean.push_str("***");
        let after = &text[at..];
        copied = at + after.find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '`')).unwrap_or(after.len());
        next = setting(text, copied);
    }
    clean.push_str(&text[copied..]);
    clean
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{Redacted, redact};

    #[test]
    fn what_is_written_in_pieces_is_redacted_as_a_whole() {
        let line = "see postgres://app:s3cret@db/é and password=hunter2 here\n";
        let text = line.repeat(5_000) + "postgres://app:s3cret@db";
        for piece in [1, 7, 70_000, 1_000_000] {
            let mut out = Vec::new();
            let mut through = Redacted::new(&mut out);
            text.as_bytes().chunks(piece).for_each(|bytes| through.write_all(bytes).expect("memory takes everything"));
            through.finish().expect("memory takes everything");
            assert!(String::from_utf8(out).expect("text") == redact(&text), "in pieces of {piece}");
        }
    }

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
