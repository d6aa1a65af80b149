//! What a client can do wrong reaches the plugin, in this order, with what the edge owes the client beside it.

use http::StatusCode;

use crate::support::{FakeGate, KEY, limits, start, start_with};

#[tokio::test]
async fn a_route_gets_its_index_parameters_headers_and_principal() {
    let served = start(limits()).await;
    let answer = served
        .get(
            "/fake/items/a%2Fb?x=%20y",
            &format!("{KEY}X-Wanted: 1\r\nX-Other: 2\r\nx-wanted: 3\r\n"),
        )
        .await;
    let said = answer.json();
    assert_eq!(said["outcome"], "Route(0)");
    assert_eq!(said["path"], "/items/a%2Fb");
    assert_eq!(said["query"], "x=%20y");
    assert_eq!(said["params"], serde_json::json!(["a/b"]));
    assert_eq!(
        said["headers"],
        serde_json::json!([["x-wanted", "1"], ["x-wanted", "3"]])
    );
    assert_eq!(said["known"], true);
    assert_eq!(answer.header("x-request-id"), said["request_id"].as_str());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn outside_every_mount_the_host_answers() {
    let served = start(limits()).await;
    for path in [
        "/",
        "/other",
        "/fakex",
        "/fakex/open",
        "/FAKE/open",
        "/x/fake/open",
    ] {
        let answer = served.get(path, "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(answer.json()["status"], 404);
    }
}

#[tokio::test]
async fn a_host_name_is_a_mount_too() {
    let served = start(limits()).await;
    for host in ["fake.example", "FAKE.example:8080", "fake.example."] {
        let answer = served
            .ask(&format!("GET /open HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await;
        assert_eq!(
            (answer.status, answer.json()["mount"].as_str()),
            (StatusCode::OK, Some("named")),
            "{host}"
        );
    }
    let absolute = served
        .ask("GET http://fake.example/open HTTP/1.1\r\nHost: any\r\n\r\n")
        .await;
    assert_eq!(absolute.json()["mount"], "named");
    let two = served
        .ask("GET /fake/open HTTP/1.1\r\nHost: any\r\nHost: fake.example\r\n\r\n")
        .await;
    assert_eq!(two.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn no_route_and_no_such_method_are_told_apart() {
    let served = start(limits()).await;
    let nowhere = served.get("/fake/nowhere", "").await;
    assert_eq!(nowhere.outcome(), "Rejected { cause: NoRoute, route: None }");
    let answer = served
        .ask("DELETE /fake/items HTTP/1.1\r\nHost: any\r\n\r\n")
        .await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, Some("POST, PUT"))
    );
    let options = served
        .ask("OPTIONS /fake/open HTTP/1.1\r\nHost: any\r\n\r\n")
        .await;
    assert_eq!(
        (options.status, options.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD"))
    );
}

#[tokio::test]
async fn keys_are_refused_with_the_reason_and_a_challenge() {
    let served = start(limits()).await;
    let invalid = "Bearer realm=\"fake\", error=\"invalid_token\"";
    for (headers, reason, challenge) in [
        ("", "Missing", "Bearer realm=\"fake\""),
        ("Authorization: Basic dTpw\r\n", "Malformed", invalid),
        ("Authorization: Bearer other\r\n", "Malformed", invalid),
        (
            "Authorization: Bearer tk_good\r\nAuthorization: Bearer tk_good\r\n",
            "Malformed",
            invalid,
        ),
        ("Authorization: Bearer tk_bad\r\n", "Unknown", invalid),
        ("X-Key: tk_bad\r\n", "Unknown", invalid),
    ] {
        let answer = served.get("/fake/items/1", headers).await;
        let expected = format!("Rejected {{ cause: Unauthenticated({reason}), route: Some(0) }}");
        assert_eq!(answer.outcome(), expected, "{headers}");
        assert_eq!(answer.header("www-authenticate"), Some(challenge), "{headers}");
        assert_eq!(answer.json()["known"], false);
    }
    assert_eq!(
        served.get("/fake/items/1", "x-key: tk_good\r\n").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_missing_scope_is_named_and_any_of_several_will_do() {
    let served = start(limits()).await;
    let answer = served
        .ask(&format!("POST /fake/items HTTP/1.1\r\nHost: any\r\n{KEY}\r\n"))
        .await;
    assert_eq!(
        answer.outcome(),
        "Rejected { cause: MissingScope(\"write\"), route: Some(1) }"
    );
    assert!(
        answer
            .header("www-authenticate")
            .unwrap()
            .contains("scope=\"write\"")
    );
    assert_eq!(answer.json()["known"], false);
    let answer = served
        .ask(&format!("PUT /fake/items HTTP/1.1\r\nHost: any\r\n{KEY}\r\n"))
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_public_route_verifies_nobody() {
    let served = start(limits()).await;
    assert_eq!(served.get("/fake/open", KEY).await.json()["known"], false);
}

#[tokio::test]
async fn a_caller_beyond_its_limit_is_told_when_to_come_back() {
    let served = start(limits()).await;
    for _ in 0..2 {
        assert_eq!(served.get("/fake/scarce", KEY).await.status, StatusCode::OK);
    }
    let answer = served.get("/fake/scarce", KEY).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
}

#[tokio::test]
async fn bad_keys_use_up_their_address_and_not_the_good_key() {
    let served = start(limits()).await;
    let bad = "Authorization: Bearer tk_bad\r\n";
    for _ in 0..2 {
        assert_eq!(
            served.get("/fake/scarce", bad).await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(
        served.get("/fake/scarce", bad).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(served.get("/fake/scarce", KEY).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_operators_limit_goes_before_the_manifests() {
    for (setting, passes) in [(Some(0), 8), (Some(1), 1), (Some(3), 3)] {
        let gate = FakeGate {
            rate_limit_per_minute: setting,
            ..FakeGate::new()
        };
        let served = start_with(limits(), gate, None).await;
        let mut passed = 0;
        for _ in 0..8 {
            passed += usize::from(served.get("/fake/scarce", KEY).await.status == StatusCode::OK);
        }
        assert_eq!(passed, passes, "{setting:?}");
    }
}

#[tokio::test]
async fn addresses_behind_a_trusted_proxy_are_told_apart() {
    let mut limits = limits();
    limits.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let served = start(limits).await;
    let from = |address: &str| format!("{KEY}X-Forwarded-For: {address}\r\n");
    for _ in 0..2 {
        assert_eq!(
            served.get("/fake/scarce", &from("192.0.2.1")).await.status,
            StatusCode::OK
        );
    }
    let refused = served.get("/fake/scarce", &from("198.51.100.1, 192.0.2.1")).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        served.get("/fake/scarce", &from("192.0.2.2")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn paths_that_cannot_be_decoded_are_malformed() {
    let served = start(limits()).await;
    for path in [
        "/fake/items/%zz",
        "/fake/items/%",
        "/fake/items/%ff%fe",
        "/fake/items/%00",
    ] {
        let answer = served.get(path, KEY).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.outcome().contains("Malformed"), "{path}");
    }
}

#[tokio::test]
async fn health_and_readiness_are_the_hosts() {
    let served = start(limits()).await;
    assert_eq!(served.get("/healthz", "").await.json()["status"], "ok");
    assert_eq!(served.get("/readyz", "").await.json()["status"], "ready");
    let post = served
        .ask("POST /healthz HTTP/1.1\r\nHost: any\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(
        (post.status, post.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, Some("GET, HEAD"))
    );

    let gate = FakeGate {
        unready: Some("the store is closed".to_owned()),
        ..FakeGate::new()
    };
    let served = start_with(limits(), gate, None).await;
    let answer = served.get("/readyz", "").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["detail"], "the store is closed");
}
