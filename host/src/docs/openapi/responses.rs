//! What comes back where it is no success: the plugin's own refusals, and the host's in the plugin's words.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use http::header::CONTENT_TYPE;
use mooring_manifest::{Access, Guard, Manifest, Route};
use serde_json::{Map, Value, json};

use super::Source;
use super::schemas::Schemas;
use crate::exchange::{Cause, Reply};

/// Statuses from 400 on, each described once.
pub(super) struct Responses<'s> {
    refusals: &'s [(Cause, Reply)],
    shared: BTreeMap<u16, Value>,
}

impl<'s> Responses<'s> {
    pub(super) fn new(source: &'s Source, schemas: &mut Schemas) -> Responses<'s> {
        let manifest = &*source.manifest;
        let refusals = source.refusals.as_slice();
        let schema = manifest.error_schema.as_ref().map(|schema| schemas.take(schema));
        let mut statuses: BTreeSet<u16> = manifest
            .routes
            .iter()
            .flat_map(|route| route.error_statuses.iter().copied())
            .collect();
        let mut responses = Responses {
            refusals,
            shared: BTreeMap::new(),
        };
        for route in &manifest.routes {
            statuses.extend(responses.of_host(manifest, route));
        }
        let kind = usual_kind(refusals);
        for status in statuses {
            let said = || refusals.iter().filter(|(_, reply)| reply.status == status);
            let limited = said().any(|(cause, _)| has_retry_after(cause));
            let response = response(status, &kind, schema.as_ref(), said(), limited);
            responses.shared.insert(status, response);
        }
        responses
    }

    /// A route's statuses from 400 on.
    pub(super) fn of(&self, manifest: &Manifest, route: &Route) -> Map<String, Value> {
        let statuses = route
            .error_statuses
            .iter()
            .copied()
            .chain(self.of_host(manifest, route));
        let statuses: BTreeSet<u16> = statuses.collect();
        statuses
            .into_iter()
            .map(|status| {
                let reference = format!("#/components/responses/{}", name(status));
                (status.to_string(), json!({ "$ref": reference }))
            })
            .collect()
    }

    /// What the references lead to.
    pub(super) fn shared(&self) -> Value {
        let named = self
            .shared
            .iter()
            .map(|(status, response)| (name(*status), response.clone()));
        named.collect::<Map<_, _>>().into()
    }

    /// With which statuses the host can refuse a route, or fail it.
    fn of_host(&self, manifest: &Manifest, route: &Route) -> Vec<u16> {
        let refusals = self.refusals.iter();
        refusals
            .filter(|(cause, _)| can_befall(cause, manifest, route))
            .map(|(_, reply)| reply.status)
            .collect()
    }
}

fn can_befall(cause: &Cause, manifest: &Manifest, route: &Route) -> bool {
    let keyed = route.guard != Guard::Public;
    let has_body = route.request_schema.is_some() || (route.access == Access::Write && route.method != "GET");
    match cause {
        Cause::Unauthenticated(_) => keyed,
        Cause::MissingScope(_) => matches!(route.guard, Guard::Scopes { .. }),
        // The operator can limit every surface that has such a setting.
        Cause::RateLimited(_) => {
            manifest.rate_limit.is_some()
                || route.rate_limit_per_minute.is_some()
                || (keyed
                    && manifest
                        .settings
                        .iter()
                        .any(|setting| setting.name == "rate_limit_per_minute"))
        }
        Cause::BodyTooLarge(_) | Cause::BodyTimeout => has_body,
        // A parameter may hold what makes the path another one.
        Cause::NoRoute => route.path.contains('{'),
        Cause::IdempotencyKeyReused => takes_idempotency_key(route),
        // That is another method's answer.
        Cause::MethodNotAllowed(_) => false,
        Cause::Malformed(_)
        | Cause::Unavailable(_)
        | Cause::Deadline
        | Cause::PluginFailed
        | Cause::HostFailed => true,
    }
}

/// Whether a caller can name a request, so that it is done once.
pub(super) fn takes_idempotency_key(route: &Route) -> bool {
    route.access == Access::Write && route.guard != Guard::Public
}

/// What a cause is called as an example.
fn label(cause: &Cause) -> &'static str {
    use crate::exchange::CredentialFailure as Failure;
    match cause {
        Cause::NoRoute => "no route",
        Cause::MethodNotAllowed(_) => "method not allowed",
        Cause::Unauthenticated(Failure::Missing) => "no key",
        Cause::Unauthenticated(Failure::Malformed) => "malformed key",
        Cause::Unauthenticated(Failure::Unknown) => "unknown key",
        Cause::Unauthenticated(Failure::Expired) => "expired key",
        Cause::Unauthenticated(Failure::Revoked) => "revoked key",
        Cause::Unauthenticated(Failure::Stale) => "stale timestamp",
        Cause::Unauthenticated(Failure::BadSignature) => "wrong signature",
        Cause::MissingScope(_) => "missing scope",
        Cause::RateLimited(_) => "too many requests",
        Cause::BodyTooLarge(_) => "body too large",
        Cause::BodyTimeout => "body too slow",
        Cause::Malformed(_) => "malformed request",
        Cause::IdempotencyKeyReused => "idempotency key reused",
        Cause::Unavailable(_) => "no capacity",
        Cause::Deadline => "out of time",
        Cause::PluginFailed => "surface failed",
        Cause::HostFailed => "host failed",
    }
}

