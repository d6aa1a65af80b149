//! Refusals, in the provider's words.

use mooring_sdk::testing::AttemptDone;
use mooring_sdk::{Cause, CredentialFailure};
use serde_json::{Value, json};

use crate::{Host, INVOICES, failed, host, host_with_reseller, invoice, refused, user};

#[test]
fn every_refusal_of_the_host_has_the_providers_shape() {
    let mut host = Host::new();
    for (cause, status, error) in [
        (Cause::NoRoute, 404, "not_found"),
        (
            Cause::MethodNotAllowed(vec!["POST".to_owned()]),
            405,
            "method_not_allowed",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Missing),
            401,
            "unauthenticated",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Malformed),
            401,
            "unauthenticated",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Unknown),
            401,
            "unauthenticated",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Expired),
            401,
            "unauthenticated",
        ),
        (
            Cause::Unauthenticated(CredentialFailure::Revoked),
            401,
            "unauthenticated",
        ),
        (
            Cause::MissingScope("merchant".to_owned()),
            403,
            "invalid_token_type",
        ),
        (Cause::MissingScope("user".to_owned()), 403, "invalid_token_type"),
        (Cause::RateLimited(7), 429, "too_many_requests"),
        (Cause::BodyTooLarge(65_536), 413, "payload_too_large"),
        (Cause::BodyTimeout, 408, "request_timeout"),
        (Cause::Malformed("why".to_owned()), 400, "bad_request"),
        (Cause::Unavailable(3), 503, "service_unavailable"),
        (Cause::Deadline, 504, "gateway_timeout"),
        (Cause::PluginFailed, 502, "bad_gateway"),
        (Cause::HostFailed, 500, "server_error"),
    ] {
        let answer = host.refusal(cause.clone());
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &body["error"]),
            (status, &json!(error)),
            "{cause:?}"
        );
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let seconds = match cause {
            Cause::RateLimited(_) => Some("7"),
            Cause::Unavailable(_) => Some("3"),
            _ => None,
        };
        assert_eq!(answer.header("retry-after"), seconds);
    }
}

#[test]
fn every_route_demands_the_right_kind_of_token() {
    let mut host = Host::new();
    let nobody = user(&mut host, "nobody", "user");
    let (merchant, user) = (host.key(&["merchant"]), host.key_of(nobody, &["user"]));
    for route in host.manifest().routes.clone() {
        let path = route.path.replace("{id}", "x");
        failed(&host.request(&route.method, &path).send(), 401, "unauthenticated");
        failed(
            &host.request(&route.method, &path).key("rnx_live_wrong").send(),
            401,
            "unauthenticated",
        );
        let (wrong, message) = if path.contains("/merchant/") {
            (&user, "This endpoint requires a merchant token.")
        } else {
            (&merchant, "This endpoint requires a user token.")
        };
        let answer = failed(
            &host.request(&route.method, &path).key(wrong).send(),
            403,
            "invalid_token_type",
        );
        assert_eq!(answer["message"], message, "{path}");
    }
}

