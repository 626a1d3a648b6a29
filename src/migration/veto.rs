//! `[[contract.gate]]`: a source outside of the markers that must agree before a contract runs. It can hold, never open.

mod database;
mod flag;
mod http;
mod prometheus;
mod read;
mod words;
mod workload;

pub use database::{ApprovalAsk, StatementsAsk, UseAsk};
pub use flag::Flag;
pub(super) use http::read_pointer;
pub use http::{CommandLine, Expected, HttpValue};
pub use prometheus::{Decimal, ErrorRate, Latency, PrometheusQuery, Window};
pub use workload::{EcsService, TargetGroup, TargetsWanted, Workload, WorkloadKind};

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
    /// A flag of Unleash.
    Unleash(Box<Flag>),
    /// A flag of LaunchDarkly.
    LaunchDarkly(Box<Flag>),
    /// A flag of Flagsmith.
    Flagsmith(Box<Flag>),
    /// A flag of whatever speaks OFREP.
    Ofrep(Box<Flag>),
    /// The pods of a Deployment or an Argo Rollout.
    Kubernetes(Box<Workload>),
    /// The tasks of an ECS service.
    Ecs(Box<EcsService>),
    /// The targets of a load balancer of AWS.
    TargetGroup(Box<TargetGroup>),
    /// The names of the sessions of the database.
    ApplicationNames,
    /// The statements that the database recorded.
    Statements(StatementsAsk),
    /// How often what goes is read.
    Use(UseAsk),
    /// People who approve.
    Approval(ApprovalAsk),
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
    /// A flag of Unleash.
    Unleash,
    /// A flag of LaunchDarkly.
    LaunchDarkly,
    /// A flag of Flagsmith.
    Flagsmith,
    /// A flag of whatever speaks OFREP.
    Ofrep,
    /// The pods of a Deployment or an Argo Rollout.
    Kubernetes,
    /// The tasks of an ECS service.
    Ecs,
    /// The targets of a load balancer of AWS.
    TargetGroup,
    /// The names of the sessions of the database.
    ApplicationNames,
    /// The statements that the database recorded.
    Statements,
    /// How often what goes is read.
    Use,
    /// People who approve.
    Approval,
}

impl VetoKind {
    /// Every kind.
    pub const ALL: [VetoKind; 16] = [
        VetoKind::Prometheus,
        VetoKind::ErrorRate,
        VetoKind::Latency,
        VetoKind::Http,
        VetoKind::Command,
        VetoKind::Unleash,
        VetoKind::LaunchDarkly,
        VetoKind::Flagsmith,
        VetoKind::Ofrep,
        VetoKind::Kubernetes,
        VetoKind::Ecs,
        VetoKind::TargetGroup,
        VetoKind::ApplicationNames,
        VetoKind::Statements,
        VetoKind::Use,
        VetoKind::Approval,
    ];

    /// The name used in settings, tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            VetoKind::Prometheus => "prometheus",
            VetoKind::ErrorRate => "error-rate",
            VetoKind::Latency => "latency",
            VetoKind::Http => "http",
            VetoKind::Command => "command",
            VetoKind::Unleash => "unleash",
            VetoKind::LaunchDarkly => "launchdarkly",
            VetoKind::Flagsmith => "flagsmith",
            VetoKind::Ofrep => "ofrep",
            VetoKind::Kubernetes => "kubernetes",
            VetoKind::Ecs => "ecs",
            VetoKind::TargetGroup => "target-group",
            VetoKind::ApplicationNames => "application-names",
            VetoKind::Statements => "statements",
            VetoKind::Use => "use",
            VetoKind::Approval => "approval",
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
            Ask::Unleash(_) => VetoKind::Unleash,
            Ask::LaunchDarkly(_) => VetoKind::LaunchDarkly,
            Ask::Flagsmith(_) => VetoKind::Flagsmith,
            Ask::Ofrep(_) => VetoKind::Ofrep,
            Ask::Kubernetes(_) => VetoKind::Kubernetes,
            Ask::Ecs(_) => VetoKind::Ecs,
            Ask::TargetGroup(_) => VetoKind::TargetGroup,
            Ask::ApplicationNames => VetoKind::ApplicationNames,
            Ask::Statements(_) => VetoKind::Statements,
            Ask::Use(_) => VetoKind::Use,
            Ask::Approval(_) => VetoKind::Approval,
        }
    }

    /// With its files and its working folder beside the project's file.
    #[must_use]
    pub fn rooted(self, root: &Path) -> Veto {
        let mut veto = self;
        match &mut veto.ask {
            Ask::Prometheus(asked) => asked.endpoint.root(root),
            Ask::ErrorRate(asked) => asked.endpoint.root(root),
            Ask::Latency(asked) => asked.endpoint.root(root),
            Ask::Http(asked) => asked.endpoint.root(root),
            Ask::Command(asked) => root.clone_into(&mut asked.folder),
            Ask::Unleash(asked) | Ask::LaunchDarkly(asked) | Ask::Flagsmith(asked) | Ask::Ofrep(asked) => asked.endpoint.root(root),
            Ask::Kubernetes(asked) => asked.endpoint.root(root),
            Ask::Ecs(asked) => asked.endpoint.root(root),
            Ask::TargetGroup(asked) => asked.endpoint.root(root),
            Ask::ApplicationNames | Ask::Statements(_) | Ask::Use(_) | Ask::Approval(_) => {}
        }
        veto
    }
}

#[cfg(test)]
mod tests;