fn has_retry_after(cause: &Cause) -> bool {
    matches!(cause, Cause::RateLimited(_) | Cause::Unavailable(_))
}

fn response<'r>(
    status: u16,
    kind: &str,
    schema: Option<&Value>,
    said: impl Iterator<Item = &'r (Cause, Reply)>,
    limited: bool,
) -> Value {
    let mut response = json!({ "description": phrase(status) });
    if limited {
        let seconds =
            json!({ "description": "Seconds to wait.", "schema": { "type": "integer", "minimum": 0 } });
        response["headers"] = json!({ "Retry-After": seconds });
    }
    let mut content: Map<String, Value> = Map::new();
    for (cause, reply) in said {
        let (kind, body) = (content_type(reply), example(reply));
        let (Some(kind), Some(body)) = (kind, body) else {
            continue;
        };
        let media = content.entry(kind).or_insert_with(|| json!({ "examples": {} }));
        let known = media["examples"]
            .as_object()
            .is_some_and(|examples| examples.values().any(|example| example["value"] == body));
        if !known {
            media["examples"][label(cause)] = json!({ "value": body });
        }
    }
    if content.is_empty() && schema.is_some() {
        content.insert(kind.to_owned(), json!({}));
    }
    if let Some(schema) = schema {
        for (kind, media) in &mut content {
            if is_json(kind) {
                media["schema"] = schema.clone();
            }
        }
    }
    if !content.is_empty() {
        response["content"] = content.into();
    }
    response
}

/// The media type in which a surface words most of its refusals.
fn usual_kind(refusals: &[(Cause, Reply)]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for kind in refusals.iter().filter_map(|(_, reply)| content_type(reply)) {
        *counts.entry(kind).or_default() += 1;
    }
    let usual = counts.into_iter().max_by_key(|(_, count)| *count);
    usual.map_or_else(|| "application/json".to_owned(), |(kind, _)| kind)
}

/// Without parameters.
fn content_type(reply: &Reply) -> Option<String> {
    let (_, value) = reply.headers.iter().find(|(name, _)| *name == CONTENT_TYPE)?;
    let kind = value.to_str().ok()?.split(';').next()?.trim();
    (!kind.is_empty()).then(|| kind.to_ascii_lowercase())
}

fn is_json(kind: &str) -> bool {
    kind.ends_with("/json") || kind.ends_with("+json")
}

fn example(reply: &Reply) -> Option<Value> {
    if reply.body.is_empty() {
        return None;
    }
    let text = std::str::from_utf8(&reply.body).ok()?;
    Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

fn name(status: u16) -> String {
    format!("Status{status}")
}

/// What a status is called.
pub(super) fn phrase(status: u16) -> String {
    let known = StatusCode::from_u16(status).ok();
    let phrase = known.and_then(|status| status.canonical_reason());
    phrase.map_or_else(|| format!("Status {status}"), str::to_owned)
}
