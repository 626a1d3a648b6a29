//! What stops the loader: each error names the file and, where there is one, the place in it.

use std::io;
use std::path::PathBuf;

use super::MigrationId;
use crate::sql::{DecodeError, Place};

/// The project or its migrations cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// Neither migrate.toml nor a migrations folder was found.
    #[error("found neither migrate.toml nor a migrations/ folder in {} or above; run `migrate init`, or name the project with --project DIR", start.display())]
    NoProject {
        /// Where the search began.
        start: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
    /// migrate.toml or migration.toml says something that is not understood.
    #[error("{path}:{}:{}: {message}", place.line, place.column)]
    Settings {
        /// The file.
        path: String,
        /// Where in it.
        place: Place,
        /// What is wrong, with the nearest right word where there is one.
        message: String,
    },
    /// A file or folder among the migrations that fits no known layout.
    #[error("{path}: {reason}")]
    NotUnderstood {
        /// Which.
        path: String,
        /// Why, and what would do.
        reason: String,
    },
    /// Two migrations begin with the same version.
    #[error("{first} and {second} have the same version {version}: give one of them a later version")]
    DuplicateVersion {
        /// The version.
        version: String,
        /// The earlier one by name.
        first: MigrationId,
        /// The later one.
        second: MigrationId,
    },
    /// Two files or folders make a migration of the same name.
    #[error("migration {id} is defined twice, by {first} and by {second}: remove or rename one")]
    DuplicateId {
        /// The name.
        id: MigrationId,
        /// The first definition.
        first: String,
        /// The second.
        second: String,
    },
    /// A script is no text that a database would take.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Nothing tells which database the migrations are for.
    #[error("the dialect is not known: set `dialect = \"postgres\"` (or sqlite, mysql) in migrate.toml, or give --database-url")]
    NoDialect,
    /// The database URL is for another database than migrate.toml says.
    #[error("migrate.toml says dialect = \"{stated}\", but the database URL is for {found}: correct one of them")]
    DialectMismatch {
        /// In migrate.toml.
        stated: crate::schema::Dialect,
        /// By the URL.
        found: crate::schema::Dialect,
    },
    /// A database URL that names no known database.
    #[error("the database URL begins with `{scheme}`: use postgres://, sqlite: or mysql://")]
    UrlScheme {
        /// What stands before the colon.
        scheme: String,
    },
    /// `url_env` names a variable that is not set.
    #[error("migrate.toml takes the database URL from ${variable}, which is not set: export it, or give --database-url")]
    UrlVariable {
        /// The variable.
        variable: String,
    },
}