#[test]
fn resellers_have_a_role_for_it() {
    let bodies = [
        ("POST", "users", r#"{"username":"bob","email":"b@example.com"}"#),
        ("POST", "credits/sell", r#"{"recipient":"bob","amount":1}"#),
        ("GET", "me", ""),
        ("GET", "users", ""),
        ("GET", "credits/history", ""),
    ];
    for (role, allowed) in [
        ("user", false),
        ("customer", false),
        ("owner", false),
        ("Reseller", false),
        ("reseller", true),
        ("distributor", true),
        ("admin", true),
    ] {
        let (mut host, token) = host_with_reseller(role, "10");
        for (method, path, body) in bodies {
            let path = format!("/api/reseller/{path}");
            let reply = host.request(method, &path).key(&token).body(body).send();
            if allowed {
                assert!(reply.status < 300, "{role} {path}: {}", reply.text());
            } else {
                failed(&reply, 403, "forbidden_role");
            }
        }
    }
    let mut host = Host::new();
    let token = host.key(&["user"]);
    for path in ["/api/reseller/me", "/api/invoices", "/api/invoices/x"] {
        failed(&host.get(path).key(&token).send(), 403, "forbidden_role");
    }
    refused(
        &mut host,
        &token,
        "/api/invoices",
        r#"{"amount":1}"#,
        403,
        "forbidden_role",
    );
}

#[test]
fn unknown_paths_other_methods_and_large_bodies() {
    let (mut host, token) = host();
    for path in [
        "/",
        "/api",
        "/api/",
        "/api/v2/merchant/me",
        "/merchant/me",
        "/api/merchant/invoices/a/b/c",
    ] {
        failed(&host.get(path).key(&token).send(), 404, "not_found");
    }
    let reply = host.request("DELETE", INVOICES).key(&token).send();
    failed(&reply, 405, "method_not_allowed");
    let mut allowed: Vec<&str> = reply.header("allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "POST"]);
    let large = format!(r#"{{"amount":1,"metadata":{{"a":"{}"}}}}"#, "x".repeat(65_536));
    refused(&mut host, &token, INVOICES, &large, 413, "payload_too_large");
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    for (setting, value, why) in [
        (
            "default_currency",
            "DOLLAR",
            "DOLLAR is not a currency of ISO 4217",
        ),
        ("default_currency", "USDT", "USDT is not a currency of ISO 4217"),
        (
            "fee_percent",
            "101",
            "must be 0 to 100, with at most 4 decimal places",
        ),
        ("fee_percent", "-1", "is not a decimal number"),
        (
            "fee_percent",
            "2.00001",
            "must be 0 to 100, with at most 4 decimal places",
        ),
        ("fee_fixed", "-0.3", "is not a decimal number"),
        ("tolerance_short", "99999999999", "is too large"),
        (
            "tolerance_short_percent",
            "100.1",
            "must be 0 to 100, with at most 4 decimal places",
        ),
        (
            "tolerance_partial_min_percent",
            "200",
            "must be 0 to 100, with at most 4 decimal places",
        ),
        ("merchant_id", "0", "must be 1 to 1000000000"),
    ] {
        let (mut host, token) = host();
        host.set(setting, value);
        let answer = refused(
            &mut host,
            &token,
            INVOICES,
            r#"{"amount":1}"#,
            503,
            "merchant_misconfigured",
        );
        assert_eq!(
            answer["message"],
            format!("The merchant's setting `{setting}` cannot be used: {why}.")
        );
        assert!(
            host.log()
                .iter()
                .any(|line| line.starts_with("error: ") && line.contains(setting))
        );
    }
    for (rates, markup, why) in [
        (
            "USD/MXN",
            "1",
            "the setting `fx_rates` cannot be used: `USD/MXN` is not of the form USD/MXN=18.0",
        ),
        (
            "USD/MXN=18",
            "100",
            "the setting `fx_markup_percent` cannot be used: must be 0 to 99.999, with at most 3 decimal places",
        ),
    ] {
        let (mut host, token) = host();
        host.set("default_currency", "MXN");
        host.set("fx_rates", rates);
        host.set("fx_markup_percent", markup);
        refused(
            &mut host,
            &token,
            INVOICES,
            r#"{"amount":1,"currency":"USD"}"#,
            503,
            "merchant_misconfigured",
        );
        assert!(
            host.log().iter().any(|line| line.ends_with(why)),
            "{:?}",
            host.log()
        );
    }
    let (mut host, token) = host_with_reseller("reseller", "10");
    user(&mut host, "alice", "user");
    host.set("credit_fee_percent_reseller", "1000");
    refused(
        &mut host,
        &token,
        "/api/reseller/credits/sell",
        r#"{"recipient":"alice","amount":1}"#,
        503,
        "merchant_misconfigured",
    );
}

#[test]
fn me_shows_what_the_operator_has_set() {
    let (mut host, token) = host();
    let default = host.get("/api/merchant/me").key(&token).send();
    let uuid = default.json()["public_uuid"].as_str().unwrap().to_owned();
    assert_eq!(uuid::Uuid::parse_str(&uuid).unwrap().get_version_num(), 5);
    assert_eq!(
        default.text(),
        format!(
            r#"{{"id":1,"name":"test","default_currency":"USD","public_uuid":"{uuid}","customer_pays_fee":false,"fx_markup_percent":"1.000","is_active":true}}"#
        )
    );
    for (setting, value) in [
        ("merchant_id", "7"),
        ("merchant_name", "Acme Store"),
        ("public_uuid", "9c1f"),
        ("default_currency", "MXN"),
        ("customer_pays_fee", "true"),
        ("fx_markup_percent", "2.5"),
        ("is_active", "false"),
    ] {
        host.set(setting, value);
    }
    assert_eq!(
        host.get("/api/v1/merchant/me").key(&token).send().text(),
        r#"{"id":7,"name":"Acme Store","default_currency":"MXN","public_uuid":"9c1f","customer_pays_fee":true,"fx_markup_percent":"2.500","is_active":false}"#
    );
}

#[test]
fn an_invoice_of_another_status_is_named_in_the_refusal() {
    let (mut host, token) = host();
    let (payment, id) = invoice(&mut host, &token, &json!({ "amount": 5 }));
    host.pay(&payment, AttemptDone::default());
    let answer = refused(
        &mut host,
        &token,
        &format!("{INVOICES}/{id}/void"),
        "",
        422,
        "invoice_not_voidable",
    );
    assert_eq!(
        answer["message"],
        "The invoice is confirmed, and nothing is reserved for it."
    );
}
