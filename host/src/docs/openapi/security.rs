//! Security schemes and what routes require of them.
//!
//! OpenAPI knows keys in headers, queries and cookies. A key in a path is a parameter instead, and one in a body a field.

use mooring_manifest::{Credential, Guard, Manifest, Route};
use serde_json::{Map, Value, json};

/// Every scheme of a surface, by name.
pub(super) fn schemes(manifest: &Manifest) -> Value {
    let mut schemes = Map::new();
    for credential in &manifest.credentials {
        match credential {
            Credential::Bearer => {
                let scheme = json!({ "type": "http", "scheme": "bearer", "description": "The API key." });
                schemes.insert("bearer".to_owned(), scheme);
            }
            Credential::Header { name } => {
                schemes.insert(name.clone(), header(name, "The API key."));
            }
            Credential::Signed {
                key_header,
                timestamp_header,
                signature_header,
                ..
            } => {
                for (name, description) in [
                    (key_header, "The API key."),
                    (timestamp_header, "Seconds since the Unix epoch."),
                    (
                        signature_header,
                        "HMAC-SHA256 of `{timestamp}.{body}` under the secret key, in hexadecimal or base64.",
                    ),
                ] {
                    schemes.insert(name.clone(), header(name, description));
                }
            }
            Credential::Path { .. } | Credential::Body { .. } => {}
        }
    }
    schemes.into()
}

fn header(name: &str, description: &str) -> Value {
    json!({ "type": "apiKey", "in": "header", "name": name, "description": description })
}

/// What a route requires: one of these. For a scope, the list behind each scheme names it.
pub(super) fn requirements(manifest: &Manifest, route: &Route) -> Value {
    let scopes: &[String] = match &route.guard {
        Guard::Public => return json!([]),
        Guard::Key => &[],
        Guard::Scopes { any } => any,
    };
    let mut ways = Vec::new();
    for names in manifest
        .credentials
        .iter()
        .filter_map(|credential| names(credential, route))
    {
        let way = |scopes: &[&String]| -> Value {
            let schemes = names.iter().map(|name| (name.clone(), json!(scopes)));
            schemes.collect::<Map<_, _>>().into()
        };
        if scopes.is_empty() {
            ways.push(way(&[]));
        }
        ways.extend(scopes.iter().map(|scope| way(&[scope])));
    }
    ways.into()
}

/// The schemes that a credential needs together; nothing where it is none. Where the body may have the key, none is needed.
fn names(credential: &Credential, route: &Route) -> Option<Vec<String>> {
    match credential {
        Credential::Bearer => Some(vec!["bearer".to_owned()]),
        Credential::Header { name } => Some(vec![name.clone()]),
        Credential::Signed {
            key_header,
            timestamp_header,
            signature_header,
            ..
        } => Some(
            [key_header, timestamp_header, signature_header]
                .map(String::clone)
                .to_vec(),
        ),
        Credential::Path { .. } => None,
        Credential::Body { route: with, .. } => (*with == route.name).then(Vec::new),
    }
}
