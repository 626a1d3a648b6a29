//! Where a database is: a URL that never shows its password again.

use std::fmt;

use url::Url;

use crate::schema::Dialect;

/// A database URL, taken apart once. `Display` and `Debug` show no password.
#[derive(Clone)]
pub struct Target {
    dialect: Dialect,
    url: String,
    label: String,
}

/// The text is no database URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// No scheme, or one that names no database.
    #[error("the database URL must begin with postgres://, sqlite: or mysql://")]
    UnknownScheme,
    /// The rest of it cannot be understood.
    #[error("the database URL cannot be understood: {reason}")]
    Malformed {
        /// Why, without the URL.
        reason: String,
    },
    /// This build has no driver for it.
    #[error("this build of the tool was made without {dialect}")]
    NotBuilt {
        /// The database.
        dialect: Dialect,
    },
}

impl Target {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// When it names no database or cannot be understood; the message never holds the URL.
    pub fn parse(url: &str) -> Result<Target, TargetError> {
        let scheme = url.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match scheme.as_str() {
            "sqlite" => {
                let label = url.split('?').next().unwrap_or_default().to_owned();
                Ok(Target { dialect: Dialect::Sqlite, url: url.to_owned(), label })
            }
            "postgres" | "postgresql" => Target::of_server(Dialect::Postgres, url),
            "mysql" | "mariadb" => Target::of_server(Dialect::Mysql, url),
            _ => Err(TargetError::UnknownScheme),
        }
    }

    fn of_server(dialect: Dialect, url: &str) -> Result<Target, TargetError> {
        let parsed = Url::parse(url).map_err(|error| TargetError::Malformed { reason: error.to_string() })?;
        let user = match parsed.username() {
            "" => String::new(),
            user => format!("{user}@"),
        };
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = parsed.host_str().unwrap_or_default();
        let label = format!("{dialect}://{user}{host}{port}{}", parsed.path());
        Ok(Target { dialect, url: url.to_owned(), label })
    }

    /// A SQLite database that lives as long as its connection.
    #[cfg(feature = "sqlite")]
    pub(super) fn in_memory() -> Target {
        let url = "sqlite::memory:".to_owned();
        Target { dialect: Dialect::Sqlite, label: url.clone(), url }
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The URL with everything in it: for a driver, never for people.
    pub(super) fn secret_url(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({})", self.label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_target_shows_the_password() {
        for url in [
            "postgres://ann:s3cret@db.example:5433/shop?sslmode=require",
            "postgresql://ann:s3cret@/shop?host=/run/postgresql",
            "postgres://db.example/shop?user=ann&password=s3cret",
            "mysql://ann:s3cret@db.example/shop",
        ] {
            let target = Target::parse(url).expect("a good URL");
            let shown = format!("{target} {target:?}");
            assert!(!shown.contains("s3cret"), "{shown}");
            assert!(shown.contains("shop"), "{shown}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_being_quoted() {
        for url in ["postgres://ann:s3cret@:port/x", "oracle://ann:s3cret@db/x", "s3cret", ""] {
            let error = Target::parse(url).expect_err("a bad URL").to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn sqlite_urls_keep_their_path() {
        let target = Target::parse("sqlite://data/shop.db?mode=rwc").expect("a good URL");
        assert_eq!(target.dialect(), Dialect::Sqlite);
        assert_eq!(target.to_string(), "sqlite://data/shop.db");
    }
}
