use mooring_core::events::{self, NewEvent};
use mooring_core::ids::EndpointId;
use mooring_core::time::Timestamp;
use mooring_core::webhooks::{self, Finished, Outcome};
use reqwest::Method;
use serde_json::{Value, json};

use super::{TestAdmin, answer, problem};
use crate::config::Config;

const SETTINGS: &str = "/admin/v1/tenants/shop/plugins/paymenter/settings";
const ENDPOINTS: &str = "/admin/v1/webhooks/endpoints";

async fn start() -> TestAdmin {
    let mut config = Config::default();
    config.allow_private.push("127.0.0.0/8".parse().expect("a range"));
    let admin = TestAdmin::start_with(config).await;
    admin.tenant("shop").await;
    admin.plugin("paymenter").await;
    admin
}

async fn set(admin: &TestAdmin, values: Value) {
    let body = json!({ "values": values });
    answer(admin.send(Method::PATCH, SETTINGS, Some(body)).await, 200).await;
}

/// An event that was given up after one attempt.
fn dead_delivery(admin: &TestAdmin) {
    admin.within("shop", "paymenter", |work| {
        let new = NewEvent {
            kind: "invoice.paid".into(),
            subject: String::new(),
            data: "{}".into(),
            dedupe_key: None,
            deliver: true,
        };
        events::emit(work, new).expect("an event");
    });
    let manifest = std::sync::Arc::new(super::manifest("paymenter"));
    admin.within("shop", "paymenter", |work| {
        let rows = events::outbox(work, 10).expect("the outbox");
        webhooks::dispatch(work, &rows, &|_| Some(manifest.clone())).expect("a dispatch");
    });
    admin.within("shop", "paymenter", |work| {
        let all = webhooks::outlook(work).expect("endpoints");
        let lease = std::time::Duration::from_mins(2);
        let claims = webhooks::claim(work, &all[0].0, 0, 8, lease).expect("a claim");
        let finished = Finished {
            lease: claims.deliveries[0].lease.clone(),
            started_at: Timestamp::now(),
            duration: std::time::Duration::from_millis(3),
            outcome: Outcome::Failed {
                error: "no whole answer in time".into(),
            },
        };
        webhooks::record(work, &[finished], &|_| Some(Vec::new())).expect("a record");
    });
}

#[tokio::test]
async fn an_endpoint_is_there_once_its_address_is_set_and_can_be_switched() {
    let admin = start().await;
    assert_eq!(admin.get(ENDPOINTS).await["total"], 0);
    set(&admin, json!({ "webhook_url": "http://127.0.0.1:1/hook" })).await;
    let listed = admin.get(&format!("{ENDPOINTS}?tenant=shop")).await;
    let endpoint = &listed["items"][0];
    assert_eq!(
        (&endpoint["webhook"], &endpoint["health"], &endpoint["plugin"]),
        (&json!("main"), &json!("healthy"), &json!("paymenter"))
    );
    let path = format!("{ENDPOINTS}/{}", endpoint["id"].as_str().expect("an id"));
    assert_eq!(admin.get(&path).await, *endpoint);
    let off = answer(admin.post(&format!("{path}/disable"), json!({})).await, 200).await;
    assert_eq!(
        (&off["health"], &off["disabled_by"]),
        (&json!("disabled"), &json!("operator"))
    );
    let sample = json!({ "kind": "invoice.paid" });
    let refused = admin.post(&format!("{path}/test"), sample.clone()).await;
    assert!(
        problem(refused, 409, "wrong-state")
            .await
            .contains("mooring webhook enable")
    );
    let on = answer(admin.post(&format!("{path}/enable"), json!({})).await, 200).await;
    assert_eq!(on["health"], "healthy");
    let sent = answer(admin.post(&format!("{path}/test"), sample).await, 202).await;
    assert_eq!((&sent["state"], &sent["test"]), (&json!("waiting"), &json!(true)));
    assert_eq!(admin.get(&path).await["waiting"], 1);

    let audited = admin
        .get("/admin/v1/audit?limit=4&order=oldest-first&offset=2")
        .await;
    let actions: Vec<&str> = audited["items"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["action"].as_str())
        .collect();
    for action in ["webhook.disable", "webhook.enable", "webhook.test"] {
        assert!(actions.contains(&action), "{action} in {actions:?}");
    }
    let missing = EndpointId::parse("ep_0123456789abcdefghijAB").expect("an id");
    let missing = admin
        .send(Method::GET, &format!("{ENDPOINTS}/{missing}"), None)
        .await;
    problem(missing, 404, "not-found").await;
}

