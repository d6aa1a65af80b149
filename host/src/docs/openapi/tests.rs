use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::docs::Source;
use crate::exchange::{Cause, CredentialFailure, Reply, Usage};

fn refusal(cause: Cause, status: u16, error: &str) -> (Cause, Reply) {
    let headers = vec![(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json; charset=utf-8"),
    )];
    let body = json!({ "error": error }).to_string().into();
    let usage = Usage::default();
    (
        cause,
        Reply {
            status,
            headers,
            body,
            usage,
        },
    )
}

fn source() -> Source {
    let manifest = json!({
        "name": "shop", "version": "1.2.0", "summary": "A shop.", "title": "The Shop",
        "credentials": [{"kind": "bearer"}, {"kind": "header", "name": "x-key"}],
        "scopes": [{"name": "read", "summary": ""}, {"name": "write", "summary": ""}],
        "request_headers": ["x-locale", "content-type"],
        "error_schema": {"title": "Error", "type": "object"},
        "routes": [
            {"name": "order-create", "method": "POST", "path": "/orders", "access": "write", "group": "Orders",
             "guard": {"kind": "scopes", "any": ["read", "write"]}, "origin": "proposed", "core": true,
             "success_status": 201, "success_statuses_more": [200], "error_statuses": [422, 409],
             "request_schema": {"type": "object", "required": ["sum"],
                                "properties": {"sum": {"type": "string", "examples": ["9.90"]}}},
             "response_schema": {"title": "Order", "type": "object"}},
            {"name": "order-view", "method": "GET", "path": "/orders/{id}", "access": "read", "guard": {"kind": "key"},
             "path_schema": {"properties": {"id": {"type": "integer", "description": "Its number.", "x-from": "order-create#/id"}}},
             "query_schema": {"properties": {"full": {"type": "boolean"}, "lang": {"type": "string"}}, "required": ["lang"]},
             "response_schema": {"title": "Order", "type": "object"}},
            {"name": "logo", "method": "GET", "path": "/logo", "access": "read", "guard": {"kind": "public"},
             "rate_limit_per_minute": 5, "response_type": "image/png", "response_schema": {"type": "string"}},
        ],
    });
    let refusals = vec![
        refusal(Cause::Unauthenticated(CredentialFailure::Missing), 403, "who?"),
        refusal(Cause::Unauthenticated(CredentialFailure::Unknown), 403, "who?"),
        refusal(Cause::MissingScope("read".to_owned()), 403, "no"),
        refusal(Cause::NoRoute, 404, "where?"),
        refusal(Cause::RateLimited(30), 429, "slow"),
        refusal(Cause::BodyTooLarge(1), 413, "big"),
        refusal(Cause::HostFailed, 500, "sorry"),
    ];
    Source {
        manifest: Arc::new(serde_json::from_value(manifest).unwrap()),
        refusals: Arc::new(refusals),
        base_url: "https://host.example/shop".to_owned(),
    }
}

fn statuses(operation: &Value) -> Vec<&str> {
    operation["responses"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn a_route_says_what_it_takes_gives_and_refuses() {
    let document = document(&source());
    let create = &document["paths"]["/orders"]["post"];
    assert_eq!(document["servers"], json!([{"url": "https://host.example/shop"}]));
    assert_eq!(document["info"]["title"], "The Shop");
    assert_eq!(document["tags"], json!([{"name": "Orders"}]));
    assert_eq!(create["tags"], json!(["Orders"]));
    assert_eq!(
        (&create["x-origin"], &create["x-core"]),
        (&json!("proposed"), &json!(true))
    );
    assert!(
        create["description"]
            .as_str()
            .unwrap()
            .starts_with("**Proposed by this host.**")
    );
    let media = &create["requestBody"]["content"]["application/json"];
    assert_eq!(
        (&create["requestBody"]["required"], &media["example"]),
        (&json!(true), &json!({"sum": "9.90"}))
    );
    assert_eq!(
        statuses(create),
        ["200", "201", "403", "409", "413", "422", "500"]
    );
    let order = &create["responses"]["201"]["content"]["application/json"]["schema"];
    assert_eq!(order["$ref"], "#/components/schemas/Order");
    assert_eq!(
        create["security"],
        json!([{"bearer": ["read"]}, {"bearer": ["write"]}, {"x-key": ["read"]}, {"x-key": ["write"]}])
    );
}

#[test]
fn parameters_are_described_and_linked_to_where_they_come_from() {
    let document = document(&source());
    let view = &document["paths"]["/orders/{id}"]["get"];
    assert_eq!(
        view["parameters"],
        json!([
            {"in": "path", "name": "id", "required": true, "description": "Its number.",
             "schema": {"type": "integer", "description": "Its number."}},
            {"in": "query", "name": "full", "required": false, "schema": {"type": "boolean"}},
            {"in": "query", "name": "lang", "required": true, "schema": {"type": "string"}},
            {"in": "header", "name": "x-locale", "required": false, "schema": {"type": "string"}},
        ])
    );
    let link = &document["paths"]["/orders"]["post"]["responses"]["201"]["links"]["order-view"];
    assert_eq!(link["parameters"], json!({"id": "$response.body#/id"}));
    assert_eq!(statuses(view), ["200", "403", "404", "500"]);
}

#[test]
fn what_the_host_refuses_is_shown_in_the_plugins_words() {
    let document = document(&source());
    let refused = &document["components"]["responses"]["Status403"]["content"]["application/json"];
    assert_eq!(refused["schema"]["$ref"], "#/components/schemas/Error");
    assert_eq!(
        refused["examples"],
        json!({"no key": {"value": {"error": "who?"}}, "missing scope": {"value": {"error": "no"}}}),
        "the same words twice are there once"
    );
    let conflict = &document["components"]["responses"]["Status409"];
    assert_eq!(conflict["description"], "Conflict");
    assert_eq!(
        conflict["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Error"
    );
    let slow = &document["components"]["responses"]["Status429"];
    assert_eq!(slow["headers"]["Retry-After"]["schema"]["type"], "integer");
}

#[test]
fn a_public_route_asks_for_nothing() {
    let document = document(&source());
    let logo = &document["paths"]["/logo"]["get"];
    assert_eq!(logo["security"], json!([]));
    assert_eq!(statuses(logo), ["200", "429", "500"]);
    assert!(logo["responses"]["200"]["content"]["image/png"].is_object());
}
