//! A feature flag that everybody must be served the same value of, and have been for a while.

use std::ops::Range;
use std::time::Duration;

use crate::migration::MigrationError;
use crate::migration::endpoint::{Endpoint, Scheme};
use crate::migration::table::Table;

/// `kind = "unleash"`, `"launchdarkly"`, `"flagsmith"` and `"ofrep"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The service.
    pub endpoint: Endpoint,
    /// `flag`: its key.
    pub flag: String,
    /// `project`; empty where the service needs none.
    pub project: String,
    /// `environment`; empty where the token tells it.
    pub environment: String,
    /// `serves`: what everybody must be served. Default `true`.
    pub serves: String,
    /// `constant_for`: how long nothing about it may have changed. Without it the soak of the contract.
    pub constant_for: Option<Duration>,
}

impl Flag {
    /// Unleash: an admin or service-account token, as it is in `Authorization`.
    pub(super) fn read_unleash(table: &mut Table<'_>, at: Range<usize>) -> Result<Flag, MigrationError> {
        let endpoint = Endpoint::read(table, at.clone(), raw())?;
        let project = table.text("project")?.map_or_else(|| "default".to_owned(), |(name, _)| name);
        let flag = Flag { project, environment: table.required("environment", at.clone())?.0, ..Flag::read(table, at.clone(), endpoint)? };
        match flag.serves.as_str() {
            "true" | "false" => Ok(flag),
            _ => Err(table.document().fault(at, "`serves` of Unleash is true or false: variants are not served to everybody".to_owned())),
        }
    }

    /// LaunchDarkly: an access token, as it is in `Authorization`.
    pub(super) fn read_launchdarkly(table: &mut Table<'_>, at: Range<usize>) -> Result<Flag, MigrationError> {
        let endpoint = Endpoint::read_or(table, "https://app.launchdarkly.com", raw())?;
        let project = table.required("project", at.clone())?.0;
        let environment = table.required("environment", at.clone())?.0;
        Ok(Flag { project, environment, ..Flag::read(table, at, endpoint)? })
    }

    /// Flagsmith: a server-side key, which tells project and environment.
    pub(super) fn read_flagsmith(table: &mut Table<'_>, at: Range<usize>) -> Result<Flag, MigrationError> {
        let endpoint = Endpoint::read_or(table, "https://edge.api.flagsmith.com", Scheme::Header("X-Environment-Key".to_owned()))?;
        Flag::read(table, at, endpoint)
    }

    /// OFREP: whatever speaks the OpenFeature protocol, such as flagd. It tells nothing of the past.
    pub(super) fn read_ofrep(table: &mut Table<'_>, at: Range<usize>) -> Result<Flag, MigrationError> {
        let endpoint = Endpoint::read(table, at.clone(), Scheme::Bearer)?;
        Ok(Flag {
            endpoint,
            flag: table.required("flag", at)?.0,
            project: String::new(),
            environment: String::new(),
            serves: read_serves(table)?,
            constant_for: Some(Duration::ZERO),
        })
    }

    fn read(table: &mut Table<'_>, at: Range<usize>, endpoint: Endpoint) -> Result<Flag, MigrationError> {
        Ok(Flag {
            endpoint,
            flag: table.required("flag", at)?.0,
            project: String::new(),
            environment: String::new(),
            serves: read_serves(table)?,
            constant_for: table.duration("constant_for")?,
        })
    }
}

fn raw() -> Scheme {
    Scheme::Header("Authorization".to_owned())
}

fn read_serves(table: &mut Table<'_>) -> Result<String, MigrationError> {
    Ok(table.scalar("serves")?.map_or_else(|| "true".to_owned(), |(value, _)| value))
}
