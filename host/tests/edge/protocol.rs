//! HTTP/1.1 and HTTP/2 as they should be.

use http::StatusCode;
use tokio::io::AsyncWriteExt;

use crate::support::{KEY, http2_client, limits, read, read_for, start};

#[tokio::test]
async fn one_connection_carries_many_requests_even_at_once() {
    let served = start(limits()).await;
    let mut stream = served.connect().await;
    let request = |id: u32| format!("GET /fake/items/{id} HTTP/1.1\r\nHost: any\r\n{KEY}\r\n");
    let pipelined: String = (0..20).map(request).collect();
    stream.write_all(pipelined.as_bytes()).await.unwrap();
    for id in 0..20 {
        let answer = read(&mut stream).await.unwrap();
        assert_eq!(answer.json()["params"][0], id.to_string());
    }
    stream.write_all(request(20).as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await.unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn bodies_arrive_whole_however_they_are_framed() {
    let served = start(limits()).await;
    let mut stream = served.connect().await;
    let sized = "POST /fake/echo HTTP/1.1\r\nHost: any\r\nContent-Length: 5\r\n\r\nhello";
    let chunked = "POST /fake/echo HTTP/1.1\r\nHost: any\r\nTransfer-Encoding: chunked\r\n\r\n\
                   2\r\nhe\r\n1\r\nl\r\n2\r\nlo\r\n0\r\n\r\n";
    for request in [sized, chunked, sized] {
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read(&mut stream).await.unwrap().json()["body"], "hello");
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on_only_where_its_body_is_wanted() {
    let served = start(limits()).await;
    let mut stream = served.connect().await;
    let head = "POST /fake/echo HTTP/1.1\r\nHost: any\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await.unwrap().status, StatusCode::CONTINUE);
    stream.write_all(b"hi").await.unwrap();
    assert_eq!(read(&mut stream).await.unwrap().json()["body"], "hi");

    let refused = head.replace("/echo", "/small").replace("Length: 2", "Length: 9");
    assert_eq!(served.ask(&refused).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let served = start(limits()).await;
    let mut stream = served.connect().await;
    let request = |method: &str| {
        format!("{method} /fake/open HTTP/1.1\r\nHost: any\r\nX-Request-Id: the-same-one\r\n\r\n")
    };
    stream.write_all(request("HEAD").as_bytes()).await.unwrap();
    let head = read_for(&mut stream, true).await.unwrap();
    stream.write_all(request("GET").as_bytes()).await.unwrap();
    let get = read(&mut stream).await.unwrap();
    assert_eq!(get.json()["method"], "GET");
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("x-request-id"), Some("the-same-one"));
}

#[tokio::test]
async fn head_is_for_no_get_that_does_something() {
    let served = start(limits()).await;
    assert_eq!(served.get("/fake/deed", "").await.status, StatusCode::OK);
    let mut stream = served.connect().await;
    let request = b"HEAD /fake/deed HTTP/1.1\r\nHost: any\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let head = read_for(&mut stream, true).await.unwrap();
    assert_eq!(
        (head.status, head.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, Some("GET"))
    );
}

#[tokio::test]
async fn http2_is_spoken_to_whoever_starts_with_it() {
    let served = start(limits()).await;
    let client = http2_client();
    let url = |path: &str| format!("http://{}{path}", served.address);
    let ask = |id: u32| {
        let request = client
            .get(url(&format!("/fake/items/{id}")))
            .bearer_auth("tk_good");
        async move {
            request
                .send()
                .await
                .unwrap()
                .json::<serde_json::Value>()
                .await
                .unwrap()
        }
    };
    let (a, b, c) = tokio::join!(ask(1), ask(2), ask(3));
    assert_eq!(
        [&a["params"][0], &b["params"][0], &c["params"][0]],
        ["1", "2", "3"]
    );

    let head = client.head(url("/fake/open")).send().await.unwrap();
    assert_eq!(
        (head.version(), head.status()),
        (http::Version::HTTP_2, StatusCode::OK)
    );
    assert!(head.headers().contains_key("content-length"));
    assert!(head.bytes().await.unwrap().is_empty());

    let echo = client.post(url("/fake/echo")).body("hello").send().await.unwrap();
    assert_eq!(echo.json::<serde_json::Value>().await.unwrap()["body"], "hello");
    let large = client
        .post(url("/fake/echo"))
        .body("x".repeat(2000))
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_closed() {
    let served = start(limits()).await;
    for request in [
        "\u{16}\u{3}\u{1}\r\n\r\n",
        "GET /fake/\u{0} HTTP/1.1\r\n\r\n",
        "GET\r\n\r\n",
    ] {
        assert_eq!(
            served.ask(request).await.status,
            StatusCode::BAD_REQUEST,
            "{request:?}"
        );
    }
    let smuggled =
        "POST /fake/echo HTTP/1.1\r\nHost: any\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!";
    assert_eq!(served.ask(smuggled).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn raw_bytes_in_a_path_reach_no_plugin() {
    let served = start(limits()).await;
    let mut stream = served.connect().await;
    stream
        .write_all(b"GET /fake/items/\xff\xfe HTTP/1.1\r\nHost: any\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read(&mut stream).await.unwrap().status, StatusCode::BAD_REQUEST);
}
