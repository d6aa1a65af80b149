use reqwest::Method;
use serde_json::json;

use super::{TestAdmin, answer, problem};

#[tokio::test]
async fn a_plugin_is_loaded_listed_measured_and_removed() {
    let admin = TestAdmin::start().await;
    let loaded = answer(
        admin
            .upload("/admin/v1/plugins?grant=users,ledger&prefix=/p", b"shop")
            .await,
        201,
    )
    .await;
    assert_eq!(
        (&loaded["name"], &loaded["prefix"]),
        (&json!("shop"), &json!("/p"))
    );
    let list = admin.get("/admin/v1/plugins").await;
    assert_eq!((&list["total"], &list["items"][0]), (&json!(1), &loaded));
    assert_eq!(admin.get("/admin/v1/plugins/shop").await, loaded);
    assert_eq!(
        admin.get("/admin/v1/plugins/shop/manifest").await["key_prefix"],
        "vfc_live_"
    );
    let usage = admin.get("/admin/v1/plugins/shop/usage").await;
    assert_eq!(
        usage["items"][0],
        json!({"route": "me", "calls": 7, "failures": 1, "fuel": 10, "host_calls": 0, "bytes_written": 0, "reruns": 0})
    );
    answer(
        admin.send(Method::DELETE, "/admin/v1/plugins/shop", None).await,
        204,
    )
    .await;
    for path in [
        "/admin/v1/plugins/shop",
        "/admin/v1/plugins/shop/usage",
        "/admin/v1/plugins/shop/manifest",
    ] {
        problem(admin.send(Method::GET, path, None).await, 404, "not-found").await;
    }
    problem(
        admin.send(Method::DELETE, "/admin/v1/plugins/shop", None).await,
        404,
        "not-found",
    )
    .await;
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let admin = TestAdmin::start().await;
    let detail = problem(
        admin.upload("/admin/v1/plugins", b"shop").await,
        403,
        "not-granted",
    )
    .await;
    assert!(detail.contains("--grant users"), "{detail}");
    problem(
        admin.upload("/admin/v1/plugins", b"junk").await,
        422,
        "plugin-refused",
    )
    .await;
    problem(
        admin.upload("/admin/v1/plugins?grant=*", b"taken").await,
        409,
        "conflict",
    )
    .await;
    problem(
        admin.upload("/admin/v1/plugins?grant=*", b"").await,
        400,
        "malformed",
    )
    .await;
}

#[tokio::test]
async fn bundled_plugins_are_loaded_by_name() {
    let admin = TestAdmin::start().await;
    let loaded = admin
        .upload("/admin/v1/plugins?grant=*&bundled=paymenter", b"")
        .await;
    assert_eq!(answer(loaded, 201).await["name"], "paymenter");
    let detail = problem(
        admin.upload("/admin/v1/plugins?bundled=nothing", b"").await,
        404,
        "not-found",
    )
    .await;
    assert!(detail.contains("There are: paymenter"), "{detail}");
    problem(
        admin.upload("/admin/v1/plugins?bundled=paymenter", b"").await,
        403,
        "not-granted",
    )
    .await;
    problem(
        admin.upload("/admin/v1/plugins?bundled=../secret", b"").await,
        404,
        "not-found",
    )
    .await;
    problem(
        admin.upload("/admin/v1/plugins?bundled=paymenter", b"x").await,
        400,
        "malformed",
    )
    .await;
}

#[tokio::test]
async fn a_component_is_inspected_without_loading_it() {
    let admin = TestAdmin::start().await;
    let inspection = answer(admin.upload("/admin/v1/inspections", b"shop").await, 200).await;
    assert_eq!(
        (&inspection["manifest"]["name"], &inspection["size"]),
        (&json!("shop"), &json!(4))
    );
    assert_eq!(inspection["refused_imports"], json!(["wasi:sockets/tcp"]));
    assert_eq!(inspection["manifest"]["scopes"][0]["name"], "user:read");
    assert_eq!(admin.get("/admin/v1/plugins").await["total"], 0);
}
