//! The Renovax surface over HTTP, against the real host: how invoices end, whose token may do what, and that nothing happens twice.

use mooring_tests::api::NewKey;
use mooring_tests::renovax::{Demo, credits, refused};
use serde_json::{Value, json};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn invoices_end_in_every_way() {
    let demo = Demo::start();
    for (outcome, status) in [
        ("paid", "confirmed"),
        ("overpaid", "confirmed"),
        ("partial", "confirmed"),
        ("declined", "pending"),
        ("expired", "expired"),
    ] {
        let id = demo
            .invoice(json!({ "amount": "80", "client_remote_id": outcome }))
            .await;
        demo.simulate(&id, outcome);
        assert_eq!(demo.status(&id).await, status, "{outcome}");
    }
    let id = demo
        .invoice(json!({ "amount": "80.01", "success_url": "" }))
        .await;
    refused(
        &demo.act(&id, "refund", json!({})).await,
        422,
        "invoice_not_refundable",
    );
    let again = json!({ "amount": 80.01 });
    refused(
        &demo.merchant.post("/merchant/invoices", &again).await,
        409,
        "duplicate_invoice",
    );
    for _ in 0..2 {
        let canceled = demo.act(&id, "cancel", json!({})).await.expect(200);
        assert_eq!(
            (&canceled["id"], &canceled["status"]),
            (&json!(id), &json!("canceled"))
        );
    }
    demo.invoice(again).await;

    let pages = demo
        .merchant
        .get("/merchant/invoices?per_page=2&page=2")
        .await
        .expect(200);
    assert_eq!(
        pages["meta"],
        json!({ "current_page": 2, "last_page": 4, "per_page": 2, "total": 7 })
    );
    assert_eq!(pages["data"].as_array().map(Vec::len), Some(2));
    for query in ["status=paid", "per_page=0", "per_page=many", "page=0"] {
        let path = format!("/merchant/invoices?{query}");
        refused(&demo.merchant.get(&path).await, 422, "validation_failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_its_gateway_is_not_done_with_is_no_failure() {
    let demo = Demo::start();
    let id = demo.invoice(json!({ "amount": 49.90 })).await;
    demo.simulate(&id, "paid");
    // Pending at the first try, in the sandbox. Who heard of a failure would ask for it again.
    let slow = demo.act(&id, "refund", json!({ "amount": "1.62" })).await;
    assert_eq!(slow.expect(200)["status"], "pending");
    assert_eq!(demo.status(&id).await, "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_answers_with_its_outcome() {
    let demo = Demo::start();
    let id = demo.invoice(json!({ "amount": 49.90 })).await;
    demo.simulate(&id, "paid");
    // The sandbox refuses to send this amount back.
    refused(
        &demo.act(&id, "refund", json!({ "amount": "1.61" })).await,
        422,
        "refund_failed",
    );
    refused(
        &demo.act(&id, "refund", json!({ "amount": "49.91" })).await,
        422,
        "refund_too_large",
    );
    let part = json!({ "amount": "9.90", "reason": "Goodwill" });
    let sent = demo.act(&id, "refund", part).await.expect(200);
    assert_eq!(
        (&sent["status"], &sent["amount"]),
        (&json!("success"), &json!("9.90"))
    );
    assert_eq!(demo.status(&id).await, "confirmed");
    let rest = demo.act(&id, "refund", json!({})).await.expect(200);
    assert_eq!(
        (&rest["status"], &rest["amount"]),
        (&json!("success"), &json!("40.00"))
    );
    assert_eq!(demo.status(&id).await, "refunded");
    refused(
        &demo.act(&id, "refund", json!({})).await,
        422,
        "invoice_not_refundable",
    );
    let shown = demo.host.mooring_ok(&["payment", "show", &id]);
    assert!(shown.contains("49.90"), "{shown}");
    assert!(demo.host.admin().verify_ledgers().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_reserved_is_captured_in_part_or_released() {
    let demo = Demo::start();
    let tenant = demo.host.demo_tenant();
    demo.host
        .admin()
        .set(&tenant, "renovax", "manual_capture", "true")
        .await;
    let taken = demo.invoice(json!({ "amount": 30 })).await;
    let released = demo.invoice(json!({ "amount": 31 })).await;
    for id in [&taken, &released] {
        refused(
            &demo.act(id, "capture", json!({})).await,
            422,
            "invoice_not_capturable",
        );
        demo.pay_by_card(id, "4242424242424242").await;
        let shown = demo.host.mooring_ok(&["payment", "show", id]);
        assert!(shown.contains("authorized"), "{shown}");
        assert_eq!(demo.status(id).await, "pending");
    }
    refused(
        &demo.act(&taken, "capture", json!({ "amount": 30.01 })).await,
        422,
        "capture_too_large",
    );
    let part = json!({ "amount": "12.50" });
    let captured = demo.act(&taken, "capture", part).await.expect(200);
    assert_eq!(captured["status"], "confirmed", "{captured}");
    let shown = demo.host.mooring_ok(&["payment", "show", &taken]);
    assert!(shown.contains("12.50"), "{shown}");
    let voided = demo.act(&released, "void", json!({})).await.expect(200);
    assert_eq!(voided["status"], "canceled", "{voided}");
    refused(
        &demo.act(&taken, "void", json!({})).await,
        422,
        "invoice_not_voidable",
    );
    assert!(demo.host.admin().verify_ledgers().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_its_own_half_of_the_surface() {
    let demo = Demo::start();
    let (merchant, user) = (&demo.merchant, &demo.reseller);
    let nobody = merchant.clone().without_key();
    let stranger = merchant.clone().with_key("rnx_live_0000");
    for prefix in ["", "/v1"] {
        let me = format!("{prefix}/merchant/me");
        let reseller = format!("{prefix}/reseller/me");
        merchant.get(&me).await.expect(200);
        user.get(&reseller).await.expect(200);
        for api in [&nobody, &stranger] {
            refused(&api.get(&me).await, 401, "unauthenticated");
            refused(&api.get(&reseller).await, 401, "unauthenticated");
        }
        let wrong = user.get(&me).await;
        let expected =
            json!({ "error": "invalid_token_type", "message": "This endpoint requires a merchant token." });
        assert_eq!(wrong.expect(403), expected);
        let wrong = merchant.get(&reseller).await;
        let expected =
            json!({ "error": "invalid_token_type", "message": "This endpoint requires a user token." });
        assert_eq!(wrong.expect(403), expected);
        refused(
            &merchant.get(&format!("{prefix}/invoices")).await,
            403,
            "invalid_token_type",
        );
        user.get(&format!("{prefix}/invoices")).await.expect(200);
    }

    // A user token of somebody who is no reseller.
    let tenant = demo.host.demo_tenant();
    let order = json!({ "username": "bob", "email": "bob@example.com", "password": "long enough" });
    let made = user.post("/reseller/users", &order).await.expect(201);
    assert_eq!(made.get("password"), None, "{made}");
    refused(
        &user.post("/reseller/users", &order).await,
        422,
        "validation_failed",
    );
    let key = demo.host.mooring_ok(&[
        "key",
        "create",
        "--tenant",
        &tenant,
        "--plugin",
        "renovax",
        "--label",
        "bob",
        "--scope",
        "user",
        "--user",
        "bob@example.com",
        "--json",
    ]);
    let key: Value = serde_json::from_str(&key).expect("JSON");
    let bob = user.clone().with_key(key["secret"].as_str().expect("a key"));
    refused(&bob.get("/reseller/me").await, 403, "forbidden_role");
    let own = bob.post("/invoices", &json!({ "amount": 5 })).await.expect(201);
    let own = own["id"].as_str().expect("an id");
    refused(
        &merchant.get(&format!("/merchant/invoices/{own}")).await,
        404,
        "not_found",
    );
    refused(&user.get(&format!("/invoices/{own}")).await, 404, "not_found");

    // A merchant token of another tenant sees nothing of this one.
    demo.host.mooring_ok(&["tenant", "create", "other"]);
    let wish = NewKey {
        tenant: "other",
        plugin: "renovax",
        scopes: &["merchant"],
        expires_in_seconds: None,
    };
    let other = merchant
        .clone()
        .with_key(&demo.host.admin().mint(&wish).await.secret);
    let id = demo.invoice(json!({ "amount": 6 })).await;
    refused(
        &other.get(&format!("/merchant/invoices/{id}")).await,
        404,
        "not_found",
    );
    assert_eq!(
        other.get("/merchant/invoices").await.expect(200)["meta"]["total"],
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_is_one_invoice_however_often_it_is_sent() {
    let demo = Demo::start();
    let mut sent = JoinSet::new();
    for amount in 1..=8 {
        let merchant = demo.merchant.clone();
        let order = json!({ "amount": amount, "client_remote_id": "once" });
        sent.spawn(async move { merchant.post("/merchant/invoices", &order).await });
    }
    let (mut made, mut ids) = (0, Vec::new());
    while let Some(answer) = sent.join_next().await {
        let answer = answer.expect("no request panics");
        made += usize::from(answer.status == 201);
        ids.push(answer.json()["id"].take());
    }
    ids.dedup();
    assert_eq!((made, ids.len()), (1, 1), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_are_sold_once_each() {
    let demo = Demo::start();
    let order = json!({ "username": "carol", "email": "carol@example.com" });
    demo.reseller.post("/reseller/users", &order).await.expect(201);
    let mut sold = JoinSet::new();
    for _ in 0..8 {
        let reseller = demo.reseller.clone();
        let sale = json!({ "recipient": "carol@example.com", "amount": "100.00" });
        sold.spawn(async move { reseller.post("/reseller/credits/sell", &sale).await });
    }
    let mut good = 0;
    while let Some(answer) = sold.join_next().await {
        let answer = answer.expect("no request panics");
        if answer.status == 200 {
            good += 1;
        } else {
            refused(&answer, 422, "insufficient_credits");
        }
    }
    assert_eq!(good, 4);
    let me = demo.reseller.get("/reseller/me").await.expect(200);
    assert_eq!(me["credits"], credits("98.50"), "{me}");
    for (recipient, status, error) in [
        ("nobody", 404, "not_found"),
        ("distributor@demo.example", 422, "validation_failed"),
    ] {
        let sale = json!({ "recipient": recipient, "amount": 1 });
        refused(
            &demo.reseller.post("/reseller/credits/sell", &sale).await,
            status,
            error,
        );
    }
    assert!(demo.host.admin().verify_ledgers().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_started_again_is_the_same() {
    let mut demo = Demo::start();
    let tenant = demo.host.demo_tenant();
    demo.host
        .admin()
        .set(&tenant, "renovax", "merchant_name", "Renamed")
        .await;
    let order = json!({ "username": "dave", "email": "dave@example.com" });
    demo.reseller.post("/reseller/users", &order).await.expect(201);
    let sale = json!({ "recipient": "dave", "amount": "98.50" });
    demo.reseller
        .post("/reseller/credits/sell", &sale)
        .await
        .expect(200);

    demo.host.terminate();
    demo.host.wait();
    demo.host.restart();
    // The tokens are those of before; the port is another one.
    let base = format!("http://{}/renovax/api", demo.host.address());
    let merchant = demo.merchant.at(&base).get("/merchant/me").await.expect(200);
    assert_eq!(merchant["name"], "Renamed");
    let reseller = demo.reseller.at(&base);
    let me = reseller.get("/reseller/me").await.expect(200);
    assert_eq!(me["credits"], credits("400.00"), "{me}");
    let again = Demo::of(demo.host);
    assert_eq!(
        (again.merchant.key(), again.reseller.key()),
        (demo.merchant.key(), demo.reseller.key())
    );
    assert_eq!(again.merchant.base(), base);
}
