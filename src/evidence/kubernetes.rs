//! Kubernetes: a roll-out that has ended, and every pod that still runs, terminating ones included, of the newest kind.
//!
//! Sources of the shapes: the API reference of `apps/v1` Deployment and ReplicaSet and `v1` Pod; the custom resource
//! definition of Argo Rollouts (`status.observedGeneration`, `status.stableRS`, `status.currentPodHash`, `status.phase`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::flag::items;
use super::http::{Call, Client};
use super::readiness::{Readiness, readiness};
use super::verdict::Verdict;
use super::words::list;
use crate::ledger::{Ledger, Release};
use crate::migration::veto::{Workload, WorkloadKind};
use crate::plan::GateSpec;

/// Pods that one answer holds.
const PAGE: &str = "500";

/// Pages that are read at most: the limit of a cluster is 150,000 pods.
const PAGES: usize = 400;

/// The pods that are told by name.
const NAMED: usize = 5;

pub(super) async fn judge(asked: &Workload, spec: &GateSpec, ledger: &Ledger) -> Verdict {
    match look(asked, spec, ledger).await {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::unknown(reason, json!({ "namespace": asked.namespace, "name": asked.name })),
    }
}

async fn look(asked: &Workload, spec: &GateSpec, ledger: &Ledger) -> Result<Verdict, String> {
    let client = Client::open(&asked.endpoint).map_err(|error| error.to_string())?;
    let group = match asked.kind {
        WorkloadKind::Deployment => "apis/apps/v1",
        WorkloadKind::Rollout => "apis/argoproj.io/v1alpha1",
    };
    let plural = match asked.kind {
        WorkloadKind::Deployment => "deployments",
        WorkloadKind::Rollout => "rollouts",
    };
    let path = format!("{group}/namespaces/{}/{plural}/{}", asked.namespace, asked.name);
    let object = client.json(Call::get(path)).await.map_err(|error| error.to_string())?;
    let selector = selector(&object["spec"]["selector"])?;
    let pods = pods(&client, asked, &selector).await?;
    let (current, label) = match asked.kind {
        WorkloadKind::Deployment => (newest(&client, asked, &object, &selector).await?, "pod-template-hash"),
        WorkloadKind::Rollout => {
            let hash = object["status"]["currentPodHash"].as_str().ok_or("the rollout has no current hash yet")?;
            (hash.to_owned(), "rollouts-pod-template-hash")
        }
    };
    let told = format!("{} {}/{}", asked.kind.as_str(), asked.namespace, asked.name);
    let mut holding = match asked.kind {
        WorkloadKind::Deployment => unfinished(&object),
        WorkloadKind::Rollout => unpromoted(&object),
    };
    let alive: Vec<&Value> = pods.iter().filter(|pod| is_alive(pod)).collect();
    let old: Vec<String> = alive.iter().filter(|pod| pod["metadata"]["labels"][label] != current.as_str()).map(|pod| name(pod)).collect();
    if !old.is_empty() {
        holding.push(format!("{} of an earlier kind still {}: {}", pods_of(old.len()), runs(old.len()), first(&old)));
    }
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    if let (Some(service), Some(label)) = (&asked.service, &asked.version_label) {
        for pod in &alive {
            let version = pod["metadata"]["labels"][label].as_str();
            let version = version.ok_or_else(|| format!("pod {} has no label {label}", name(pod)))?;
            *versions.entry(version.to_owned()).or_default() += 1;
        }
        for (version, count) in &versions {
            let release = Release { service: service.clone(), version: version.clone() };
            if let Readiness::NotReady(why) = readiness(spec, ledger, &release) {
                holding.push(format!("{} {} {release}, which is not ready: {why}", pods_of(*count), runs(*count)));
            }
        }
    }
    let terminating = alive.iter().filter(|pod| !pod["metadata"]["deletionTimestamp"].is_null()).count();
    let evidence = json!({
        "object": told, "current": current, "alive": alive.len(), "terminating": terminating, "earlier": old, "versions": versions,
    });
    if !holding.is_empty() {
        return Ok(Verdict::closed(format!("{told}: {}", holding.join("; ")), evidence));
    }
    Ok(Verdict::open(format!("{told} is rolled out, and its {} are of the newest kind", pods_of(alive.len())), evidence))
}

