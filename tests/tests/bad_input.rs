//! What becomes of input that nobody promised: it is refused in the provider's words, and nothing is written.

use mooring_tests::api::{Admin, NewKey};
use mooring_tests::paymenter::{every_scope, provision, user};
use mooring_tests::{Api, TestHost, eventually};
use reqwest::Method;
use serde_json::json;

const USER: &str = "/api/v1/paymenter/user.create";
const SUSPEND: &str = "/api/v1/paymenter/server.suspend";
const PROVISION: &str = "/api/v1/reseller/provision-server";
const INVOICE: &str = "/api/v1/paymenter/invoice.paid";
const CREDIT: &str = "/api/v1/reseller/credit-event";
const SIGNUP: &str = "/api/v1/reseller/signup";

/// Puts every row to the host. A row: what is wrong, the body, the status of the refusal.
async fn refused(host: &TestHost, method: Method, path: &str, table: &[(&str, &[u8], u16)]) {
    let (api, admin) = (host.paymenter(), host.admin());
    let before = admin.counts().await;
    for (name, body, status) in table {
        let headers = [("content-type", "application/json")];
        let answer = api.send(method.clone(), path, &headers, body.to_vec()).await;
        assert_eq!(answer.status, *status, "{name} on {path}: {}", answer.text());
        let refusal = answer.json();
        assert_eq!(refusal["ok"], false, "{name}: {refusal}");
        assert!(
            refusal["error"].as_str().is_some_and(|text| !text.is_empty()),
            "{name}: {refusal}"
        );
        assert_eq!(answer.header("content-type"), "application/json", "{name}");
        assert_eq!(admin.counts().await, before, "{name} on {path} wrote something");
    }
}

async fn started() -> TestHost {
    let host = TestHost::start();
    user(&host.paymenter(), "real@example.com").await;
    host
}

/// A second tenant with a key, a user and a service.
async fn other_tenant(api: &Api, admin: &Admin) -> (Api, String) {
    admin.create_tenant("other").await;
    let key = admin.mint(&every_scope("other")).await;
    let other = api.clone().with_key(&key.secret);
    user(&other, "theirs@example.com").await;
    let service = provision(&other, "theirs@example.com").await;
    (other, service)
}

