//! Settings, events and the audit log.

use mooring_core::events::{self, NewEvent};
use reqwest::Method;
use serde_json::json;

use super::{TestAdmin, answer, problem};

#[tokio::test]
async fn settings_are_changed_together_and_secrets_never_shown() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    admin.plugin("paymenter").await;
    let path = "/admin/v1/tenants/shop/plugins/paymenter/settings";
    let change = json!({"values": {"webhook_url": "https://a.example/hook", "token": "s3cret"}});
    let changed = answer(admin.send(Method::PATCH, path, Some(change)).await, 200).await;
    assert_eq!(changed["items"][0]["value"], "https://a.example/hook");
    assert_eq!(
        (&changed["items"][1]["value"], &changed["items"][1]["is_set"]),
        (&json!("3"), &json!(false))
    );
    assert_eq!(
        (&changed["items"][2]["value"], &changed["items"][2]["is_set"]),
        (&json!(null), &json!(true))
    );
    assert_eq!(admin.get(path).await, changed);
    let log = admin.get("/admin/v1/audit?tenant=shop&limit=1").await;
    assert_eq!(
        log["items"][0]["details"],
        json!({"set": ["token", "webhook_url"], "unset": []})
    );
    assert!(!log.to_string().contains("s3cret"));

    let half = json!({"values": {"retries": "5", "webhook_url": "not a url"}});
    let detail = problem(admin.send(Method::PATCH, path, Some(half)).await, 422, "invalid").await;
    assert!(detail.contains("webhook_url"), "{detail}");
    assert_eq!(
        admin.get(path).await["items"][1]["value"],
        "3",
        "nothing of a refused change is left"
    );
    let unknown = json!({"values": {"colour": "red"}});
    let detail = problem(
        admin.send(Method::PATCH, path, Some(unknown)).await,
        422,
        "invalid",
    )
    .await;
    assert!(detail.contains("webhook_url, retries, token"), "{detail}");
    let unset = json!({"values": {"webhook_url": null}});
    let unset = answer(admin.send(Method::PATCH, path, Some(unset)).await, 200).await;
    assert_eq!(unset["items"][0]["is_set"], false);
    let other = "/admin/v1/tenants/shop/plugins/other/settings";
    problem(admin.send(Method::GET, other, None).await, 404, "not-found").await;
}

#[tokio::test]
async fn recent_events_come_first() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    for (kind, subject) in [
        ("invoice.paid", "INV-1"),
        ("user.made", "1"),
        ("invoice.paid", "INV-2"),
    ] {
        admin.within("shop", "paymenter", |work| {
            let new = NewEvent {
                kind: kind.into(),
                subject: subject.into(),
                data: "{\"amount\":25.00}".into(),
                dedupe_key: None,
                deliver: false,
            };
            events::emit(work, new).expect("an event")
        });
    }
    let path = "/admin/v1/tenants/shop/events";
    let credit = admin.get(&format!("{path}?kind=invoice.paid&limit=1")).await;
    let event = &credit["items"][0];
    assert_eq!(
        (&credit["total"], &event["subject"], &event["plugin"]),
        (&json!(2), &json!("INV-2"), &json!("paymenter"))
    );
    assert_eq!(event["data"].to_string(), "{\"amount\":25.00}");
    assert_eq!(
        admin
            .get(&format!("{path}/{}", event["id"].as_str().expect("an id")))
            .await,
        *event
    );
    assert_eq!(admin.get(path).await["total"], 3);
    problem(
        admin.send(Method::GET, &format!("{path}/ev_1"), None).await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn every_change_leaves_its_line() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    admin.user("shop", "a@b.example").await;
    answer(
        admin
            .send(
                Method::PATCH,
                "/admin/v1/tenants/shop",
                Some(json!({"enabled": false})),
            )
            .await,
        200,
    )
    .await;
    problem(
        admin.post("/admin/v1/tenants", json!({"name": "shop"})).await,
        409,
        "conflict",
    )
    .await;
    let log = admin.get("/admin/v1/audit?order=oldest-first").await;
    let actions: Vec<&str> = log["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|line| line["action"].as_str().expect("an action"))
        .collect();
    assert_eq!(
        actions,
        ["tenant.create", "user.create", "tenant.update"],
        "a refused change leaves none"
    );
    let line = &log["items"][2];
    assert_eq!(
        (&line["who"], &line["tenant"], &line["subject"]),
        (&json!("admin"), &json!("shop"), &json!("shop"))
    );
    assert_eq!(line["details"], json!({"enabled": false}));
}
