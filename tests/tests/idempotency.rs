//! `Idempotency-Key`, which the host offers on every route that writes: a request that is sent again is answered, not done again.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

use std::collections::BTreeSet;

use mooring_tests::api::Answer;
use mooring_tests::renovax::{Demo, refused};
use mooring_tests::{Api, HostOptions};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

async fn post(api: &Api, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    api.send(Method::POST, path, &headers, body.to_string()).await
}

async fn invoices(demo: &Demo) -> u64 {
    let listed = demo.merchant.get("/merchant/invoices").await.expect(200);
    listed["meta"]["total"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_gets_the_same_answer_and_does_nothing() {
    let mut demo = Demo::start();
    let order = json!({ "amount": 25, "description": "Hosting" });
    let first = post(&demo.merchant, "/merchant/invoices", "order-1", &order).await;
    let made = first.expect(201);
    for round in 0..2 {
        let again = post(&demo.merchant, "/merchant/invoices", "order-1", &order).await;
        assert_eq!(again.text(), first.text(), "{round}");
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.header("content-type"), first.header("content-type"));
        // The second time, from the disk.
        demo.host.kill();
        demo.host.restart();
        demo = Demo::of(demo.host);
    }
    assert_eq!(invoices(&demo).await, 1);

    let other = json!({ "amount": 26 });
    refused(
        &post(&demo.merchant, "/merchant/invoices", "order-1", &other).await,
        422,
        "idempotency_key_reused",
    );
    let user = post(&demo.reseller, "/invoices", "order-1", &order)
        .await
        .expect(201);
    assert_ne!(user["id"], made["id"], "another API key has names of its own");
    post(&demo.merchant, "/merchant/invoices", "order-2", &other)
        .await
        .expect(201);
    assert_eq!(invoices(&demo).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_the_same_time_one_is_done() {
    let demo = Demo::start();
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let api = demo.merchant.clone();
        calls.spawn(async move {
            let order = json!({ "amount": 25 });
            post(&api, "/merchant/invoices", "order-1", &order)
                .await
                .expect(201)["id"]
                .clone()
        });
    }
    let ids: BTreeSet<String> = calls.join_all().await.iter().map(Value::to_string).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(invoices(&demo).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_waits_for_a_gateway_is_waited_for_again() {
    let demo = Demo::start();
    let id = demo.invoice(json!({ "amount": 50 })).await;
    demo.simulate(&id, "paid");
    let path = format!("/merchant/invoices/{id}/refund");
    let part = json!({ "amount": "10" });
    let (one, other) = tokio::join!(
        post(&demo.merchant, &path, "refund-1", &part),
        post(&demo.merchant, &path, "refund-1", &part),
    );
    let third = post(&demo.merchant, &path, "refund-1", &part).await;
    let sent = one.expect(200);
    assert_eq!(
        (&sent["status"], &sent["amount"]),
        (&json!("success"), &json!("10.00"))
    );
    assert_eq!(other.expect(200), sent);
    assert_eq!(third.expect(200), sent);
    let rest = demo.act(&id, "refund", json!({})).await.expect(200);
    assert_eq!(rest["amount"], json!("40.00"), "10 were sent back once");
    assert!(demo.host.admin().verify_ledgers().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_can_be_mended_under_the_same_name() {
    let demo = Demo::start();
    let wrong = json!({ "amount": -1 });
    let answer = post(&demo.merchant, "/merchant/invoices", "order-1", &wrong).await;
    refused(&answer, 422, "validation_failed");
    let right = json!({ "amount": 1 });
    post(&demo.merchant, "/merchant/invoices", "order-1", &right)
        .await
        .expect(201);
    let long = "x".repeat(256);
    let answer = post(&demo.merchant, "/merchant/invoices", &long, &right).await;
    refused(&answer, 400, "bad_request");
    assert_eq!(invoices(&demo).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_free_again_after_a_day() {
    let host = HostOptions::new().argument("--movable-clock").start();
    let demo = Demo::of(host);
    let order = json!({ "amount": 25 });
    let first = post(&demo.merchant, "/merchant/invoices", "order-1", &order)
        .await
        .expect(201);
    demo.host.mooring_ok(&["clock", "advance", "--by", "23h"]);
    let again = post(&demo.merchant, "/merchant/invoices", "order-1", &order)
        .await
        .expect(201);
    assert_eq!(again["id"], first["id"]);
    demo.host.mooring_ok(&["clock", "advance", "--by", "1h"]);
    let new = post(&demo.merchant, "/merchant/invoices", "order-1", &order)
        .await
        .expect(201);
    assert_ne!(new["id"], first["id"]);
}
