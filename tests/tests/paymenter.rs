//! The Paymenter surface over HTTP, route by route, against the real host: what a panel is promised, and what becomes of
//! input that nobody promised.

use mooring_tests::api::NewKey;
use mooring_tests::{Answer, Api, TestHost, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const EVERY_SCOPE: &[&str] = &[
    "paymenter:provision",
    "user:read",
    "user:write",
    "reseller:signup",
    "reseller:credit",
];

fn every_scope(tenant: &str) -> NewKey<'_> {
    NewKey {
        tenant,
        plugin: "paymenter",
        scopes: EVERY_SCOPE,
        expires_in_seconds: None,
    }
}

async fn user(api: &Api, email: &str) -> Value {
    api.post("/api/v1/paymenter/user.create", &json!({ "email": email }))
        .await
        .expect(200)
}

async fn provision(api: &Api, email: &str) -> String {
    let order =
        json!({ "email": email, "package_id": 3, "group_id": 1, "os_id": 42, "hostname": "vm.example.com" });
    let answer = api
        .post("/api/v1/reseller/provision-server", &order)
        .await
        .expect(200);
    answer["service_id"].as_str().expect("a service id").to_owned()
}

async fn lifecycle(api: &Api, action: &str, service: &str) -> Answer {
    api.post(
        &format!("/api/v1/paymenter/server.{action}"),
        &json!({ "service_id": service }),
    )
    .await
}

#[tokio::test]
async fn a_user_is_created_once() {
    let host = TestHost::start();
    let api = host.paymenter();
    let path = "/api/v1/paymenter/user.create";

    let with_password =
        json!({ "email": "customer@example.com", "name": "Customer", "password": "long enough" });
    let first = api.post(path, &with_password).await;
    assert_eq!(first.header("content-type"), "application/json");
    let first = first.expect(200);
    let id = first["id"].as_u64().expect("an integer id");
    assert_eq!(
        first,
        json!({ "ok": true, "id": id, "email": "customer@example.com" })
    );

    let again = api
        .post(
            path,
            &json!({ "email": "  CUSTOMER@example.com ", "name": "Other" }),
        )
        .await
        .expect(200);
    assert_eq!(again, json!({ "ok": true, "duplicate": true, "id": id }));

    let without = api
        .post(path, &json!({ "email": "second@example.com" }))
        .await
        .expect(200);
    assert_eq!(without["id"], json!(id + 1));
    assert!(
        without["temp_password"]
            .as_str()
            .is_some_and(|password| password.len() >= 12),
        "{without}"
    );
    let again = api
        .post(path, &json!({ "email": "second@example.com" }))
        .await
        .expect(200);
    assert!(
        again.get("temp_password").is_none(),
        "a password is shown once: {again}"
    );
}

#[tokio::test]
async fn a_server_goes_through_its_life() {
    let host = TestHost::start();
    let api = host.paymenter();
    user(&api, "life@example.com").await;
    let service = provision(&api, "life@example.com").await;
    assert!(service.starts_with("svc_"), "{service}");

    // Each step twice: a panel that lost the answer asks again.
    for action in ["suspend", "unsuspend", "suspend", "terminate"] {
        for _ in 0..2 {
            assert_eq!(
                lifecycle(&api, action, &service).await.expect(200),
                json!({ "ok": true }),
                "{action}"
            );
        }
    }
    for action in ["suspend", "unsuspend"] {
        let refused = lifecycle(&api, action, &service).await.expect(404);
        assert_eq!(
            refused,
            json!({ "ok": false, "error": "service not found" }),
            "{action}"
        );
    }
}

#[tokio::test]
async fn ids_from_a_form_are_text() {
    let host = TestHost::start();
    let api = host.paymenter();
    user(&api, "form@example.com").await;
    let order = json!({ "email": "form@example.com", "package_id": "3", "group_id": "1", "os_id": "42", "hostname": null });
    let answer = api
        .post("/api/v1/reseller/provision-server", &order)
        .await
        .expect(200);
    assert_eq!(answer["ok"], true);
}

