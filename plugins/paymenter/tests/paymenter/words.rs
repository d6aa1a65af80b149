use mooring_sdk::{Cause, CredentialFailure};
use serde_json::{Value, json};

use crate::{ALL, API_KEYS, INVOICE_PAID, USER_CREATE, failed, host};

#[test]
fn words_every_refusal_of_the_host() {
    let (mut host, _) = host();
    for (cause, status, error) in [
        (Cause::NoRoute, 404, "not found"),
        (
            Cause::MethodNotAllowed(vec!["POST".to_owned()]),
            405,
            "method not allowed",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Missing),
            401,
            "invalid API key",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Malformed),
            401,
            "invalid API key",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Unknown),
            401,
            "invalid API key",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Expired),
            401,
            "invalid API key",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Revoked),
            401,
            "invalid API key",
        ),
        (Cause::MissingScope("owner".to_owned()), 401, "invalid API key"),
        (Cause::RateLimited(7), 429, "rate limited"),
        (
            Cause::BodyTooLarge(65_536),
            413,
            "request body too large: at most 65536 bytes",
        ),
        (Cause::BodyTimeout, 408, "request timeout"),
        (
            Cause::Malformed("no path".to_owned()),
            400,
            "bad request: no path",
        ),
        (Cause::Unavailable(3), 503, "service unavailable"),
        (Cause::Deadline, 504, "gateway timeout"),
        (Cause::PluginFailed, 502, "bad gateway"),
        (Cause::HostFailed, 500, "internal error"),
    ] {
        let response = host.refusal(cause);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(
            (response.status, body),
            (status, json!({ "ok": false, "error": error }))
        );
        assert_eq!(response.header("content-type"), Some("application/json"));
        let header = match status {
            429 => Some(("retry-after", "7")),
            503 => Some(("retry-after", "3")),
            405 => Some(("allow", "POST")),
            _ => None,
        };
        for name in ["retry-after", "allow"] {
            let expected = header
                .filter(|(candidate, _)| *candidate == name)
                .map(|(_, value)| value);
            assert_eq!(response.header(name), expected, "{status} {name}");
        }
    }
}

#[test]
fn every_route_asks_for_its_scope() {
    let (mut host, _) = host();
    let routes = host.manifest().routes.clone();
    assert_eq!(routes.len(), 16);
    for route in routes {
        assert_eq!(route.rate_limit_per_minute, Some(600), "{}", route.name);
        assert!(
            !route.summary.is_empty() && route.response_schema.is_some(),
            "{}",
            route.name
        );
        assert_eq!(
            route.request_schema.is_some(),
            route.method == "POST",
            "{}",
            route.name
        );

        let path = route.path.replace("{id}", "x");
        failed(&host.request(&route.method, &path).send(), 401, "invalid API key");
        failed(
            &host.request(&route.method, &path).key("vfc_live_wrong").send(),
            401,
            "invalid API key",
        );
        failed(
            &host.request(&route.method, &path).key("sk_other").send(),
            401,
            "invalid API key",
        );
        let guard = serde_json::to_value(&route.guard).unwrap();
        if guard["kind"] == "key" {
            continue;
        }
        let wanted = guard["any"].as_array().unwrap();
        let others: Vec<&str> = ALL
            .iter()
            .copied()
            .filter(|scope| !wanted.contains(&json!(scope)))
            .collect();
        assert_eq!(others.len(), ALL.len() - 1, "{}", route.name);
        let key = host.key(&others);
        failed(
            &host.request(&route.method, &path).key(&key).send(),
            401,
            "invalid API key",
        );
    }
}

#[test]
fn unknown_paths_methods_and_large_bodies() {
    let (mut host, key) = host();
    failed(&host.get("/api/v1/nothing").key(&key).send(), 404, "not found");
    let reply = host.get(USER_CREATE).key(&key).send();
    failed(&reply, 405, "method not allowed");
    assert_eq!(reply.header("allow"), Some("POST"));
    let large = "x".repeat(64 * 1024 + 1);
    for path in [USER_CREATE, INVOICE_PAID, API_KEYS] {
        let reply = host.post(path).key(&key).body(large.clone()).send();
        failed(&reply, 413, "request body too large: at most 65536 bytes");
    }
}

/// A shop whose host has a slash at its end joins it with a path that begins with one.
#[test]
fn too_many_slashes_do_no_harm() {
    let (mut host, key) = host();
    for path in ["//api/v1/me", "/api/v1/me/"] {
        let reply = host.get(path).key(&key).send();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
}

#[test]
fn jobs_of_another_version_are_given_up() {
    use mooring_sdk::jobs::{self, NewJob};
    let (mut host, _) = host();
    host.act(|| jobs::schedule(NewJob::new("unheard-of", &json!({}))))
        .unwrap();
    host.act(|| jobs::schedule(NewJob::new("virtfusion-step", &json!({ "service": 7 }))))
        .unwrap();
    assert!(host.run_jobs().iter().all(|run| run.result.is_err()));
    assert_eq!(host.dead(), ["unheard-of", "virtfusion-step"]);
}
