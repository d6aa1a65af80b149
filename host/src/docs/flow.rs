//! What one request takes from the answer of another: two keywords that schemas of a surface may have.
//!
//! - `"x-from": "invoice-create#/id"` on a parameter or a top-level field of a body: its value is what that route's answer has at that JSON
//!   Pointer. Documents show it as a link (OpenAPI 3.1, 4.8.20), samples pass the value on.
//! - `"x-unique": true` on a text: the provider takes each value once, so samples append something of their own to it.

use mooring_manifest::{Manifest, Route};
use serde_json::Value;

/// The first keyword.
pub(super) const FROM: &str = "x-from";
/// The second one.
pub(super) const UNIQUE: &str = "x-unique";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin<'m> {
    /// Name of the route whose answer has it.
    pub(super) route: &'m str,
    /// Where in the answer.
    pub(super) pointer: &'m str,
}

/// What the schema of a parameter or field says of its origin, if that route exists.
pub(super) fn origin<'m>(manifest: &'m Manifest, schema: &'m Value) -> Option<Origin<'m>> {
    let (route, pointer) = schema.get(FROM)?.as_str()?.split_once('#')?;
    let known = manifest.routes.iter().any(|other| other.name == route);
    known.then_some(Origin { route, pointer })
}

/// The properties of a schema.
pub(super) fn properties(schema: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
    properties.into_iter().flatten()
}

/// Whether a schema asks for this property.
pub(super) fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|required| required == name))
}

/// Parameters of other routes that are found in this one's answer: route, parameter, and where.
pub(super) fn links<'m>(manifest: &'m Manifest, route: &Route) -> Vec<(&'m Route, &'m str, &'m str)> {
    let mut links = Vec::new();
    for other in &manifest.routes {
        let parameters =
            properties(other.path_schema.as_ref()).chain(properties(other.query_schema.as_ref()));
        for (name, schema) in parameters {
            if let Some(origin) = origin(manifest, schema)
                && origin.route == route.name
            {
                links.push((other, name.as_str(), origin.pointer));
            }
        }
    }
    links
}
