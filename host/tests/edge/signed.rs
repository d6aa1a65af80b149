//! Requests that are signed, keys in bodies, lenient paths, the limit of a whole surface, and the caller's name for a request.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::support::{Served, Wire, limits, start};

const BODY: &str = r#"{"amount":"9.90"}"#;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What the fake gate takes for a signature.
fn code(timestamp: u64, body: &str) -> String {
    hex::encode(Sha256::digest(format!("{timestamp}.{body}")))
}

fn headers(timestamp: u64, code: &str) -> String {
    format!("X-Key: tk_good\r\nX-Time: {timestamp}\r\nX-Code: {code}\r\n")
}

async fn send(served: &Served, method: &str, path: &str, headers: &str, body: &str) -> Wire {
    let length = body.len();
    served
        .ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: any\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        ))
        .await
}

#[tokio::test]
async fn a_signature_covers_the_time_and_every_byte_of_the_body() {
    let served = start(limits()).await;
    let at = now();
    let good = headers(at, &code(at, BODY));
    let answer = send(&served, "POST", "/signed/items", &good, BODY).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["known"]),
        (200, &true.into())
    );
    let answer = send(&served, "GET", "/signed/items", &headers(at, &code(at, "")), "").await;
    assert_eq!(answer.status, 200, "without a body, the empty one is signed");

    let other = BODY.replace("9.90", "9.91");
    for (headers, body, failure) in [
        (good.clone(), other.as_str(), "BadSignature"),
        (headers(at + 1, &code(at, BODY)), BODY, "BadSignature"),
        (headers(at - 400, &code(at - 400, BODY)), BODY, "Stale"),
        (headers(at + 400, &code(at + 400, BODY)), BODY, "Stale"),
        (headers(at, "c0ffee"), BODY, "BadSignature"),
        ("X-Key: tk_good\r\n".to_owned(), BODY, "Missing"),
        (good.replace("tk_good", "tk_bad"), BODY, "Unknown"),
    ] {
        let answer = send(&served, "POST", "/signed/items", &headers, body).await;
        assert_eq!(answer.status, 401, "{headers}");
        assert!(
            answer.outcome().contains(failure),
            "{headers}: {}",
            answer.outcome()
        );
        assert_eq!(answer.json()["known"], false);
        assert_eq!(answer.json()["body"], "");
    }
}

#[tokio::test]
async fn who_has_not_proved_to_have_the_secret_is_not_told_what_the_key_may_do() {
    let served = start(limits()).await;
    let at = now();
    let forged = send(
        &served,
        "DELETE",
        "/signed/items",
        &headers(at, &code(at, "x")),
        "",
    )
    .await;
    assert_eq!(forged.status, 401);
    let proved = send(
        &served,
        "DELETE",
        "/signed/items",
        &headers(at, &code(at, "")),
        "",
    )
    .await;
    assert_eq!(proved.status, 403);
}

#[tokio::test]
async fn a_key_in_the_body_is_taken_out_of_it_on_its_own_route_alone() {
    let served = start(limits()).await;
    let body = r#"{"params":{"key":"tk_good","x":1}}"#;
    let answer = send(&served, "POST", "/signed/call", "", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["body"], r#"{"params":{"key":"-","x":1}}"#);
    let open = r#"{"params":{"key":"tk_other"}}"#;
    let at = now();
    let signed = headers(at, &code(at, open));
    let answer = send(&served, "POST", "/signed/call", &signed, open).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["body"]),
        (200, &r#"{"params":{"key":"-"}}"#.into())
    );
    for (path, body, failure) in [
        ("/signed/items", body, "Missing"),
        ("/signed/call", r#"{"params":{"key":"tk_bad"}}"#, "Unknown"),
        ("/signed/call", r#"{"params":{"key":7}}"#, "Malformed"),
        ("/signed/call", r#"{"params":{"key":""}}"#, "Missing"),
        ("/signed/call", r#"{"params":{}}"#, "Missing"),
        ("/signed/call", "params", "Missing"),
        ("/signed/call", "", "Missing"),
    ] {
        let answer = send(&served, "POST", path, "", body).await;
        assert_eq!(answer.status, 401, "{path} {body}");
        assert!(answer.outcome().contains(failure), "{body}: {}", answer.outcome());
        assert!(!answer.body.contains("tk_"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_lenient_surface_forgives_slashes() {
    let served = start(limits()).await;
    let at = now();
    let signed = headers(at, &code(at, ""));
    for path in ["/signed/items/", "/signed//items", "/signed///items//"] {
        let answer = send(&served, "GET", path, &signed, "").await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let strict = served.get("/fake/open/", "").await;
    assert_eq!(strict.status, 404, "only where the manifest says so");
}

#[tokio::test]
async fn a_surface_has_a_limit_over_all_its_routes() {
    let served = start(limits()).await;
    let at = now();
    let signed = headers(at, &code(at, ""));
    for round in 0..6 {
        for path in ["/signed/items", "/signed/items/"] {
            let answer = send(&served, "GET", path, &signed, "").await;
            assert_eq!(answer.status, 200, "{round} {path}");
        }
    }
    let answer = send(&served, "GET", "/signed/items", &signed, "").await;
    assert_eq!(answer.status, 429);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(
        (1..=25).contains(&wait),
        "a token comes back every 25 s, not {wait}"
    );
    let nowhere = send(&served, "GET", "/signed/nowhere", "", "").await;
    assert_eq!(nowhere.status, 404, "an address has a bucket of its own");
}

#[tokio::test]
async fn a_caller_names_a_request_that_writes() {
    let served = start(limits()).await;
    let at = now();
    let named =
        |name: &str, body: &str| format!("{}Idempotency-Key: {name}\r\n", headers(at, &code(at, body)));
    let claim = async |name: &str, path: &str, body: &str| {
        let answer = send(&served, "POST", path, &named(name, body), body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["claim"].clone()
    };
    let first = claim("order-1", "/signed/items", BODY).await;
    assert_eq!(first[0], "order-1");
    assert_eq!(claim("order-1", "/signed/items", BODY).await, first);
    assert_ne!(claim("order-1", "/signed/items", "{}").await[1], first[1]);
    assert_ne!(claim("order-1", "/signed/items?a=1", BODY).await[1], first[1]);

    let reads = send(&served, "GET", "/signed/items", &named("order-1", ""), "").await;
    assert!(reads.json()["claim"].is_null(), "reading needs no name");
    let long = "x".repeat(256);
    for name in ["", &long, "a\r\nIdempotency-Key: b", "\u{e9}"] {
        let answer = send(&served, "POST", "/signed/items", &named(name, BODY), BODY).await;
        assert_eq!(answer.status, 400, "{name}");
    }
}
