//! AWS: an ECS service whose tasks are all of its present definition, and target groups of a load balancer.
//!
//! Sources of the shapes: the API references of ECS (2014-11-13, JSON) and Elastic Load Balancing (2015-12-01, XML).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::flag::items;
use super::http::{Call, Client};
use super::secret::Secret;
use super::sigv4::{Identity, Target, sign};
use super::verdict::Verdict;
use crate::migration::veto::{EcsService, TargetGroup, TargetsWanted};
use crate::migration::{Credential, Endpoint, Scheme, SecretSource};

/// Where ECS hands out the credentials of a task's role.
const CONTAINER: &str = "http://169.254.170.2";

/// Judges `kind = "ecs"`.
pub(super) async fn ecs(asked: &EcsService) -> Verdict {
    match service(asked).await {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::unknown(reason, json!({ "cluster": asked.cluster, "service": asked.service })),
    }
}

/// Judges `kind = "target-group"`.
pub(super) async fn target_group(asked: &TargetGroup) -> Verdict {
    match targets(asked).await {
        Ok(verdict) => verdict,
        Err(reason) => Verdict::unknown(reason, json!({ "target_group": asked.arn })),
    }
}

async fn service(asked: &EcsService) -> Result<Verdict, String> {
    let (client, identity) = open(&asked.endpoint).await?;
    let ask = |action: &'static str, body: Value| ecs_call(&client, &identity, asked, action, body);
    let found = ask("DescribeServices", json!({ "cluster": asked.cluster, "services": [asked.service] })).await?;
    let told = format!("service {} of cluster {}", asked.service, asked.cluster);
    let [service] = items(&found["services"]) else { return Err(format!("there is no {told}")) };
    let definition = service["taskDefinition"].as_str().ok_or_else(|| format!("{told} has no task definition"))?;
    let mut holding = Vec::new();
    let deployments = items(&service["deployments"]);
    if deployments.len() > 1 {
        holding.push(format!("{} deployments are under way", deployments.len()));
    }
    if let Some(state) = deployments.iter().filter_map(|one| one["rolloutState"].as_str()).find(|state| *state != "COMPLETED") {
        holding.push(format!("its deployment is {state}"));
    }
    // Short names and whole ones are both to be met with.
    let is_other = |found: &Value| short(found) != short(&service["taskDefinition"]);
    if deployments.iter().any(|one| one["status"] == "PRIMARY" && is_other(&one["taskDefinition"])) {
        holding.push("its deployment is of another definition".to_owned());
    }
    let (running, wanted) = (service["runningCount"].as_i64().unwrap_or_default(), service["desiredCount"].as_i64().unwrap_or_default());
    if running != wanted {
        holding.push(format!("{running} of {wanted} tasks run"));
    }
    let mut arns: Vec<Value> = Vec::new();
    // What was told to stop is listed as stopped long before it is gone.
    for desired in ["RUNNING", "STOPPED"] {
        let mut next = Value::Null;
        loop {
            let mut body = json!({ "cluster": asked.cluster, "serviceName": asked.service, "desiredStatus": desired });
            if !next.is_null() {
                body["nextToken"] = next;
            }
            let page = ask("ListTasks", body).await?;
            arns.extend(items(&page["taskArns"]).iter().cloned());
            next = page["nextToken"].clone();
            if next.is_null() {
                break;
            }
        }
    }
    let (mut alive, mut old) = (0_usize, Vec::new());
    // As many as one request takes.
    for some in arns.chunks(100) {
        let page = ask("DescribeTasks", json!({ "cluster": asked.cluster, "tasks": some })).await?;
        for task in items(&page["tasks"]).iter().filter(|task| task["lastStatus"] != "STOPPED" && task["lastStatus"] != "DELETED") {
            alive += 1;
            if is_other(&task["taskDefinitionArn"]) {
                old.push(format!("{} ({})", short(&task["taskArn"]), task["lastStatus"].as_str().unwrap_or("?")));
            }
        }
    }
    if !old.is_empty() {
        holding.push(format!("{} of another definition still live: {}", count(old.len(), "task"), old.join(", ")));
    }
    let evidence = json!({ "task_definition": definition, "alive": alive, "other": old, "desired": wanted });
    if !holding.is_empty() {
        return Ok(Verdict::closed(format!("{told}: {}", holding.join("; ")), evidence));
    }
    if i64::try_from(alive).unwrap_or(i64::MAX) < running {
        return Ok(Verdict::unknown(format!("{told}: {running} tasks run, and {alive} are listed"), evidence));
    }
    Ok(Verdict::open(format!("{told} is deployed, and its {} of {}", count(alive, "task"), short(&service["taskDefinition"])), evidence))
}

