//! Database URLs: which dialect they are for, and how to show them without their password.

use std::fmt;

use super::MigrationError;
use crate::schema::Dialect;

/// A database URL. Shown without its password, whatever way it is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    dialect: Dialect,
}

impl DatabaseUrl {
    /// Reads a URL such as `postgres://user@host/db`, `sqlite://shop.db` or `mysql://host/db`.
    ///
    /// # Errors
    /// `UrlScheme` when it names no known database.
    pub fn parse(text: &str) -> Result<DatabaseUrl, MigrationError> {
        let scheme = text.split(':').next().unwrap_or_default();
        let dialect = match scheme {
            "postgres" | "postgresql" => Dialect::Postgres,
            "sqlite" => Dialect::Sqlite,
            "mysql" | "mariadb" => Dialect::Mysql,
            _ => {
                // Without a colon the whole text might be a password that slipped into the variable.
                let scheme = if text.contains(':') { scheme } else { "" };
                return Err(MigrationError::UrlScheme { scheme: scheme.to_owned() });
            }
        };
        Ok(DatabaseUrl { text: text.to_owned(), dialect })
    }

    /// The database that it is for.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The URL with its password: for the driver alone, never for people.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dialect {
            // A path, without credentials.
            Dialect::Sqlite => f.write_str(&self.text),
            Dialect::Postgres | Dialect::Mysql => match url::Url::parse(&self.text) {
                Ok(mut url) => {
                    // Both fail only on URLs that cannot have a password.
                    if url.password().is_some() {
                        let _ = url.set_password(Some("***"));
                    }
                    // Parameters can carry passwords as well (`?password=…`, `sslkey=…`).
                    url.set_query(None);
                    f.write_str(url.as_str())
                }
                Err(_) => write!(f, "{}://…", self.dialect),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_shows_a_password() {
        for text in [
            "postgres://app:s3cret@db.example:5432/shop?sslmode=require",
            "postgresql://db/shop?user=app&password=s3cret",
            "mysql://app:s3cret@db/shop",
            "postgres://app:s3cret@[broken/shop",
        ] {
            let url = DatabaseUrl::parse(text).expect("a known scheme");
            assert!(!format!("{url} {url:?}").contains("s3cret"), "{url}");
            assert_eq!(url.expose(), text);
        }
        let error = DatabaseUrl::parse("s3cret").expect_err("no scheme");
        assert!(!error.to_string().contains("s3cret"));
    }

    #[test]
    fn tells_the_dialect() {
        assert_eq!(DatabaseUrl::parse("sqlite://shop.db").expect("valid").dialect(), Dialect::Sqlite);
        assert_eq!(DatabaseUrl::parse("mariadb://db/shop").expect("valid").dialect(), Dialect::Mysql);
        assert!(DatabaseUrl::parse("oracle://db").is_err());
    }
}
