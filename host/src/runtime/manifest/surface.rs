//! The rules for what a manifest says of callers: their credentials, and how often they may call.

use mooring_manifest::{Credential, Manifest};

use super::{ManifestError, require};

pub(super) fn check_surface(manifest: &Manifest) -> Result<(), ManifestError> {
    require(
        manifest
            .rate_limit
            .is_none_or(|limit| limit.requests > 0 && limit.seconds > 0),
        "rate_limit",
        "must be at least one request in at least one second",
    )?;
    manifest
        .credentials
        .iter()
        .try_for_each(|credential| check_credential(manifest, credential))
}

fn check_credential(manifest: &Manifest, credential: &Credential) -> Result<(), ManifestError> {
    match credential {
        // Names of headers and parameters are checked where they are compiled.
        Credential::Bearer | Credential::Header { .. } | Credential::Path { .. } => Ok(()),
        Credential::Signed {
            tolerance_seconds, ..
        } => {
            require(
                *tolerance_seconds > 0,
                "credentials",
                "tolerance_seconds must be more than 0",
            )?;
            // A key that opened the surface in another way would do so without a signature.
            require(
                manifest.credentials.len() == 1,
                "credentials",
                "a surface whose requests are signed has no other credentials",
            )
        }
        Credential::Body { route, pointer } => {
            require(
                pointer.starts_with('/'),
                "credentials",
                "a pointer into the body must start with /",
            )?;
            let mut routes = manifest.routes.iter();
            require(
                routes.any(|known| known.name == *route && known.method != "GET"),
                "credentials",
                "a key in a body must name a route that takes one",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::parse;
    use super::super::tests::manifest;
    use crate::runtime::inspect::World;

    fn refused(field: &str, value: Value) -> Option<String> {
        let mut manifest = manifest();
        manifest[field] = value;
        let parsed = parse(&manifest.to_string(), World::Provider, |_| Ok(()));
        parsed.err().map(|error| error.place)
    }

    fn signed(tolerance_seconds: u32) -> Value {
        json!({"kind": "signed", "key_header": "x-key", "timestamp_header": "x-time",
               "signature_header": "x-code", "tolerance_seconds": tolerance_seconds})
    }

    #[test]
    fn what_callers_can_keep_to_is_taken() {
        assert_eq!(
            refused("rate_limit", json!({"requests": 500, "seconds": 300})),
            None
        );
        assert_eq!(refused("credentials", json!([signed(300)])), None);
    }

    #[test]
    fn what_nobody_could_keep_to_is_refused() {
        for limit in [
            json!({"requests": 0, "seconds": 1}),
            json!({"requests": 1, "seconds": 0}),
        ] {
            assert_eq!(refused("rate_limit", limit).as_deref(), Some("rate_limit"));
        }
        for credentials in [
            json!([signed(0)]),
            json!([signed(300), {"kind": "bearer"}]),
            json!([{"kind": "body", "route": "nowhere", "pointer": "/key"}]),
            json!([{"kind": "body", "route": "nowhere", "pointer": "key"}]),
        ] {
            let place = refused("credentials", credentials.clone());
            assert_eq!(place.as_deref(), Some("credentials"), "{credentials}");
        }
    }

    #[test]
    fn documents_of_a_demo_fit_their_schema() {
        let with = |data: Value| {
            let mut manifest = manifest();
            manifest["collections"] = json!([{
                "name": "plans", "operated": {"type": "object", "required": ["price"]},
            }]);
            manifest["demo"] = json!({"records": [{"collection": "plans", "id": "gold", "data": data}]});
            let parsed = parse(&manifest.to_string(), World::Provider, |_| Ok(()));
            parsed.err().map(|error| error.place)
        };
        assert_eq!(with(json!({"price": 5})), None);
        assert_eq!(with(json!({})).as_deref(), Some("demo.records.plans.gold"));
        let schema = json!([{"name": "plans", "operated": {"type": "thing"}}]);
        assert_eq!(
            refused("collections", schema).as_deref(),
            Some("collections.plans")
        );
    }
}
