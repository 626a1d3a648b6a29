//! Reads the paths that a Rust file mentions: comments and literals are skipped, `use` groups unfolded, `super` resolved.

/// A path as the file mentions it, from `crate` or from an external name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// The line, from one.
    pub(crate) line: usize,
    /// Its segments.
    pub(crate) path: Vec<String>,
}

impl Use {
    /// The wing it leads to, for a path of this crate.
    pub(crate) fn wing(&self) -> Option<&str> {
        (self.path.first()? == "crate").then_some(self.path.get(1)?.as_str())
    }

    /// The module below `parent` it leads to, for a path of this crate.
    pub(crate) fn child_of(&self, parent: &[&str]) -> Option<&str> {
        let inside =
            self.path.first()? == "crate" && self.path[1..].len() > parent.len() && self.path[1..].iter().zip(parent).all(|(a, b)| a == b);
        inside.then(|| self.path[parent.len() + 1].as_str())
    }

    /// Whether it begins with this external crate.
    pub(crate) fn starts_with_external(&self, name: &str) -> bool {
        self.path.len() > 1 && self.path[0] == name
    }

    /// Whether these segments stand in it, in a row.
    pub(crate) fn contains(&self, segments: &[&str]) -> bool {
        self.path.windows(segments.len()).any(|window| window.iter().zip(segments).all(|(a, b)| a == b))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    PathSeparator,
    Open,
    Close,
    Comma,
    Other,
}

/// All paths with at least two segments.
pub(crate) fn uses(text: &str, module: &[String]) -> Vec<Use> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts = matches!(tokens[at].1, Token::Word(_)) && (at == 0 || tokens[at - 1].1 != Token::PathSeparator);
        if starts {
            at = path(&tokens, at, Vec::new(), &mut found);
        } else {
            at += 1;
        }
    }
    found.retain(|used| used.path.len() > 1);
    for used in &mut found {
        resolve(&mut used.path, module);
    }
    found
}

/// Reads one path or `use` tree from `at`; gives the place behind it.
fn path(tokens: &[(usize, Token)], mut at: usize, mut prefix: Vec<String>, found: &mut Vec<Use>) -> usize {
    let line = tokens[at].0;
    loop {
        match tokens.get(at).map(|(_, token)| token) {
            Some(Token::Word(word)) => prefix.push(word.clone()),
            Some(Token::Open) if !prefix.is_empty() => {
                at += 1;
                while let Some((_, token)) = tokens.get(at) {
                    match token {
                        Token::Close => return at + 1,
                        Token::Word(_) => at = path(tokens, at, prefix.clone(), found),
                        Token::PathSeparator | Token::Open | Token::Comma | Token::Other => at += 1,
                    }
                }
                return at;
            }
            _ => break,
        }
        at += 1;
        if tokens.get(at).map(|(_, token)| token) != Some(&Token::PathSeparator) {
            break;
        }
        at += 1;
    }
    found.push(Use { line, path: prefix });
    at
}

/// Turns leading `self` and `super` into a path from `crate`.
fn resolve(path: &mut Vec<String>, module: &[String]) {
    let supers = path.iter().take_while(|segment| *segment == "super").count();
    let own = path.first().is_some_and(|segment| segment == "self");
    if supers == 0 && !own {
        return;
    }
    // Inline `mod tests` shifts `super` by one; taking it for the outer module errs towards the file's own wing.
    let kept = module.len().saturating_sub(supers);
    let mut whole = vec!["crate".to_owned()];
    whole.extend(module[..kept].iter().cloned());
    whole.extend(path.drain(..).skip(supers.max(usize::from(own))));
    *path = whole;
}

fn tokens(text: &str) -> Vec<(usize, Token)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let start = at;
        let token = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => {
                at = text[at..].find('\n').map_or(bytes.len(), |length| at + length);
                None
            }
            b'/' if bytes[at..].starts_with(b"/*") => {
                at = text[at..].find("*/").map_or(bytes.len(), |length| at + length + 2);
                None
            }
            b'"' => {
                at = end_of_string(bytes, at + 1);
                Some(Token::Other)
            }
            b'r' if raw_string(bytes, at).is_some() => {
                at = raw_string(bytes, at).unwrap_or(bytes.len());
                Some(Token::Other)
            }
            b'\'' => {
                at = end_of_character(bytes, at);
                Some(Token::Other)
            }
            b':' if bytes[at..].starts_with(b"::") => {
                at += 2;
                Some(Token::PathSeparator)
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                Some(Token::Word(text[start..at].to_owned()))
            }
            byte => {
                at += 1;
                match byte {
                    b'{' => Some(Token::Open),
                    b'}' => Some(Token::Close),
                    b',' => Some(Token::Comma),
                    byte if byte.is_ascii_whitespace() => None,
                    _ => Some(Token::Other),
                }
            }
        };
        if let Some(token) = token {
            found.push((line, token));
        }
        line += bytes[start..at].iter().filter(|byte| **byte == b'\n').count();
    }
    found
}

fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The end of `r"…"` or `r#"…"#` that begins here.
fn raw_string(bytes: &[u8], at: usize) -> Option<usize> {
    if at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') && bytes[at - 1] != b'b' {
        return None;
    }
    let hashes = bytes[at + 1..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), "#".repeat(hashes).as_bytes()].concat();
    let body = at + 2 + hashes;
    let length = bytes[body..].windows(close.len()).position(|window| window == close)?;
    Some(body + length + close.len())
}

/// Behind a character literal; behind the quote alone for a lifetime.
fn end_of_character(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        return bytes[at + 3..].iter().position(|byte| *byte == b'\'').map_or(bytes.len(), |length| at + 3 + length + 1);
    }
    let close = bytes[at + 1..].iter().take(5).position(|byte| *byte == b'\'');
    match close {
        Some(length) if length > 0 && std::str::from_utf8(&bytes[at + 1..at + 1 + length]).is_ok_and(|text| text.chars().count() == 1) => {
            at + length + 2
        }
        _ => at + 1,
    }
}
