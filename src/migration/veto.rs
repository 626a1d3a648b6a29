//! `[[contract.gate]]`: a source outside of the markers that must agree before a contract runs. It can hold, never open.

mod http;
mod prometheus;
mod read;
mod words;

pub use http::{CommandLine, Expected, HttpValue};
pub use prometheus::{Decimal, ErrorRate, Latency, PrometheusQuery, Window};

use std::path::Path;

/// One source that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veto {
    /// `name`: what reports and `--override-gate` call it; its kind where it has none.
    pub name: String,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A number that Prometheus computes.
    Prometheus(Box<PrometheusQuery>),
    /// The share of failed requests, against the release before.
    ErrorRate(Box<ErrorRate>),
    /// How long requests take, against the release before.
    Latency(Box<Latency>),
    /// A value in a JSON document.
    Http(Box<HttpValue>),
    /// A program.
    Command(Box<CommandLine>),
}

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VetoKind {
    /// A number that Prometheus computes.
    Prometheus,
    /// The share of failed requests, against the release before.
    ErrorRate,
    /// How long requests take, against the release before.
    Latency,
    /// A value in a JSON document.
    Http,
    /// A program.
    Command,
}

impl VetoKind {
    /// Every kind.
    pub const ALL: [VetoKind; 5] = [VetoKind::Prometheus, VetoKind::ErrorRate, VetoKind::Latency, VetoKind::Http, VetoKind::Command];

    /// The name used in settings, tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            VetoKind::Prometheus => "prometheus",
            VetoKind::ErrorRate => "error-rate",
            VetoKind::Latency => "latency",
            VetoKind::Http => "http",
            VetoKind::Command => "command",
        }
    }

    /// Reads the name back.
    pub fn from_name(name: &str) -> Option<VetoKind> {
        VetoKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl std::fmt::Display for VetoKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Veto {
    /// Which kind it is of.
    pub fn kind(&self) -> VetoKind {
        match &self.ask {
            Ask::Prometheus(_) => VetoKind::Prometheus,
            Ask::ErrorRate(_) => VetoKind::ErrorRate,
            Ask::Latency(_) => VetoKind::Latency,
            Ask::Http(_) => VetoKind::Http,
            Ask::Command(_) => VetoKind::Command,
        }
    }

    /// With its files and its working folder beside the project's file.
    #[must_use]
    pub fn rooted(self, root: &Path) -> Veto {
        let ask = match self.ask {
            Ask::Prometheus(mut asked) => {
                asked.endpoint = asked.endpoint.rooted(root);
                Ask::Prometheus(asked)
            }
            Ask::ErrorRate(mut asked) => {
                asked.endpoint = asked.endpoint.rooted(root);
                Ask::ErrorRate(asked)
            }
            Ask::Latency(mut asked) => {
                asked.endpoint = asked.endpoint.rooted(root);
                Ask::Latency(asked)
            }
            Ask::Http(mut asked) => {
                asked.endpoint = asked.endpoint.rooted(root);
                Ask::Http(asked)
            }
            Ask::Command(mut asked) => {
                root.clone_into(&mut asked.folder);
                Ask::Command(asked)
            }
        };
        Veto { ask, ..self }
    }
}

#[cfg(test)]
mod tests;
