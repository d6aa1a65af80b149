//! Rules for webhooks: what is promised to a receiver must be possible to keep.

use mooring_manifest::{Manifest, SettingKind, Webhook, WebhookHeader, WebhookValue};

use super::{ManifestError, has_setting, require, unique};
use crate::webhooks::sign;

/// Time for one attempt, milliseconds. `webhooks.lease_ms` is more than twice the longest.
const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 1_000..=30_000;

/// Pauses, and the longest of them in seconds: a week.
const RETRIES_MAX: usize = 30;
const RETRY_SECONDS_MAX: u32 = 7 * 24 * 3600;

const HEADERS_MAX: usize = 16;
const TEXT_CHARS_MAX: usize = 200;

/// Headers that a delivery has anyway, or that say how it travels.
const TAKEN: [&str; 4] = [
    "accept-encoding",
    "content-encoding",
    "content-type",
    "user-agent",
];

pub(super) fn check_webhook(manifest: &Manifest, webhook: &Webhook) -> Result<(), ManifestError> {
    let place = |field: &str| format!("webhooks.{}.{field}", webhook.name);
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    require(
        webhook.name.len() <= 40 && webhook.name.chars().all(legal),
        "webhooks",
        "must be named with at most 40 of a-z, 0-9 and -",
    )?;
    require(
        has_setting(manifest, &webhook.url_setting, SettingKind::Url),
        &place("url_setting"),
        "must name a setting of kind url",
    )?;
    if let Some(secret) = &webhook.secret_setting {
        require(
            has_setting(manifest, secret, SettingKind::Secret),
            &place("secret_setting"),
            "must name a setting of kind secret",
        )?;
    }
    require(
        webhook.kinds.iter().all(|kind| is_kind(kind)),
        &place("kinds"),
        "must be kinds such as `invoice.paid` or `invoice.*`",
    )?;
    require(
        TIMEOUT_MS.contains(&webhook.timeout_ms),
        &place("timeout_ms"),
        "must be 1000 to 30000",
    )?;
    let is_pause = |seconds: &u32| (1..=RETRY_SECONDS_MAX).contains(seconds);
    require(
        webhook.retry_seconds.len() <= RETRIES_MAX && webhook.retry_seconds.iter().all(is_pause),
        &place("retry_seconds"),
        "must be at most 30 pauses of 1 to 604800 seconds",
    )?;
    let place = place("headers");
    require(webhook.headers.len() <= HEADERS_MAX, &place, "must be at most 16")?;
    let names = webhook
        .headers
        .iter()
        .map(|header| header.name.to_ascii_lowercase());
    let names: Vec<String> = names.collect();
    unique(&place, names.iter().map(String::as_str))?;
    webhook
        .headers
        .iter()
        .try_for_each(|header| check_header(webhook, header, &place))
}

/// A star stands for everything behind a point, and nowhere else.
fn is_kind(kind: &str) -> bool {
    let name = kind.strip_suffix(".*").unwrap_or(kind);
    kind.len() <= 100 && !name.is_empty() && !name.contains('*')
}

