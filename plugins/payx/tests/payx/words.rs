use mooring_sdk::{Cause, CredentialFailure};
use serde_json::{Value, json};

use crate::{failed, host};

const WRONG_KEY: &str = "Not correct secret key reseller";

#[test]
fn words_every_refusal_of_the_host() {
    let (mut host, _) = host();
    for (cause, status, message) in [
        (Cause::NoRoute, 404, "Not found"),
        (
            Cause::MethodNotAllowed(vec!["POST".to_owned()]),
            405,
            "Method not allowed",
        ),
        (Cause::Unauthenticated(CredentialFailure::Missing), 401, WRONG_KEY),
        (
            Cause::Unauthenticated(CredentialFailure::Malformed),
            401,
            WRONG_KEY,
        ),
        (Cause::Unauthenticated(CredentialFailure::Unknown), 401, WRONG_KEY),
        (Cause::Unauthenticated(CredentialFailure::Expired), 401, WRONG_KEY),
        (Cause::Unauthenticated(CredentialFailure::Revoked), 401, WRONG_KEY),
        (Cause::MissingScope("reseller".to_owned()), 401, WRONG_KEY),
        (Cause::RateLimited(7), 429, "Too many requests"),
        (
            Cause::BodyTooLarge(65_536),
            413,
            "The body is larger than 65536 bytes",
        ),
        (Cause::BodyTimeout, 408, "The body did not arrive in time"),
        (
            Cause::Malformed("no path".to_owned()),
            400,
            "Malformed request: no path",
        ),
        (Cause::Unavailable(3), 503, "Service unavailable"),
        (Cause::Deadline, 504, "Timed out"),
        (Cause::PluginFailed, 502, "Bad gateway"),
        (Cause::HostFailed, 500, "Internal error"),
    ] {
        let response = host.refusal(cause);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(
            (response.status, body),
            (status, json!({ "error": { "message": message } }))
        );
        assert_eq!(response.header("content-type"), Some("application/json"));
    }
}

#[test]
fn every_route_asks_for_key_and_reseller_in_the_same_words() {
    let (mut host, key) = host();
    let routes = host.manifest().routes.clone();
    assert_eq!(routes.len(), 15);
    let nobodys = host.key(&["reseller"]).replace(char::is_numeric, "x") + "x";
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
        let other = if route.method == "GET" { "POST" } else { "GET" };
        let below = route
            .path
            .strip_prefix("/api/v1/{id_reseller}/{secret_key}/")
            .unwrap();
        for (reseller, key) in [
            ("2", nobodys.as_str()),
            ("2", "wrong"),
            ("3", &key),
            ("02", &key),
            ("2%20", &key),
            ("x", &key),
        ] {
            let path = format!("/api/v1/{reseller}/{key}/{below}");
            failed(&host.request(&route.method, &path).send(), 401, WRONG_KEY);
        }
        let path = format!("/api/v1/2/{key}/{below}");
        let reply = host.request(other, &path).send();
        failed(&reply, 405, "Method not allowed");
        assert_eq!(
            reply.header("allow"),
            Some(route.method.as_str()),
            "{}",
            route.name
        );
    }
    for path in ["/api/v1/2/", "/api/v1/2//options", "/api/v1/options", "/"] {
        failed(&host.get(path).send(), 404, "Not found");
    }
    let large = host
        .post(&format!("/api/v1/2/{key}/clients/create"))
        .body("x".repeat(64 * 1024 + 1))
        .send();
    failed(&large, 413, "The body is larger than 65536 bytes");
}

#[test]
fn a_reseller_without_a_number_of_his_own_is_the_first() {
    let mut host = mooring_sdk::testing::TestHost::<mooring_plugin_payx::Payx>::new();
    let key = host.key(&["reseller"]);
    assert_eq!(host.get(&format!("/api/v1/1/{key}/options")).send().status, 200);
}
