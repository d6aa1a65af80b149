//! The document: valid, complete, and public as agreed.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::{TestAdmin, answer};

/// Every operation there is. A change here is a change of the public interface.
const OPERATIONS: &str = include_str!("operations.txt");

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    serde_json::to_value(crate::admin::openapi()).expect("JSON")
}

fn operations(document: &Value) -> Vec<(String, &String, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().expect("a path item");
        item.iter()
            .map(move |(method, operation)| (method.to_uppercase(), path, operation))
    });
    operations.collect()
}

#[test]
fn operations_are_those_agreed_on() {
    let document = document();
    let mut found: Vec<String> = operations(&document)
        .into_iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    found.sort();
    let expected: Vec<&str> = OPERATIONS.lines().collect();
    assert_eq!(
        found, expected,
        "the public interface has changed; if that is meant, change operations.txt as well"
    );
}

#[test]
fn the_document_is_valid_openapi_3_1() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let place = format!("{method} {path}");
        assert!(METHODS.contains(&method.to_lowercase().as_str()), "{place}");
        let id = operation["operationId"].as_str().expect("an operation id");
        assert!(
            ids.insert(id.to_owned()),
            "{place}: the operation id {id} is not unique"
        );
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|summary| !summary.is_empty()),
            "{place}: no summary"
        );
        assert!(
            operation["responses"]["default"].is_object(),
            "{place}: refusals are not described"
        );
        let in_path: BTreeSet<&str> = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let parameters = operation["parameters"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let declared: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().expect("a name"))
            .collect();
        assert_eq!(in_path, declared, "{place}: path parameters");
        for order in parameters.iter().filter(|parameter| parameter["name"] == "order") {
            for value in ["oldest-first", "newest-first"] {
                let fits = jsonschema::draft202012::is_valid(&order["schema"], &Value::from(value));
                assert!(fits, "{place}: {value} does not fit {}", order["schema"]);
            }
        }
    }
    check_references(&document, &document);
}

fn check_references(document: &Value, value: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            fields
                .values()
                .for_each(|field| check_references(document, field));
        }
        Value::Array(values) => values.iter().for_each(|value| check_references(document, value)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_alone_is_public() {
    let admin = TestAdmin::start().await;
    let get = |path: &str| admin.http.get(format!("{}{path}", admin.base)).send();
    let response = get("/admin/v1/openapi.json").await.expect("an answer");
    let served = answer(response, 200).await;
    assert_eq!(served, document());
    for (method, path, operation) in operations(&served) {
        let public = operation["security"].as_array().is_some_and(Vec::is_empty);
        let path = path.replace(['{', '}'], "");
        let method: Method = method.parse().expect("a method");
        let response = admin
            .http
            .request(method, format!("{}{path}", admin.base))
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status() == 401, !public, "{path}");
    }
}

/// What the document describes is served: no operation answers that there is no such path or method.
#[tokio::test]
async fn every_operation_is_served() {
    let admin = TestAdmin::start().await;
    for (method, path, _) in operations(&document()) {
        let path = path.replace(['{', '}'], "");
        let response = admin.send(method.parse().expect("a method"), &path, None).await;
        let body: Value = response.json().await.unwrap_or_default();
        assert!(
            !matches!(body["code"].as_str(), Some("no-route" | "method-not-allowed")),
            "{method} {path}: {body}"
        );
    }
}