#[tokio::test]
async fn an_invoice_is_credited_once() {
    let host = TestHost::start();
    let api = host.paymenter();
    let path = "/api/v1/paymenter/invoice.paid";

    let flat = json!({ "invoice_id": "INV-123", "amount": 25.00, "user_email": "nobody.yet@example.com" });
    let first = api.post(path, &flat).await.expect(200);
    assert!(
        first["id"].as_str().is_some_and(|id| id.starts_with("ev_")),
        "{first}"
    );
    let nested = json!({
        "event": "invoice.paid",
        "data": { "id": "INV-123", "total": 25.00, "user": { "email": "nobody.yet@example.com" } },
    });
    let again = api.post(path, &nested).await.expect(200);
    assert_eq!(again, json!({ "ok": true, "duplicate": true }));

    // As Paymenter's models have them: an integer id, a decimal as text.
    let typed = json!({ "invoice_id": 12, "amount": "25.00", "user_email": "customer@example.com" });
    assert_eq!(api.post(path, &typed).await.expect(200)["ok"], true);
    let text = json!({ "invoice_id": "12", "amount": 25, "user_email": "customer@example.com" });
    assert_eq!(api.post(path, &text).await.expect(200)["duplicate"], true);

    // Without `Accept`, as the listener sends it, and with a name for the shape it does not use: the flat one wins.
    let both = json!({
        "invoice_id": "INV-9", "amount": "1.50", "user_email": "a@example.com",
        "event": "invoice.paid", "data": { "id": "INV-123", "total": 2, "user": { "email": "b@example.com" } },
    });
    let both = api.post(path, &both).await.expect(200);
    assert!(both.get("duplicate").is_none(), "{both}");
}

#[tokio::test]
async fn an_account_can_be_looked_at() {
    let host = TestHost::start();
    let api = host.paymenter();

    let me = api.get("/api/v1/me").await.expect(200);
    for field in ["id", "email", "name", "credits_usd", "credits_frozen", "role"] {
        assert!(me.get(field).is_some(), "/me has no {field}: {me}");
    }
    let balance = api.get("/api/v1/credits/balance").await.expect(200);
    assert!(
        balance["credits_usd"].is_number() && balance.get("frozen").is_some(),
        "{balance}"
    );

    user(&api, "seen@example.com").await;
    let service = provision(&api, "seen@example.com").await;
    let gone = provision(&api, "seen@example.com").await;
    lifecycle(&api, "terminate", &gone).await.expect(200);
    let list = api.get("/api/v1/services").await.expect(200);
    let list = list
        .as_array()
        .or_else(|| list["services"].as_array())
        .expect("a list of services")
        .clone();
    let ids: Vec<&str> = list.iter().filter_map(|service| service["id"].as_str()).collect();
    assert_eq!(ids, [service.as_str()], "terminated services are not listed");
    for field in ["hostname", "status", "pkg_id", "pkg_name", "expires_at", "vf_id"] {
        assert!(
            list[0].get(field).is_some(),
            "a service has no {field}: {}",
            list[0]
        );
    }
    let one = api.get(&format!("/api/v1/services/{service}")).await.expect(200);
    assert!(
        one.to_string().contains(&service) && one.to_string().contains("vf_data"),
        "{one}"
    );
    assert_eq!(api.get("/api/v1/services/svc_unknown").await.status, 404);

    let invoices = api.get("/api/v1/invoices").await.expect(200);
    assert!(
        invoices.is_array() || invoices["invoices"].is_array(),
        "{invoices}"
    );
    assert_eq!(api.get("/api/v1/invoices/inv_unknown").await.status, 404);
}

#[tokio::test]
async fn a_suspended_server_has_no_power() {
    let host = TestHost::start();
    let api = host.paymenter();
    user(&api, "power@example.com").await;
    let service = provision(&api, "power@example.com").await;
    let path = format!("/api/v1/services/{service}/power");
    lifecycle(&api, "suspend", &service).await.expect(200);
    let refused = api.post(&path, &json!({ "action": "start" })).await.expect(403);
    assert_eq!(refused["error"], "forbidden", "{refused}");
    lifecycle(&api, "unsuspend", &service).await.expect(200);
    let wrong = api.post(&path, &json!({ "action": "explode" })).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text());
}