async fn ecs_call(client: &Client, identity: &Identity, asked: &EcsService, action: &str, body: Value) -> Result<Value, String> {
    let mut call = Call::post("", body.to_string(), "application/x-amz-json-1.1");
    let url = client.url(&call);
    let target = ("x-amz-target".to_owned(), format!("AmazonEC2ContainerServiceV20141113.{action}"));
    let body = body.to_string();
    let asks = Target { method: "POST", url: &url, region: &asked.region, service: "ecs", body: &body, headers: vec![target] };
    call.headers = sign(identity, asks, Timestamp::now());
    client.json(call).await.map_err(|error| error.to_string())
}

async fn targets(asked: &TargetGroup) -> Result<Verdict, String> {
    let (client, identity) = open(&asked.endpoint).await?;
    let parameters = [("Action", "DescribeTargetHealth"), ("Version", "2015-12-01"), ("TargetGroupArn", &asked.arn)];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let mut call = Call::post("", body.clone(), "application/x-www-form-urlencoded");
    let url = client.url(&call);
    let asks =
        Target { method: "POST", url: &url, region: &asked.region, service: "elasticloadbalancing", body: &body, headers: Vec::new() };
    call.headers = sign(&identity, asks, Timestamp::now());
    let answer = client.send(call).await.map_err(|error| error.to_string())?;
    client.success(&answer).map_err(|error| error.to_string())?;
    health(asked, &answer.body)
}

fn health(asked: &TargetGroup, document: &str) -> Result<Verdict, String> {
    let document = roxmltree::Document::parse(document).map_err(|error| format!("the load balancer did not answer with XML: {error}"))?;
    if !document.descendants().any(|node| node.tag_name().name() == "TargetHealthDescriptions") {
        return Err("the load balancer did not tell the health of targets".to_owned());
    }
    let states = document.descendants().filter(|node| node.tag_name().name() == "TargetHealth").map(|node| {
        let state = node.children().find(|child| child.tag_name().name() == "State").and_then(|state| state.text());
        state.unwrap_or("unknown").to_owned()
    });
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for state in states {
        *counts.entry(state).or_default() += 1;
    }
    let holds = |state: &str| match asked.wanted {
        TargetsWanted::Empty => true,
        TargetsWanted::Settled => !matches!(state, "healthy" | "unused" | "unhealthy"),
    };
    let holding: Vec<String> = counts.iter().filter(|(state, _)| holds(state)).map(|(state, count)| format!("{count} {state}")).collect();
    let group = asked.arn.rsplit_once(":targetgroup/").map_or(asked.arn.as_str(), |(_, name)| name);
    let evidence = json!({ "target_group": asked.arn, "targets": counts });
    if !holding.is_empty() {
        let wanted = asked.wanted.as_str();
        return Ok(Verdict::closed(
            format!("target group {group} is not {wanted}: {}; draining targets still serve", holding.join(", ")),
            evidence,
        ));
    }
    let all: usize = counts.values().sum();
    if all == 0 && asked.wanted == TargetsWanted::Settled {
        return Ok(Verdict::unknown(format!("target group {group} has no target: is it the right one?"), evidence));
    }
    Ok(Verdict::open(format!("target group {group} is {}, with {}", asked.wanted.as_str(), count(all, "target")), evidence))
}

/// A client that tells nothing of the credentials, and they.
async fn open(endpoint: &Endpoint) -> Result<(Client, Identity), String> {
    let client = Client::open(endpoint).map_err(|error| error.to_string())?;
    let identity = identity(endpoint).await?;
    let secrets = std::iter::once(&identity.secret).chain(&identity.session);
    let client = client.hiding(secrets.filter_map(|text| Secret::of(text)));
    Ok((client, identity))
}

/// The credentials: of the environment, else those that ECS or EKS hands to the container.
async fn identity(endpoint: &Endpoint) -> Result<Identity, String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    if let (Some(key), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        return Ok(Identity { key, secret, session: variable("AWS_SESSION_TOKEN") });
    }
    let address = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        .or_else(|| variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{CONTAINER}{path}")))
        .ok_or("there are no credentials for AWS: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run with a task role")?;
    let url = url::Url::parse(&address).map_err(|error| format!("the address of the container's credentials: {error}"))?;
    let secret = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(path) => Some(SecretSource::File(path.into())),
        None => {
            variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(|_| SecretSource::Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN".to_owned()))
        }
    };
    let credential = secret.map(|secret| Credential { secret, scheme: Scheme::Header("Authorization".to_owned()) });
    let from = Endpoint { url, credential, headers: Vec::new(), ca_file: None, timeout: endpoint.timeout };
    let client = Client::open(&from).map_err(|error| error.to_string())?;
    let answer = client.json(Call::get("")).await.map_err(|error| error.to_string())?;
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    match (text("AccessKeyId"), text("SecretAccessKey")) {
        (Some(key), Some(secret)) => Ok(Identity { key, secret, session: text("Token") }),
        _ => Err("the container's credentials are not complete".to_owned()),
    }
}

fn short(arn: &Value) -> String {
    let arn = arn.as_str().unwrap_or("?");
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

fn count(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
