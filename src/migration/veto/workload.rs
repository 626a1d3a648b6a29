//! What runs, as an orchestrator tells: Kubernetes, ECS, and the target groups of a load balancer.

use std::ops::Range;
use std::path::PathBuf;

use crate::migration::endpoint::{Endpoint, Scheme};
use crate::migration::nearest::hint;
use crate::migration::table::Table;
use crate::migration::{Credential, MigrationError, SecretSource};

/// Where a pod finds its own token and the API server's certificates.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// `kind = "kubernetes"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The API server; from within the cluster, its own.
    pub endpoint: Endpoint,
    /// `namespace`.
    pub namespace: String,
    /// `deployment` or `rollout`.
    pub kind: WorkloadKind,
    /// Its name.
    pub name: String,
    /// `service`: whose releases its pods are, with `version_label`.
    pub service: Option<String>,
    /// `version_label`: the label of a pod that holds its release, such as `app.kubernetes.io/version`.
    pub version_label: Option<String>,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// A Deployment.
    Deployment,
    /// A Rollout of Argo Rollouts.
    Rollout,
}

/// `kind = "ecs"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcsService {
    /// The API; that of the region unless `url` says otherwise.
    pub endpoint: Endpoint,
    /// `region`.
    pub region: String,
    /// `cluster`.
    pub cluster: String,
    /// `service`: its name in the cluster.
    pub service: String,
}

/// `kind = "target-group"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// The API; that of the region unless `url` says otherwise.
    pub endpoint: Endpoint,
    /// `region`.
    pub region: String,
    /// `target_group`: its ARN.
    pub arn: String,
    /// `wanted`.
    pub wanted: TargetsWanted,
}

/// What must be true of the targets of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetsWanted {
    /// `empty`: none is registered any more, not even draining: the group of the old release.
    Empty,
    /// `settled`: none drains and none is starting: the one group of a rolling deploy.
    Settled,
}

impl TargetsWanted {
    const ALL: [TargetsWanted; 2] = [TargetsWanted::Empty, TargetsWanted::Settled];

    /// The word of the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            TargetsWanted::Empty => "empty",
            TargetsWanted::Settled => "settled",
        }
    }
}

impl WorkloadKind {
    /// The name of the kind in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::Rollout => "Rollout",
        }
    }
}

impl Workload {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<Workload, MigrationError> {
        let document = table.document();
        let mut endpoint = Endpoint::read_or(table, "https://kubernetes.default.svc", Scheme::Bearer)?;
        if endpoint.url.host_str() == Some("kubernetes.default.svc") {
            let secret = SecretSource::File(PathBuf::from(ACCOUNT).join("token"));
            endpoint.credential.get_or_insert(Credential { secret, scheme: Scheme::Bearer });
            endpoint.ca_file.get_or_insert(PathBuf::from(ACCOUNT).join("ca.crt"));
        }
        let (namespace, namespace_at) = table.required("namespace", at.clone())?;
        let (kind, (name, name_at)) = match (table.text("deployment")?, table.text("rollout")?) {
            (Some(name), None) => (WorkloadKind::Deployment, name),
            (None, Some(name)) => (WorkloadKind::Rollout, name),
            (Some(_), Some((_, at))) => return Err(document.fault(at, "give either `deployment` or `rollout`, not both".to_owned())),
            (None, None) => return Err(document.fault(at, "say which: `deployment = \"…\"` or `rollout = \"…\"`".to_owned())),
        };
        for (text, at) in [(&namespace, namespace_at), (&name, name_at)] {
            // Both become parts of a path.
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)) {
                return Err(document.fault(at, format!("`{text}` is no name of a Kubernetes object")));
            }
        }
        let service = table.text("service")?.map(|(name, _)| name);
        let version_label = table.text("version_label")?;
        match (&service, version_label) {
            (None, Some((_, at))) => Err(document.fault(at, "`version_label` needs `service`: whose releases these are".to_owned())),
            (_, label) => Ok(Workload { endpoint, namespace, kind, name, service, version_label: label.map(|(label, _)| label) }),
        }
    }
}

impl EcsService {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<EcsService, MigrationError> {
        let (region, endpoint) = regional(table, "ecs", at.clone())?;
        let cluster = table.required("cluster", at.clone())?.0;
        Ok(EcsService { endpoint, region, cluster, service: table.required("service", at)?.0 })
    }
}

impl TargetGroup {
    pub(super) fn read(table: &mut Table<'_>, at: Range<usize>) -> Result<TargetGroup, MigrationError> {
        let (region, endpoint) = regional(table, "elasticloadbalancing", at.clone())?;
        let document = table.document();
        let arn = table.required("target_group", at.clone())?.0;
        let (word, word_at) = table.required("wanted", at)?;
        let words = TargetsWanted::ALL.map(TargetsWanted::as_str);
        let unknown = || document.fault(word_at, format!("`{word}` is not known{}; write {}", hint(&word, words), words.join(" or ")));
        let wanted = TargetsWanted::ALL.into_iter().find(|wanted| wanted.as_str() == word).ok_or_else(unknown)?;
        Ok(TargetGroup { endpoint, region, arn, wanted })
    }
}

fn regional(table: &mut Table<'_>, api: &str, at: Range<usize>) -> Result<(String, Endpoint), MigrationError> {
    let document = table.document();
    let (region, region_at) = table.required("region", at)?;
    if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(document.fault(region_at, format!("`{region}` is no region, such as eu-central-1")));
    }
    let end = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let endpoint = Endpoint::read_or(table, &format!("https://{api}.{region}.{end}"), Scheme::Bearer)?;
    if endpoint.credential.is_some() {
        return Err(
            document.fault(region_at, "requests to AWS are signed with the credentials of the environment: no token here".to_owned())
        );
    }
    Ok((region, endpoint))
}
