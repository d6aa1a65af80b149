//! The operator's API over real sockets, on plugins that are made up.

mod accounts;
mod jobs;
mod ledger;
mod listener;
mod openapi;
mod payments;
mod plugins;
mod records;
mod tenants;
mod webhooks;

use std::sync::Arc;

use mooring_core::Store;
use mooring_core::draws::Draws;
use mooring_core::ids::PluginName;
use mooring_core::payments::{Payment, Status};
use mooring_core::seal::MasterKeys;
use mooring_core::time::Timestamp;
use mooring_core::work::{Committed, HostWork, Work};
use mooring_manifest::{Credential, Manifest, Scope, Setting, SettingKind, Webhook};
use parking_lot::Mutex;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::operations::{
    AddPlugin, Answer, Grants, Inspection, LoadError, Operations, Outcome, PluginStatus, RouteStatus,
    RouteUsage, Simulation, SimulationError,
};
use super::{Admin, router, serve};
use crate::config::Config;

pub(super) const TOKEN: &str = "moor_admin_0123456789abcdef0123456789abcdef";

/// A running admin interface. Stops when it is dropped.
pub(super) struct TestAdmin {
    pub(super) base: String,
    pub(super) http: Client,
    store: Store,
    _stop: watch::Sender<bool>,
    _bundled: tempfile::TempDir,
}

impl TestAdmin {
    pub(super) async fn start() -> TestAdmin {
        TestAdmin::start_with(Config::default()).await
    }

    pub(super) async fn start_with(mut config: Config) -> TestAdmin {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let bundled = tempfile::tempdir().expect("a folder");
        std::fs::write(bundled.path().join("paymenter.wasm"), b"paymenter").expect("a file");
        config.bundled_plugins = Some(bundled.path().to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let (stop, stopped) = watch::channel(false);
        let store = Store::in_memory();
        let admin = Admin::new(
            Arc::new(Fake::default()),
            store.clone(),
            Arc::new(MasterKeys::new([7; 32], [])),
            TOKEN,
            &config,
        );
        tokio::spawn(serve(
            listener,
            router(admin),
            config.edge,
            crate::serve::until(stopped),
        ));
        TestAdmin {
            base,
            http: Client::new(),
            store,
            _stop: stop,
            _bundled: bundled,
        }
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(TOKEN);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.expect("an answer")
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        answer(self.send(Method::GET, path, None).await, 200).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Response {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(super) async fn tenant(&self, name: &str) {
        answer(self.post("/admin/v1/tenants", json!({ "name": name })).await, 201).await;
    }

    pub(super) async fn user(&self, tenant: &str, email: &str) {
        answer(
            self.post(
                &format!("/admin/v1/tenants/{tenant}/users"),
                json!({ "email": email }),
            )
            .await,
            201,
        )
        .await;
    }

    pub(super) async fn plugin(&self, name: &'static str) {
        answer(
            self.upload("/admin/v1/plugins?grant=*", name.as_bytes()).await,
            201,
        )
        .await;
    }

    /// What a plugin would do.
    pub(super) fn within<T>(&self, tenant: &str, plugin: &str, work: impl FnOnce(&mut Work) -> T) -> T {
        let draws = Draws::new(Timestamp::now()).expect("randomness");
        let mut host = HostWork::write(&self.store, &draws);
        let tenant = super::transact::find_tenant(&mut host, tenant).expect("a tenant");
        let mut within = host.within(tenant, PluginName::parse(plugin).expect("a name"));
        let result = work(&mut within);
        let committed = within.commit().expect("a commit");
        self.store.wait_durable(committed.sequence).expect("durable");
        result
    }

    pub(super) async fn upload(&self, path: &str, component: &'static [u8]) -> Response {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(TOKEN);
        request
            .header("content-type", "application/wasm")
            .body(component)
            .send()
            .await
            .expect("an answer")
    }
}

/// The body of an answer of this status.
pub(super) async fn answer(response: Response, status: u16) -> Value {
    let (found, text) = (response.status(), response.text().await.expect("a body"));
    assert_eq!(found.as_u16(), status, "{text}");
    if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).expect("JSON")
    }
}

/// The detail of a refusal, whose status and code are checked.
pub(super) async fn problem(response: Response, status: u16, code: &str) -> String {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    if response.status() == StatusCode::UNAUTHORIZED {
        assert!(response.headers().contains_key("www-authenticate"));
    }
    let body = answer(response, status).await;
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("urn:problem-type:mooring:{code}"));
    body["detail"].as_str().expect("a detail").to_owned()
}

/// A runtime whose components are their own names.
#[derive(Default)]
pub(crate) struct Fake {
    plugins: Mutex<Vec<PluginStatus>>,
}

