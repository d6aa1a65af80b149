//! What the document says of the surface as a whole.

use std::fmt::Write;

use mooring_core::idempotency::KEPT;
use mooring_manifest::{Credential, Manifest, Origin};
use serde_json::{Value, json};

use super::responses::takes_idempotency_key;

/// The surface's name for people.
pub(in crate::docs) fn title(manifest: &Manifest) -> &str {
    if manifest.title.is_empty() {
        &manifest.name
    } else {
        &manifest.title
    }
}

pub(super) fn info(manifest: &Manifest) -> Value {
    json!({
        "title": title(manifest),
        "version": manifest.version,
        "summary": manifest.summary,
        "description": description(manifest),
    })
}

fn description(manifest: &Manifest) -> String {
    let mut text = String::new();
    if !manifest.credentials.is_empty() {
        text.push_str("## Authentication\n");
        for credential in &manifest.credentials {
            let _ = writeln!(text, "- {}", said(credential));
        }
        if !manifest.key_prefix.is_empty() {
            let _ = writeln!(text, "\nKeys begin with `{}`.", manifest.key_prefix);
        }
    }
    if !manifest.scopes.is_empty() {
        text.push_str("\n| scope | what it allows |\n| --- | --- |\n");
        for scope in &manifest.scopes {
            let _ = writeln!(text, "| `{}` | {} |", scope.name, scope.summary);
        }
    }
    if let Some(limit) = manifest.rate_limit {
        let _ = writeln!(
            text,
            "\n## Limits\n{} requests in {} seconds for each key.",
            limit.requests, limit.seconds
        );
    }
    if manifest.routes.iter().any(takes_idempotency_key) {
        let _ = writeln!(
            text,
            "\n## Repeating a request\nEvery request that writes takes an `Idempotency-Key` of the caller's choosing. The same request \
             with the same key within {} hours is answered with what it was answered first, with `idempotent-replayed: true`; \
             another request with that key is refused.",
            KEPT.as_secs() / 3600
        );
    }
    let has = |origin: Origin| manifest.routes.iter().any(|route| route.origin == origin);
    if has(Origin::Observed) || has(Origin::Proposed) {
        text.push_str("\n## Where routes come from\nMost are documented by the provider. ");
        if has(Origin::Observed) {
            text.push_str("Those marked *observed* are called by its official clients, and no document describes them. ");
        }
        if has(Origin::Proposed) {
            text.push_str("Those marked *proposed* are this host's own: the provider has none of them. ");
        }
        text.push_str("`x-origin` says it for programs.\n");
    }
    text
}

/// How a key is shown.
fn said(credential: &Credential) -> String {
    match credential {
        Credential::Bearer => "The key as a bearer token: `Authorization: Bearer KEY`.".to_owned(),
        Credential::Header { name } => format!("The key in the header `{name}`."),
        Credential::Path { parameter } => {
            format!("The key as a part of the path: `{{{parameter}}}`. Treat addresses as secrets.")
        }
        Credential::Signed {
            key_header,
            timestamp_header,
            signature_header,
            tolerance_seconds,
        } => format!(
            "The key in `{key_header}`, the time in `{timestamp_header}` (seconds since the Unix epoch, at most \
             {tolerance_seconds} from now) and in `{signature_header}` the HMAC-SHA256 of `{{timestamp}}.{{body}}` under the \
             secret key, in hexadecimal or base64. The body is signed byte by byte as it is sent; without one, nothing \
             follows the dot."
        ),
        Credential::Body { route, pointer } => {
            format!("The key in the body of `{route}`, at `{pointer}`, where no header has one.")
        }
    }
}