/// What `kubectl rollout status` waits for.
fn unfinished(object: &Value) -> Vec<String> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let mut holding = Vec::new();
    holding.extend(unseen(object));
    if spec["paused"] == true {
        holding.push("its roll-out is paused".to_owned());
    }
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let (all, updated, available) = (number(&status["replicas"]), number(&status["updatedReplicas"]), number(&status["availableReplicas"]));
    if updated < wanted || all > updated || available < updated {
        holding.push(format!("its roll-out is not at its end: {updated} of {wanted} updated, {all} in all, {available} available"));
    }
    // A younger field, absent in older clusters; the pods are counted in any case.
    if number(&status["terminatingReplicas"]) > 0 {
        holding.push(format!("{} still terminate", pods_of(usize::try_from(number(&status["terminatingReplicas"])).unwrap_or(1))));
    }
    holding
}

/// A controller that is behind tells of what was before.
fn unseen(object: &Value) -> Option<String> {
    // A number of a Deployment, a string of a Rollout. What is neither was never seen.
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default();
    let is_behind = number(&object["status"]["observedGeneration"]) < number(&object["metadata"]["generation"]);
    is_behind.then(|| "the controller has not seen the last change yet".to_owned())
}

fn unpromoted(object: &Value) -> Vec<String> {
    let status = &object["status"];
    let mut holding = Vec::from_iter(unseen(object));
    let phase = status["phase"].as_str().unwrap_or("of an unknown phase");
    if phase != "Healthy" {
        holding.push(format!("it is {phase}"));
    }
    if status["stableRS"].is_null() || status["stableRS"] != status["currentPodHash"] {
        holding.push("the newest kind is not promoted yet".to_owned());
    }
    holding
}

/// The label by which a Deployment knows its newest pods: that of the ReplicaSet with its own revision.
async fn newest(client: &Client, asked: &Workload, object: &Value, selector: &str) -> Result<String, String> {
    const REVISION: &str = "deployment.kubernetes.io/revision";
    let call = Call::get(format!("apis/apps/v1/namespaces/{}/replicasets", asked.namespace)).with("labelSelector", selector);
    let sets = client.json(call).await.map_err(|error| error.to_string())?;
    let uid = &object["metadata"]["uid"];
    let revision = &object["metadata"]["annotations"][REVISION];
    let own = items(&sets["items"]).iter().find(|set| {
        let is_owned = items(&set["metadata"]["ownerReferences"]).iter().any(|owner| &owner["uid"] == uid);
        is_owned && !revision.is_null() && &set["metadata"]["annotations"][REVISION] == revision
    });
    let hash = own.and_then(|set| set["metadata"]["labels"]["pod-template-hash"].as_str());
    hash.map(str::to_owned).ok_or_else(|| format!("the ReplicaSet of the newest revision of {} is not to be found", asked.name))
}

async fn pods(client: &Client, asked: &Workload, selector: &str) -> Result<Vec<Value>, String> {
    let mut pods = Vec::new();
    let mut next = String::new();
    for _ in 0..PAGES {
        let mut call = Call::get(format!("api/v1/namespaces/{}/pods", asked.namespace)).with("labelSelector", selector).with("limit", PAGE);
        if !next.is_empty() {
            call = call.with("continue", next);
        }
        let mut page = client.json(call).await.map_err(|error| error.to_string())?;
        let Value::Array(found) = page["items"].take() else { return Err("the API server did not answer with a list of pods".to_owned()) };
        pods.extend(found);
        next = page["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
        if next.is_empty() {
            return Ok(pods);
        }
    }
    Err(format!("more than {PAGES} pages of pods"))
}

/// A label selector as a parameter.
fn selector(selector: &Value) -> Result<String, String> {
    let mut parts = Vec::new();
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        parts.push(format!("{key}={}", value.as_str().unwrap_or_default()));
    }
    for one in items(&selector["matchExpressions"]) {
        let key = one["key"].as_str().unwrap_or_default();
        let values: Vec<&str> = items(&one["values"]).iter().filter_map(Value::as_str).collect();
        parts.push(match one["operator"].as_str() {
            Some("In") => format!("{key} in ({})", values.join(",")),
            Some("NotIn") => format!("{key} notin ({})", values.join(",")),
            Some("Exists") => key.to_owned(),
            Some("DoesNotExist") => format!("!{key}"),
            other => return Err(format!("its selector has the operator {other:?}, which is not known")),
        });
    }
    match parts.is_empty() {
        // An empty selector would be every pod of the namespace.
        true => Err("it has no selector".to_owned()),
        false => Ok(parts.join(",")),
    }
}

