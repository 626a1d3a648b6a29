//! Bytes → text, text → digest and place: the loader's view of what `sql` does with text.

use sha2::{Digest as _, Sha256};

use crate::schema::Dialect;
use crate::sql::{DecodeError, Digest, Place, Source};

/// Decodes a file as `sql` will read it.
pub(super) fn decode(path: &str, bytes: Vec<u8>) -> Result<Source, DecodeError> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { path: path.into(), text: text.into() }),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let place = place_in(&String::from_utf8_lossy(&error.as_bytes()[..good]), good);
            Err(DecodeError::NotUtf8 { path: path.into(), place })
        }
    }
}

/// The digest of a script.
pub(super) fn digest(text: &str, dialect: Dialect) -> Digest {
    let _ = dialect;
    Digest(Sha256::digest(text.as_bytes()).into())
}

/// The line and column of a byte.
pub(super) fn place_in(text: &str, offset: usize) -> Place {
    let before = &text[..offset.min(text.len())];
    let line = before.rsplit('\n').next().unwrap_or_default();
    Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
}
