//! Notifications of Stripe's, delivered well or badly.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `checkout.session.completed`.
    pub kind: String,
    /// The whole of it, as it is sent.
    pub body: String,
}

/// How an event is signed.
#[derive(Clone, Debug)]
pub struct Signing {
    secrets: Vec<String>,
    age: Duration,
}

impl Signing {
    /// With one secret, now.
    pub fn with(secret: &str) -> Signing {
        Signing {
            secrets: vec![secret.to_owned()],
            age: Duration::ZERO,
        }
    }

    /// With another secret too, as while one is being replaced.
    #[must_use]
    pub fn and(mut self, secret: &str) -> Signing {
        self.secrets.push(secret.to_owned());
        self
    }

    /// So long ago.
    #[must_use]
    pub fn aged(mut self, age: Duration) -> Signing {
        self.age = age;
        self
    }

    /// The value of `Stripe-Signature`.
    pub fn header(&self, body: &str) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("the clock is set");
        let time = now.saturating_sub(self.age).as_secs();
        let mut header = format!("t={time}");
        for secret in &self.secrets {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
            mac.update(format!("{time}.{body}").as_bytes());
            header.push_str(",v1=");
            header.push_str(&hex::encode(mac.finalize().into_bytes()));
        }
        header
    }
}

impl Event {
    pub(super) fn new(id: usize, kind: &str, object: &Value) -> Event {
        let body = serde_json::json!({
            "id": format!("evt_{id}"), "object": "event", "type": kind, "data": { "object": object },
        });
        Event {
            kind: kind.to_owned(),
            body: body.to_string(),
        }
    }

    /// Sends it once; gives the status of the answer.
    pub async fn deliver(&self, to: &str, signing: &Signing) -> u16 {
        let request = reqwest::Client::new()
            .post(to)
            .header("content-type", "application/json; charset=utf-8")
            .header("stripe-signature", signing.header(&self.body))
            .body(self.body.clone());
        let answer = request.send().await.expect("the host answers");
        answer.status().as_u16()
    }
}
