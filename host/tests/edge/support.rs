//! A listener on a free port, a gate that answers with what it was given, and a client that reads what is on the wire.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use mooring::config::{CheckoutLimits, EdgeLimits};
use mooring::exchange::{
    Cause, CredentialFailure, Exchange, Notification, NotifyError, Outcome, Reply, Usage,
};
use mooring::http::{Caller, Drained, Gate, Mount, MountTable, Surface, serve};
use mooring_core::ids::{KeyId, TenantId, TenantName};
use mooring_core::keys::Principal;
use mooring_core::tenants::TenantRef;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::till::FakeTill;

/// A key that is good, with the scope `read`.
pub(crate) const KEY: &str = "Authorization: Bearer tk_good\r\n";
/// Its id.
pub(crate) const KEY_ID: &str = "key_0123456789abcdefghijkl";

/// Knows one key. The route `wait` is answered when a permit is added to `open`.
pub(crate) struct FakeGate {
    pub(crate) mounts: Arc<MountTable<()>>,
    pub(crate) entered: Semaphore,
    pub(crate) open: Semaphore,
    pub(crate) unready: Option<String>,
    pub(crate) till: FakeTill,
    pub(crate) rate_limit_per_minute: Option<u32>,
}

impl FakeGate {
    pub(crate) fn new() -> FakeGate {
        let manifest = json!({
            "name": "fake", "version": "1.0.0", "summary": "",
            "credentials": [{"kind": "bearer"}, {"kind": "header", "name": "x-key"}],
            "key_prefix": "tk_",
            "scopes": [{"name": "read", "summary": ""}, {"name": "write", "summary": ""}],
            "request_headers": ["x-wanted", "user-agent"],
            "checkout": {"path": "/pay/{reference}", "name_setting": "shop", "provider": "Fakepay"},
            "routes": [
                route("item", "GET", "/items/{id}", json!({"kind": "key"})),
                route("write", "POST", "/items", json!({"kind": "scopes", "any": ["write"]})),
                route("read", "PUT", "/items", json!({"kind": "scopes", "any": ["write", "read"]})),
                route("open", "GET", "/open", json!({"kind": "public"})),
                route("echo", "POST", "/echo", json!({"kind": "public"})),
                route("wait", "GET", "/wait", json!({"kind": "public"})),
                route("large", "GET", "/large", json!({"kind": "public"})),
                {"name": "small", "method": "POST", "path": "/small", "access": "read",
                 "guard": {"kind": "public"}, "body_bytes_max": 8},
                {"name": "deed", "method": "GET", "path": "/deed", "access": "write", "guard": {"kind": "public"}},
                {"name": "scarce", "method": "GET", "path": "/scarce", "access": "read",
                 "guard": {"kind": "key"}, "rate_limit_per_minute": 2},
            ],
        });
        let surface = Arc::new(Surface::new(Arc::new(serde_json::from_value(manifest).unwrap())).unwrap());
        let mount = |name: &str, host: Option<&str>, prefix: &str| Mount {
            name: name.to_owned(),
            host: host.map(str::to_owned),
            prefix: prefix.to_owned(),
            surface: surface.clone(),
            docs: None,
            plugin: (),
        };
        let keyed = json!({
            "name": "keyed", "version": "1.0.0", "summary": "",
            "credentials": [{"kind": "path", "parameter": "key"}],
            "key_prefix": "tk_",
            "scopes": [{"name": "read", "summary": ""}, {"name": "write", "summary": ""}],
            "routes": [
                route("list", "GET", "/v1/{id}/{key}/items", json!({"kind": "key"})),
                route("show", "GET", "/v1/{id}/{key}/items/{item}", json!({"kind": "key"})),
                route("make", "POST", "/v1/{id}/{key}/items/new", json!({"kind": "scopes", "any": ["write"]})),
                route("open", "GET", "/open", json!({"kind": "public"})),
            ],
        });
        let keyed = Mount {
            name: "keyed".to_owned(),
            host: None,
            prefix: "/keyed".to_owned(),
            surface: Arc::new(Surface::new(Arc::new(serde_json::from_value(keyed).unwrap())).unwrap()),
            docs: None,
            plugin: (),
        };
        let signed = json!({
            "name": "signed", "version": "1.0.0", "summary": "", "lenient_paths": true,
            "credentials": [
                {"kind": "signed", "key_header": "x-key", "timestamp_header": "x-time",
                 "signature_header": "x-code", "tolerance_seconds": 300},
                {"kind": "body", "route": "call", "pointer": "/params/key"},
            ],
            "key_prefix": "tk_",
            "rate_limit": {"requests": 12, "seconds": 300},
            "scopes": [{"name": "read", "summary": ""}, {"name": "write", "summary": ""}],
            "routes": [
                {"name": "make", "method": "POST", "path": "/items", "access": "write", "guard": {"kind": "key"}},
                route("list", "GET", "/items", json!({"kind": "key"})),
                route("drop", "DELETE", "/items", json!({"kind": "scopes", "any": ["write"]})),
                route("call", "POST", "/call", json!({"kind": "key"})),
            ],
        });
        let signed = Mount {
            name: "signed".to_owned(),
            host: None,
            prefix: "/signed".to_owned(),
            surface: Arc::new(Surface::new(Arc::new(serde_json::from_value(signed).unwrap())).unwrap()),
            docs: None,
            plugin: (),
        };
        let gateway = json!({
            "name": "gate", "version": "1.0.0", "summary": "", "routes": [],
            "gateway": {"enabled_setting": "enabled", "methods": [], "refunds": true, "captures": true,
                        "notification_bytes_max": 1000},
        });
        let gateway = Surface::new(Arc::new(serde_json::from_value(gateway).unwrap())).unwrap();
        let mounts = vec![
            keyed,
            signed,
            mount("fake", None, "/fake"),
            mount("named", Some("fake.example"), ""),
            Mount {
                surface: Arc::new(gateway),
                ..mount("gate", None, "/gate")
            },
        ];
        FakeGate {
            mounts: Arc::new(MountTable::new(mounts).unwrap()),
            entered: Semaphore::new(0),
            open: Semaphore::new(0),
            unready: None,
            till: FakeTill::new(),
            rate_limit_per_minute: None,
        }
    }
}

