use reqwest::Method;
use serde_json::json;

use super::{TestAdmin, answer, problem};

#[tokio::test]
async fn a_tenant_is_made_once_and_switched_off_and_on() {
    let admin = TestAdmin::start().await;
    let made = admin
        .post("/admin/v1/tenants", json!({"name": "shop", "title": "The Shop"}))
        .await;
    let made = answer(made, 201).await;
    assert_eq!((&made["name"], &made["enabled"]), (&json!("shop"), &json!(true)));
    assert!(
        made["created_at"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z')),
        "{made}"
    );
    problem(
        admin.post("/admin/v1/tenants", json!({"name": "shop"})).await,
        409,
        "conflict",
    )
    .await;
    let off = admin
        .send(
            Method::PATCH,
            "/admin/v1/tenants/shop",
            Some(json!({"enabled": false})),
        )
        .await;
    let off = answer(off, 200).await;
    assert_eq!(
        (&off["enabled"], &off["title"]),
        (&json!(false), &json!("The Shop"))
    );
    assert_eq!(admin.get("/admin/v1/tenants/shop").await, off);
}

#[tokio::test]
async fn lists_are_given_in_parts() {
    let admin = TestAdmin::start().await;
    for name in ["a", "b", "c"] {
        admin.tenant(name).await;
    }
    let names = |list: &serde_json::Value| {
        let items = list["items"].as_array().expect("items").iter();
        items
            .map(|item| item["name"].as_str().expect("a name").to_owned())
            .collect::<String>()
    };
    let all = admin.get("/admin/v1/tenants").await;
    assert_eq!((names(&all).as_str(), &all["total"]), ("cba", &json!(3)));
    let part = admin
        .get("/admin/v1/tenants?offset=1&limit=1&order=oldest-first")
        .await;
    assert_eq!((names(&part).as_str(), &part["total"]), ("b", &json!(3)));
    for (query, status, code) in [
        ("limit=0", 422, "invalid"),
        ("limit=501", 422, "invalid"),
        ("limit=many", 400, "malformed"),
        ("offset=-1", 400, "malformed"),
        ("order=random", 400, "malformed"),
        ("colour=red", 400, "malformed"),
        ("limit=1&limit=2", 400, "malformed"),
    ] {
        let response = admin
            .send(Method::GET, &format!("/admin/v1/tenants?{query}"), None)
            .await;
        problem(response, status, code).await;
    }
}

#[tokio::test]
async fn bad_bodies_are_refused_where_the_mistake_is() {
    let admin = TestAdmin::start().await;
    let detail = problem(
        admin.post("/admin/v1/tenants", json!({"name": "Shop!"})).await,
        422,
        "invalid",
    )
    .await;
    assert!(detail.starts_with("`name`: "), "{detail}");
    let detail = problem(
        admin.post("/admin/v1/tenants", json!({"nam": "x"})).await,
        422,
        "invalid",
    )
    .await;
    assert!(detail.contains("`nam`"), "{detail}");
    problem(
        admin.post("/admin/v1/tenants", json!({"name": 7})).await,
        422,
        "invalid",
    )
    .await;
    let raw = |kind: &'static str, body: &'static str| {
        let request = admin
            .http
            .post(format!("{}/admin/v1/tenants", admin.base))
            .bearer_auth(super::TOKEN);
        request.header("content-type", kind).body(body).send()
    };
    let response = raw("application/json", "{\"name\":").await.expect("an answer");
    problem(response, 400, "malformed").await;
    let response = raw("text/plain", "{}").await.expect("an answer");
    problem(response, 415, "unsupported-media-type").await;
    let response = raw("application/json; charset=utf-8", "{\"name\": \"ok\"}")
        .await
        .expect("an answer");
    assert_eq!(response.status(), 201);
    let response = admin.send(Method::GET, "/admin/v1/tenants/nobody", None).await;
    assert!(
        problem(response, 404, "not-found")
            .await
            .contains("mooring tenant list")
    );
}
