//! The host's clock, moved.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

use mooring_tests::HostOptions;
use mooring_tests::host::TestHost;
use mooring_tests::renovax::Demo;
use serde_json::{Value, json};

fn movable() -> HostOptions {
    HostOptions::new().argument("--movable-clock")
}

fn clock(host: &TestHost) -> Value {
    serde_json::from_str(&host.mooring_ok(&["clock", "show", "--json"])).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_by_the_new_time_happens() {
    let mut demo = Demo::of(movable().start());
    let id = demo
        .invoice(json!({ "amount": 10, "expires_in_minutes": 60 }))
        .await;
    demo.host.mooring_ok(&["clock", "advance", "--by", "59m"]);
    assert_eq!(demo.status(&id).await, "pending");
    let shown = demo.host.mooring_ok(&["clock", "advance", "--by", "2m"]);
    assert!(shown.contains("seconds ahead"), "{shown}");
    demo.host.jobs_have_ended().await;
    assert_eq!(demo.status(&id).await, "expired");
    assert_eq!(clock(&demo.host)["ahead_seconds"], 61 * 60);

    demo.host.kill();
    demo.host.restart();
    assert_eq!(clock(&demo.host)["ahead_seconds"], 61 * 60, "as it was left");
    let now = clock(&demo.host)["now"].as_str().unwrap().to_owned();
    let refused = demo
        .host
        .mooring(&["clock", "advance", "--to", "2020-01-01T00:00:00Z"]);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("never goes back"), "{said}");
    assert!(clock(&demo.host)["now"].as_str().unwrap() >= now.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_stands_fast_unless_it_was_asked_for() {
    let host = TestHost::start();
    let refused = host.mooring(&["clock", "advance", "--by", "1h"]);
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("--movable-clock"), "{said}");
    assert_eq!(clock(&host)["ahead_seconds"], 0);
    assert_eq!(clock(&host)["movable"], false);
}