fn route(name: &str, method: &str, path: &str, guard: serde_json::Value) -> serde_json::Value {
    json!({"name": name, "method": method, "path": path, "access": "read", "guard": guard})
}

impl Gate for FakeGate {
    type Plugin = ();
    type Till = FakeTill;

    fn till(&self) -> &FakeTill {
        &self.till
    }

    fn mounts(&self) -> Arc<MountTable<()>> {
        self.mounts.clone()
    }

    async fn verify(&self, _: &Mount<()>, presented: &str) -> Result<Caller, Cause> {
        if presented != "tk_good" {
            return Err(Cause::Unauthenticated(CredentialFailure::Unknown));
        }
        Ok(Caller {
            principal: principal(),
            rate_limit_per_minute: self.rate_limit_per_minute,
        })
    }

    fn check_signature(&self, _: &Principal, message: &[u8], code: &[u8]) -> Result<(), Cause> {
        // Not a signature, but as particular about every byte.
        if code == Sha256::digest(message).as_slice() {
            return Ok(());
        }
        Err(Cause::Unauthenticated(CredentialFailure::BadSignature))
    }

    async fn notify(&self, _: &Mount<()>, tenant: &str, sent: Notification) -> Result<(), NotifyError> {
        if tenant != "demo" {
            return Err(NotifyError::UnknownTenant);
        }
        match &sent.body[..] {
            b"forged" => Err(NotifyError::Untrusted("the signature is wrong".to_owned())),
            b"early" => Err(NotifyError::Retry("it cannot be checked now".to_owned())),
            b"" => Ok(()),
            _ => {
                // Says what it was given, for the test to read.
                Err(NotifyError::Malformed(format!(
                    "{:?} {:?}",
                    sent.query, sent.headers
                )))
            }
        }
    }

    async fn call(&self, mount: &Mount<()>, exchange: Exchange) -> Reply {
        let status = match &exchange.outcome {
            Outcome::Route(index) if mount.surface.manifest().routes[*index as usize].name == "wait" => {
                self.entered.add_permits(1);
                self.open.acquire().await.unwrap().forget();
                200
            }
            Outcome::Route(index) if mount.surface.manifest().routes[*index as usize].name == "large" => {
                return reply(200, Bytes::from(vec![b'x'; 64 * 1024 * 1024]));
            }
            Outcome::Route(_) => 200,
            Outcome::Rejected { cause, .. } => status(cause),
        };
        let said = json!({
            "mount": mount.name,
            "outcome": format!("{:?}", exchange.outcome),
            "method": exchange.method,
            "path": exchange.path,
            "query": exchange.query,
            "params": exchange.params,
            "headers": exchange.headers,
            "body": String::from_utf8_lossy(&exchange.body),
            "known": exchange.principal.is_some(),
            "claim": exchange.claim.map(|claim| (claim.key, hex::encode(claim.fingerprint))),
            "request_id": exchange.request_id,
        });
        reply(status, Bytes::from(said.to_string()))
    }

