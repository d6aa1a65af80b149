//! The public listener: protocols, patience and its end, client bytes in hand.

use std::time::Duration;

use mooring_tests::api::NewKey;
use mooring_tests::{HostOptions, TestHost, eventually};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes on a connection.
struct Raw(TcpStream);

impl Raw {
    async fn open(host: &TestHost) -> Raw {
        Raw(TcpStream::connect(host.address())
            .await
            .expect("the host listens"))
    }

    async fn send(&mut self, bytes: &str) {
        self.0
            .write_all(bytes.as_bytes())
            .await
            .expect("the host takes bytes");
    }

    /// Everything until the host closes the connection, in bounded time.
    async fn until_closed(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(mooring_tests::PATIENCE, self.0.read_to_end(&mut bytes)).await;
        // A connection that is reset is closed as well.
        let _ = read.expect("the host closes the connection");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One answer with a `content-length`, leaving the connection open.
    async fn answer(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = async {
            loop {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length = head.lines().find_map(|line| {
                        let (name, value) = line.split_once(':')?;
                        name.eq_ignore_ascii_case("content-length")
                            .then(|| value.trim().parse::<usize>().ok())?
                    });
                    if body.len() >= length.expect("the answer has a length") {
                        return text;
                    }
                }
                assert_ne!(
                    self.0.read_buf(&mut bytes).await.expect("the host answers"),
                    0,
                    "closed after: {text}"
                );
            }
        };
        tokio::time::timeout(mooring_tests::PATIENCE, read)
            .await
            .expect("an answer in time")
    }
}

fn head(host: &TestHost, method: &str, path: &str, rest: &str) -> String {
    let provider = host.demo().paymenter;
    let base = provider
        .base_url
        .splitn(4, '/')
        .nth(3)
        .map(|prefix| format!("/{prefix}"))
        .unwrap_or_default();
    format!(
        "{method} {base}{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{rest}\r\n",
        host.address(),
        provider.key
    )
}

