//! What a gateway sends, and how it is answered.

use http::StatusCode;

use crate::support::{Served, Wire, limits, start};

async fn post(served: &Served, path: &str, headers: &str, body: &str) -> Wire {
    let length = body.len();
    served
        .ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))
        .await
}

#[tokio::test]
async fn a_notification_arrives_whole_and_its_sender_learns_what_to_do() {
    let served = start(limits()).await;
    for (body, status) in [
        ("", StatusCode::OK),
        ("forged", StatusCode::BAD_REQUEST),
        ("early", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let answer = post(&served, "/gate/notifications/demo", "", body).await;
        assert_eq!(answer.status, status, "{body}");
    }
    let answer = post(&served, "/gate/notifications/demo", "", "early").await;
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(answer.header("retry-after").is_some());
    let answer = post(
        &served,
        "/gate/notifications/demo?a=%20b",
        "Authorization: Basic x\r\nPaypal-Sig: 1\r\nPaypal-Sig: 2\r\n",
        "tell",
    )
    .await;
    let told = answer.json()["detail"].as_str().unwrap().to_owned();
    for part in [
        "\"a=%20b\"",
        "(\"authorization\", \"Basic x\")",
        "(\"paypal-sig\", \"1\"), (\"paypal-sig\", \"2\")",
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[tokio::test]
async fn what_is_no_notification_gets_no_further() {
    let served = start(limits()).await;
    for path in [
        "/gate",
        "/gate/",
        "/gate/notifications",
        "/gate/notifications/demo/x",
        "/gate/other/demo",
    ] {
        assert_eq!(
            post(&served, path, "", "").await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let unknown = post(&served, "/gate/notifications/nobody", "", "").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let read = served.get("/gate/notifications/demo", "").await;
    assert_eq!(
        (read.status, read.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, Some("POST"))
    );
    let large = post(&served, "/gate/notifications/demo", "", &"x".repeat(1001)).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    // A provider's mount has nothing of the kind.
    let other = post(&served, "/fake/notifications/demo", "", "").await;
    assert!(other.outcome().contains("NoRoute"), "{}", other.outcome());
}

#[tokio::test]
async fn one_address_cannot_send_without_end() {
    let mut limits = limits();
    limits.notifications_per_minute = 2;
    let served = start(limits).await;
    for _ in 0..2 {
        let taken = post(&served, "/gate/notifications/demo", "", "").await;
        assert_eq!(taken.status, StatusCode::OK);
    }
    let refused = post(&served, "/gate/notifications/demo", "", "").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.header("retry-after").is_some());
}
