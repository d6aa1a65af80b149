//! The Central surface of a demo host, as its tests call it: every request signed.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Answer, Api, HostOptions, TestHost};

/// The demo's application.
pub struct Demo {
    /// The host.
    pub host: TestHost,
    /// Who signs.
    pub client: Client,
    /// What its webhooks are signed with.
    pub webhook_secret: String,
}

/// Signs requests and sends them.
#[derive(Clone)]
pub struct Client {
    api: Api,
    /// Its key.
    pub api_key: String,
    /// What its requests are signed with.
    pub secret_key: String,
}

impl Demo {
    /// A demo host whose clock can be moved, without a limit of requests.
    pub async fn start() -> Demo {
        Demo::start_with(HostOptions::new().allow_loopback()).await
    }

    /// As [`Demo::start`], with further options.
    pub async fn start_with(options: HostOptions) -> Demo {
        let demo = Demo::of(options.argument("--movable-clock").start());
        let tenant = demo.host.demo_tenant();
        demo.host
            .admin()
            .set(&tenant, "central", "rate_limit_per_minute", "0")
            .await;
        demo
    }

    /// The demo of a host that runs.
    pub fn of(host: TestHost) -> Demo {
        let field = |name: &str| host.demo_field("central", name);
        assert!(field("base_url").ends_with("/central/api/v1"));
        Demo {
            client: Client {
                api: Api::new(&field("base_url")),
                api_key: field("api_key"),
                secret_key: field("secret_key"),
            },
            webhook_secret: field("webhook_secret"),
            host,
        }
    }

    /// Asks for what must be there.
    pub async fn get(&self, path: &str) -> Value {
        self.client.send(Method::GET, path, "", &[]).await.expect(200)
    }

    /// Sends what must be taken.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.client.send(Method::POST, path, &body.to_string(), &[]).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    }

    /// A subscription of a customer to a plan; its id.
    pub async fn subscribe(&self, email: &str, plan: &str, more: Value) -> String {
        let mut body = json!({ "customer_email": email, "plan_id": plan });
        for (field, value) in more.as_object().expect("an object") {
            body[field] = value.clone();
        }
        let made = self.post("/subscriptions", &body).await;
        made["subscription"]["id"].as_str().expect("an id").to_owned()
    }

    /// As it stands.
    pub async fn subscription(&self, id: &str) -> Value {
        self.get(&format!("/subscriptions/{id}")).await["subscription"].clone()
    }

    /// Has what a subscription owes paid, without money; false if it owes nothing.
    pub async fn pay_open(&self, subscription: &str) -> bool {
        let open = self.subscription(subscription).await["open_invoice"].clone();
        let Some(invoice) = open.as_str() else {
            return false;
        };
        let path = format!("/subscription-invoices/{invoice}/payment");
        let paying = self.post(&path, &json!({})).await;
        let transaction = paying["transaction"]["id"].as_str().expect("an id");
        self.host
            .mooring_ok(&["payment", "simulate", transaction, "--outcome", "paid"]);
        true
    }

    /// Moves the clock, and waits until all that is due has been done.
    pub async fn pass(&self, by: &str) {
        self.host.mooring_ok(&["clock", "advance", "--by", by]);
        self.settle().await;
    }

    /// Waits until all that is due has been done.
    pub async fn settle(&self) {
        crate::eventually("all that is due has been done", async || {
            let clock = self.host.admin().api().get("/clock").await.expect(200);
            (clock["settled"] == true).then_some(())
        })
        .await;
    }
}

impl Client {
    /// A signed request with these further headers.
    pub async fn send(&self, method: Method, path: &str, body: &str, more: &[(&str, &str)]) -> Answer {
        let timestamp = now().to_string();
        let signature = sign(&self.secret_key, &timestamp, body);
        let mut headers = vec![
            ("content-type", "application/json"),
            ("x-api-key", self.api_key.as_str()),
            ("x-timestamp", &timestamp),
            ("x-signature", &signature),
        ];
        headers.extend_from_slice(more);
        self.api.send(method, path, &headers, body.to_owned()).await
    }

    /// A signed request with headers of one's own in their place.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        self.api.send(method, path, headers, body.to_owned()).await
    }
}

/// Seconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

/// The document's signature, in hexadecimal.
pub fn sign(secret: &str, timestamp: &str, body: &str) -> String {
    hex::encode(code(secret, &format!("{timestamp}.{body}")))
}

/// HMAC-SHA256.
pub fn code(secret: &str, message: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}
