//! The OpenAPI 3.1 document of a surface.
//!
//! It is built as JSON and not with types: what it is mostly made of, JSON Schemas of the plugin's own, would lose whatever a
//! type for schemas does not know.

mod about;
mod operation;
mod responses;
mod schemas;
mod security;

use std::collections::BTreeSet;

use mooring_manifest::Manifest;
use serde_json::{Map, Value, json};

pub(super) use self::about::title;
use self::responses::Responses;
use self::schemas::Schemas;
use super::Source;

/// All of it.
pub(super) fn document(source: &Source) -> Value {
    let manifest = &*source.manifest;
    let mut schemas = Schemas::default();
    let responses = Responses::new(source, &mut schemas);
    let mut paths: Map<String, Value> = Map::new();
    for route in &manifest.routes {
        let operation = operation::operation(manifest, route, &responses, &mut schemas);
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": about::info(manifest),
        "servers": [{ "url": source.base_url }],
        "tags": tags(manifest),
        "paths": paths,
        "components": {
            "schemas": schemas.shared(),
            "responses": responses.shared(),
            "securitySchemes": security::schemes(manifest),
        },
    })
}

/// In the order of their first routes.
fn tags(manifest: &Manifest) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let groups = manifest.routes.iter().map(|route| route.group.as_str());
    groups
        .filter(|group| !group.is_empty() && seen.insert(*group))
        .map(|group| json!({ "name": group }))
        .collect()
}

#[cfg(test)]
mod tests;