fn check_header(webhook: &Webhook, header: &WebhookHeader, place: &str) -> Result<(), ManifestError> {
    let name = header.name.to_ascii_lowercase();
    require(
        http::HeaderName::try_from(&name).is_ok(),
        place,
        "must have legal names",
    )?;
    let is_taken = TAKEN.contains(&name.as_str())
        || sign::STANDARD_HEADERS.contains(&name.as_str())
        || crate::outbound::is_hosts_own(&name);
    require(!is_taken, place, &format!("`{name}` belongs to the host"))?;
    match &header.value {
        WebhookValue::Text { text } => require(
            text.chars().count() <= TEXT_CHARS_MAX && http::HeaderValue::from_str(text).is_ok(),
            place,
            "a text must be a legal value of at most 200 characters",
        ),
        WebhookValue::EventId { prefix: Some(prefix) } => {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            require(
                (1..=20).contains(&prefix.len()) && prefix.chars().all(legal),
                place,
                "a prefix must be 1 to 20 of a-z, A-Z, 0-9, _ and -",
            )
        }
        WebhookValue::EventId { prefix: None } | WebhookValue::EventKind | WebhookValue::Timestamp => Ok(()),
        WebhookValue::Signature { prefix, message, .. } => {
            require(
                webhook.secret_setting.is_some(),
                place,
                "a signature needs a secret_setting",
            )?;
            require(
                prefix.len() <= 50 && prefix.bytes().all(|byte| byte.is_ascii_graphic()),
                place,
                "a prefix must be at most 50 visible characters",
            )?;
            require(
                message.len() <= 200 && sign::is_template(message),
                place,
                "a message must hold {body}, perhaps {id} and {timestamp}, and no other placeholder",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::super::tests::manifest;
    use crate::runtime::inspect::World;
    use serde_json::{Value, json};

    fn with_webhook(change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let mut manifest = manifest();
        manifest["webhooks"] = json!([{
            "name": "main", "url_setting": "url", "secret_setting": "token",
            "kinds": ["invoice.paid", "credit.*"], "timeout_ms": 10000, "retry_seconds": [30, 120],
            "headers": [
                {"name": "X-Event-Id", "value": {"kind": "event-id", "prefix": "evt_"}},
                {"name": "X-Signature", "value": {
                    "kind": "signature", "prefix": "sha256=", "message": "{body}", "encoding": "hex"
                }}
            ]
        }]);
        change(&mut manifest["webhooks"][0]);
        match parse(&manifest.to_string(), World::Provider, |_| Ok(())) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.place),
        }
    }

    #[test]
    fn a_webhook_that_can_be_kept_is_taken() {
        assert_eq!(with_webhook(|_| ()), Ok(()));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_by_name() {
        let header = |name: &str, value: Value| json!([{ "name": name, "value": value }]);
        let signature = |message: &str| {
            header(
                "x-a",
                json!({"kind": "signature", "message": message, "encoding": "hex"}),
            )
        };
        let text = |name: &str| header(name, json!({"kind": "text", "text": "a"}));
        let cases = [
            ("url_setting", json!("token")),
            ("secret_setting", json!("url")),
            ("kinds", json!([""])),
            ("kinds", json!(["a*"])),
            ("kinds", json!(["*.paid"])),
            ("timeout_ms", json!(999)),
            ("timeout_ms", json!(30_001)),
            ("retry_seconds", json!([0])),
            ("retry_seconds", json!(vec![1; 31])),
            ("retry_seconds", json!([604_801])),
            ("headers", text("a b")),
            ("headers", text("Host")),
            ("headers", text("Connection")),
            ("headers", text("Transfer-Encoding")),
            ("headers", text("Content-Type")),
            ("headers", text("Webhook-Id")),
            ("headers", text("webhook-signature")),
            ("headers", header("x-a", json!({"kind": "text", "text": "a\nb"}))),
            (
                "headers",
                header("x-a", json!({"kind": "event-id", "prefix": "a.b"})),
            ),
            ("headers", json!([text("x-a")[0], text("X-A")[0]])),
            ("headers", signature("{timestamp}")),
            ("headers", signature("{body}{secret}")),
        ];
        for (field, value) in cases {
            let refused = with_webhook(|webhook| webhook[field] = value.clone());
            assert_eq!(refused, Err(format!("webhooks.main.{field}")), "{value}");
        }
        let unsigned = with_webhook(|webhook| webhook["secret_setting"] = Value::Null);
        assert_eq!(unsigned, Err("webhooks.main.headers".to_owned()));
        let named = with_webhook(|webhook| webhook["name"] = json!("Main"));
        assert_eq!(named, Err("webhooks".to_owned()));
    }
}
