//! What a delivery carries beside its body: ids, times and signatures.
//!
//! Every delivery has the three headers of Standard Webhooks 1.0, and the provider's own as its manifest declares them.
//! Both are made anew for every attempt, from the same id and the same bytes.
//!
//! | | key | secrets |
//! | --- | --- | --- |
//! | `webhook-signature` | `whsec_…` decoded from base64; any other secret as its bytes | the newest, and those it replaced, during their overlap |
//! | the provider's header | the secret's bytes as they are written, as the provider's receivers use it | the newest alone: one value has no room for two |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use mooring_core::webhooks::Secrets;
use mooring_manifest::{SignatureEncoding, WebhookHeader, WebhookValue};
use sha2::{Digest, Sha256};

/// Names that the host sets itself; a manifest cannot declare them.
pub(crate) const STANDARD_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// The prefix of a secret that is base64.
const BASE64_SECRET: &str = "whsec_";

/// Letters of an id with a provider's prefix.
const ID_HEX_BYTES: usize = 16;

/// What is signed: one attempt of one event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'m> {
    /// `ev_…`
    pub(super) event: &'m str,
    pub(super) kind: &'m str,
    pub(super) body: &'m str,
    /// Seconds since the epoch, of this attempt.
    pub(super) timestamp: u64,
}

/// All headers of an attempt but those of HTTP itself.
pub(super) fn headers(
    declared: &[WebhookHeader],
    message: Message<'_>,
    secrets: &Secrets,
) -> Vec<(String, String)> {
    let mut headers = vec![
        ("webhook-id".to_owned(), message.event.to_owned()),
        ("webhook-timestamp".to_owned(), message.timestamp.to_string()),
    ];
    let signed = format!("{}.{}.{}", message.event, message.timestamp, message.body);
    let signatures: Vec<String> = secrets
        .newest
        .iter()
        .chain(&secrets.previous)
        .map(|secret| format!("v1,{}", STANDARD.encode(mac(&standard_key(secret), &signed))))
        .collect();
    if !signatures.is_empty() {
        headers.push(("webhook-signature".to_owned(), signatures.join(" ")));
    }
    let id = own_id(declared, message.event);
    for header in declared {
        if let Some(value) = value(&header.value, &id, message, secrets.newest.as_deref()) {
            headers.push((header.name.clone(), value));
        }
    }
    headers
}

/// Whether what a manifest has signed has known placeholders only, and the body among them.
pub(crate) fn is_template(text: &str) -> bool {
    let rest = text
        .replace("{id}", "")
        .replace("{timestamp}", "")
        .replace("{body}", "");
    text.contains("{body}") && !rest.contains(['{', '}'])
}

fn value(declared: &WebhookValue, id: &str, message: Message<'_>, secret: Option<&str>) -> Option<String> {
    Some(match declared {
        WebhookValue::Text { text } => text.clone(),
        WebhookValue::EventId { prefix } => prefixed_id(prefix.as_deref(), message.event),
        WebhookValue::EventKind => message.kind.to_owned(),
        WebhookValue::Timestamp => message.timestamp.to_string(),
        WebhookValue::Signature {
            prefix,
            message: template,
            encoding,
        } => {
            let code = mac(secret?.as_bytes(), &filled(template, id, message));
            let code = match encoding {
                SignatureEncoding::Hex => hex::encode(code),
                SignatureEncoding::Base64 => STANDARD.encode(code),
            };
            format!("{prefix}{code}")
        }
    })
}

/// The id that the provider's receivers see: that of the header which carries it, or the event's.
fn own_id(declared: &[WebhookHeader], event: &str) -> String {
    let prefix = declared.iter().find_map(|header| match &header.value {
        WebhookValue::EventId { prefix } => Some(prefix.as_deref()),
        _ => None,
    });
    prefixed_id(prefix.flatten(), event)
}

fn prefixed_id(prefix: Option<&str>, event: &str) -> String {
    match prefix {
        None => event.to_owned(),
        Some(prefix) => {
            let digest = Sha256::digest(event.as_bytes());
            format!("{prefix}{}", hex::encode(&digest[..ID_HEX_BYTES]))
        }
    }
}