#[tokio::test]
async fn a_dead_delivery_is_found_and_sent_again() {
    let admin = start().await;
    set(&admin, json!({ "webhook_url": "http://127.0.0.1:1/hook" })).await;
    dead_delivery(&admin);
    let list = "/admin/v1/webhooks/deliveries";
    let dead = admin.get(&format!("{list}?tenant=shop&state=dead")).await;
    let delivery = &dead["items"][0];
    assert_eq!(
        (&dead["total"], &delivery["kind"], &delivery["last_error"]),
        (
            &json!(1),
            &json!("invoice.paid"),
            &json!("no whole answer in time")
        )
    );
    assert_eq!(delivery["attempts"][0]["duration_ms"], 3);
    let id = delivery["id"].as_str().expect("an id");
    let event = delivery["event"].as_str().expect("an event");
    let of_event = admin.get(&format!("{list}?tenant=shop&event={event}")).await;
    assert_eq!(of_event["items"][0], *delivery);
    assert_eq!(admin.get(&format!("{list}/{id}")).await, *delivery);
    let again = answer(
        admin.post(&format!("{list}/{id}/redeliver"), json!({})).await,
        200,
    )
    .await;
    assert_eq!(again["state"], "waiting");
    assert_eq!(
        admin.get("/admin/v1/audit?limit=1").await["items"][0]["action"],
        "delivery.redeliver"
    );
    let alone = admin.send(Method::GET, &format!("{list}?state=dead"), None).await;
    problem(alone, 422, "invalid").await;
    problem(
        admin.send(Method::GET, &format!("{list}/dlv_1"), None).await,
        404,
        "not-found",
    )
    .await;

    let endpoint = delivery["endpoint"].as_str().expect("an endpoint");
    let range = json!({ "from": "2020-01-01T00:00:00Z" });
    let redelivered = admin
        .post(&format!("{ENDPOINTS}/{endpoint}/redeliver"), range)
        .await;
    assert_eq!(
        answer(redelivered, 200).await,
        json!({ "redelivered": 0, "more": false })
    );
}

#[tokio::test]
async fn a_rotated_secret_is_shown_once_and_is_in_no_log() {
    let admin = start().await;
    set(
        &admin,
        json!({ "webhook_url": "http://127.0.0.1:1/hook", "token": "old" }),
    )
    .await;
    let listed = admin.get(ENDPOINTS).await;
    let path = format!(
        "{ENDPOINTS}/{}/rotate",
        listed["items"][0]["id"].as_str().expect("an id")
    );
    let rotated = answer(admin.post(&path, json!({ "overlap_seconds": 60 })).await, 200).await;
    let secret = rotated["secret"].as_str().expect("a secret");
    assert!(
        secret.starts_with("whsec_") && rotated["previous_until"].is_string(),
        "{rotated}"
    );
    let audit = admin.get("/admin/v1/audit").await.to_string();
    assert!(audit.contains("webhook.rotate") && !audit.contains(secret));
    let too_long = admin.post(&path, json!({ "overlap_seconds": 604_801 })).await;
    problem(too_long, 422, "invalid").await;
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_when_they_are_set() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    admin.plugin("paymenter").await;
    let urls = include_str!("../../../tests/outbound/refused-urls.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for url in urls {
        let body = json!({ "values": { "webhook_url": url } });
        let refused = admin.send(Method::PATCH, SETTINGS, Some(body)).await;
        let detail = problem(refused, 422, "invalid").await;
        assert!(detail.contains("--allow-private"), "{url}: {detail}");
    }
    assert_eq!(admin.get(ENDPOINTS).await["total"], 0);
}
