//! A server in this process that stands in for somebody else's, and goes wrong on command.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the server knows and does.
pub trait Service: Send + 'static {
    /// Does what is asked and answers. Null is an empty body.
    fn answer(&mut self, call: &Call) -> (u16, Value);

    /// It did what was asked and then broke: what it answers instead, and, if it keeps answers, keeps.
    fn broken(&mut self, call: &Call, status: u16) -> Value {
        let _ = (call, status);
        Value::Null
    }
}

/// One call that arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// `POST`.
    pub method: String,
    /// `/v1/refunds`.
    pub path: String,
    /// Without the `?`.
    pub query: String,
    /// As sent.
    pub body: String,
    /// Every header, as received, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What was answered; 0 where nothing was.
    pub status: u16,
    /// When it arrived.
    pub at: Instant,
}

impl Call {
    /// The header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What to do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answer this status and do nothing.
    Refuse(u16),
    /// Break the connection and do nothing.
    Drop,
    /// Do it, and answer this status all the same.
    Break(u16),
    /// Do it, and break the connection without an answer.
    Vanish,
    /// Do it, but answer only after so long.
    Slow(Duration),
    /// Do it only after so long, whether or not the caller is still there.
    Late(Duration),
}

impl Fault {
    /// Whether the call takes effect all the same.
    pub fn has_effect(self) -> bool {
        !matches!(self, Fault::Refuse(_) | Fault::Drop)
    }
}

/// A service that listens until it is dropped.
pub struct Fake<S> {
    address: SocketAddr,
    shared: Arc<Mutex<Shared<S>>>,
    accepting: JoinHandle<()>,
}

struct Shared<S> {
    service: S,
    calls: Vec<Call>,
    /// Method, path, fault, how many times.
    faults: Vec<(Method, String, Fault, usize)>,
}

impl<S: Service> Fake<S> {
    /// Listens on loopback; the service is told its own base URL.
    pub async fn start(service: impl FnOnce(&str) -> S) -> Fake<S> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Mutex::new(Shared {
            service: service(&format!("http://{address}")),
            calls: Vec::new(),
            faults: Vec::new(),
        }));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Fake {
            address,
            shared,
            accepting,
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next `times` calls of this method whose path matches `path` go wrong. A `*` in `path` stands for one segment.
    pub fn fail(&self, method: Method, path: &str, fault: Fault, times: usize) {
        lock(&self.shared)
            .faults
            .push((method, path.to_owned(), fault, times));
    }

    /// Nothing goes wrong any more.
    pub fn mend(&self) {
        lock(&self.shared).faults.clear();
    }

    /// Waits until whatever was to go wrong has begun to.
    pub async fn until_all_faults_are_used(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while lock(&self.shared).faults.iter().any(|fault| fault.3 > 0) {
            assert!(Instant::now() < deadline, "nothing goes wrong");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything that arrived so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.shared).calls.clone()
    }

    /// Calls of this method whose path matches `path`, as in [`Fake::fail`].
    pub fn calls_of(&self, method: &Method, path: &str) -> Vec<Call> {
        let wanted = |call: &Call| call.method == method.as_str() && matches(path, &call.path);
        self.calls().into_iter().filter(wanted).collect()
    }

    /// Looks at the service, or does something to it behind everybody's back.
    pub fn with<T>(&self, work: impl FnOnce(&mut S) -> T) -> T {
        work(&mut lock(&self.shared).service)
    }
}

impl<S> Drop for Fake<S> {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<S: Service>(listener: TcpListener, shared: Arc<Mutex<Shared<S>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| serve(request, &shared));
            // The other side may go at any time; that is its business.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// An error breaks the connection.
async fn serve<S: Service>(
    request: Request<Incoming>,
    shared: &Arc<Mutex<Shared<S>>>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    });
    let call = Call {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        headers: headers.collect(),
        status: 0,
        at: Instant::now(),
    };
    let fault = lock(shared).next_fault(&call);
    let reply = match fault {
        Some(Fault::Late(pause)) => {
            let shared = Arc::clone(shared);
            // A task of its own: this one ends with the connection.
            let later = tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                lock(&shared).hear(call, None)
            });
            later.await.map_err(std::io::Error::other)?
        }
        _ => lock(shared).hear(call, fault),
    };
    if let Some(Fault::Slow(pause)) = fault {
        tokio::time::sleep(pause).await;
    }
    let (status, body) = reply.ok_or_else(|| std::io::Error::other("as told"))?;
    let body = if body.is_null() {
        Bytes::new()
    } else {
        body.to_string().into()
    };
    let response = Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header("content-type", "application/json")
        .body(Full::new(body));
    response.map_err(std::io::Error::other)
}

impl<S: Service> Shared<S> {
    /// Nothing is a broken connection.
    fn hear(&mut self, mut call: Call, fault: Option<Fault>) -> Option<(u16, Value)> {
        let reply = match fault {
            Some(Fault::Refuse(status)) => Some((status, Value::Null)),
            Some(Fault::Drop) => None,
            Some(Fault::Break(status)) => {
                self.service.answer(&call);
                Some((status, self.service.broken(&call, status)))
            }
            Some(Fault::Vanish) => {
                self.service.answer(&call);
                None
            }
            Some(Fault::Slow(_) | Fault::Late(_)) | None => Some(self.service.answer(&call)),
        };
        call.status = reply.as_ref().map_or(0, |(status, _)| *status);
        self.calls.push(call);
        reply
    }

    fn next_fault(&mut self, call: &Call) -> Option<Fault> {
        let place = self.faults.iter().position(|(of, pattern, _, times)| {
            of.as_str() == call.method && *times > 0 && matches(pattern, &call.path)
        })?;
        self.faults[place].3 -= 1;
        Some(self.faults[place].2)
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(want, have)| *want == "*" || want == have)
}

/// A panic in one test's task must not hide the service from its assertions.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
