//! Notifications of PayPal's, delivered well or badly.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// What this PayPal signs with; nobody else knows it, and the host has to ask.
const KEY: &[u8] = b"only this PayPal knows";
/// When everything is said to have been sent.
const TIME: &str = "2026-11-27T00:00:00Z";

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `PAYMENT.CAPTURE.COMPLETED`.
    pub kind: String,
    /// The whole of it, as it is sent.
    pub body: String,
    id: String,
    signature: String,
}

impl Event {
    pub(super) fn new(number: usize, kind: &str, resource: &Value) -> Event {
        let id = format!("WH-{number}");
        let body = serde_json::json!({
            "id": id, "event_version": "1.0", "event_type": kind, "resource": resource,
        });
        // As PayPal writes it: not as anybody's JSON writer would write it again.
        let body = format!(" {} ", body.to_string().replace("\":", "\": "));
        let signature = signature(&id, TIME, &body);
        Event {
            kind: kind.to_owned(),
            body,
            id,
            signature,
        }
    }

    /// The same event with another body under its signature.
    #[must_use]
    pub fn forged(mut self, from: &str, to: &str) -> Event {
        assert!(self.body.contains(from), "{from} is not in {}", self.body);
        self.body = self.body.replace(from, to);
        self
    }

    /// Sends it once; gives the status of the answer.
    pub async fn deliver(&self, to: &str) -> u16 {
        let request = reqwest::Client::new()
            .post(to)
            .header("content-type", "application/json")
            .header("paypal-auth-algo", "SHA256withRSA")
            .header(
                "paypal-cert-url",
                "https://api.paypal.com/v1/notifications/certs/CERT-1",
            )
            .header("paypal-transmission-id", &self.id)
            .header("paypal-transmission-sig", &self.signature)
            .header("paypal-transmission-time", TIME)
            .body(self.body.clone());
        let answer = request.send().await.expect("the host answers");
        answer.status().as_u16()
    }
}

/// Whether a question about an event, as it arrived, is about one that was sent so.
pub(super) fn is_ours(question: &str, webhook: &str) -> bool {
    let Ok(parsed) = serde_json::from_str::<Value>(question) else {
        return false;
    };
    let member = |name: &str| parsed[name].as_str().unwrap_or_default();
    // The bytes of the event, not what they mean.
    let event = question
        .split_once("\"webhook_event\":")
        .and_then(|(_, rest)| rest.strip_suffix('}'));
    let known = ["auth_algo", "cert_url"]
        .iter()
        .all(|name| !member(name).is_empty());
    event.is_some_and(|event| {
        let expected = signature(member("transmission_id"), member("transmission_time"), event);
        known && member("webhook_id") == webhook && member("transmission_sig") == expected
    })
}

fn signature(id: &str, time: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("any key will do");
    mac.update(format!("{id}|{time}|{body}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}