#[tokio::test]
async fn a_reseller_signs_up_and_tops_up() {
    let host = TestHost::start();
    let api = host.paymenter();

    let signup = json!({ "email": "new@example.com", "name": "New", "password": "long enough" });
    let made = api.post("/api/v1/reseller/signup", &signup).await.expect(200);
    assert_eq!(made["email"], "new@example.com");
    assert_eq!(made["ok"], true);
    let again = api.post("/api/v1/reseller/signup", &signup).await.expect(409);
    assert_eq!(again["ok"], false);

    let before = api.get("/api/v1/credits/balance").await.expect(200);
    let topup =
        json!({ "kind": "topup", "amount_usd": 12.34, "external_ref": "bank-1", "meta": { "by": "wire" } });
    let first = api
        .post("/api/v1/reseller/credit-event", &topup)
        .await
        .expect(200);
    assert!(
        first["id"].as_str().is_some_and(|id| id.starts_with("ev_")),
        "{first}"
    );
    let again = api
        .post("/api/v1/reseller/credit-event", &topup)
        .await
        .expect(200);
    assert_eq!(again["duplicate"], true);
    let after = api.get("/api/v1/credits/balance").await.expect(200);
    assert_ne!(before, after, "the credit is not in the balance");
}

#[tokio::test]
async fn the_other_header_works_too() {
    let host = TestHost::start();
    let api = host.paymenter();
    let key = api.key().to_owned();
    let answer = api
        .clone()
        .without_key()
        .send(Method::GET, "/api/v1/me", &[("x-api-key", &key)], "")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// One request that must be refused, with the status of its refusal.
struct Bad {
    name: &'static str,
    method: Method,
    path: String,
    body: Vec<u8>,
    status: u16,
}

fn bad(name: &'static str, path: &str, body: impl AsRef<[u8]>, status: u16) -> Bad {
    Bad {
        name,
        method: Method::POST,
        path: path.to_owned(),
        body: body.as_ref().to_vec(),
        status,
    }
}

fn bad_json(name: &'static str, path: &str, body: &Value, status: u16) -> Bad {
    bad(name, path, body.to_string(), status)
}

#[tokio::test]
async fn bad_input_is_refused_and_writes_nothing() {
    const USER: &str = "/api/v1/paymenter/user.create";
    const SUSPEND: &str = "/api/v1/paymenter/server.suspend";
    const PROVISION: &str = "/api/v1/reseller/provision-server";
    const INVOICE: &str = "/api/v1/paymenter/invoice.paid";
    const CREDIT: &str = "/api/v1/reseller/credit-event";
    let long = |length: usize| "x".repeat(length);
    let order = |field: &str, value: Value| {
        let mut order = json!({ "email": "real@example.com", "package_id": 3, "group_id": 1, "os_id": 42 });
        order[field] = value;
        order
    };
    let invoice = |amount: Value| json!({ "invoice_id": "INV-BAD", "amount": amount, "user_email": "real@example.com" });

    let host = TestHost::start();
    let api = host.paymenter();
    let admin = host.admin();
    user(&api, "real@example.com").await;
    let own = provision(&api, "real@example.com").await;

    // The second tenant's service is as good as none.
    admin.create_tenant("other").await;
    let other = admin.mint(&every_scope("other")).await;
    let other = api.clone().with_key(&other.secret);
    user(&other, "theirs@example.com").await;
    let foreign = provision(&other, "theirs@example.com").await;

    let mut table = vec![
        bad("malformed JSON", USER, "{", 422),
        bad("no body", USER, "", 422),
        bad("not an object", USER, "[]", 422),
        bad("not UTF-8", USER, b"{\"email\":\"a\xff@example.com\"}", 422),
        bad(
            "a lone surrogate",
            USER,
            r#"{"email":"a@example.com","name":"\ud800"}"#,
            422,
        ),
        bad(
            "something after the JSON",
            USER,
            r#"{"email":"a@example.com"} x"#,
            422,
        ),
        bad("deep nesting", USER, "[".repeat(100_000), 422),
        bad_json("no e-mail", USER, &json!({ "name": "N" }), 422),
        bad_json("null for an e-mail", USER, &json!({ "email": null }), 422),
        bad_json("a number for an e-mail", USER, &json!({ "email": 5 }), 422),
        bad_json("not an e-mail", USER, &json!({ "email": "example.com" }), 422),
        bad_json(
            "two e-mails",
            USER,
            &json!({ "email": "a@example.com,b@example.com" }),
            422,
        ),
        bad_json("an empty e-mail", USER, &json!({ "email": " " }), 422),
        bad_json(
            "a line break in an e-mail",
            USER,
            &json!({ "email": "a@example.com\r\nBcc: b@example.com" }),
            422,
        ),
        bad_json(
            "an over-long e-mail",
            USER,
            &json!({ "email": format!("{}@example.com", long(250)) }),
            422,
        ),
        bad_json(
            "an over-long name",
            USER,
            &json!({ "email": "a@example.com", "name": long(201) }),
            422,
        ),
        bad_json(
            "a list for a name",
            USER,
            &json!({ "email": "a@example.com", "name": ["N"] }),
            422,
        ),
        bad_json(
            "a short password",
            USER,
            &json!({ "email": "a@example.com", "password": "seven77" }),
            422,
        ),
        bad_json(
            "an over-long password",
            USER,
            &json!({ "email": "a@example.com", "password": long(201) }),
            422,
        ),
        bad_json("no service", SUSPEND, &json!({}), 422),
        bad_json(
            "a number for a service",
            SUSPEND,
            &json!({ "service_id": 7 }),
            422,
        ),
        bad_json(
            "an unknown service",
            SUSPEND,
            &json!({ "service_id": "svc_0000000000000000000000" }),
            404,
        ),
        bad_json(
            "a foreign service",
            SUSPEND,
            &json!({ "service_id": foreign }),
            404,
        ),
        bad_json(
            "another kind of id",
            SUSPEND,
            &json!({ "service_id": "ev_0000000000000000000000" }),
            404,
        ),
        bad_json(
            "an over-long service",
            SUSPEND,
            &json!({ "service_id": long(10_000) }),
            404,
        ),
        bad_json(
            "a path for a service",
            SUSPEND,
            &json!({ "service_id": "../other/svc_1" }),
            404,
        ),
        bad_json(
            "an order without package",
            PROVISION,
            &order("package_id", Value::Null),
            422,
        ),
        bad_json(
            "a package that is no number",
            PROVISION,
            &order("package_id", json!("three")),
            422,
        ),
        bad_json("half a package", PROVISION, &order("package_id", json!(3.5)), 422),
        bad_json(
            "a negative package",
            PROVISION,
            &order("package_id", json!(-3)),
            422,
        ),
        bad(
            "a huge package",
            PROVISION,
            r#"{"email":"real@example.com","package_id":99999999999999999999,"group_id":1,"os_id":42}"#,
            422,
        ),
        bad_json(
            "an over-long host name",
            PROVISION,
            &order("hostname", json!(long(254))),
            422,
        ),
        bad_json(
            "an order for nobody",
            PROVISION,
            &order("email", json!("not an e-mail")),
            422,
        ),
        bad_json(
            "no invoice",
            INVOICE,
            &json!({ "amount": 1, "user_email": "real@example.com" }),
            422,
        ),
        bad_json(
            "an invoice without amount",
            INVOICE,
            &json!({ "invoice_id": "INV-BAD", "user_email": "real@example.com" }),
            422,
        ),
        bad_json(
            "an empty invoice id",
            INVOICE,
            &json!({ "invoice_id": "", "amount": 1, "user_email": "real@example.com" }),
            422,
        ),
        bad_json(
            "an over-long invoice id",
            INVOICE,
            &json!({ "invoice_id": long(10_000), "amount": 1, "user_email": "real@example.com" }),
            422,
        ),
        bad_json(
            "another event",
            INVOICE,
            &json!({ "event": "invoice.created", "data": { "id": 1, "total": 1, "user": { "email": "a@example.com" } } }),
            422,
        ),
        bad_json("a negative amount", INVOICE, &invoice(json!(-1)), 422),
        bad_json(
            "a negative amount as text",
            INVOICE,
            &invoice(json!("-0.01")),
            422,
        ),
        bad_json(
            "an amount that is no number",
            INVOICE,
            &invoice(json!("12,50")),
            422,
        ),
        bad_json("no number", INVOICE, &invoice(json!("NaN")), 422),
        bad_json("infinitely much", INVOICE, &invoice(json!("Infinity")), 422),
        bad_json("true for an amount", INVOICE, &invoice(json!(true)), 422),
        bad_json(
            "more than there is",
            INVOICE,
            &invoice(json!("99999999999999999999.00")),
            422,
        ),
        bad_json("fractions of a cent", INVOICE, &invoice(json!("1.001")), 422),
        bad(
            "an amount beyond every float",
            INVOICE,
            r#"{"invoice_id":"INV-BAD","amount":1e999,"user_email":"real@example.com"}"#,
            422,
        ),
        bad_json(
            "an unknown kind of credit",
            CREDIT,
            &json!({ "kind": "gift", "amount_usd": 1, "external_ref": "bad-1" }),
            422,
        ),
        bad_json(
            "a negative credit",
            CREDIT,
            &json!({ "kind": "topup", "amount_usd": -5, "external_ref": "bad-2" }),
            422,
        ),
        bad_json(
            "a credit without reference",
            CREDIT,
            &json!({ "kind": "topup", "amount_usd": 5 }),
            422,
        ),
        bad("a body beyond the limit", USER, long(2 * 1024 * 1024), 413),
        bad("no such path", "/api/v1/paymenter/user.delete", "{}", 404),
        bad(
            "a path that climbs",
            "/api/v1/paymenter/../../../admin",
            "{}",
            404,
        ),
        bad_json(
            "an unknown service's power",
            "/api/v1/services/svc_none/power",
            &json!({ "action": "start" }),
            404,
        ),
        bad_json(
            "a foreign service's power",
            &format!("/api/v1/services/{foreign}/power"),
            &json!({ "action": "start" }),
            404,
        ),
        bad_json(
            "an unknown action",
            &format!("/api/v1/services/{own}/power"),
            &json!({ "action": "explode" }),
            422,
        ),
    ];
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        table.push(Bad {
            method,
            ..bad("the wrong method", USER, "", 405)
        });
    }
    table.push(Bad {
        method: Method::GET,
        ..bad(
            "a foreign service",
            &format!("/api/v1/services/{foreign}"),
            "",
            404,
        )
    });

    let before = admin.counts().await;
    for case in table {
        let headers = [("content-type", "application/json")];
        let answer = api
            .send(case.method.clone(), &case.path, &headers, case.body)
            .await;
        assert_eq!(
            answer.status,
            case.status,
            "{} ({}): {}",
            case.name,
            case.path,
            answer.text()
        );
        let body = answer.json();
        assert_eq!(body["ok"], false, "{}: {body}", case.name);
        assert!(
            body["error"].as_str().is_some_and(|text| !text.is_empty()),
            "{}: {body}",
            case.name
        );
        assert_eq!(answer.header("content-type"), "application/json", "{}", case.name);
        assert_eq!(admin.counts().await, before, "{} wrote something", case.name);
    }
    // It would have been easy to refuse everything.
    user(&api, "after@example.com").await;
    assert_ne!(admin.counts().await, before);
}

