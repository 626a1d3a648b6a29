//! The version of a database server, as far as facts depend on it.

use std::fmt;
use std::str::FromStr;

use super::Dialect;

/// `major.minor` of a server, compared in that order: PostgreSQL `15.18`, SQLite `3.46`, MariaDB `10.11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerVersion {
    /// The first number.
    pub major: u16,
    /// The second number; zero when it was not given.
    pub minor: u16,
}

impl ServerVersion {
    /// A version from its two numbers.
    pub const fn new(major: u16, minor: u16) -> ServerVersion {
        ServerVersion { major, minor }
    }

    /// What is assumed when neither a database nor migrate.toml tells: the oldest supported release.
    pub const fn oldest(dialect: Dialect) -> ServerVersion {
        match dialect {
            Dialect::Postgres => ServerVersion::new(14, 0),
            Dialect::Sqlite => ServerVersion::new(3, 35),
            Dialect::Mysql => ServerVersion::new(8, 0),
        }
    }
}

/// The server that SQL is read and judged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Which grammar and which facts.
    pub dialect: Dialect,
    /// Which release of it.
    pub version: ServerVersion,
}

impl Server {
    /// The oldest supported release of a dialect.
    pub const fn oldest(dialect: Dialect) -> Server {
        Server { dialect, version: ServerVersion::oldest(dialect) }
    }
}

/// The text is no `major[.minor[…]]`.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a server version such as `15` or `15.4`")]
pub struct VersionError {
    /// What was given.
    pub text: String,
}

impl FromStr for ServerVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<ServerVersion, VersionError> {
        let error = || VersionError { text: text.to_owned() };
        let numbers = text.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        let mut parts = numbers.split('.');
        let major = parts.next().and_then(|part| part.parse().ok()).ok_or_else(error)?;
        let minor = match parts.next() {
            Some(part) if !part.is_empty() => part.parse().map_err(|_| error())?,
            _ => 0,
        };
        Ok(ServerVersion { major, minor })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