/// One pass, so that a body which contains `{id}` is signed as it is.
fn filled(template: &str, id: &str, message: Message<'_>) -> String {
    let mut filled = String::with_capacity(template.len() + message.body.len() + 64);
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
        match name {
            "id" => filled.push_str(id),
            "timestamp" => filled.push_str(&message.timestamp.to_string()),
            _ => filled.push_str(message.body),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// A `whsec_` secret that is no base64 after all is used as it is written: a receiver with the same text can do the same.
fn standard_key(secret: &str) -> Vec<u8> {
    secret
        .strip_prefix(BASE64_SECRET)
        .and_then(|base64| STANDARD.decode(base64).ok())
        .unwrap_or_else(|| secret.as_bytes().to_vec())
}

/// A new secret, of the form that both kinds of receivers take.
pub(crate) fn new_secret(random: &[u8]) -> String {
    format!("{BASE64_SECRET}{}", STANDARD.encode(random))
}

fn mac(key: &[u8], message: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Message<'static> = Message {
        event: "ev_0123456789abcdefghijAB",
        kind: "invoice.paid",
        body: "{\"event_type\":\"invoice.paid\",\"note\":\"{id} ümläut\"}",
        timestamp: 1_700_000_000,
    };

    fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
        let found = headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn secrets(newest: &str, previous: &[&str]) -> Secrets {
        Secrets {
            newest: Some(newest.to_owned()),
            previous: previous.iter().map(|&secret| secret.to_owned()).collect(),
        }
    }

    fn own(name: &str, value: WebhookValue) -> WebhookHeader {
        WebhookHeader {
            name: name.to_owned(),
            value,
        }
    }

    fn signature(prefix: &str, message: &str, encoding: SignatureEncoding) -> WebhookValue {
        WebhookValue::Signature {
            prefix: prefix.to_owned(),
            message: message.to_owned(),
            encoding,
        }
    }

    // Computed with Python's hmac, hashlib and base64.
    #[test]
    fn standard_signatures_are_those_of_an_independent_implementation() {
        let plain = headers(&[], MESSAGE, &secrets("plain secret", &[]));
        let expected = "v1,lQJa7ve/rcszqBlSliyF+yDUMPjV7EcSpN7rfzJ4u78=";
        assert_eq!(header(&plain, "webhook-signature"), Some(expected));
        assert_eq!(header(&plain, "webhook-id"), Some(MESSAGE.event));
        assert_eq!(header(&plain, "webhook-timestamp"), Some("1700000000"));
        let both = headers(
            &[],
            MESSAGE,
            &secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &["plain secret"]),
        );
        let expected = format!("v1,KGbAA1QJSiJm7j68EKzhOQlxV9HGFzzhAAQSrs8KmA4= {expected}");
        assert_eq!(header(&both, "webhook-signature"), Some(&*expected));
    }

    // As above.
    #[test]
    fn a_providers_own_headers_are_those_of_its_manifest() {
        let declared = [
            own(
                "X-Event-Id",
                WebhookValue::EventId {
                    prefix: Some("evt_".to_owned()),
                },
            ),
            own("X-Event-Type", WebhookValue::EventKind),
            own("X-Sent", WebhookValue::Timestamp),
            own("X-Sign", signature("sha256=", "{body}", SignatureEncoding::Hex)),
            own(
                "X-Source",
                WebhookValue::Text {
                    text: "shop".to_owned(),
                },
            ),
        ];
        let made = headers(
            &declared,
            MESSAGE,
            &secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &["plain secret"]),
        );
        let id = "evt_5c1181ee3781650416643af634cae0b8";
        assert_eq!(header(&made, "X-Event-Id"), Some(id));
        assert_eq!(header(&made, "X-Event-Type"), Some("invoice.paid"));
        assert_eq!(header(&made, "X-Sent"), Some("1700000000"));
        assert_eq!(header(&made, "X-Source"), Some("shop"));
        // Of the newest secret alone, as it is written.
        let expected = "sha256=61a6d56d1042931bb3107326a6e7de5e5a057e3e8dcffcfa02a216ef8e1288f9";
        assert_eq!(header(&made, "X-Sign"), Some(expected));

        let declared = [
            own(
                "X-Sign",
                signature("", "{id}.{timestamp}.{body}", SignatureEncoding::Base64),
            ),
            own(
                "X-Event-Id",
                WebhookValue::EventId {
                    prefix: Some("evt_".to_owned()),
                },
            ),
        ];
        let made = headers(&declared, MESSAGE, &secrets("plain secret", &[]));
        let expected = "3mAET1H0T3d0uIAe0aejE5bwAvsWZ0VQu97w8ysI9Cc=";
        assert_eq!(header(&made, "X-Sign"), Some(expected));
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        let declared = [own("x-sign", signature("", "{body}", SignatureEncoding::Hex))];
        let headers = headers(&declared, MESSAGE, &Secrets::default());
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["webhook-id", "webhook-timestamp"]);
    }

    #[test]
    fn templates_know_three_placeholders_and_hold_the_body() {
        for template in ["{body}", "{timestamp}.{body}", "{id}.{timestamp}.{body}"] {
            assert!(is_template(template), "{template}");
        }
        for template in ["", "{timestamp}", "{body}{x}", "{body", "{body}}", "{ body }"] {
            assert!(!is_template(template), "{template}");
        }
    }

    #[test]
    fn a_new_secret_is_32_bytes_that_both_kinds_of_receivers_take() {
        let secret = new_secret(&[7; 32]);
        assert_eq!(standard_key(&secret), [7; 32]);
        assert!(secret.starts_with("whsec_"));
    }
}