#[tokio::test]
async fn a_bad_key_opens_nothing() {
    let host = TestHost::start();
    let api = host.paymenter();
    let admin = host.admin();
    let tenant = host.demo_tenant();
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
    let good = api.key().to_owned();
    let mut altered = good.clone();
    let last = altered.pop();
    altered.push(if last == Some('A') { 'B' } else { 'A' });
    let short = api.clone().with_key(&expired.secret);
    assert_eq!(short.get("/api/v1/me").await.status, 200, "it is not over yet");
    eventually("the key has expired", async || {
        (short.get("/api/v1/me").await.status == 401).then_some(())
    })
    .await;

    let bearer = |key: &str| vec![("authorization", format!("Bearer {key}"))];
    let table: Vec<(&str, Vec<(&str, String)>)> = vec![
        ("no key", vec![]),
        ("an empty key", bearer("")),
        (
            "a key that never was",
            bearer("vfc_live_00000000000000000000000000000000000000000000"),
        ),
        ("an altered key", bearer(&altered)),
        ("a key with more at its end", bearer(&format!("{good}x"))),
        ("another scheme", vec![("authorization", format!("Basic {good}"))]),
        ("a key without scheme", vec![("authorization", good.clone())]),
        ("a revoked key", bearer(&revoked.secret)),
        ("an expired key", bearer(&expired.secret)),
        ("a key without the scope", bearer(&reader.secret)),
        ("the operator's token", bearer(&host.demo().admin_token)),
        ("an over-long key", bearer(&"k".repeat(8000))),
    ];
    let before = admin.counts().await;
    let nobody = api.clone().without_key();
    for (name, mut headers) in table {
        headers.push(("content-type", "application/json".to_owned()));
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let body = json!({ "email": "intruder@example.com" }).to_string();
        let answer = nobody
            .send(Method::POST, "/api/v1/paymenter/user.create", &headers, body)
            .await;
        assert_eq!(
            answer.expect(401),
            json!({ "ok": false, "error": "invalid API key" }),
            "{name}"
        );
    }
    assert_eq!(admin.counts().await, before);
}

