//! Templates that nobody filled in: `{{ x }}`, `{% x %}`, `{$X}`, `{x}`, `${x}`, `$%X%$`.

use memchr::{memchr, memmem};

/// A template does not go over a line end, and a longer one is none.
const LONGEST: usize = 256;

/// The length of the template that `bytes` begins with.
pub(in crate::sql) fn length(bytes: &[u8]) -> Option<usize> {
    let line = &bytes[..bytes.len().min(LONGEST)];
    let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
    let (open, close): (&[u8], &[u8]) = match line {
        [b'{', b'{', ..] => (b"{{", b"}}"),
        [b'{', b'%', ..] => (b"{%", b"%}"),
        [b'$', b'{', ..] => (b"${", b"}"),
        [b'$', b'%', ..] => (b"$%", b"%$"),
        [b'{', ..] => (b"{", b"}"),
        _ => return None,
    };
    let inner = &line[open.len()..];
    let end = memmem::find(inner, close)?;
    // `{d '2020-01-01'}` is an ODBC escape.
    let plain =
        |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.'));
    if open == b"{" && !plain(&inner[..end]) {
        return None;
    }
    Some(open.len() + end + close.len())
}

/// The first template inside a quoted identifier.
pub(in crate::sql) fn inside(bytes: &[u8]) -> Option<(usize, usize)> {
    let brace = memchr(b'{', bytes)?;
    let start = if brace > 0 && bytes[brace - 1] == b'$' { brace - 1 } else { brace };
    length(&bytes[start..]).map(|length| (start, start + length))
}
