//! What a client may cost.

use std::time::Duration;

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{KEY, ends, http2_client, limits, read, start, within};

const SHORT: Duration = Duration::from_millis(200);
/// The kind of an HTTP/2 frame that says goodbye.
const GOAWAY: u8 = 7;

fn impatient() -> mooring::config::EdgeLimits {
    mooring::config::EdgeLimits {
        header_timeout_ms: SHORT,
        write_timeout_ms: SHORT,
        ..limits()
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let served = start(impatient()).await;
    for head in ["", "P", "GET /fake/open HTTP/1.1\r\nHost: any\r\n"] {
        let mut stream = served.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(ends(&mut stream).await, "{head:?}");
    }
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let served = start(impatient()).await;
    let (mut reader, mut writer) = served.connect().await.into_split();
    let drip = tokio::spawn(async move {
        let mut pace = tokio::time::interval(SHORT / 10);
        writer
            .write_all(b"GET /fake/open HTTP/1.1\r\nHost: any\r\n")
            .await
            .unwrap();
        while writer.write_all(b"X: y\r\n").await.is_ok() {
            pace.tick().await;
        }
    });
    let read = within(reader.read(&mut [0])).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    within(drip).await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_last_answer() {
    let served = start(impatient()).await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /fake/open HTTP/1.1\r\nHost: any\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read(&mut stream).await.unwrap().status, StatusCode::OK);
    assert!(ends(&mut stream).await);
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed_too() {
    let served = start(impatient()).await;
    let mut stream = served.connect().await;
    // The preface and empty settings: a whole HTTP/2 client that asks for nothing.
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut heard = Vec::new();
    within(stream.read_to_end(&mut heard)).await.unwrap();
    let (mut kinds, mut rest) = (Vec::new(), &heard[..]);
    while let [a, b, c, kind, ..] = *rest {
        kinds.push(kind);
        rest = &rest[9 + u32::from_be_bytes([0, a, b, c]) as usize..];
    }
    assert!(kinds.contains(&GOAWAY), "{kinds:?}");
}

#[tokio::test]
async fn a_request_that_takes_its_time_is_not_idle() {
    let served = start(impatient()).await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /fake/wait HTTP/1.1\r\nHost: any\r\n\r\n")
        .await
        .unwrap();
    within(served.gate.entered.acquire()).await.unwrap().forget();
    // The subject of this test is the passing of time.
    tokio::time::sleep(SHORT * 4).await;
    served.gate.open.add_permits(1);
    assert_eq!(read(&mut stream).await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_takes_no_byte_is_cut_off() {
    let served = start(impatient()).await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /fake/large HTTP/1.1\r\nHost: any\r\n\r\n")
        .await
        .unwrap();
    // All places are free again only once the connection has ended, and draining waits for that.
    let mut first = [0; 16];
    within(stream.read_exact(&mut first)).await.unwrap();
    assert_eq!(served.stop().await, mooring::http::Drained::Whole);
}

#[tokio::test]
async fn an_http2_client_that_gives_no_room_for_an_answer_is_cut_off() {
    let served = start(impatient()).await;
    let mut stream = served.connect().await;
    let mut said = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // Settings: streams begin with a window of 0 bytes.
    said.extend(b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0");
    // Headers of stream 1, which ends with them: `:method GET`, `:scheme http`, `:path`, `:authority`.
    let block = [b"\x82\x86\x04\x0b/fake/large".as_slice(), b"\x01\x03any"].concat();
    said.extend([0, 0, block.len() as u8, 1, 5, 0, 0, 0, 1]);
    said.extend(block);
    stream.write_all(&said).await.unwrap();
    let mut heard = Vec::new();
    let _ = within(stream.read_to_end(&mut heard)).await;
    assert!(heard.len() < 1024, "{} bytes", heard.len());
    assert!(
        heard.windows(9).any(|head| head[3..] == [1, 4, 0, 0, 0, 1]),
        "no answer was begun: {heard:?}"
    );
}

#[tokio::test]
async fn a_body_that_stops_is_answered_408() {
    let served = start(limits()).await;
    let answer = served
        .ask("POST /fake/echo HTTP/1.1\r\nHost: any\r\nContent-Length: 5\r\n\r\nhel")
        .await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(
        answer.outcome(),
        "Rejected { cause: BodyTimeout, route: Some(4) }"
    );
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_answered_413_though_it_is_still_on_its_way() {
    let served = start(limits()).await;
    let body = "x".repeat(1024 * 1024);
    let sized = format!(
        "POST /fake/echo HTTP/1.1\r\nHost: any\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let chunked = format!(
        "POST /fake/echo HTTP/1.1\r\nHost: any\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for request in [sized, chunked] {
        let answer = served.ask(&request).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(
            answer.outcome(),
            "Rejected { cause: BodyTooLarge(1024), route: Some(4) }"
        );
    }
}

#[tokio::test]
async fn a_route_may_take_less_and_nobody_unwanted_is_read() {
    let served = start(limits()).await;
    let ask = |path: &str, body: &str| {
        format!(
            "POST /fake/{path} HTTP/1.1\r\nHost: any\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    assert_eq!(served.ask(&ask("small", "12345678")).await.status, StatusCode::OK);
    assert_eq!(
        served.ask(&ask("small", "123456789")).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    // Refused for its key, before its size or speed is looked at.
    let slow = "POST /fake/items HTTP/1.1\r\nHost: any\r\nContent-Length: 99999999\r\n\r\n";
    assert_eq!(served.ask(slow).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_broken_body_is_malformed() {
    let served = start(limits()).await;
    let answer = served
        .ask("POST /fake/echo HTTP/1.1\r\nHost: any\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.outcome().contains("Malformed"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_answered_431() {
    let served = start(limits()).await;
    let large = served
        .get("/fake/open", &format!("X-Large: {}\r\n", "x".repeat(16 * 1024)))
        .await;
    assert_eq!(large.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let request = http2_client().get(format!("http://{}/fake/open", served.address));
    let over_http2 = request
        .header("x-large", "x".repeat(16 * 1024))
        .send()
        .await
        .unwrap();
    assert_eq!(over_http2.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let many = served.get("/fake/open", &"X: y\r\n".repeat(200)).await;
    assert_eq!(many.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn clients_beyond_the_limit_wait_for_a_place() {
    let served = start(mooring::config::EdgeLimits {
        connections_max: 1,
        ..limits()
    })
    .await;
    let mut first = served.connect().await;
    let request = format!("GET /fake/items/1 HTTP/1.1\r\nHost: any\r\n{KEY}\r\n");
    first.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read(&mut first).await.unwrap().status, StatusCode::OK);
    let mut second = served.connect().await;
    second.write_all(request.as_bytes()).await.unwrap();
    let early = tokio::time::timeout(SHORT, read(&mut second)).await;
    assert!(early.is_err(), "served beyond the limit: {early:?}");
    drop(first);
    assert_eq!(read(&mut second).await.unwrap().status, StatusCode::OK);
}