/// A pod that is being deleted runs until it is gone; one that ended does not.
fn is_alive(pod: &Value) -> bool {
    !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

fn name(pod: &Value) -> String {
    let name = pod["metadata"]["name"].as_str().unwrap_or("?");
    let ending = if pod["metadata"]["deletionTimestamp"].is_null() { "" } else { " (terminating)" };
    format!("{name}{ending}")
}

fn first(names: &[String]) -> String {
    let rest = names.len().saturating_sub(NAMED);
    let told = list(&names[..names.len() - rest]);
    if rest == 0 { told } else { format!("{told} and {rest} more") }
}

fn pods_of(count: usize) -> String {
    if count == 1 { "1 pod".to_owned() } else { format!("{count} pods") }
}

fn runs(count: usize) -> &'static str {
    if count == 1 { "runs" } else { "run" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_written_as_parameters() {
        let of = |value: Value| selector(&value);
        assert_eq!(of(json!({ "matchLabels": { "app": "api", "tier": "web" } })), Ok("app=api,tier=web".into()));
        let expressions = json!({ "matchExpressions": [
            { "key": "a", "operator": "In", "values": ["x", "y"] }, { "key": "b", "operator": "Exists" }, { "key": "c", "operator": "DoesNotExist" },
        ] });
        assert_eq!(of(expressions), Ok("a in (x,y),b,!c".into()));
        assert!(of(json!({})).is_err());
        assert!(of(json!({ "matchExpressions": [{ "key": "a", "operator": "Near" }] })).is_err());
    }

    #[test]
    fn a_roll_out_that_is_not_at_its_end_holds() {
        let of = |status: Value| unfinished(&json!({ "metadata": { "generation": 2 }, "spec": { "replicas": 3 }, "status": status })).len();
        let done = json!({ "observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3 });
        assert_eq!(of(done.clone()), 0);
        for (key, value) in
            [("observedGeneration", 1), ("replicas", 4), ("updatedReplicas", 2), ("availableReplicas", 2), ("terminatingReplicas", 1)]
        {
            let mut status = done.clone();
            status[key] = json!(value);
            assert_eq!(of(status), 1, "{key}");
        }
        assert_eq!(unpromoted(&json!({ "status": { "phase": "Healthy", "stableRS": "a", "currentPodHash": "a" } })).len(), 0);
        assert_eq!(unpromoted(&json!({ "status": { "phase": "Paused", "stableRS": "a", "currentPodHash": "b" } })).len(), 2);
    }

    #[test]
    fn a_rollout_whose_controller_is_behind_holds() {
        let of = |observed: Value| {
            let status = json!({ "observedGeneration": observed, "phase": "Healthy", "stableRS": "a", "currentPodHash": "a" });
            unpromoted(&json!({ "metadata": { "generation": 10 }, "status": status }))
        };
        for observed in [json!("10"), json!("11"), json!(10)] {
            assert_eq!(of(observed), Vec::<String>::new());
        }
        for observed in [json!("9"), json!(9), json!(""), Value::Null] {
            assert_eq!(of(observed), ["the controller has not seen the last change yet"]);
        }
    }
}
