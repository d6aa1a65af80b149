//! A VirtFusion panel in this process: as much of its REST API as the host drives, with its real statuses and shapes.
//!
//! It keeps users and servers, checks the bearer token, logs every call, and fails on command ([`VirtFusion::fail`]).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A panel that listens until it is dropped.
pub struct VirtFusion {
    address: SocketAddr,
    token: String,
    panel: Arc<Mutex<Panel>>,
    accepting: JoinHandle<()>,
}

/// One call that arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// `POST`.
    pub method: String,
    /// Below `/api/v1`: `/servers/1/build`.
    pub path: String,
    /// Without the `?`.
    pub query: String,
    /// Null where none was sent.
    pub body: Value,
    /// Every header, as received.
    pub headers: Vec<(String, String)>,
    /// What was answered.
    pub status: u16,
    /// When it arrived.
    pub at: Instant,
}

/// A server as the panel knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Server {
    /// The user it belongs to.
    pub user: u64,
    /// `packageId` it was created with.
    pub package: u64,
    /// `hypervisorId` it was created with, which is a group's.
    pub group: u64,
    /// `operatingSystemId` of the last build, if there was one.
    pub operating_system: Option<u64>,
    /// `hostname` of the last build.
    pub hostname: Option<String>,
    /// Whether it is suspended.
    pub suspended: bool,
}

/// What to do wrong.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Answer this status and do nothing.
    Status(u16),
    /// Do it, but answer only after so long.
    Slow(Duration),
    /// Do it, and break the connection without an answer.
    Vanish,
}

#[derive(Default)]
struct Panel {
    users: BTreeMap<u64, Value>,
    servers: BTreeMap<u64, Server>,
    servers_made: u64,
    log: Vec<Call>,
    /// Method, start of the path, fault, how many times.
    faults: Vec<(Method, String, Fault, usize)>,
}

impl VirtFusion {
    /// Starts a panel that knows one token.
    pub async fn start(token: &str) -> VirtFusion {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let panel = Arc::new(Mutex::new(Panel::default()));
        let accepting = tokio::spawn(accept(listener, token.to_owned(), Arc::clone(&panel)));
        VirtFusion {
            address,
            token: token.to_owned(),
            panel,
            accepting,
        }
    }

    /// What the setting `virtfusion_url` is given.
    pub fn url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// What the setting `virtfusion_token` is given.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The next `times` calls of this method whose path matches `path` go wrong. A `*` in `path` stands for one segment.
    pub fn fail(&self, method: Method, path: &str, fault: Fault, times: usize) {
        self.panel().faults.push((method, path.to_owned(), fault, times));
    }

    /// Everything that arrived so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.panel().log.clone()
    }

    /// Calls of this method whose path matches `path`, as in [`VirtFusion::fail`].
    pub fn calls_of(&self, method: &Method, path: &str) -> Vec<Call> {
        let wanted = |call: &Call| call.method == method.as_str() && matches(path, &call.path);
        self.calls().into_iter().filter(wanted).collect()
    }

    /// Servers by id.
    pub fn servers(&self) -> BTreeMap<u64, Server> {
        self.panel().servers.clone()
    }

    /// Users by id.
    pub fn users(&self) -> BTreeMap<u64, Value> {
        self.panel().users.clone()
    }

    /// Removes a server behind the host's back.
    pub fn remove_server(&self, id: u64) {
        self.panel().servers.remove(&id);
    }

    fn panel(&self) -> MutexGuard<'_, Panel> {
        lock(&self.panel)
    }
}

