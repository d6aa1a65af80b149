use mooring_sdk::{Cause, CredentialFailure};
use serde_json::{Value, json};

use crate::{Host, call, host};

#[test]
fn a_missing_and_a_wrong_secret_have_the_providers_words() {
    let (mut host, _) = host();
    let missing =
        r#"{"error_code":403,"error_message":"Please specify a secret key via the X-Tebex-Secret header."}"#;
    let wrong =
        r#"{"error_code":403,"error_message":"No server could be found with the specified secret key."}"#;
    let reply = host.get("/information").send();
    assert_eq!((reply.status, reply.text()), (403, missing));
    assert_eq!(
        reply.headers,
        [("content-type".to_owned(), "application/json".to_owned())]
    );
    let reply = host.get("/information").key("wrong").send();
    assert_eq!((reply.status, reply.text()), (403, wrong));
    for (failure, text) in [
        (CredentialFailure::Missing, missing),
        (CredentialFailure::Malformed, wrong),
        (CredentialFailure::Unknown, wrong),
        (CredentialFailure::Expired, wrong),
        (CredentialFailure::Revoked, wrong),
    ] {
        let reply = host.refusal(Cause::Unauthenticated(failure));
        assert_eq!(
            (reply.status, reply.body),
            (403, text.as_bytes().to_vec()),
            "{failure:?}"
        );
    }
}

#[test]
fn every_refusal_of_the_hosts_has_the_providers_shape() {
    let mut host = Host::new();
    for (cause, status) in [
        (Cause::NoRoute, 404),
        (Cause::MethodNotAllowed(vec!["GET".to_owned()]), 405),
        (Cause::MissingScope("server".to_owned()), 403),
        (Cause::RateLimited(7), 429),
        (Cause::BodyTooLarge(65_536), 413),
        (Cause::BodyTimeout, 408),
        (Cause::Malformed("why".to_owned()), 400),
        (Cause::Unavailable(1), 503),
        (Cause::Deadline, 504),
        (Cause::PluginFailed, 502),
        (Cause::HostFailed, 500),
        (Cause::IdempotencyKeyReused, 422),
    ] {
        let reply = host.refusal(cause.clone());
        let answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
        let message = answer["error_message"].as_str().expect("a message");
        assert!(!message.is_empty());
        assert_eq!(
            answer,
            json!({ "error_code": status, "error_message": message }),
            "{cause:?}"
        );
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (status, Some("application/json"))
        );
    }
}

#[test]
fn the_surface_is_as_wide_as_the_document_says() {
    let host = Host::new();
    let manifest = host.manifest();
    let limit = manifest.rate_limit.expect("a limit");
    assert_eq!((limit.requests, limit.seconds), (500, 300));
    assert!(manifest.lenient_paths);
    let documented = |route: &&mooring_manifest::Route| route.origin == mooring_sdk::Origin::Documented;
    assert_eq!(manifest.routes.iter().filter(documented).count(), 34);
    for route in &manifest.routes {
        let what = format!("{} {}", route.method, route.path);
        assert!(!route.group.is_empty() && !route.summary.is_empty(), "{what}");
        assert_eq!(
            route.response_schema.is_none(),
            route.success_status == 204,
            "{what}"
        );
        let sends = ["POST", "PUT"].contains(&route.method.as_str());
        assert!(!sends || route.request_schema.is_some(), "{what}");
    }
}

#[test]
fn paths_may_have_more_slashes_than_they_need() {
    let (mut host, secret) = host();
    for path in [
        "/information/",
        "//information",
        "/queue//offline-commands",
        "/coupons/",
        "/bans/",
        "/package//11",
    ] {
        call(&mut host, &secret, "GET", path, &Value::Null, 200);
    }
}

#[test]
fn a_setting_that_cannot_be_used_says_which() {
    let (mut host, secret) = host();
    for (setting, bad, good, path) in [
        ("currency", "BTC", "USD", "/information"),
        ("currency", "XXX?", "USD", "/information"),
        ("server_id", "0", "7", "/information"),
        ("account_id", "many", "1", "/information"),
        ("next_check", "0", "90", "/queue"),
    ] {
        host.set(setting, bad);
        let answer = call(&mut host, &secret, "GET", path, &Value::Null, 503);
        let message = answer["error_message"].as_str().unwrap();
        assert!(message.contains(setting), "{message}");
        host.set(setting, good);
    }
}

#[test]
fn the_operator_is_told_which_values_a_setting_takes() {
    let host = Host::new();
    let settings = &host.manifest().settings;
    for (name, least, most) in [
        ("account_id", 1, 1_000_000_000),
        ("server_id", 1, 1_000_000_000),
        ("next_check", 1, 3600),
        ("checkout_minutes", 1, 10_080),
    ] {
        let setting = settings
            .iter()
            .find(|setting| setting.name == name)
            .expect("a setting");
        let schema = json!({ "minimum": least, "maximum": most });
        assert_eq!(setting.schema.as_ref(), Some(&schema), "{name}");
    }
    let currency = settings.iter().find(|setting| setting.name == "currency");
    assert_eq!(
        currency
            .and_then(|setting| setting.schema.as_ref())
            .map(|schema| &schema["pattern"]),
        Some(&json!("^[A-Z]{3}$"))
    );
}