#[tokio::test]
async fn tenants_do_not_see_each_other() {
    let host = TestHost::start();
    let (api, admin) = (host.paymenter(), host.admin());
    admin.create_tenant("other").await;
    let other = admin.mint(&every_scope("other")).await;
    let other = api.clone().with_key(&other.secret);

    let here = user(&api, "same@example.com").await;
    let there = user(&other, "same@example.com").await;
    assert!(
        there.get("duplicate").is_none(),
        "the same address in two tenants is two users: {there}"
    );
    assert!(here["id"].is_u64() && there["id"].is_u64());
    let service = provision(&other, "same@example.com").await;
    assert_eq!(lifecycle(&api, "terminate", &service).await.status, 404);
    assert_eq!(api.get(&format!("/api/v1/services/{service}")).await.status, 404);
    lifecycle(&other, "suspend", &service).await.expect(200);

    let paid = json!({ "invoice_id": "INV-1", "amount": 1, "user_email": "same@example.com" });
    for api in [&api, &other] {
        let answer = api
            .post("/api/v1/paymenter/invoice.paid", &paid)
            .await
            .expect(200);
        assert!(
            answer.get("duplicate").is_none(),
            "an invoice number belongs to one tenant: {answer}"
        );
    }
}

#[tokio::test]
async fn requests_are_counted_per_key() {
    let host = TestHost::start();
    let api = host.paymenter();
    let mut refused = None;
    for _ in 0..700 {
        let answer = api.get("/api/v1/me").await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("700 requests in a row pass a limit of 600 a minute");
    assert_eq!(
        refused.expect(429),
        json!({ "ok": false, "error": "rate limited" })
    );
    let wait: u64 = refused
        .header("retry-after")
        .parse()
        .expect("Retry-After is a number of seconds");
    assert!((1..=60).contains(&wait), "{wait}");

    // Another key has its own budget.
    let tenant = host.demo_tenant();
    let second = host.admin().mint(&every_scope(&tenant)).await;
    assert_eq!(
        api.clone()
            .with_key(&second.secret)
            .get("/api/v1/me")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_operator_changes_the_rate_limit() {
    let host = TestHost::start();
    let (api, admin, tenant) = (host.paymenter(), host.admin(), host.demo_tenant());
    admin
        .set(&tenant, "paymenter", "rate_limit_per_minute", "5")
        .await;
    let mut statuses = Vec::new();
    for _ in 0..20 {
        statuses.push(api.get("/api/v1/me").await.status);
    }
    assert!(statuses.contains(&429) && statuses[0] == 200, "{statuses:?}");

    admin
        .set(&tenant, "paymenter", "rate_limit_per_minute", "0")
        .await;
    for round in 0..1300 {
        assert_eq!(
            api.get("/api/v1/me").await.status,
            200,
            "request {round} without a limit"
        );
    }
}
