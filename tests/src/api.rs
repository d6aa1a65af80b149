//! HTTP as the tests speak it: a provider's surface with a key ([`Api`]), the operator's with a token ([`Admin`]).

use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

/// A provider's surface.
#[derive(Clone, Debug)]
pub struct Api {
    client: reqwest::Client,
    base: String,
    key: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// All of them.
    pub headers: HeaderMap,
    /// As it was sent.
    pub body: Bytes,
}

impl Api {
    /// `base` is what a front-end is given as the provider's address.
    pub fn new(base: &str) -> Api {
        Api {
            client: client(),
            base: base.trim_end_matches('/').to_owned(),
            key: None,
        }
    }

    /// The same with `Authorization: Bearer KEY`.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Api {
        self.key = Some(key.to_owned());
        self
    }

    /// The same, somewhere else: a host that was started again has moved.
    #[must_use]
    pub fn at(&self, base: &str) -> Api {
        Api {
            base: base.trim_end_matches('/').to_owned(),
            ..self.clone()
        }
    }

    /// The same without a key.
    #[must_use]
    pub fn without_key(mut self) -> Api {
        self.key = None;
        self
    }

    /// What a front-end is given as the provider's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The key, which must be there.
    pub fn key(&self) -> &str {
        self.key.as_deref().expect("this client has a key")
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            Method::POST,
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        )
        .await
    }

    /// Asks.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// Sends anything.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.try_send(method, path, headers, body)
            .await
            .unwrap_or_else(|error| panic!("no answer from {}{path}: {error:?}", self.base))
    }

    /// Sends anything to a host that may be gone.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body: Bytes = body.into();
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer {
            status,
            headers,
            body: response.bytes().await?,
        })
    }
}

impl Answer {
    /// The body, which must be JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    /// The body for a person.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Panics with the body unless the status is this one; gives the JSON.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "the answer was: {}", self.text());
        self.json()
    }
}

/// The operator's side.
#[derive(Clone, Debug)]
pub struct Admin {
    api: Api,
}

/// How much there is, over all tenants: what "nothing was written" means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts.
    pub users: u64,
    /// In any state.
    pub services: u64,
    /// Entries of the journal.
    pub postings: u64,
    /// What happened.
    pub events: u64,
    /// Waiting, running and dead.
    pub jobs: u64,
}

/// What [`Admin::mint`] is asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewKey<'a> {
    /// Whose data it reaches.
    pub tenant: &'a str,
    /// Whose routes it opens.
    pub plugin: &'a str,
    /// What it may do.
    pub scopes: &'a [&'a str],
    /// Absent for ever.
    pub expires_in_seconds: Option<u64>,
}

/// A key.
#[derive(Clone, Debug)]
pub struct MintedKey {
    /// Not secret.
    pub id: String,
    /// The key itself.
    pub secret: String,
}

impl Admin {
    /// `base` and `token` as in `demo.json`.
    pub fn new(base: &str, token: &str) -> Admin {
        Admin {
            api: Api::new(&format!("{}/admin/v1", base.trim_end_matches('/'))).with_key(token),
        }
    }

    /// Any path of it.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// How much there is.
    pub async fn counts(&self) -> Counts {
        let mut counts = Counts {
            jobs: self.total("/jobs?limit=1").await,
            ..Counts::default()
        };
        for tenant in self.tenants().await {
            counts.users += self.total(&format!("/tenants/{tenant}/users?limit=1")).await;
            counts.services += self.total(&format!("/tenants/{tenant}/services?limit=1")).await;
            counts.postings += self
                .total(&format!("/tenants/{tenant}/ledger/postings?limit=1"))
                .await;
            counts.events += self.total(&format!("/tenants/{tenant}/events?limit=1")).await;
        }
        counts
    }

    /// Names, in the order of their making.
    pub async fn tenants(&self) -> Vec<String> {
        let listed = self
            .api
            .get("/tenants?limit=500&order=oldest-first")
            .await
            .expect(200);
        strings(&listed["items"], "name")
    }

