//! The Central surface on the real host: signed requests, and a year of a subscription business on a moved clock.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mooring_tests::central::{Demo, code, now, sign};
use mooring_tests::sink::Sink;
use mooring_tests::{Answer, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const BODY: &str =
    r#"{"customer_email":"john@example.com","plan_id":"plan_premium_monthly","trial_days":14}"#;

fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let said = answer.json();
    assert_eq!(
        (&said["success"], &said["error"]),
        (&json!(false), &json!(error)),
        "{said}"
    );
    assert!(said["message"].is_string(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_signed_as_the_document_and_as_the_clients_do_it() {
    let demo = Demo::start().await;
    let shown_at_start = demo.host.output().len();
    let at = now().to_string();
    let (hex, base64) = (
        sign(&demo.client.secret_key, &at, BODY),
        STANDARD.encode(code(&demo.client.secret_key, &format!("{at}.{BODY}"))),
    );
    let send = async |key: &str, time: &str, signature: &str, body: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("x-api-key", key),
            ("x-timestamp", time),
            ("x-signature", signature),
        ];
        demo.client
            .send_with(Method::POST, "/subscriptions", &headers, body)
            .await
    };
    for signature in [&hex, &hex.to_uppercase(), &base64] {
        let made = send(&demo.client.api_key, &at, signature, BODY).await.expect(201);
        assert_eq!(made["subscription"]["status"], "trialing", "{made}");
    }
    let before = demo.host.admin().counts().await;
    let old = (now() - 301).to_string();
    let soon = (now() + 310).to_string();
    for (key, time, signature, body) in [
        (
            demo.client.api_key.as_str(),
            at.as_str(),
            hex.as_str(),
            BODY.replace("14", "15").as_str(),
        ),
        (&demo.client.api_key, &at, &sign("another", &at, BODY), BODY),
        (
            &demo.client.api_key,
            &old,
            &sign(&demo.client.secret_key, &old, BODY),
            BODY,
        ),
        (
            &demo.client.api_key,
            &soon,
            &sign(&demo.client.secret_key, &soon, BODY),
            BODY,
        ),
        (&demo.client.api_key, &at, "", BODY),
        (&demo.client.api_key, "today", &hex, BODY),
        ("cpk_unknown", &at, &hex, BODY),
        ("", &at, &hex, BODY),
    ] {
        let answer = send(key, time, signature, body).await;
        assert_eq!(answer.status, 401, "{key} {time} {signature}: {}", answer.text());
        assert_eq!(answer.json()["success"], false);
    }
    assert_eq!(demo.host.admin().counts().await, before, "nothing was written");
    // Two requests of the same second have the same signature, and both are good.
    assert_eq!(demo.get("/subscription-plans").await["success"], true);
    assert_eq!(demo.get("/subscription-plans").await["success"], true);
    let output = demo.host.output()[shown_at_start..].to_owned();
    for secret in [&demo.client.secret_key, &demo.client.api_key, &hex] {
        assert!(!output.contains(secret.as_str()), "a secret is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hosted_subscription_is_paid_on_its_own_page() {
    let demo = Demo::start().await;
    let order = json!({
        "inline_plan": { "name": "VPS", "description": "2 GB", "amount": "12.50", "currency": "USD",
                         "interval": "month", "interval_count": 1 },
        "customer_email": "ann@example.com", "return_url": "https://shop.example/back",
    });
    let made = demo.post("/subscriptions/hosted-inline", &order).await;
    let hash = made["data"]["subscription_hash"].as_str().unwrap();
    let page = made["data"]["hosted_checkout_url"].as_str().unwrap();
    assert!(
        page.ends_with(&format!("/central/hosted-subscription/{hash}")),
        "{page}"
    );
    let shown = reqwest::get(page).await.unwrap();
    assert_eq!(shown.status(), 200);
    let shown = shown.text().await.unwrap();
    assert!(shown.contains("12.50"), "{shown}");
    assert_eq!(demo.subscription(hash).await["status"], "pending");
    let transaction = hash.replace("sub_", "tr_");
    demo.host
        .mooring_ok(&["payment", "simulate", &transaction, "--outcome", "paid"]);
    assert_eq!(demo.subscription(hash).await["status"], "active");
    let status = demo.get(&format!("/payments/{transaction}/status")).await;
    assert_eq!(status["transaction"]["payment_status"], "full", "{status}");
    assert!(demo.host.admin().verify_ledgers().await > 0);
}

/// What becomes of a customer in the year.
struct Customer {
    email: &'static str,
    subscription: String,
    pays: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_a_subscription_business() {
    let demo = Demo::start().await;
    let sink = Sink::start().await;
    let tenant = demo.host.demo_tenant();
    demo.host
        .admin()
        .set(&tenant, "central", "webhook_url", &sink.url())
        .await;
    let day = async || {
        let clock = demo.host.admin().api().get("/clock").await.expect(200);
        clock["now"].as_str().unwrap()[..10].to_owned()
    };
    let from = day().await;
    let begin = async |email: &'static str, plan: &str, pays: bool, more: Value| Customer {
        email,
        subscription: demo.subscribe(email, plan, more).await,
        pays,
    };
    let customers = [
        begin("pays@example.com", "plan_basic_monthly", true, json!({})).await,
        begin(
            "tries@example.com",
            "plan_premium_monthly",
            true,
            json!({ "trial_days": 14 }),
        )
        .await,
        begin("moves@example.com", "plan_basic_monthly", true, json!({})).await,
        begin("leaves@example.com", "plan_premium_monthly", true, json!({})).await,
        begin("owes@example.com", "plan_premium_monthly", false, json!({})).await,
        begin("prepays@example.com", "plan_premium_yearly", true, json!({})).await,
    ];
    let [pays, tries, moves, leaves, owes, prepays] = &customers;
    for week in 0..53 {
        for customer in customers.iter().filter(|customer| customer.pays) {
            demo.pay_open(&customer.subscription).await;
        }
        let path =
            |customer: &Customer, what: &str| format!("/subscriptions/{}/{what}", customer.subscription);
        match week {
            10 => {
                let plan = json!({ "plan_id": "plan_premium_monthly" });
                let changed = demo.post(&path(moves, "change-plan"), &plan).await;
                assert!(changed["proration"].is_object(), "{changed}");
            }
            20 => drop(
                demo.post(&path(leaves, "cancel"), &json!({ "at_period_end": true }))
                    .await,
            ),
            30 => drop(demo.post(&path(tries, "pause"), &json!({})).await),
            34 => drop(demo.post(&path(tries, "resume"), &json!({})).await),
            _ => {}
        }
        demo.pass("7days").await;
        if week == 26 {
            assert!(demo.host.admin().verify_ledgers().await > 0);
        }
    }
    let mut statuses = Vec::new();
    for customer in &customers {
        let shown = demo.subscription(&customer.subscription).await;
        statuses.push((customer.email, shown["status"].as_str().unwrap().to_owned()));
    }
    let wanted = [
        (pays, "active"),
        (tries, "active"),
        (moves, "active"),
        (leaves, "cancelled"),
        (owes, "cancelled"),
        (prepays, "active"),
    ];
    for ((customer, wanted), (email, status)) in wanted.iter().zip(&statuses) {
        assert_eq!((customer.email, *wanted), (*email, status.as_str()));
    }

    // What was earned is what the invoices say, and both are what the ledger says.
    let mut invoiced = 0;
    for customer in &customers {
        let path = format!(
            "/subscription-invoices?subscription_id={}&per_page=100",
            customer.subscription
        );
        let listed = demo.get(&path).await;
        for invoice in listed["data"].as_array().unwrap() {
            match invoice["status"].as_str().unwrap() {
                "paid" | "open" | "overdue" | "failed" => invoiced += cents(&invoice["amount"]),
                "void" => {}
                other => panic!("{other}: {invoice}"),
            }
        }
    }
    let today = day().await;
    let overview = demo
        .get(&format!("/subscription-analytics/revenue?from={from}&to={today}"))
        .await;
    let revenue = &overview["analytics"]["revenue"][0];
    assert_eq!(cents(&revenue["subscriptions"]), invoiced, "{overview}");
    // 9.99 + 29.99 + 29.99 a month, and 299.90 a year.
    assert_eq!(
        overview["analytics"]["recurring"][0]["mrr"], "94.96",
        "{overview}"
    );
    let all = paid_invoices(&demo, pays).await;
    assert_eq!(all, 12, "one for each month; the thirteenth has just begun");
    assert!(demo.host.admin().verify_ledgers().await > 0);

    // All of it was told, and signed.
    eventually("all has been told", async || {
        let api = demo.host.admin().api().clone();
        let endpoints = api.get("/webhooks/endpoints").await.expect(200);
        let items = endpoints["items"].as_array()?;
        let sum = |name: &str| items.iter().filter_map(|one| one[name].as_u64()).sum::<u64>();
        assert_eq!(sum("dead"), 0, "{endpoints}");
        (sum("waiting") == 0).then_some(())
    })
    .await;
    let arrived = sink.arrived();
    assert!(arrived.len() > 100, "{}", arrived.len());
    for one in arrived.values() {
        let signature = hex::encode(code(&demo.webhook_secret, &one.body));
        for name in ["x-central-payment-signature", "x-webhook-signature"] {
            assert_eq!(
                one.header(name),
                Some(signature.as_str()),
                "{name} of {}",
                one.body
            );
        }
    }
    demo.host.no_job_is_dead().await;
    refused(
        &demo
            .client
            .send(
                Method::POST,
                &format!("/subscriptions/{}/cancel", owes.subscription),
                "{}",
                &[],
            )
            .await,
        409,
        "subscription_ended",
    );
}

async fn paid_invoices(demo: &Demo, customer: &Customer) -> u64 {
    let path = format!(
        "/subscription-invoices?subscription_id={}&per_page=100",
        customer.subscription
    );
    let listed = demo.get(&path).await;
    let items = listed["data"].as_array().unwrap();
    items.iter().filter(|invoice| invoice["status"] == "paid").count() as u64
}

/// Of an amount with two places.
fn cents(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}
