//! The version of a database server, as far as facts depend on it.

use std::fmt;
use std::str::FromStr;

use super::Dialect;

/// The numbers of a server, compared in their order: PostgreSQL `15.18`, SQLite `3.46`, MySQL `8.0.34`, `mariadb-10.11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerVersion {
    /// The first number.
    pub major: u16,
    /// The second number; zero when it was not given.
    pub minor: u16,
    /// The third number; zero when it was not given.
    pub patch: u16,
    /// Whose numbers these are, where a dialect has more than one maker.
    pub flavour: Flavour,
}

/// The makers of servers that share MySQL's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flavour {
    /// The one that gave the dialect its name.
    Original,
    /// MariaDB.
    MariaDb,
}

impl ServerVersion {
    /// A version from its first two numbers.
    pub const fn new(major: u16, minor: u16) -> ServerVersion {
        ServerVersion { major, minor, patch: 0, flavour: Flavour::Original }
    }

    /// A release of MariaDB.
    pub const fn mariadb(major: u16, minor: u16) -> ServerVersion {
        ServerVersion { flavour: Flavour::MariaDb, ..ServerVersion::new(major, minor) }
    }

    /// The same version with its third number.
    #[must_use]
    pub const fn patched(self, patch: u16) -> ServerVersion {
        ServerVersion { patch, ..self }
    }

    /// Whether a server of MySQL's dialect is MariaDB: it says so, or its number is one of MariaDB's, which begin at 10.
    pub const fn is_mariadb(self) -> bool {
        matches!(self.flavour, Flavour::MariaDb) || self.major >= 10
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
#[error("`{text}` is not a server version such as `15`, `8.0.34` or `mariadb-10.11`")]
pub struct VersionError {
    /// What was given.
    pub text: String,
}

impl FromStr for ServerVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<ServerVersion, VersionError> {
        let error = || VersionError { text: text.to_owned() };
        let named = text.to_ascii_lowercase().contains("mariadb");
        let numbers = if named { text.trim_start_matches(|c: char| !c.is_ascii_digit()) } else { text };
        let numbers = numbers.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        let mut parts = numbers.split('.');
        let major = parts.next().and_then(|part| part.parse().ok()).ok_or_else(error)?;
        let mut next = || match parts.next() {
            Some(part) if !part.is_empty() => part.parse().map_err(|_| error()),
            _ => Ok(0),
        };
        let (minor, patch) = (next()?, next()?);
        Ok(ServerVersion { major, minor, patch, flavour: if named { Flavour::MariaDb } else { Flavour::Original } })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.flavour == Flavour::MariaDb {
            f.write_str("mariadb-")?;
        }
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 {
            write!(f, ".{}", self.patch)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_and_people_write_them() {
        let read = |text: &str| text.parse::<ServerVersion>().map(|version| version.to_string()).ok();
        assert_eq!(read("15").as_deref(), Some("15.0"));
        assert_eq!(read("15.4 (Debian 15.4-1)").as_deref(), Some("15.4"));
        assert_eq!(read("8.0.34").as_deref(), Some("8.0.34"));
        assert_eq!(read("mariadb-10.11").as_deref(), Some("mariadb-10.11"));
        assert_eq!(read("10.11.19-MariaDB-0+deb12u1").as_deref(), Some("mariadb-10.11.19"));
        assert_eq!(read("newest"), None);
        assert!(ServerVersion::new(10, 11).is_mariadb() && !ServerVersion::new(8, 4).is_mariadb());
        assert!(ServerVersion::new(8, 0).patched(29) < ServerVersion::new(8, 1));
    }
}