    /// Another business, whose data is kept apart.
    pub async fn create_tenant(&self, name: &str) {
        let answer = self.api.post("/tenants", &json!({ "name": name })).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
    }

    /// A key.
    pub async fn mint(&self, key: &NewKey<'_>) -> MintedKey {
        let body = json!({
            "plugin": key.plugin,
            "label": "test",
            "scopes": key.scopes,
            "expires_in_seconds": key.expires_in_seconds,
        });
        let answer = self
            .api
            .post(&format!("/tenants/{}/keys", key.tenant), &body)
            .await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        let answer = answer.json();
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let (Some(id), Some(secret)) = (text("/key/id"), text("/secret")) else {
            panic!("no key in {answer}")
        };
        MintedKey { id, secret }
    }

    /// Ends a key at once.
    pub async fn revoke(&self, key: &MintedKey) {
        let answer = self
            .api
            .send(Method::DELETE, &format!("/keys/{}", key.id), &[], "")
            .await;
        assert!(answer.status < 300, "{}", answer.text());
    }

    /// Everything of one kind in a tenant (`users`, `services`, `ledger/postings`, `events`), oldest first, page by page.
    pub async fn all(&self, tenant: &str, kind: &str) -> Vec<Value> {
        let mut items = Vec::new();
        loop {
            let offset = items.len();
            let path = format!("/tenants/{tenant}/{kind}?limit=500&order=oldest-first&offset={offset}");
            let page = self.api.get(&path).await.expect(200);
            let page = page["items"].as_array().expect("a list").clone();
            if page.is_empty() {
                return items;
            }
            items.extend(page);
        }
    }

    /// What waits, runs or is dead, newest first.
    pub async fn jobs(&self) -> Vec<Value> {
        let listed = self.api.get("/jobs?limit=500").await.expect(200);
        listed["items"].as_array().expect("a list").clone()
    }

    /// Sets one of a plugin's settings.
    pub async fn set(&self, tenant: &str, plugin: &str, name: &str, value: &str) {
        let path = format!("/tenants/{tenant}/plugins/{plugin}/settings");
        let body = json!({ "values": { name: value } }).to_string();
        let answer = self
            .api
            .send(
                Method::PATCH,
                &path,
                &[("content-type", "application/json")],
                body,
            )
            .await;
        assert!(answer.status < 300, "{}", answer.text());
    }

    /// Loads a component; `query` says where and with what: `name=x&grant=*`. The answer may be a refusal.
    pub async fn load(&self, query: &str, component: Vec<u8>) -> Answer {
        let headers = [("content-type", "application/wasm")];
        self.api
            .send(Method::POST, &format!("/plugins?{query}"), &headers, component)
            .await
    }

    /// Stops a plugin.
    pub async fn remove(&self, name: &str) -> Answer {
        self.api
            .send(Method::DELETE, &format!("/plugins/{name}"), &[], "")
            .await
    }

    /// Panics unless every journal is intact; gives the number of postings in all of them.
    pub async fn verify_ledgers(&self) -> u64 {
        let answer = self.api.get("/ledger/verification").await.expect(200);
        let items = answer["items"].as_array().expect("a list");
        assert!(items.iter().all(|journal| journal["intact"] == true), "{answer}");
        items
            .iter()
            .filter_map(|journal| journal["postings"].as_u64())
            .sum()
    }

    async fn total(&self, path: &str) -> u64 {
        self.api.get(path).await.expect(200)["total"]
            .as_u64()
            .expect("a list has a total")
    }
}

fn strings(items: &Value, field: &str) -> Vec<String> {
    let items = items.as_array().expect("a list").iter();
    items
        .map(|item| item[field].as_str().expect("a name").to_owned())
        .collect()
}

/// One connection pool for each client, no proxy, and a time limit above every limit of the host.
pub fn client() -> reqwest::Client {
    install_crypto();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_mins(1))
        .build()
        .expect("a client without TLS roots can be built")
}

/// The client wants to know its cryptography even where no test uses TLS.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Somebody else in this process may have been first; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