#[tokio::test]
async fn users() {
    let host = started().await;
    let email = format!(r#"{{"email":"{}@example.com"}}"#, "x".repeat(250));
    let with = |field: &str, value: &str| format!(r#"{{"email":"new@example.com","{field}":{value}}}"#);
    let name = with("name", &format!("\"{}\"", "x".repeat(201)));
    let password = with("password", &format!("\"{}\"", "x".repeat(201)));
    let (deep, long) = ("[".repeat(20_000), "x".repeat(2 * 1024 * 1024));
    let table: &[(&str, &[u8], u16)] = &[
        ("malformed JSON", b"{", 422),
        ("no body", b"", 422),
        ("not an object", b"[]", 422),
        ("not UTF-8", b"{\"email\":\"a\xff@example.com\"}", 422),
        (
            "a lone surrogate",
            br#"{"email":"a@example.com","name":"\ud800"}"#,
            422,
        ),
        ("something after the JSON", br#"{"email":"a@example.com"} x"#, 422),
        ("deep nesting", deep.as_bytes(), 422),
        ("a body beyond the limit", long.as_bytes(), 413),
        ("no e-mail", br#"{"name":"N"}"#, 422),
        ("null for an e-mail", br#"{"email":null}"#, 422),
        ("a number for an e-mail", br#"{"email":5}"#, 422),
        ("not an e-mail", br#"{"email":"example.com"}"#, 422),
        ("two e-mails", br#"{"email":"a@example.com,b@example.com"}"#, 422),
        ("an empty e-mail", br#"{"email":" "}"#, 422),
        (
            "a line break in an e-mail",
            br#"{"email":"a@example.com\r\nBcc: b@example.com"}"#,
            422,
        ),
        ("an over-long e-mail", email.as_bytes(), 422),
        ("an over-long name", name.as_bytes(), 422),
        (
            "a list for a name",
            br#"{"email":"a@example.com","name":["N"]}"#,
            422,
        ),
        (
            "a short password",
            br#"{"email":"a@example.com","password":"seven77"}"#,
            422,
        ),
        ("an over-long password", password.as_bytes(), 422),
        (
            "a number for a password",
            br#"{"email":"a@example.com","password":12345678}"#,
            422,
        ),
    ];
    refused(&host, Method::POST, USER, table).await;
    let signup: &[(&str, &[u8], u16)] = &[
        ("no password", br#"{"email":"a@example.com","name":"N"}"#, 422),
        (
            "a short password",
            br#"{"email":"a@example.com","name":"N","password":"seven77"}"#,
            422,
        ),
        (
            "an e-mail that is taken",
            br#"{"email":"REAL@example.com","name":"N","password":"long enough"}"#,
            409,
        ),
    ];
    refused(&host, Method::POST, SIGNUP, signup).await;

    // It would have been easy to refuse everything.
    let before = host.admin().counts().await;
    user(&host.paymenter(), "after@example.com").await;
    assert_ne!(host.admin().counts().await, before);
}

#[tokio::test]
async fn services() {
    let host = started().await;
    let own = provision(&host.paymenter(), "real@example.com").await;
    let (_, foreign) = other_tenant(&host.paymenter(), &host.admin()).await;
    let foreign_service = json!({ "service_id": foreign }).to_string();
    let long = json!({ "service_id": "x".repeat(10_000) }).to_string();
    let table: &[(&str, &[u8], u16)] = &[
        ("no service", b"{}", 422),
        ("a number for a service", br#"{"service_id":7}"#, 422),
        (
            "an unknown service",
            br#"{"service_id":"svc_0000000000000000000000"}"#,
            404,
        ),
        ("a foreign service", foreign_service.as_bytes(), 404),
        (
            "another kind of id",
            br#"{"service_id":"ev_0000000000000000000000"}"#,
            404,
        ),
        ("a path for a service", br#"{"service_id":"../other/svc_1"}"#, 404),
        ("an empty service", br#"{"service_id":""}"#, 404),
        ("an over-long service", long.as_bytes(), 404),
    ];
    for action in ["suspend", "unsuspend", "terminate"] {
        refused(&host, Method::POST, &SUSPEND.replace("suspend", action), table).await;
    }
    let power: &[(&str, &[u8], u16)] = &[
        ("no action", b"{}", 422),
        ("an unknown action", br#"{"action":"explode"}"#, 422),
    ];
    refused(
        &host,
        Method::POST,
        &format!("/api/v1/services/{own}/power"),
        power,
    )
    .await;
    let start: &[(&str, &[u8], u16)] = &[("a service that is not there", br#"{"action":"start"}"#, 404)];
    for service in [foreign.as_str(), "svc_none"] {
        refused(
            &host,
            Method::POST,
            &format!("/api/v1/services/{service}/power"),
            start,
        )
        .await;
        refused(
            &host,
            Method::GET,
            &format!("/api/v1/services/{service}"),
            &[("no such service", b"", 404)],
        )
        .await;
    }
}

#[tokio::test]
async fn orders() {
    let host = started().await;
    let order = |field: &str, value: &str| {
        let mut fields = [
            ("email", "\"real@example.com\""),
            ("package_id", "3"),
            ("group_id", "1"),
            ("os_id", "42"),
        ];
        let mut more = String::new();
        match fields.iter_mut().find(|(name, _)| *name == field) {
            Some(known) => known.1 = value,
            None => more = format!(r#","{field}":{value}"#),
        }
        let fields = fields
            .map(|(name, value)| format!(r#""{name}":{value}"#))
            .join(",");
        format!("{{{fields}{more}}}")
    };
    let rows = [
        ("no package", order("package_id", "null")),
        ("a package that is no number", order("package_id", "\"three\"")),
        ("half a package", order("package_id", "3.5")),
        ("a negative package", order("package_id", "-3")),
        ("a huge package", order("package_id", "99999999999999999999")),
        (
            "a huge package as text",
            order("package_id", "\"99999999999999999999\""),
        ),
        ("a list for a group", order("group_id", "[1]")),
        ("a negative system", order("os_id", "-1")),
        (
            "an over-long host name",
            order("hostname", &format!("\"{}\"", "x".repeat(254))),
        ),
        ("a number for a host name", order("hostname", "5")),
        ("an order for nobody", order("email", "\"nobody\"")),
    ];
    let table: Vec<(&str, &[u8], u16)> = rows
        .iter()
        .map(|(name, body)| (*name, body.as_bytes(), 422))
        .collect();
    refused(&host, Method::POST, PROVISION, &table).await;
}

#[tokio::test]
async fn money() {
    let host = started().await;
    let invoice =
        |amount: &str| format!(r#"{{"invoice_id":"BAD","amount":{amount},"user_email":"real@example.com"}}"#);
    let id = |id: &str| format!(r#"{{"invoice_id":{id},"amount":1,"user_email":"real@example.com"}}"#);
    let rows = [
        (
            "no invoice",
            r#"{"amount":1,"user_email":"real@example.com"}"#.to_owned(),
        ),
        (
            "no amount",
            r#"{"invoice_id":"BAD","user_email":"real@example.com"}"#.to_owned(),
        ),
        ("an empty invoice id", id("\"\"")),
        ("an invoice id that is a list", id("[1]")),
        (
            "an over-long invoice id",
            id(&format!("\"{}\"", "x".repeat(10_000))),
        ),
        ("a negative amount", invoice("-1")),
        ("a negative amount as text", invoice("\"-0.01\"")),
        ("an amount that is no number", invoice("\"12,50\"")),
        ("not a number", invoice("\"NaN\"")),
        ("infinitely much", invoice("\"Infinity\"")),
        ("true for an amount", invoice("true")),
        ("more than there is", invoice("\"99999999999999999999.00\"")),
        ("an amount beyond every float", invoice("1e999")),
        ("an amount of thousands of digits", invoice(&"9".repeat(5000))),
        ("fractions of a cent", invoice("\"1.001\"")),
        (
            "another event",
            r#"{"event":"invoice.created","data":{"id":1,"total":1,"user":{"email":"a@b.example"}}}"#
                .to_owned(),
        ),
        ("an event without data", r#"{"event":"invoice.paid"}"#.to_owned()),
    ];
    let table: Vec<(&str, &[u8], u16)> = rows
        .iter()
        .map(|(name, body)| (*name, body.as_bytes(), 422))
        .collect();
    refused(&host, Method::POST, INVOICE, &table).await;

    let table: &[(&str, &[u8], u16)] = &[
        (
            "an unknown kind of credit",
            br#"{"kind":"gift","amount_usd":1,"external_ref":"r"}"#,
            422,
        ),
        (
            "a negative credit",
            br#"{"kind":"topup","amount_usd":-5,"external_ref":"r"}"#,
            422,
        ),
        (
            "a credit without reference",
            br#"{"kind":"topup","amount_usd":5}"#,
            422,
        ),
        (
            "a credit of nothing at all",
            br#"{"kind":"topup","external_ref":"r"}"#,
            422,
        ),
    ];
    refused(&host, Method::POST, CREDIT, table).await;
}

#[tokio::test]
async fn paths_and_methods() {
    let host = started().await;
    for path in [
        "/api/v1/paymenter/user.delete",
        "/api/v1/paymenter/../../../admin",
        "/api/v1",
        "",
        "/api/v1/me/more",
    ] {
        refused(&host, Method::POST, path, &[("no such path", b"{}", 404)]).await;
    }
    for path in [
        "/api/v1/services/%",
        "/api/v1/services/%ff",
        "/api/v1/services/%00",
    ] {
        refused(
            &host,
            Method::GET,
            path,
            &[("a path that cannot be decoded", b"", 400)],
        )
        .await;
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        refused(&host, method, USER, &[("the wrong method", b"", 405)]).await;
    }
    // Shops put a slash too much between the panel's address and the path, and some at the end.
    for path in ["/api/v1/me/", "//api/v1/me"] {
        refused(&host, Method::POST, path, &[("the wrong method", b"{}", 405)]).await;
    }
}

#[tokio::test]
async fn a_bad_key_opens_nothing() {
    let host = TestHost::start();
    let (api, admin, tenant) = (host.paymenter(), host.admin(), host.demo_tenant());
    let revoked = admin.mint(&every_scope(&tenant)).await;
    admin.revoke(&revoked).await;
    let expired = admin
        .mint(&NewKey {
            expires_in_seconds: Some(1),
            ..every_scope(&tenant)
        })
        .await;
    let reader = admin
        .mint(&NewKey {
            scopes: &["user:read"],
            ..every_scope(&tenant)
        })
        .await;
    let short = api.clone().with_key(&expired.secret);
    eventually("the key has expired", async || {
        (short.get("/api/v1/me").await.status == 401).then_some(())
    })
    .await;
    let good = api.key().to_owned();
    let mut altered = good.clone();
    let last = altered.pop();
    altered.push(if last == Some('A') { 'B' } else { 'A' });

    let bearer = |key: &str| Some(format!("Bearer {key}"));
    let table = [
        ("no key", None),
        ("an empty key", bearer("")),
        (
            "a key that never was",
            bearer(&format!("vfc_live_{}", "0".repeat(43))),
        ),
        ("an altered key", bearer(&altered)),
        ("a key with more at its end", bearer(&format!("{good}x"))),
        ("another scheme", Some(format!("Basic {good}"))),
        ("a key without scheme", Some(good.clone())),
        ("a revoked key", bearer(&revoked.secret)),
        ("an expired key", bearer(&expired.secret)),
        ("a key without the scope", bearer(&reader.secret)),
        ("the operator's token", bearer(&host.demo().admin_token)),
        ("an over-long key", bearer(&"k".repeat(8000))),
    ];
    let before = admin.counts().await;
    let nobody = api.clone().without_key();
    for (name, authorization) in table {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let body = r#"{"email":"intruder@example.com"}"#;
        let answer = nobody.send(Method::POST, USER, &headers, body).await;
        assert_eq!(answer.status, 401, "{name}: {}", answer.text());
        assert_eq!(
            answer.json(),
            json!({ "ok": false, "error": "invalid API key" }),
            "{name}"
        );
    }
    assert_eq!(admin.counts().await, before);
}
