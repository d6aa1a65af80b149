//! The idempotency key of a request.

use http::header::HeaderName;
use http::request::Parts;
use mooring_core::idempotency::Claim;
use mooring_core::keys::Principal;
use mooring_manifest::{Access, Route};
use sha2::{Digest, Sha256};

use crate::exchange::{Cause, IDEMPOTENCY_KEY_BYTES_MAX as KEY_BYTES_MAX};

/// draft-ietf-httpapi-idempotency-key-header.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What the caller calls this request, if it has a name; only on a route that writes.
pub(super) fn of(
    rule: &Route,
    parts: &Parts,
    body: &[u8],
    principal: Option<&Principal>,
) -> Result<Option<Claim>, Cause> {
    let (Some(principal), Access::Write) = (principal, rule.access) else {
        return Ok(None);
    };
    let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let malformed = |reason: String| Err(Cause::Malformed(reason));
    if values.next().is_some() {
        return malformed("the request has more than one Idempotency-Key".to_owned());
    }
    match value.to_str() {
        Ok(key) if (1..=KEY_BYTES_MAX).contains(&key.len()) => Ok(Some(Claim {
            by: principal.key().clone(),
            key: key.to_owned(),
            fingerprint: fingerprint(parts, body),
        })),
        _ => malformed(format!(
            "Idempotency-Key must be 1 to {KEY_BYTES_MAX} characters of ASCII"
        )),
    }
}

/// Of all that decides what the request does. The path is taken as sent: nobody sends the same request another way.
fn fingerprint(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let mut digest = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), target.as_bytes(), body] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}
