//! The bearer token of those who may write.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::sql::Digest;

/// Shorter ones can be guessed.
const SHORTEST: usize = 16;

/// A token; only its digest is kept, so nothing can print it and comparing takes no longer for a better guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token(Digest);

/// A token that is too short.
#[derive(Debug, thiserror::Error)]
#[error("the token has fewer than {SHORTEST} characters")]
pub struct WeakToken;

/// What a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// No token.
    Nothing,
    /// The right one.
    Right,
    /// Another, or one where none is known.
    Wrong,
}

impl Token {
    /// Takes a token; white space around it is not part of it.
    ///
    /// # Errors
    /// When it is too short.
    pub fn new(text: &str) -> Result<Token, WeakToken> {
        let text = text.trim();
        if text.len() < SHORTEST { Err(WeakToken) } else { Ok(Token(Digest::of_bytes(text.as_bytes()))) }
    }
}

/// What the `Authorization` header shows.
pub(super) fn shown(headers: &HeaderMap, token: Option<&Token>) -> Shown {
    let Some(header) = headers.get(AUTHORIZATION) else { return Shown::Nothing };
    let bearer = header.to_str().ok().and_then(|text| text.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let given = bearer.map(|(_, given)| Digest::of_bytes(given.trim().as_bytes()));
    match (given, token) {
        (Some(given), Some(Token(known))) if given == *known => Shown::Right,
        (Some(_) | None, Some(_) | None) => Shown::Wrong,
    }
}
