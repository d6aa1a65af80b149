//! What the host refuses, in the provider's words; and what the plugin says about itself.

use mooring_manifest::{Credential, Origin};
use mooring_sdk::{Cause, CredentialFailure};
use serde_json::json;

use crate::Host;

#[test]
fn every_refusal_has_the_providers_shape() {
    let mut host = Host::new();
    for (cause, status, error) in [
        (Cause::NoRoute, 404, "not_found"),
        (
            Cause::MethodNotAllowed(vec!["GET".to_owned()]),
            405,
            "method_not_allowed",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Missing),
            401,
            "unauthorized",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Malformed),
            401,
            "invalid_api_key",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Unknown),
            401,
            "invalid_api_key",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Stale),
            401,
            "stale_timestamp",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::BadSignature),
            401,
            "invalid_signature",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Expired),
            403,
            "application_disabled",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Revoked),
            403,
            "application_disabled",
        ),
        (Cause::MissingScope("api".to_owned()), 403, "forbidden"),
        (Cause::RateLimited(3), 429, "rate_limited"),
        (Cause::BodyTooLarge(9), 413, "payload_too_large"),
        (Cause::BodyTimeout, 408, "request_timeout"),
        (Cause::Malformed("no".to_owned()), 400, "bad_request"),
        (Cause::IdempotencyKeyReused, 422, "idempotency_key_reused"),
        (Cause::Unavailable(1), 503, "service_unavailable"),
        (Cause::Deadline, 504, "gateway_timeout"),
        (Cause::PluginFailed, 502, "bad_gateway"),
        (Cause::HostFailed, 500, "server_error"),
    ] {
        let response = host.refusal(cause.clone());
        let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(
            (response.status, &body["error"], &body["success"]),
            (status, &json!(error), &json!(false)),
            "{cause:?}"
        );
        assert!(body["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
}

#[test]
fn requests_are_signed_and_limited_as_the_reference_says() {
    let host = Host::new();
    let manifest = host.manifest();
    assert!(matches!(
        &manifest.credentials[..],
        [Credential::Signed { key_header, timestamp_header, signature_header, tolerance_seconds: 300 }]
            if key_header == "x-api-key" && timestamp_header == "x-timestamp" && signature_header == "x-signature"
    ));
    let limit = manifest.rate_limit.unwrap();
    assert_eq!((limit.requests, limit.seconds), (60, 60));
}

#[test]
fn every_route_of_the_reference_is_there_and_ours_are_marked() {
    let host = Host::new();
    let routes = &host.manifest().routes;
    let has = |method: &str, path: &str| {
        let path = format!("/api/v1{path}");
        routes
            .iter()
            .find(|route| route.method == method && route.path == path)
            .map(|route| route.origin)
    };
    for (method, path) in [
        ("POST", "/payments"),
        ("POST", "/payments/hosted-url"),
        ("GET", "/payments"),
        ("GET", "/payments/{hash}"),
        ("POST", "/subscriptions"),
        ("GET", "/subscriptions"),
        ("POST", "/subscriptions/{id}/cancel"),
        ("POST", "/subscriptions/{id}/change-plan"),
        ("GET", "/subscription-plans"),
        ("GET", "/subscription-plans/{id}"),
        ("POST", "/subscription-invoices/{sub}/generate"),
        ("GET", "/subscription-invoices/upcoming/{sub}"),
        ("POST", "/subscription-invoices/{id}/payment"),
        ("GET", "/subscription-invoices/stats/overview"),
    ] {
        assert_eq!(has(method, path), Some(Origin::Documented), "{method} {path}");
    }
    for (method, path) in [
        ("GET", "/payments/{hash}/status"),
        ("POST", "/subscriptions/hosted-inline"),
        ("GET", "/subscriptions/{id}"),
    ] {
        assert_eq!(has(method, path), Some(Origin::Observed), "{method} {path}");
    }
    let families = routes
        .iter()
        .filter(|route| route.path.starts_with("/api/v1/subscription"));
    assert_eq!(families.count(), 32, "the 32 subscription endpoints");
    assert_eq!(
        routes.iter().filter(|route| route.core).count(),
        15,
        "the integration kit's core requests"
    );
    let ours = routes
        .iter()
        .filter(|route| route.origin == Origin::Proposed)
        .count();
    assert_eq!(ours, routes.len() - 17);
    for route in routes {
        assert!(
            route.response_schema.is_some() && !route.group.is_empty(),
            "{}",
            route.name
        );
    }
}