    fn ready(&self) -> Result<(), String> {
        self.unready.clone().map_or(Ok(()), Err)
    }
}

fn principal() -> Principal {
    let tenant = TenantRef {
        id: TenantId(1),
        name: TenantName::parse("acme").unwrap(),
    };
    Principal::new(
        tenant,
        KeyId::parse(KEY_ID).unwrap(),
        vec!["read".to_owned()],
        None,
    )
}

fn reply(status: u16, body: Bytes) -> Reply {
    let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let usage = Usage {
        fuel: 7,
        host_calls: 3,
        bytes_written: 0,
        reruns: 0,
    };
    Reply {
        status,
        headers,
        body,
        usage,
    }
}

fn status(cause: &Cause) -> u16 {
    match cause {
        Cause::NoRoute => 404,
        Cause::MethodNotAllowed(_) => 405,
        Cause::Unauthenticated(_) => 401,
        Cause::MissingScope(_) => 403,
        Cause::RateLimited(_) => 429,
        Cause::BodyTooLarge(_) => 413,
        Cause::BodyTimeout => 408,
        Cause::Malformed(_) => 400,
        Cause::IdempotencyKeyReused => 422,
        _ => 500,
    }
}

/// A running listener.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Arc<FakeGate>,
    stop: oneshot::Sender<()>,
    drained: JoinHandle<Drained>,
}

/// Short enough for tests, long enough for a busy machine.
pub(crate) fn limits() -> EdgeLimits {
    EdgeLimits {
        header_bytes_max: 8 * 1024,
        body_bytes_max: 1024,
        body_timeout_ms: Duration::from_millis(300),
        checkout: CheckoutLimits {
            views_per_minute: 40,
            forms_per_minute: 10,
            form_bytes_max: 1024,
            wait_ms: Duration::from_millis(200),
        },
        ..EdgeLimits::default()
    }
}

pub(crate) async fn start(limits: EdgeLimits) -> Served {
    start_with(limits, FakeGate::new(), None).await
}

pub(crate) async fn start_with(limits: EdgeLimits, gate: FakeGate, tls: Option<TlsAcceptor>) -> Served {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let gate = Arc::new(gate);
    let (stop, stopped) = oneshot::channel();
    let serving = serve(listener, tls, limits, gate.clone(), async {
        let _ = stopped.await;
    });
    Served {
        address,
        gate,
        stop,
        drained: tokio::spawn(serving),
    }
}

impl Served {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Wire {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read(&mut stream).await.expect("an answer")
    }

    /// A request without a body, to the fake mount.
    pub(crate) async fn get(&self, path: &str, headers: &str) -> Wire {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: any\r\n{headers}\r\n"))
            .await
    }

    pub(crate) fn stop(self) -> impl Future<Output = Drained> {
        self.stop.send(()).unwrap();
        async { within(self.drained).await.unwrap() }
    }
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) status: StatusCode,
    head: String,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// What the edge made of the request, as the plugin saw it.
    pub(crate) fn outcome(&self) -> String {
        self.json()["outcome"].as_str().unwrap().to_owned()
    }
}

/// Reads one answer; nothing if the connection ended before its head was whole.
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Wire> {
    read_for(stream, false).await
}

/// Reads one answer, which has no body if it is for a HEAD request.
pub(crate) async fn read_for<S: AsyncRead + Unpin>(stream: &mut S, head_only: bool) -> Option<Wire> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match within(stream.read_u8()).await {
            Ok(byte) => head.push(byte),
            Err(_) => return None,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut wire = Wire {
        status,
        head,
        body: String::new(),
    };
    let bytes = wire
        .header("content-length")
        .map_or(0, |bytes| bytes.parse().unwrap());
    if !head_only {
        let mut body = vec![0; bytes];
        within(stream.read_exact(&mut body)).await.unwrap();
        wire.body = String::from_utf8(body).unwrap();
    }
    Some(wire)
}

/// Whether the server closes the connection, without another byte.
pub(crate) async fn ends<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> bool {
    let mut byte = [0];
    matches!(within(stream.read(&mut byte)).await, Ok(0) | Err(_))
}

/// A client that speaks HTTP/2 at once.
pub(crate) fn http2_client() -> reqwest::Client {
    // It connects without TLS, but does not start without knowing how.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .http2_prior_knowledge();
    client.no_proxy().build().unwrap()
}

/// A test that would hang fails instead.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("an end in time")
}