impl Drop for VirtFusion {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, token: String, panel: Arc<Mutex<Panel>>) {
    let token: Arc<str> = token.into();
    while let Ok((stream, _)) = listener.accept().await {
        let (token, panel) = (Arc::clone(&token), Arc::clone(&panel));
        tokio::spawn(async move {
            let service = service_fn(|request| serve(request, &token, &panel));
            // The other side may go at any time; that is its business.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// An error breaks the connection.
async fn serve(
    request: Request<Incoming>,
    token: &str,
    panel: &Mutex<Panel>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let at = Instant::now();
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let body = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    };
    let path = head.uri.path().strip_prefix("/api/v1").unwrap_or("").to_owned();
    let query = head.uri.query().unwrap_or("").to_owned();
    let headers: Vec<(String, String)> = (head.headers.iter())
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();

    let authorized = head
        .headers
        .get("authorization")
        .is_some_and(|value| value == &format!("Bearer {token}"));
    let (status, answer, fault) = {
        let mut panel = lock(panel);
        let fault = panel.next_fault(&head.method, &path);
        let (status, answer) = match fault {
            _ if !authorized => (401, json!({ "message": "Unauthenticated" })),
            Some(Fault::Status(status)) => (status, json!({ "msg": "as told" })),
            _ => panel.answer(&head.method, &path, &query, &body),
        };
        let method = head.method.to_string();
        panel.log.push(Call {
            method,
            path,
            query,
            body,
            headers,
            status,
            at,
        });
        (status, answer, fault)
    };
    match fault {
        Some(Fault::Slow(pause)) => tokio::time::sleep(pause).await,
        Some(Fault::Vanish) => return Err(std::io::Error::other("as told")),
        Some(Fault::Status(_)) | None => {}
    }
    let body = if status == 204 {
        Bytes::new()
    } else {
        answer.to_string().into()
    };
    let response = Response::builder()
        .status(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header("content-type", "application/json")
        .body(Full::new(body));
    response.map_err(std::io::Error::other)
}

impl Panel {
    fn next_fault(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let place = self
            .faults
            .iter()
            .position(|(of, pattern, _, times)| of == method && *times > 0 && matches(pattern, path))?;
        self.faults[place].3 -= 1;
        Some(self.faults[place].2)
    }

    fn answer(&mut self, method: &Method, path: &str, query: &str, body: &Value) -> (u16, Value) {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match (method.as_str(), segments.as_slice()) {
            ("GET", ["connect"]) => (200, json!({ "msg": "connected" })),
            ("GET", ["packages"]) => (200, json!({ "data": [{ "id": 3, "name": "VPS 3" }] })),
            ("GET", ["users", ext, "byExtRelation"]) => self.find_user(ext),
            ("POST", ["users"]) => self.create_user(body),
            ("POST", ["servers"]) => self.create_server(body),
            ("GET", ["servers", "user", user]) => self.servers_of(user),
            (verb, ["servers", id]) => with_server(self, id, |panel, id| panel.server(verb, id, query)),
            (
                "POST",
                [
                    "servers",
                    id,
                    "power",
                    "boot" | "shutdown" | "restart" | "poweroff",
                ],
            ) => with_server(self, id, |_, _| (200, json!({ "data": { "queueId": 7 } }))),
            ("POST", ["servers", id, action]) => {
                with_server(self, id, |panel, id| panel.act(id, action, body))
            }
            _ => (404, json!({ "msg": "no such route" })),
        }
    }

    fn find_user(&self, ext: &str) -> (u16, Value) {
        let found = self.users.values().find(|user| {
            let relation = &user["extRelationId"];
            relation
                .as_str()
                .map_or_else(|| relation.to_string(), str::to_owned)
                == ext
        });
        match found {
            Some(user) => (200, json!({ "data": user })),
            None => (404, json!({ "msg": "user not found" })),
        }
    }

    fn create_user(&mut self, body: &Value) -> (u16, Value) {
        let missing = ["name", "email"].iter().find(|field| !body[**field].is_string());
        if let Some(field) = missing {
            return (422, json!({ "errors": [format!("{field} is required")] }));
        }
        if self.users.values().any(|user| user["email"] == body["email"]) {
            return (409, json!({ "msg": "email already in use" }));
        }
        let id = self.users.len() as u64 + 1;
        let mut user = body.clone();
        user["id"] = json!(id);
        user["password"] = json!("made by the panel");
        self.users.insert(id, user.clone());
        (201, json!({ "data": user }))
    }

    fn create_server(&mut self, body: &Value) -> (u16, Value) {
        let number = |field: &str| body[field].as_u64();
        let (Some(package), Some(user), Some(group)) =
            (number("packageId"), number("userId"), number("hypervisorId"))
        else {
            return (
                422,
                json!({ "errors": ["packageId, userId and hypervisorId are required"] }),
            );
        };
        if !self.users.contains_key(&user) {
            return (422, json!({ "errors": ["userId is unknown"] }));
        }
        self.servers_made += 1;
        let id = self.servers_made;
        self.servers.insert(
            id,
            Server {
                user,
                package,
                group,
                ..Server::default()
            },
        );
        (
            201,
            json!({ "data": { "id": id, "uuid": format!("00000000-0000-4000-8000-{id:012}") } }),
        )
    }

    fn servers_of(&self, user: &str) -> (u16, Value) {
        let own = self
            .servers
            .iter()
            .filter(|(_, server)| server.user.to_string() == user);
        let shown: Vec<Value> = own.map(|(id, _)| json!({ "id": id })).collect();
        (200, json!({ "data": shown }))
    }

    fn server(&mut self, verb: &str, id: u64, query: &str) -> (u16, Value) {
        match verb {
            "GET" => {
                let server = &self.servers[&id];
                let state = if server.operating_system.is_some() {
                    "complete"
                } else {
                    "awaiting_build"
                };
                let data =
                    json!({ "id": id, "state": state, "suspended": server.suspended, "buildFailed": false });
                (200, json!({ "data": data }))
            }
            "DELETE" if delay_minutes(query) <= 43_800 => {
                self.servers.remove(&id);
                (204, Value::Null)
            }
            "DELETE" => (422, json!({ "errors": ["delay is too large"] })),
            _ => (405, json!({ "msg": "method not allowed" })),
        }
    }

    fn act(&mut self, id: u64, action: &str, body: &Value) -> (u16, Value) {
        let Some(server) = self.servers.get_mut(&id) else {
            return (404, json!({ "msg": "server not found" }));
        };
        match (action, body["operatingSystemId"].as_u64()) {
            ("build", Some(operating_system)) => {
                server.operating_system = Some(operating_system);
                server.hostname = body["hostname"].as_str().map(str::to_owned);
                (200, json!({ "data": { "id": id } }))
            }
            ("build", None) => (422, json!({ "errors": ["operatingSystemId is required"] })),
            ("suspend", _) => {
                server.suspended = true;
                (204, Value::Null)
            }
            ("unsuspend", _) => {
                server.suspended = false;
                (204, Value::Null)
            }
            _ => (404, json!({ "msg": "no such route" })),
        }
    }
}

fn with_server(
    panel: &mut Panel,
    id: &str,
    act: impl FnOnce(&mut Panel, u64) -> (u16, Value),
) -> (u16, Value) {
    match id.parse() {
        Ok(id) if panel.servers.contains_key(&id) => act(panel, id),
        _ => (404, json!({ "msg": "server not found" })),
    }
}

fn delay_minutes(query: &str) -> u64 {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("delay="));
    value.map_or(0, |value| value.parse().unwrap_or(u64::MAX))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(want, have)| *want == "*" || want == have)
}

/// A panic in one test's task must not hide the panel from its assertions.
fn lock(panel: &Mutex<Panel>) -> MutexGuard<'_, Panel> {
    panel.lock().unwrap_or_else(PoisonError::into_inner)
}
