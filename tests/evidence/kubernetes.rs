//! Kubernetes: an API server that answers as its reference says. No real one can be had in a test.

use serde_json::{Value, json};

use crate::fake::Fake;
use crate::project::Project;

const PODS: &str = "/api/v1/namespaces/shop/pods";

fn gate(fake: &Fake, more: &str) -> String {
    format!(
        "[[contract.gate]]\nkind = \"kubernetes\"\nname = \"pods\"\nurl = \"{}\"\nnamespace = \"shop\"\ntoken_file = \"token\"\n{more}\n",
        fake.url()
    )
}

fn pod(name: &str, labels: Value, more: Value) -> Value {
    let mut pod = json!({ "metadata": { "name": name, "labels": labels }, "status": { "phase": "Running" } });
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        pod["metadata"][key] = value;
    }
    pod
}

fn list(pods: &[Value]) -> String {
    json!({ "kind": "PodList", "apiVersion": "v1", "metadata": { "resourceVersion": "1" }, "items": pods }).to_string()
}

pub(crate) fn deployment(fake: &Fake, status: &Value) {
    let labels = json!({ "app": "api" });
    let object = json!({
        "metadata": { "name": "api", "uid": "u1", "generation": 3, "annotations": { "deployment.kubernetes.io/revision": "2" } },
        "spec": { "replicas": 2, "selector": { "matchLabels": labels } }, "status": status,
    });
    fake.answer("/apis/apps/v1/namespaces/shop/deployments/api", 200, &object.to_string());
    let set = |revision: &str, hash: &str| {
        json!({ "metadata": { "labels": { "app": "api", "pod-template-hash": hash }, "ownerReferences": [{ "uid": "u1" }],
                              "annotations": { "deployment.kubernetes.io/revision": revision } } })
    };
    fake.answer("/apis/apps/v1/namespaces/shop/replicasets", 200, &json!({ "items": [set("1", "old"), set("2", "new")] }).to_string());
}

#[test]
fn terminating_pods_are_alive() {
    let fake = Fake::start();
    let done = json!({ "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 });
    deployment(&fake, &done);
    let new = |name: &str| pod(name, json!({ "app": "api", "pod-template-hash": "new", "version": "1" }), json!({}));
    let old = |more: Value| pod("api-old-1", json!({ "app": "api", "pod-template-hash": "old", "version": "0" }), more);
    let project = Project::held_by(&gate(&fake, "deployment = \"api\""));
    project.write("token", "account-token");
    let terminating = old(json!({ "deletionTimestamp": "2026-11-25T10:00:00Z" }));
    fake.answer(PODS, 200, &list(&[new("api-new-1"), new("api-new-2"), terminating]));
    project.expect("pods", "closed", "1 pod of an earlier kind still runs: api-old-1 (terminating)");
    let mut ended = old(json!({}));
    ended["status"]["phase"] = json!("Succeeded");
    fake.answer(PODS, 200, &list(&[new("api-new-1"), new("api-new-2"), ended]));
    project.expect("pods", "open", "");
    let asked = fake.asked();
    assert!(asked.iter().all(|one| one.headers.get("authorization").map(String::as_str) == Some("Bearer account-token")));
    assert!(asked.iter().any(|one| one.line.contains("labelSelector=app%3Dapi") && one.line.contains("limit=500")));
    // A roll-out under way, though every pod is new by now.
    deployment(&fake, &json!({ "observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1 }));
    project.expect("pods", "closed", "the controller has not seen the last change yet");
    fake.answer(PODS, 403, r#"{"kind":"Status","message":"pods is forbidden"}"#);
    project.expect("pods", "unknown", "pods is forbidden");
}

#[test]
fn pods_name_their_release_and_come_in_pages() {
    let fake = Fake::start();
    deployment(&fake, &json!({ "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2 }));
    let of = |name: &str, version: &str| pod(name, json!({ "app": "api", "pod-template-hash": "new", "version": version }), json!({}));
    let project = Project::held_by(&gate(&fake, "deployment = \"api\"\nservice = \"api\"\nversion_label = \"version\""));
    project.write("token", "account-token");
    fake.answer(PODS, 200, &list(&[of("a", "1"), of("b", "1")]));
    project.expect("pods", "open", "");
    let first: Value = serde_json::from_str(&list(&[of("a", "1")])).expect("valid");
    let mut first = first;
    first["metadata"]["continue"] = json!("next");
    fake.answer(PODS, 200, &first.to_string());
    fake.answer(&format!("{PODS}?labelSelector=app%3Dapi&limit=500&continue=next"), 200, &list(&[of("b", "0")]));
    project.expect("pods", "closed", "1 pod runs api@0, which is not ready");
    fake.answer(PODS, 200, &list(&[pod("a", json!({ "pod-template-hash": "new" }), json!({}))]));
    project.expect("pods", "unknown", "pod a has no label version");
}

#[test]
fn a_rollout_must_be_promoted() {
    let fake = Fake::start();
    let rollout = |phase: &str, stable: &str| {
        let status = json!({ "observedGeneration": "3", "phase": phase, "stableRS": stable, "currentPodHash": "new" });
        let metadata = json!({ "name": "api", "generation": 3 });
        let object = json!({ "metadata": metadata, "spec": { "selector": { "matchLabels": { "app": "api" } } }, "status": status });
        fake.answer("/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/api", 200, &object.to_string());
    };
    let of = |hash: &str| pod(&format!("api-{hash}"), json!({ "rollouts-pod-template-hash": hash }), json!({}));
    let project = Project::held_by(&gate(&fake, "rollout = \"api\""));
    project.write("token", "account-token");
    rollout("Paused", "old");
    fake.answer(PODS, 200, &list(&[of("new"), of("old")]));
    project.expect("pods", "closed", "it is Paused; the newest kind is not promoted yet; 1 pod of an earlier kind still runs: api-old");
    rollout("Healthy", "new");
    project.expect("pods", "closed", "1 pod of an earlier kind");
    fake.answer(PODS, 200, &list(&[of("new")]));
    project.expect("pods", "open", "");
}
