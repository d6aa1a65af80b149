//! Who is let in, and what is not understood.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{TOKEN, TestAdmin, problem};
use crate::config::{Config, EdgeLimits};

#[tokio::test]
async fn only_the_token_opens() {
    let admin = TestAdmin::start().await;
    let url = format!("{}/admin/v1/plugins", admin.base);
    let wrong = [
        None,
        Some("Bearer nonsense"),
        Some("Basic dTpw"),
        Some(TOKEN),
        Some("Bearer "),
    ];
    for authorization in wrong {
        let mut request = admin.http.get(&url);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let detail = problem(request.send().await.expect("an answer"), 401, "unauthenticated").await;
        assert!(detail.contains("admin.token"), "{detail}");
    }
    let right = admin
        .http
        .get(&url)
        .header("authorization", format!("bearer {TOKEN}"));
    assert_eq!(right.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn wrong_paths_and_methods_are_problems() {
    let admin = TestAdmin::start().await;
    let response = admin.send(Method::GET, "/admin/v1/nothing", None).await;
    assert!(
        problem(response, 404, "no-route")
            .await
            .contains("/admin/v1/nothing")
    );
    let response = admin.send(Method::GET, "/", None).await;
    problem(response, 404, "no-route").await;
    let response = admin.send(Method::PUT, "/admin/v1/plugins", None).await;
    assert_eq!(response.headers()["allow"], "GET,HEAD,POST");
    assert!(problem(response, 405, "method-not-allowed").await.contains("PUT"));
    let response = admin.send(Method::POST, "/admin/v1/openapi.json", None).await;
    problem(response, 405, "method-not-allowed").await;
}

#[tokio::test]
async fn wrong_queries_and_types_are_problems() {
    let admin = TestAdmin::start().await;
    let response = admin.send(Method::POST, "/admin/v1/plugins?prefx=/a", None).await;
    assert!(problem(response, 400, "malformed").await.contains("prefx"));
    let response = admin
        .send(Method::POST, "/admin/v1/plugins", Some(serde_json::json!({})))
        .await;
    assert!(
        problem(response, 415, "unsupported-media-type")
            .await
            .contains("application/wasm")
    );
    let response = admin.send(Method::GET, "/admin/v1/plugins/%ff", None).await;
    problem(response, 400, "malformed").await;
}

#[tokio::test]
async fn bodies_are_bounded_in_size_and_time() {
    let mut config = Config::default();
    config.plugin.component_bytes_max = 10;
    config.edge.body_timeout_ms = Duration::from_millis(50);
    let admin = TestAdmin::start_with(config).await;
    let response = admin.upload("/admin/v1/plugins?grant=*", b"eleven bytes").await;
    assert!(problem(response, 413, "body-too-large").await.contains("10"));
    let mut stream = TcpStream::connect(&admin.base["http://".len()..])
        .await
        .expect("connect");
    let head = format!(
        "POST /admin/v1/plugins HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 5\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("send");
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(answer, b"HTTP/1.1 408");
}

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let edge = EdgeLimits {
        header_timeout_ms: Duration::from_millis(50),
        ..EdgeLimits::default()
    };
    let admin = TestAdmin::start_with(Config {
        edge,
        ..Config::default()
    })
    .await;
    let mut stream = TcpStream::connect(&admin.base["http://".len()..])
        .await
        .expect("connect");
    stream.write_all(b"GET /admin/v1/plug").await.expect("send");
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
    closed.expect("the host ends it").expect("a clean end");
}
