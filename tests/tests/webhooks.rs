//! Delivery by the whole host: nothing is lost when it is killed, and what waits is there after a restart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mooring_tests::api::NewKey;
use mooring_tests::host::component;
use mooring_tests::sink::Sink;
use mooring_tests::{Api, HostOptions, TestHost, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const ROUNDS: u64 = 4;

async fn start() -> (TestHost, String) {
    let host = HostOptions::new().allow_loopback().start();
    let bytes = std::fs::read(component("announcer")).expect("the component");
    let loaded = host.admin().load("name=announcer&grant=*", bytes).await;
    assert_eq!(loaded.status, 201, "{}", loaded.text());
    let tenant = host.demo_tenant();
    let key = NewKey {
        tenant: &tenant,
        plugin: "announcer",
        scopes: &["announce"],
        expires_in_seconds: None,
    };
    let key = host.admin().mint(&key).await;
    (host, key.secret)
}

fn api(host: &TestHost, key: &str) -> Api {
    Api::new(&format!("{}/announcer", host.public().base())).with_key(key)
}

/// Whether the announcement was acknowledged.
async fn announce(api: &Api, number: u64) -> bool {
    let body = json!({ "number": number, "count": 1 }).to_string();
    let headers = [("content-type", "application/json")];
    let answer = api.try_send(Method::POST, "/announcements", &headers, body).await;
    answer.is_ok_and(|answer| answer.status == 200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_delivers_every_acknowledged_event() {
    let (mut host, key) = start().await;
    let sink = Sink::start().await;
    let tenant = host.demo_tenant();
    host.admin().set(&tenant, "announcer", "hook", &sink.url()).await;
    let numbers = Arc::new(AtomicU64::new(0));
    let mut acknowledged = BTreeSet::new();
    for round in 1..=ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let (api, stop, numbers) = (api(&host, &key), Arc::clone(&stop), Arc::clone(&numbers));
                tokio::spawn(async move {
                    let mut acknowledged = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let number = numbers.fetch_add(1, Ordering::Relaxed);
                        if !announce(&api, number).await {
                            break;
                        }
                        acknowledged.push(number);
                    }
                    acknowledged
                })
            })
            .collect();
        let goal = usize::try_from(round * 100).expect("a small number");
        eventually("deliveries are under way", async || {
            (sink.count() >= goal).then_some(())
        })
        .await;
        host.kill();
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            acknowledged.extend(client.await.expect("a client ends with the host"));
        }
        host.restart();
    }
    eventually("all that was acknowledged has arrived", async || {
        let arrived = sink.arrived();
        let numbers: BTreeSet<u64> = arrived
            .values()
            .filter_map(|arrival| serde_json::from_str::<Value>(&arrival.body).ok()?["number"].as_u64())
            .collect();
        acknowledged.is_subset(&numbers).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_tests_and_sends_again() {
    let (host, key) = start().await;
    let sink = Sink::start().await;
    let tenant = host.demo_tenant();
    let refused = host.mooring(&[
        "settings",
        "set",
        "--tenant",
        &tenant,
        "--plugin",
        "announcer",
        "hook=http://10.0.0.1/",
    ]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("--allow-private"),
        "{said}"
    );
    let hook = format!("hook={}", sink.url());
    host.mooring_ok(&[
        "settings",
        "set",
        "--tenant",
        &tenant,
        "--plugin",
        "announcer",
        &hook,
    ]);
    assert!(announce(&api(&host, &key), 7).await);
    eventually("it arrives", async || (sink.count() == 1).then_some(())).await;

    let json =
        |arguments: &[&str]| -> Value { serde_json::from_str(&host.mooring_ok(arguments)).expect("JSON") };
    let listed = json(&["webhook", "list", "--tenant", &tenant, "--json"]);
    let endpoint = listed["items"][0]["id"].as_str().expect("an endpoint").to_owned();
    let delivered = async || {
        let filter = [
            "webhook",
            "deliveries",
            "--tenant",
            &tenant,
            "--state",
            "delivered",
            "--json",
        ];
        json(&filter)["items"][0]["id"].as_str().map(str::to_owned)
    };
    let delivery = eventually("it is written down", delivered).await;
    assert!(host.mooring_ok(&["webhook", "show", &delivery]).contains("200"));
    host.mooring_ok(&["webhook", "redeliver", &delivery]);
    eventually("it arrives again", async || {
        sink.arrived()
            .values()
            .any(|arrival| arrival.times == 2)
            .then_some(())
    })
    .await;
    host.mooring_ok(&["webhook", "test", &endpoint, "--kind", "announced"]);
    eventually("the sample arrives", async || {
        sink.arrived()
            .values()
            .any(|arrival| arrival.body.contains("\"test\":true"))
            .then_some(())
    })
    .await;
    assert!(
        host.mooring_ok(&["webhook", "rotate", &endpoint])
            .contains("whsec_")
    );
    host.mooring_ok(&["webhook", "disable", &endpoint]);
    assert!(
        host.mooring_ok(&["webhook", "show", &endpoint])
            .contains("disabled")
    );
    host.mooring_ok(&["webhook", "enable", &endpoint]);
}
