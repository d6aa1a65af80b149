//! Users, services, and the keys that act for users.

use mooring_core::ids::UserId;
use mooring_core::services::{self, NewService, Suspender};
use reqwest::Method;
use serde_json::json;

use super::{TestAdmin, answer, problem};

#[tokio::test]
async fn users_are_made_and_found() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    let users = "/admin/v1/tenants/shop/users";
    let body = json!({"email": "a@b.example", "role": "owner", "password": "long enough"});
    let made = answer(admin.post(users, body.clone()).await, 201).await;
    assert_eq!((&made["id"], &made["has_password"]), (&json!(1), &json!(true)));
    assert!(!made.to_string().contains("argon2"), "{made}");
    problem(admin.post(users, body).await, 409, "conflict").await;
    problem(
        admin.post(users, json!({"email": "nobody"})).await,
        422,
        "invalid",
    )
    .await;
    assert_eq!(admin.get(users).await["items"], json!([made]));
    assert_eq!(admin.get("/admin/v1/tenants/shop/users/1").await, made);
    problem(
        admin
            .send(Method::GET, "/admin/v1/tenants/shop/users/2", None)
            .await,
        404,
        "not-found",
    )
    .await;
    problem(
        admin
            .send(Method::GET, "/admin/v1/tenants/shop/users/x", None)
            .await,
        400,
        "malformed",
    )
    .await;
    problem(
        admin
            .send(Method::GET, "/admin/v1/tenants/none/users", None)
            .await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn services_are_filtered_and_have_a_history() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    admin.user("shop", "a@b.example").await;
    let service = admin.within("shop", "paymenter", |work| {
        let new = NewService {
            user: UserId(1),
            product: "vps".into(),
            label: "host".into(),
            external_ref: None,
            metadata: "{\"price\":1.50}".into(),
        };
        let service = services::create(work, new).expect("a service");
        services::activate(work, &service.id).expect("active");
        services::suspend(work, &service.id, Suspender::Operator).expect("suspended")
    });
    let base = "/admin/v1/tenants/shop/services";
    let found = admin.get(&format!("{base}?user=1&status=suspended")).await;
    assert_eq!(
        (&found["total"], &found["items"][0]["suspended_by"]),
        (&json!(1), &json!("operator"))
    );
    assert_eq!(found["items"][0]["metadata"].to_string(), "{\"price\":1.50}");
    assert_eq!(admin.get(&format!("{base}?status=active")).await["total"], 0);
    let path = format!("{base}/{}", service.id);
    assert_eq!(admin.get(&path).await, found["items"][0]);
    let history = admin.get(&format!("{path}/history")).await;
    assert_eq!(
        (&history["total"], &history["items"][1]["from"]),
        (&json!(2), &json!("active"))
    );
    problem(
        admin
            .send(Method::GET, &format!("{base}?status=gone"), None)
            .await,
        400,
        "malformed",
    )
    .await;
    problem(
        admin.send(Method::GET, &format!("{base}/svc_1"), None).await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn a_key_is_shown_once_then_rotated_and_revoked() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    admin.user("shop", "a@b.example").await;
    admin.plugin("paymenter").await;
    let keys = "/admin/v1/tenants/shop/keys";
    let body = json!({
        "plugin": "paymenter", "label": "prod", "scopes": ["user:read"], "user": "A@B.example", "expires_in_seconds": 3600
    });
    let made = answer(admin.post(keys, body).await, 201).await;
    let secret = made["secret"].as_str().expect("a secret");
    assert!(secret.starts_with("vfc_live_"), "{secret}");
    assert_eq!(
        (&made["key"]["user"], &made["key"]["last_used_at"]),
        (&json!(1), &json!(null))
    );
    let list = admin.get(keys).await;
    assert_eq!(list["items"], json!([made["key"]]));
    assert!(!list.to_string().contains(secret));
    assert_eq!(admin.get(&format!("{keys}?plugin=other")).await["total"], 0);

    let path = format!("/admin/v1/keys/{}", made["key"]["id"].as_str().expect("an id"));
    let rotated = admin
        .post(&format!("{path}/rotate"), json!({"overlap_seconds": 60}))
        .await;
    let rotated = answer(rotated, 201).await;
    assert_ne!(rotated["secret"], secret);
    assert_eq!(admin.get(&path).await["rotated_to"], rotated["key"]["id"]);
    problem(
        admin.post(&format!("{path}/rotate"), json!({})).await,
        409,
        "wrong-state",
    )
    .await;
    let revoked = answer(admin.send(Method::DELETE, &path, None).await, 200).await;
    assert!(revoked["revoked_at"].is_string());
    problem(
        admin.send(Method::DELETE, "/admin/v1/keys/key_1", None).await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn keys_that_cannot_be_are_refused() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    admin.plugin("paymenter").await;
    let cases = [
        (
            json!({"plugin": "other", "label": "l", "scopes": ["user:read"]}),
            404,
            "not-found",
            "other",
        ),
        (
            json!({"plugin": "paymenter", "label": "l", "scopes": ["root"]}),
            422,
            "invalid",
            "user:read, user:write",
        ),
        (
            json!({"plugin": "paymenter", "label": "l", "scopes": []}),
            422,
            "invalid",
            "scopes",
        ),
        (
            json!({"plugin": "paymenter", "label": "", "scopes": ["user:read"]}),
            422,
            "invalid",
            "label",
        ),
        (
            json!({"plugin": "paymenter", "label": "l", "scopes": ["user:read"], "user": "x@y.example"}),
            404,
            "not-found",
            "mooring user list",
        ),
        (
            json!({"plugin": "paymenter", "label": "l", "scopes": ["user:read"], "expires_in_seconds": u64::MAX}),
            422,
            "invalid",
            "ten years",
        ),
        (
            json!({"plugin": "paymenter", "label": "l", "scopes": ["user:read"], "expires_in_seconds": 0}),
            422,
            "invalid",
            "expires",
        ),
    ];
    for (body, status, code, text) in cases {
        let detail = problem(
            admin.post("/admin/v1/tenants/shop/keys", body).await,
            status,
            code,
        )
        .await;
        assert!(detail.contains(text), "{detail}");
    }
}
