//! `/openapi.json`: what the server answers, for programs. Reports are described by docs/schema.json.

use axum::Json;
use serde_json::{Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{gates, hooks, markers, metrics, probes, status};

/// The description of reports.
const REPORT: &str = include_str!("../../docs/schema.json");

/// Answers whose body is a report.
const REPORTS: [(&str, &str); 2] = [("/v1/status", "get"), ("/v1/markers", "post")];

#[derive(OpenApi)]
#[openapi(
    info(title = "migrate serve", description = "What is applied, running and held; probes, gates and hooks for roll-outs. Reads, but for `POST /v1/markers` and the hook of ECS."),
    paths(
        probes::livez,
        probes::readyz,
        probes::startupz,
        metrics::metrics,
        openapi,
        status::status,
        gates::gate,
        hooks::flagger::hook,
        hooks::ecs::hook,
        markers::mark
    ),
    modifiers(&Bearer)
)]
struct Description;

/// The token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("MIGRATE_SERVE_TOKEN of the server.")).build();
        openapi.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "state", operation_id = "openapi", responses(
    (status = 200, description = "OpenAPI 3.1.", body = serde_json::Value)))]
pub(super) async fn openapi() -> Json<Value> {
    Json(document())
}

/// The description, with the schema of reports among its components.
pub fn document() -> Value {
    let mut document = serde_json::to_value(Description::openapi()).unwrap_or_default();
    let mut report: Value = serde_json::from_str(REPORT).unwrap_or_default();
    refer(&mut report);
    let Some(parts) = report.as_object_mut() else { return document };
    parts.shift_remove("$schema");
    parts.shift_remove("$id");
    let definitions = parts.shift_remove("$defs").unwrap_or_default();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (name, schema) in definitions.as_object().into_iter().flatten() {
            schemas.insert(format!("report.{name}"), schema.clone());
        }
        schemas.insert("Report".to_owned(), report);
    }
    if let Some(manifest) = document.pointer_mut("/components/schemas/NewMarker/properties/manifest").and_then(Value::as_object_mut) {
        manifest.insert("propertyNames".to_owned(), json!({ "pattern": "^.+:(expand|backfill|contract)$" }));
        manifest.insert("additionalProperties".to_owned(), json!({ "type": "string", "pattern": "^[0-9a-fA-F]{64}$" }));
    }
    for (path, method) in REPORTS {
        let responses = document.get_mut("paths").and_then(|paths| paths.get_mut(path)?.get_mut(method)?.get_mut("responses"));
        for (_, response) in responses.and_then(Value::as_object_mut).into_iter().flatten() {
            if let Some(content) = response.pointer_mut("/content/application~1json/schema") {
                *content = json!({ "$ref": "#/components/schemas/Report" });
            }
        }
    }
    document
}

/// Names of a schema's own definitions become names of components.
fn refer(schema: &mut Value) {
    match schema {
        Value::Object(parts) => {
            for (key, part) in parts {
                match (key.as_str(), part) {
                    ("$ref", Value::String(target)) => *target = target.replace("#/$defs/", "#/components/schemas/report."),
                    (_, part) => refer(part),
                }
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(refer),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
