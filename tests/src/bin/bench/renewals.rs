//! A renewal run: all subscriptions of a business fall due at once, on a clock that was moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mooring_tests::HostOptions;
use mooring_tests::central::{Client, Demo, now, sign};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::load::{Load, Request};
use crate::report::Report;
use crate::{NativeServer, Options, seed};

/// Who make the subscriptions.
const CLIENTS: u64 = 32;

/// Nothing here takes longer on a machine that is worth measuring.
const PATIENCE: Duration = Duration::from_mins(10);

/// One subscription, looked up by its id, with its signature checked.
pub(crate) async fn read(options: &Options, report: &mut Report) {
    let mut demo = quiet_demo().await;
    let id = demo
        .subscribe("reads@example.com", "plan_premium_monthly", json!({}))
        .await;
    let request = |client: &Client| {
        let timestamp = now().to_string();
        let signature = sign(&client.secret_key, &timestamp, "");
        Request::get(&format!("/central/api/v1/subscriptions/{id}"), None)
            .header("x-api-key", &client.api_key)
            .header("x-timestamp", &timestamp)
            .header("x-signature", &signature)
    };
    let natively = request(&demo.client);
    let native = NativeServer::beside(&mut demo.host, "central");
    // A demo host makes its keys anew when it starts.
    let demo = Demo::of(demo.host);
    let load = |address: &str| Load::new(address, 16, options.round);
    let turns = load(demo.host.address())
        .in_turns(request(&demo.client), &load(&native.address), natively)
        .await;
    let (sandboxed, bare) = (&turns.this, &turns.other);
    report.note(
        "Central reads natively, signature checked",
        bare.per_second(),
        "requests/s",
    );
    report.note(
        "Central reads through the plugin, signature checked",
        sandboxed.per_second(),
        "requests/s",
    );
    report.at_least(
        "Central read through the plugin against natively",
        turns.ratio(),
        0.65,
        "x",
    );
}

/// Renewals in a second, each charged and on the disk; then another run that is cut off in the middle.
pub(crate) async fn run(options: &Options, report: &mut Report) {
    let mut demo = quiet_demo().await;
    let count = options.subscriptions;
    // Each customer has enough for three periods.
    seed::customers(&mut demo.host, count, "40.00");
    let mut demo = Demo::of(demo.host);
    let started = Instant::now();
    subscribe(&demo, count).await;
    eprintln!(
        "{count} subscriptions in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    assert_eq!(paid(&demo).await, count, "the first period of each is paid");

    let started = Instant::now();
    demo.host.mooring_ok(&["clock", "advance", "--by", "31days"]);
    settle(&demo).await;
    let rate = count as f64 / started.elapsed().as_secs_f64();
    assert_eq!(paid(&demo).await, 2 * count, "each is charged once");
    report.at_least(
        &format!("renewals of {count} subscriptions, each charged and durable"),
        rate,
        2000.0,
        "/s",
    );

    demo.host.mooring_ok(&["clock", "advance", "--by", "31days"]);
    tokio::time::sleep(Duration::from_secs_f64(count as f64 / rate / 2.0)).await;
    let done = paid(&demo).await - 2 * count;
    assert!((1..count).contains(&done), "not in the middle: {done}");
    demo.host.kill();
    demo.host.restart();
    let demo = Demo::of(demo.host);
    // Jobs that were cut off are tried again after a pause, in which nothing is due: settled says nothing here.
    let deadline = Instant::now() + PATIENCE;
    while paid(&demo).await < 3 * count {
        assert!(Instant::now() < deadline, "renewals do not go on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    settle(&demo).await;
    assert_eq!(
        paid(&demo).await,
        3 * count,
        "each is charged once, although it was cut off after {done}"
    );
    assert!(demo.host.admin().verify_ledgers().await > 0);
    eprintln!("cut off after {done} renewals: none was lost, none was made twice");
}

async fn quiet_demo() -> Demo {
    Demo::start_with(HostOptions::new().environment("RUST_LOG", "warn")).await
}

async fn subscribe(demo: &Demo, count: u64) {
    let next = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (next, client) = (Arc::clone(&next), demo.client.clone());
        clients.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                let body = json!({ "customer_email": seed::email(number), "plan_id": "plan_basic_monthly" });
                let body = body.to_string();
                let made = client.send(Method::POST, "/subscriptions", &body, &[]).await;
                assert_eq!(made.status, 201, "{}", made.text());
            }
        });
    }
    clients.join_all().await;
}

/// Invoices that are paid.
async fn paid(demo: &Demo) -> u64 {
    let listed: Value = demo.get("/subscription-invoices?status=paid&per_page=1").await;
    listed["meta"]["total"].as_u64().expect("a number")
}

async fn settle(demo: &Demo) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let clock = demo.host.admin().api().get("/clock").await.expect(200);
        if clock["settled"] == true {
            return;
        }
        assert!(Instant::now() < deadline, "renewals take too long");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
