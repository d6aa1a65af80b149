//! One route as an operation.

use std::fmt::Write;

use mooring_core::idempotency::KEPT;
use mooring_manifest::{Credential, Guard, Manifest, Origin, Route};
use serde_json::{Map, Value, json};

use super::responses::{Responses, phrase, takes_idempotency_key};
use super::schemas::Schemas;
use super::security;
use crate::docs::flow::{is_required, links, properties};
use crate::docs::samples::sample;
use crate::exchange::IDEMPOTENCY_KEY_BYTES_MAX;

const JSON: &str = "application/json";

/// Request headers that OpenAPI describes elsewhere (4.8.12.2), and so not as parameters.
const DESCRIBED_ELSEWHERE: [&str; 3] = ["accept", "content-type", "authorization"];

pub(super) fn operation(
    manifest: &Manifest,
    route: &Route,
    responses: &Responses<'_>,
    schemas: &mut Schemas,
) -> Value {
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "description": description(route),
        "parameters": parameters(manifest, route, schemas),
        "security": security::requirements(manifest, route),
        "x-origin": route.origin,
    });
    if !route.group.is_empty() {
        operation["tags"] = json!([route.group]);
    }
    if route.core {
        operation["x-core"] = true.into();
    }
    if let Some(schema) = &route.request_schema {
        operation["requestBody"] = request_body(route, schema, schemas);
    }
    let mut answers = responses.of(manifest, route);
    let successes = std::iter::once(route.success_status).chain(route.success_statuses_more.iter().copied());
    for status in successes {
        answers.insert(status.to_string(), success(manifest, route, status, schemas));
    }
    operation["responses"] = answers.into();
    operation
}

/// What is ours is said first, where nobody can miss it.
fn description(route: &Route) -> String {
    let mut text = match route.origin {
        Origin::Documented => String::new(),
        Origin::Observed => {
            "**Observed.** The provider's own clients call it; no document describes it.\n\n".to_owned()
        }
        Origin::Proposed => "**Proposed by this host.** The provider has no such route.\n\n".to_owned(),
    };
    if let Guard::Scopes { any } = &route.guard {
        let scopes: Vec<_> = any.iter().map(|scope| format!("`{scope}`")).collect();
        let _ = writeln!(text, "Scope: {}.", scopes.join(" or "));
    }
    if let Some(limit) = route.rate_limit_per_minute.filter(|limit| *limit > 0) {
        let _ = writeln!(
            text,
            "At most {limit} requests per minute, unless the operator says otherwise."
        );
    }
    text.trim_end().to_owned()
}

fn parameters(manifest: &Manifest, route: &Route, schemas: &mut Schemas) -> Vec<Value> {
    let mut parameters = Vec::new();
    for name in path_parameters(&route.path) {
        let key = manifest
            .credentials
            .iter()
            .any(|credential| matches!(credential, Credential::Path { parameter } if parameter == name));
        let described = properties(route.path_schema.as_ref()).find(|(known, _)| *known == name);
        let schema = match described {
            Some((_, schema)) => schema.clone(),
            None if key => {
                json!({ "type": "string", "minLength": 1, "format": "password", "description": "The API key." })
            }
            None => json!({ "type": "string", "minLength": 1 }),
        };
        parameters.push(parameter("path", name, &schema, true, schemas));
    }
    let query = route.query_schema.as_ref();
    for (name, schema) in properties(query) {
        let required = query.is_some_and(|query| is_required(query, name));
        parameters.push(parameter("query", name, schema, required, schemas));
    }
    for name in &manifest.request_headers {
        if !DESCRIBED_ELSEWHERE.contains(&name.as_str()) {
            parameters.push(parameter(
                "header",
                name,
                &json!({ "type": "string" }),
                false,
                schemas,
            ));
        }
    }
    if takes_idempotency_key(route) {
        parameters.push(json!({
            "in": "header",
            "name": "Idempotency-Key",
            "required": false,
            "description": format!(
                "The caller's own name for this request: it is done once, and answered alike within {} hours.",
                KEPT.as_secs() / 3600
            ),
            "schema": { "type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_BYTES_MAX, "pattern": "^[!-~]+$" },
        }));
    }
    parameters
}

/// Names in their order: `id` of `/invoices/{id}`.
pub(in crate::docs) fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(place: &str, name: &str, schema: &Value, required: bool, schemas: &mut Schemas) -> Value {
    let mut parameter = json!({
        "in": place,
        "name": name,
        "required": required,
        "schema": schemas.take(schema),
    });
    if let Some(description) = schema.get("description") {
        parameter["description"] = description.clone();
    }
    if let Some(example) = schema.get("examples").and_then(|examples| examples.get(0)) {
        parameter["example"] = example.clone();
    }
    parameter
}

fn request_body(route: &Route, schema: &Value, schemas: &mut Schemas) -> Value {
    let types: Vec<&str> = match route.request_types.as_slice() {
        [] => vec![JSON],
        types => types.iter().map(String::as_str).collect(),
    };
    let required = schema.get("required").and_then(Value::as_array);
    let media = json!({ "schema": schemas.take(schema), "example": sample(schema) });
    let content: Map<String, Value> = types
        .into_iter()
        .map(|kind| (kind.to_owned(), media.clone()))
        .collect();
    // A body of which nothing is required may be left out altogether.
    let required = schema.get("anyOf").is_some() || required.is_some_and(|required| !required.is_empty());
    json!({ "required": required, "content": content })
}

fn success(manifest: &Manifest, route: &Route, status: u16, schemas: &mut Schemas) -> Value {
    let mut response = json!({ "description": phrase(status) });
    if let Some(schema) = route
        .response_schema
        .as_ref()
        .filter(|_| !matches!(status, 204 | 304))
    {
        let kind = route.response_type.as_deref().unwrap_or(JSON);
        let mut media = json!({ "schema": schemas.take(schema) });
        if let Some(example) = schema.get("examples").and_then(|examples| examples.get(0)) {
            media["example"] = example.clone();
        }
        response["content"] = json!({ kind: media });
    }
    let mut followed: Map<String, Value> = Map::new();
    for (other, parameter, pointer) in links(manifest, route) {
        let link = followed.entry(other.name.clone()).or_insert_with(
            || json!({ "operationId": other.name, "description": other.summary, "parameters": {} }),
        );
        link["parameters"][parameter] = format!("$response.body#{pointer}").into();
    }
    if !followed.is_empty() {
        response["links"] = followed.into();
    }
    response
}
