//! The outbound client against servers on loopback, with and without leave to go there.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use mooring::config::OutboundLimits;
use mooring::outbound::{Client, Credential, OutboundError, OutboundRequest, OutboundResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A client that may go to loopback.
fn free() -> Client {
    let limits = OutboundLimits {
        timeout_ms: Duration::from_millis(500),
        response_bytes_max: 1000,
        ..OutboundLimits::default()
    };
    Client::new(limits, &["127.0.0.0/8".parse().unwrap()]).unwrap()
}

fn guarded() -> Client {
    Client::new(OutboundLimits::default(), &[]).unwrap()
}

/// A server that gives every connection these bytes and tells what it was sent. It holds a connection open until the
/// client ends it.
async fn server(answer: impl Into<Vec<u8>>) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, heard) = mpsc::unbounded_channel();
    let answer = answer.into();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, answer.clone(), sender.clone()));
        }
    });
    (address, heard)
}

async fn talk(mut stream: TcpStream, answer: Vec<u8>, heard: mpsc::UnboundedSender<String>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
        let _ = heard.send(String::from_utf8_lossy(&buffer[..bytes]).into_owned());
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

async fn get(client: &Client, url: &str) -> Result<OutboundResponse, OutboundError> {
    let request = OutboundRequest::to("GET", &url.parse().unwrap(), &[], Bytes::new())?;
    client.send(request, None).await
}

#[tokio::test]
async fn a_call_carries_what_was_asked_and_the_hosts_credential() {
    let (address, mut heard) = server("HTTP/1.1 201 Created\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok").await;
    let request = OutboundRequest::below(
        "POST",
        &format!("http://{address}/base/").parse().unwrap(),
        "/thing?x=1",
        &[("X-Mine".to_owned(), "yes".to_owned())],
        Bytes::from_static(b"body"),
    );
    let response = free()
        .send(request.unwrap(), Some(Credential::bearer("s3cret").unwrap()))
        .await
        .unwrap();
    assert_eq!((response.status, &response.body[..]), (201, &b"ok"[..]));
    assert!(response.headers.contains(&("x-a".to_owned(), "1".to_owned())));
    let heard = heard.recv().await.unwrap();
    assert!(heard.starts_with("POST /base/thing?x=1 HTTP/1.1\r\n"), "{heard}");
    for line in [
        "authorization: Bearer s3cret",
        "x-mine: yes",
        "content-length: 4",
        "user-agent: mooring/",
    ] {
        assert!(heard.contains(line), "{line} in {heard}");
    }
    assert!(heard.ends_with("\r\n\r\nbody"));
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_in_every_form() {
    let client = guarded();
    let urls = include_str!("refused-urls.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    for url in urls {
        let result = get(&client, url).await;
        assert!(
            matches!(result, Err(OutboundError::Refused(_))),
            "{url}: {result:?}"
        );
    }
}

#[tokio::test]
async fn a_refused_address_is_not_even_connected_to() {
    let (address, mut heard) = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let named = format!("http://localhost:{}/", address.port());
    for url in [format!("http://{address}/"), named.clone()] {
        let refused = get(&guarded(), &url).await.unwrap_err();
        assert!(
            matches!(&refused, OutboundError::Refused(reason) if reason.ends_with("is loopback")),
            "{refused:?}"
        );
    }
    assert!(heard.try_recv().is_err());
    assert_eq!(get(&free(), &named).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (inner, mut heard) = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let redirect =
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{inner}/\r\nContent-Length: 0\r\n\r\n");
    let (address, _) = server(redirect).await;
    assert_eq!(
        get(&free(), &format!("http://{address}/")).await.unwrap().status,
        307
    );
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_dropped() {
    let body = "x".repeat(1001);
    let declared = format!("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n{body}");
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        1001
    );
    for answer in [declared, chunked] {
        let (address, _) = server(answer).await;
        assert_eq!(
            get(&free(), &format!("http://{address}/")).await.unwrap_err(),
            OutboundError::TooLarge
        );
    }
    let (address, _) = server(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}",
        &body[1..]
    ))
    .await;
    assert_eq!(
        get(&free(), &format!("http://{address}/"))
            .await
            .unwrap()
            .body
            .len(),
        1000
    );
}

#[tokio::test]
async fn an_answer_that_does_not_end_in_time_is_none() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    ] {
        let (address, _) = server(answer).await;
        let result = get(&free(), &format!("http://{address}/")).await;
        assert_eq!(result.unwrap_err(), OutboundError::TimedOut, "{answer:?}");
    }
}

#[tokio::test]
async fn whoever_is_not_there_is_unreachable_and_no_secret_is_told() {
    let unused = TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let (nonsense, _) = server("SSH-2.0-OpenSSH\r\n\r\n").await;
    let urls = [
        format!("http://{unused}/?token=s3cret"),
        format!("http://{nonsense}/s3cret"),
        format!("https://{nonsense}/s3cret"),
        "http://name.invalid/s3cret".to_owned(),
    ];
    for url in urls {
        let request = OutboundRequest::to("GET", &url.parse().unwrap(), &[], Bytes::new()).unwrap();
        let error = free()
            .send(request, Some(Credential::header("x-key", "s3cret").unwrap()))
            .await
            .unwrap_err();
        assert!(matches!(error, OutboundError::Unreachable(_)), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_request_cannot_set_the_credentials_header() {
    let (address, mut heard) = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let headers = [("X-Key".to_owned(), "mine".to_owned())];
    let url = format!("http://{address}/").parse().unwrap();
    let request = OutboundRequest::to("GET", &url, &headers, Bytes::new()).unwrap();
    let result = free()
        .send(request, Some(Credential::header("x-key", "s3cret").unwrap()))
        .await;
    assert_eq!(
        result.unwrap_err(),
        OutboundError::Refused("the header `x-key` belongs to the host".to_owned())
    );
    assert!(heard.try_recv().is_err());
}
