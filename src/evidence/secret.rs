//! Secrets: read where settings say they are, sent, and never shown.

use crate::migration::SecretSource;

/// A secret. It has no way to be printed.
#[derive(Clone)]
pub struct Secret(String);

/// Longer than any token in use: a wrong file is noticed before it is sent.
const LONGEST: usize = 16_384;

impl Secret {
    /// Reads the secret, without the white space around it.
    ///
    /// # Errors
    /// A sentence that names the source and never the content.
    pub fn read(source: &SecretSource) -> Result<Secret, String> {
        let text = match source {
            SecretSource::Variable(name) => std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?,
            SecretSource::File(path) => {
                std::fs::read_to_string(path).map_err(|error| format!("cannot read the secret in {}: {error}", path.display()))?
            }
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(format!("the secret in {source} is empty"));
        }
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(format!("what is in {source} is no secret that can be sent: it is too long, or has several lines"));
        }
        Ok(Secret(text.to_owned()))
    }

    /// What turned out to be secret; nothing where there is nothing to hide.
    pub(super) fn of(text: &str) -> Option<Secret> {
        (!text.is_empty()).then(|| Secret(text.to_owned()))
    }

    /// The secret itself: for the wire alone.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// A header's value made of it: as secret as the secret itself.
    pub(super) fn within(&self, before: &str, encode: impl Fn(&str) -> String) -> Secret {
        Secret(format!("{before}{}", encode(&self.0)))
    }

    /// The text without the secret, should somebody have repeated it.
    pub fn hide(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_from_files_and_never_shown() {
        let folder = tempfile::tempdir().expect("there is room");
        let file = folder.path().join("token");
        let read = |content: &str| {
            std::fs::write(&file, content).expect("the folder is ours");
            Secret::read(&SecretSource::File(file.clone()))
        };
        let secret = read(" s3cret\n").expect("a secret");
        assert_eq!(secret.expose(), "s3cret");
        assert_eq!(format!("{secret:?} {}", secret.hide("a s3cret b")), "*** a *** b");
        assert_eq!(Secret::of("s3cret").map(|secret| secret.hide("s3cret")), Some("***".to_owned()));
        assert!(Secret::of("").is_none(), "it would be found everywhere");
        assert!(read("\n").is_err_and(|error| error.contains("is empty")));
        assert!(read("s3cret\nmore").is_err_and(|error| !error.contains("s3cret")));
        assert!(Secret::read(&SecretSource::Variable("NO_SUCH_VARIABLE_HERE".into())).is_err_and(|error| error.contains("is not set")));
    }
}