pub(super) fn manifest(name: &str) -> Manifest {
    let setting = |name: &str, kind, default: Option<&str>| Setting {
        name: name.into(),
        kind,
        default: default.map(str::to_owned),
        summary: String::new(),
        schema: None,
    };
    Manifest {
        name: name.into(),
        version: "1.0.0".into(),
        credentials: vec![Credential::Bearer],
        key_prefix: "vfc_live_".into(),
        scopes: ["user:read", "user:write"]
            .map(|name| Scope {
                name: name.into(),
                summary: String::new(),
            })
            .into(),
        settings: vec![
            setting("webhook_url", SettingKind::Url, None),
            setting("retries", SettingKind::Integer, Some("3")),
            setting("token", SettingKind::Secret, None),
        ],
        webhooks: vec![Webhook {
            name: "main".into(),
            url_setting: "webhook_url".into(),
            secret_setting: Some("token".into()),
            kinds: Vec::new(),
            timeout_ms: 10_000,
            retry_seconds: vec![30],
            ordered: false,
            headers: Vec::new(),
        }],
        ..Manifest::default()
    }
}

impl Operations for Fake {
    fn plugins(&self) -> Vec<PluginStatus> {
        self.plugins.lock().clone()
    }

    fn manifest(&self, plugin: &str) -> Option<Arc<Manifest>> {
        let known = self.plugins.lock().iter().any(|status| status.name == plugin);
        known.then(|| Arc::new(manifest(plugin)))
    }

    fn add(&self, plugin: AddPlugin) -> Answer<'_, PluginStatus> {
        let name = plugin
            .name
            .unwrap_or_else(|| String::from_utf8_lossy(&plugin.bytes).into_owned());
        let result = match (&plugin.grants, plugin.bytes.as_slice()) {
            (_, b"junk") => Err(LoadError::Refused("not a component".into())),
            (_, b"taken") => Err(LoadError::MountTaken("/taken is where other answers".into())),
            (Grants::Only(grants), _) if !grants.iter().any(|grant| grant == "users") => Err(
                LoadError::NotGranted("it imports users; add --grant users".into()),
            ),
            _ => Ok(self.insert(name, plugin.prefix, plugin.host)),
        };
        Box::pin(std::future::ready(result))
    }

    fn remove<'a>(&'a self, plugin: &'a str, _: &'static str) -> Answer<'a, ()> {
        let mut plugins = self.plugins.lock();
        let before = plugins.len();
        plugins.retain(|status| status.name != plugin);
        let found = plugins.len() < before;
        let result = if found {
            Ok(())
        } else {
            Err(LoadError::NotFound(plugin.into()))
        };
        Box::pin(std::future::ready(result))
    }

    fn announce(&self, _: &Committed) {}

    fn clock_moved(&self) {}

    fn inspect(&self, bytes: Vec<u8>) -> Answer<'_, Inspection> {
        let inspection = Inspection {
            manifest: Some(manifest(&String::from_utf8_lossy(&bytes))),
            world: "provider",
            imports: vec!["users".into()],
            digest: "ab".repeat(32),
            size: bytes.len() as u64,
            sdk_version: None,
            refused_imports: vec!["wasi:sockets/tcp".into()],
        };
        Box::pin(std::future::ready(Ok(inspection)))
    }

    /// Has no gateway for anything but money.
    fn simulate(&self, simulation: Simulation) -> Answer<'_, Payment, SimulationError> {
        let mut payment = simulation.payment;
        let result = match simulation.outcome {
            Outcome::Paid(amount) => {
                (payment.status, payment.received) = (Status::Succeeded, amount);
                Ok(payment)
            }
            _ => Err(SimulationError::NoTestGateway(simulation.tenant.name)),
        };
        Box::pin(std::future::ready(result))
    }
}

impl Fake {
    fn insert(&self, name: String, prefix: Option<String>, host: Option<String>) -> PluginStatus {
        let route = RouteStatus {
            name: "me".into(),
            method: "GET".into(),
            path: "/me".into(),
        };
        let usage = RouteUsage {
            route: "me".into(),
            calls: 7,
            failures: 1,
            fuel: 10,
            ..RouteUsage::default()
        };
        let status = PluginStatus {
            prefix: prefix.unwrap_or_else(|| format!("/{name}")),
            name,
            version: "1.0.0".into(),
            world: "provider",
            digest: "ab".repeat(32),
            host,
            grants: vec!["users".into()],
            imports: vec!["users".into()],
            routes: vec![route],
            usage: vec![usage],
        };
        self.plugins.lock().push(status.clone());
        status
    }
}
