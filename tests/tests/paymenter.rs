//! The Paymenter surface over HTTP, route by route, against the real host: what a panel is promised.

use mooring_tests::TestHost;
use mooring_tests::paymenter::{every_scope, lifecycle, provision, user};
use reqwest::Method;
use serde_json::json;

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
    let api = host.panel().await;

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
    let api = host.panel().await;
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
