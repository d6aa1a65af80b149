//! TLS on the listener.
//!
//! `certificate.pem` and `key.pem` are made for these tests, for the name `edge.test`, and used nowhere else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use mooring::config::{EdgeLimits, Tls};
use mooring::http::{Drained, TlsError, acceptor};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{FakeGate, Served, ends, limits, read, start_with};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/edge")
        .join(name)
}

fn files() -> Tls {
    Tls {
        certificate: file("certificate.pem"),
        key: file("key.pem"),
    }
}

async fn handshake(served: &Served, protocols: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(file("certificate.pem")).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("edge.test").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, served.connect().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_client_chooses_its_protocol_in_the_handshake() {
    let served = start_with(limits(), FakeGate::new(), Some(acceptor(&files()).unwrap())).await;
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let stream = handshake(&served, offered).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen.map(str::as_bytes));
    }
}

#[tokio::test]
async fn requests_are_answered_over_tls() {
    let served = start_with(limits(), FakeGate::new(), Some(acceptor(&files()).unwrap())).await;
    let mut stream = handshake(&served, &["http/1.1"]).await;
    for _ in 0..2 {
        stream
            .write_all(b"GET /fake/open HTTP/1.1\r\nHost: any\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(read(&mut stream).await.unwrap().status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_client_that_never_shakes_hands_is_cut_off() {
    let limits = EdgeLimits {
        header_timeout_ms: Duration::from_millis(200),
        ..limits()
    };
    let served = start_with(limits, FakeGate::new(), Some(acceptor(&files()).unwrap())).await;
    assert!(ends(&mut served.connect().await).await);
}

#[tokio::test]
async fn draining_does_not_wait_for_a_handshake() {
    let served = start_with(limits(), FakeGate::new(), Some(acceptor(&files()).unwrap())).await;
    let mut silent = served.connect().await;
    // A whole exchange after it, so that the silent one has been accepted.
    drop(handshake(&served, &[]).await);
    let started = std::time::Instant::now();
    assert_eq!(served.stop().await, Drained::Whole);
    assert!(started.elapsed() < limits().header_timeout_ms);
    assert!(ends(&mut silent).await);
}

#[test]
fn files_that_cannot_be_used_are_refused() {
    let absent = Tls {
        certificate: file("absent.pem"),
        ..files()
    };
    assert!(matches!(acceptor(&absent), Err(TlsError::Read { path, .. }) if path == file("absent.pem")));
    let swapped = Tls {
        certificate: file("key.pem"),
        key: file("certificate.pem"),
    };
    assert!(acceptor(&swapped).is_err());
}
