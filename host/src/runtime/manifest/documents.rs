//! The rules for what documents say of routes.

use std::ops::RangeInclusive;

use mooring_manifest::{Manifest, Route};
use serde_json::Value;

use super::{ManifestError, require};

const SUCCESSES: RangeInclusive<u16> = 200..=399;
const REFUSALS: RangeInclusive<u16> = 400..=599;

pub(super) fn check_documents(route: &Route) -> Result<(), ManifestError> {
    let place = |field: &str| format!("routes.{}.{field}", route.name);
    let mut successes = std::iter::once(&route.success_status).chain(&route.success_statuses_more);
    require(
        successes.all(|status| SUCCESSES.contains(status)),
        &place("success_status"),
        "must be 200 to 399",
    )?;
    require(
        route
            .error_statuses
            .iter()
            .all(|status| REFUSALS.contains(status)),
        &place("error_statuses"),
        "must be 400 to 599",
    )?;
    let types = &route.request_types;
    require(
        !route.core || types.is_empty() || types.iter().any(|kind| kind == "application/json"),
        &place("request_types"),
        "must have application/json in a core route, for samples send that",
    )?;
    for (field, schema) in [
        ("request_schema", &route.request_schema),
        ("response_schema", &route.response_schema),
        ("query_schema", &route.query_schema),
        ("path_schema", &route.path_schema),
    ] {
        // A reference would lead nowhere in the document that the schema becomes a part of; a title makes it a shared one.
        require(
            !schema.as_ref().is_some_and(refers),
            &place(field),
            "must not have $ref: give what is shared a title",
        )?;
    }
    Ok(())
}

/// Of errors, which all routes share.
pub(super) fn check_errors(manifest: &Manifest) -> Result<(), ManifestError> {
    require(
        !manifest.error_schema.as_ref().is_some_and(refers),
        "error_schema",
        "must not have $ref",
    )
}

fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.contains_key("$ref") || fields.values().any(refers),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}
