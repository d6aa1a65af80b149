//! Ending without losing an answer.

use std::time::Duration;

use http::StatusCode;
use mooring::http::Drained;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{ends, http2_client, limits, read, start, within};

const WAIT: &[u8] = b"GET /fake/wait HTTP/1.1\r\nHost: any\r\n\r\n";

#[tokio::test]
async fn what_is_in_flight_is_finished_and_what_is_idle_is_closed() {
    let served = start(limits()).await;
    let mut idle = served.connect().await;
    idle.write_all(b"GET /fake/open HTTP/1.1\r\nHost: any\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read(&mut idle).await.unwrap().status, StatusCode::OK);
    let mut silent = served.connect().await;
    let mut busy = served.connect().await;
    busy.write_all(WAIT).await.unwrap();
    within(served.gate.entered.acquire()).await.unwrap().forget();

    let (gate, address) = (served.gate.clone(), served.address);
    let drained = served.stop();
    assert!(ends(&mut idle).await);
    assert!(ends(&mut silent).await);
    assert!(TcpStream::connect(address).await.is_err());
    gate.open.add_permits(1);
    let answer = read(&mut busy).await.unwrap();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (StatusCode::OK, Some("close"))
    );
    assert!(ends(&mut busy).await);
    assert_eq!(drained.await, Drained::Whole);
}

#[tokio::test]
async fn an_http2_request_in_flight_is_finished() {
    let served = start(limits()).await;
    let client = http2_client();
    let request = client.get(format!("http://{}/fake/wait", served.address)).send();
    let request = tokio::spawn(request);
    within(served.gate.entered.acquire()).await.unwrap().forget();
    let gate = served.gate.clone();
    let drained = served.stop();
    gate.open.add_permits(1);
    assert_eq!(within(request).await.unwrap().unwrap().status(), StatusCode::OK);
    assert_eq!(drained.await, Drained::Whole);
}

#[tokio::test]
async fn a_request_that_outlasts_the_wait_is_cut() {
    let limits = mooring::config::EdgeLimits {
        shutdown_timeout_ms: Duration::from_millis(50),
        ..limits()
    };
    let served = start(limits).await;
    let mut busy = served.connect().await;
    busy.write_all(WAIT).await.unwrap();
    within(served.gate.entered.acquire()).await.unwrap().forget();
    assert_eq!(served.stop().await, Drained::Cut(1));
    assert!(ends(&mut busy).await);
}
