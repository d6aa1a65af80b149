//! Plugins that fail around money: a gateway that lies, hoards and never comes back, and a surface that cannot be told of its
//! payments. Nothing is posted that was not told credibly, and money waits for nobody.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

use mooring_tests::api::NewKey;
use mooring_tests::host::component;
use mooring_tests::renovax::Demo;
use mooring_tests::{Api, HostOptions, TestHost, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// Failures are met quickly, and what the host waits for is skipped by moving its clock.
const QUICK: &str = "[plugin]\ncall_deadline_ms = 500\njob_deadline_ms = 500\nbreaker_failures = 1000000\n\
                     [jobs]\ngateway_tries_max = 2";

async fn load(host: &TestHost, name: &str) {
    let bytes = std::fs::read(component(name)).expect("the component");
    let loaded = host.admin().load(&format!("name={name}&grant=*"), bytes).await;
    assert_eq!(loaded.status, 201, "{}", loaded.text());
}

fn quick() -> TestHost {
    HostOptions::new()
        .argument("--movable-clock")
        .config(QUICK)
        .start()
}

/// Begins an attempt on a payment's page.
async fn begin(page: &Api, path: &str, after: u32, way: &str) {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("do=pay&after={after}&way={way}");
    page.send(Method::POST, path, &headers, body).await;
}

fn shown(host: &TestHost, payment: &str) -> Value {
    serde_json::from_str(&host.mooring_ok(&["payment", "show", payment, "--json"])).unwrap()
}

/// Lets time pass until the newest attempt is in this state.
async fn newest_is(host: &TestHost, payment: &str, state: &str) -> Value {
    let what = format!("the attempt of {payment} is {state}");
    eventually(&what, async || {
        host.mooring_ok(&["clock", "advance", "--by", "1m"]);
        let payment = shown(host, payment);
        let newest = payment["attempts"].as_array().unwrap().last().cloned()?;
        (newest["state"] == state).then_some(payment)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gateway_says_is_believed_only_where_it_can_be() {
    let host = quick();
    load(&host, "misbehaving-gateway").await;
    let tenant = host.demo_tenant();
    host.admin()
        .set(&tenant, "misbehaving-gateway", "enabled", "true")
        .await;
    let demo = Demo::of(host);
    let page = Api::new(&format!("http://{}/renovax/pay", demo.host.address()));
    for method in [
        "traps",
        "loops",
        "other-currency",
        "negative",
        "hoards",
        "garbles",
    ] {
        let order = json!({ "amount": 10, "expires_in_minutes": 1440, "client_remote_id": method });
        let id = demo.invoice(order).await;
        begin(
            &page,
            &format!("/{id}"),
            0,
            &format!("misbehaving-gateway/{method}"),
        )
        .await;
        let payment = newest_is(&demo.host, &id, "declined").await;
        assert_eq!(payment["received"]["minor"], 0, "{method}: {payment}");
        assert_eq!(demo.status(&id).await, "pending", "{method}");
        // Nothing is left of it that stands in the way of somebody honest.
        demo.pay_by_card_after(&id, 1, "4242424242424242").await;
        eventually("it is paid all the same", async || {
            (demo.status(&id).await == "confirmed").then_some(())
        })
        .await;
    }
    // More than was asked for is credible.
    let id = demo
        .invoice(json!({ "amount": 10, "client_remote_id": "generous" }))
        .await;
    begin(&page, &format!("/{id}"), 0, "misbehaving-gateway/generous").await;
    let payment = newest_is(&demo.host, &id, "succeeded").await;
    assert_eq!(payment["received"]["minor"], 10_000, "{payment}");
    assert_eq!(payment["settlement"], "overpaid", "{payment}");
    assert!(demo.host.admin().verify_ledgers().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_nobody_knows_of_lets_no_other_begin() {
    let host = quick();
    load(&host, "misbehaving-gateway").await;
    let tenant = host.demo_tenant();
    host.admin()
        .set(&tenant, "misbehaving-gateway", "enabled", "true")
        .await;
    let demo = Demo::of(host);
    let page = Api::new(&format!("http://{}/renovax/pay", demo.host.address()));
    let id = demo
        .invoice(json!({ "amount": 10, "expires_in_minutes": 1440 }))
        .await;
    begin(&page, &format!("/{id}"), 0, "misbehaving-gateway/never-knows").await;
    newest_is(&demo.host, &id, "unknown").await;
    begin(&page, &format!("/{id}"), 1, "sandbox/card").await;
    demo.host.mooring_ok(&["clock", "advance", "--by", "1h"]);
    let payment = shown(&demo.host, &id);
    assert_eq!(payment["attempts"].as_array().unwrap().len(), 1, "{payment}");
    assert_eq!(payment["attempts"][0]["state"], "unknown");
    // Others are served meanwhile.
    let other = demo.invoice(json!({ "amount": 11 })).await;
    demo.simulate(&other, "paid");
    assert_eq!(demo.status(&other).await, "confirmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_does_not_wait_for_a_plugin_that_cannot_be_told() {
    let host = quick();
    load(&host, "deaf").await;
    let tenant = host.demo_tenant();
    let key = NewKey {
        tenant: &tenant,
        plugin: "deaf",
        scopes: &["deaf"],
        expires_in_seconds: None,
    };
    let key = host.admin().mint(&key).await;
    let api = Api::new(&format!("{}/deaf", host.public().base())).with_key(&key.secret);
    for (told, ears) in ["shut", "full", "slow-witted"].into_iter().enumerate() {
        host.admin().set(&tenant, "deaf", "ears", ears).await;
        let made = api
            .post("/payments", &json!({ "amount_minor": 1000 }))
            .await
            .expect(200);
        let id = made["id"].as_str().unwrap();
        host.mooring_ok(&["payment", "simulate", id, "--outcome", "paid"]);
        let payment = api.get(&format!("/payments/{id}")).await.expect(200);
        assert_eq!(
            payment,
            json!({ "status": "Succeeded", "received": 1000 }),
            "{ears}"
        );
        let news = api.get("/news").await.expect(200);
        assert_eq!(
            news["items"].as_array().unwrap().len(),
            told,
            "{ears}: a run that failed leaves nothing"
        );

        host.admin().set(&tenant, "deaf", "ears", "open").await;
        eventually("it is told, once it can hear", async || {
            host.mooring_ok(&["clock", "advance", "--by", "10m"]);
            let news = api.get("/news").await.expect(200);
            let items = news["items"].as_array().unwrap();
            let of_this = items
                .iter()
                .filter(|one| one["payment"] == id && one["kind"] == "Succeeded");
            (of_this.count() == 1).then_some(())
        })
        .await;
    }
    host.jobs_have_ended().await;
    let news = api.get("/news").await.expect(200);
    assert_eq!(news["items"].as_array().unwrap().len(), 3, "each once: {news}");
    assert!(host.admin().verify_ledgers().await > 0);
}