#[tokio::test]
async fn health_is_told_without_a_key() {
    let host = TestHost::start();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(host.public().get(path).await.status, 200, "{path}");
        assert_eq!(
            host.public().send(Method::POST, path, &[], "x").await.status,
            405,
            "{path}"
        );
    }
    assert_eq!(host.public().get("/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_connection_is_kept() {
    let host = TestHost::start();
    let mut raw = Raw::open(&host).await;
    for _ in 0..3 {
        raw.send(&head(&host, "GET", "/api/v1/me", "")).await;
        let answer = raw.answer().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // Two at once, in their order.
    let two = head(&host, "GET", "/api/v1/me", "")
        + &head(&host, "GET", "/api/v1/nowhere", "connection: close\r\n");
    raw.send(&two).await;
    let answers = raw.until_closed().await;
    let statuses: Vec<&str> = answers.matches("HTTP/1.1 ").collect();
    assert_eq!(statuses.len(), 2, "{answers}");
    assert!(
        answers.find("HTTP/1.1 200") < answers.find("HTTP/1.1 404"),
        "{answers}"
    );
}

#[tokio::test]
async fn http_2_is_spoken() {
    let host = TestHost::start();
    mooring_tests::api::install_crypto();
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .expect("a client");
    let provider = host.demo().paymenter;
    let requests = (0..50).map(|_| {
        let request = client
            .get(format!("{}/api/v1/me", provider.base_url))
            .bearer_auth(&provider.key);
        tokio::spawn(async move { request.send().await.expect("an answer") })
    });
    for response in requests.collect::<Vec<_>>() {
        let response = response.await.expect("the task ends");
        assert_eq!(response.version(), reqwest::Version::HTTP_2);
        assert_eq!(response.status(), 200);
    }
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_end() {
    let mut host = TestHost::start();
    let body = r#"{"email":"last@example.com"}"#;
    let rest = format!(
        "content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    let mut raw = Raw::open(&host).await;
    raw.send(&head(&host, "POST", "/api/v1/paymenter/user.create", &rest))
        .await;
    raw.send(&body[..10]).await;
    // Idle connections are no reason to wait.
    let mut idle = Raw::open(&host).await;
    idle.send(&head(&host, "GET", "/api/v1/me", "")).await;
    idle.answer().await;

    let address = host.address().to_owned();
    host.terminate();
    eventually("it takes no new connections", async || {
        TcpStream::connect(&address).await.err()
    })
    .await;
    idle.until_closed().await;
    raw.send(&body[10..]).await;
    let answer = raw.until_closed().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(host.wait().success(), "it ends well");

    host.restart();
    let user = serde_json::json!({ "email": "last@example.com" });
    let again = host
        .paymenter()
        .post("/api/v1/paymenter/user.create", &user)
        .await
        .expect(200);
    assert_eq!(again["duplicate"], true, "what was answered is kept");
}

#[tokio::test]
async fn who_dawdles_is_cut_off() {
    let limits = "[edge]\nheader_timeout_ms = 400\nbody_timeout_ms = 400\nwrite_timeout_ms = 400";
    let host = HostOptions::new().config(limits).start();

    let mut raw = Raw::open(&host).await;
    raw.send("GET /healthz HTT").await;
    let answer = raw.until_closed().await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "a head that does not come: {answer}"
    );

    let mut raw = Raw::open(&host).await;
    raw.send(&head(
        &host,
        "POST",
        "/api/v1/paymenter/user.create",
        "content-length: 50\r\n",
    ))
    .await;
    raw.send("{\"email\":").await;
    let answer = raw.until_closed().await;
    assert!(
        answer.starts_with("HTTP/1.1 408"),
        "a body that does not come: {answer}"
    );
    assert!(
        answer.contains("\"ok\":false"),
        "in the provider's words: {answer}"
    );

    let mut raw = Raw::open(&host).await;
    raw.send(&head(&host, "GET", "/api/v1/me", "")).await;
    raw.answer().await;
    assert_eq!(raw.until_closed().await, "", "an idle connection is closed");

    // Whoever is quick is served all the while.
    assert_eq!(host.paymenter().get("/api/v1/me").await.status, 200);
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let host = TestHost::start();
    let table = [
        ("nonsense", "nonsense\r\n\r\n".to_owned()),
        (
            "a long head",
            format!(
                "GET / HTTP/1.1\r\nhost: h\r\nx: {}\r\n\r\n",
                "x".repeat(64 * 1024)
            ),
        ),
        (
            "two lengths",
            head(
                &host,
                "POST",
                "/api/v1/me",
                "content-length: 1\r\ncontent-length: 2\r\n",
            ),
        ),
        (
            "a negative length",
            head(&host, "POST", "/api/v1/me", "content-length: -1\r\n"),
        ),
        (
            "a bad chunk",
            head(
                &host,
                "POST",
                "/api/v1/paymenter/user.create",
                "transfer-encoding: chunked\r\n",
            ) + "zz\r\n",
        ),
    ];
    for (name, bytes) in table {
        let mut raw = Raw::open(&host).await;
        // The host may close before it has read everything.
        let _ = raw.0.write_all(bytes.as_bytes()).await;
        let answer = raw.until_closed().await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{name}: {answer}"
        );
    }
    assert_eq!(host.paymenter().get("/api/v1/me").await.status, 200);
}

#[tokio::test]
async fn a_connection_limit_does_not_lock_out_for_ever() {
    let host = HostOptions::new()
        .config("[edge]\nconnections_max = 8\nheader_timeout_ms = 500")
        .start();
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(Raw::open(&host).await);
    }
    // They wait in the kernel's queue until the silent ones are cut off.
    let answer = tokio::time::timeout(Duration::from_secs(10), host.public().get("/healthz")).await;
    assert_eq!(answer.expect("an answer in time").status, 200);
}

#[tokio::test]
async fn a_plugin_can_have_a_host_name_of_its_own() {
    let host = TestHost::start();
    let tenant = host.demo_tenant();
    host.mooring_ok(&[
        "plugin",
        "add",
        "paymenter",
        "--name",
        "panel",
        "--host",
        "panel.example",
        "--grant-all",
    ]);
    let scopes = &["paymenter:provision"];
    let key = NewKey {
        tenant: &tenant,
        plugin: "panel",
        scopes,
        expires_in_seconds: None,
    };
    let api = host.public().with_key(&host.admin().mint(&key).await.secret);
    let there = api
        .send(Method::GET, "/api/v1/me", &[("host", "panel.example")], "")
        .await;
    assert_eq!(there.status, 200, "{}", there.text());
    let port = format!(
        "PANEL.example:{}",
        host.address().rsplit(':').next().unwrap_or_default()
    );
    assert_eq!(
        api.send(Method::GET, "/api/v1/me", &[("host", &port)], "")
            .await
            .status,
        200
    );
    assert_eq!(
        api.send(Method::GET, "/api/v1/me", &[("host", "other.example")], "")
            .await
            .status,
        404
    );
    assert_eq!(api.get("/api/v1/me").await.status, 404);
}
