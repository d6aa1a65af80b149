//! The name under which a request is known in logs, in the audit and to its client.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A client's own id is taken over within these lengths.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;

/// Makes request ids: a random number of this process, then a count. Unique, and no secret.
pub(super) struct RequestIds {
    process: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn new() -> RequestIds {
        RequestIds {
            process: RandomState::new().hash_one(()),
            count: AtomicU64::new(1),
        }
    }

    /// The client's id if it is a sane one, otherwise a new one.
    pub(super) fn id(&self, headers: &HeaderMap) -> String {
        let sane = |text: &&str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            LENGTHS.contains(&text.len()) && text.bytes().all(plain)
        };
        match headers
            .get(X_REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(sane)
        {
            Some(given) => given.to_owned(),
            None => {
                format!(
                    "req_{:016x}{:08x}",
                    self.process,
                    self.count.fetch_add(1, Ordering::Relaxed)
                )
            }
        }
    }
}

/// The id as a header.
pub(super) fn header(id: &str) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::copy_from_slice(id.as_bytes()))
        .expect("an id is made of plain characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(given: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(given.as_bytes()).unwrap());
        RequestIds::new().id(&headers)
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_is_replaced() {
        assert_eq!(id("0190-abc_DEF.1"), "0190-abc_DEF.1");
        for given in [
            "",
            "short",
            "with space",
            "semi;colon",
            "ümläute-",
            &"x".repeat(65),
        ] {
            assert!(id(given).starts_with("req_"), "{given}");
        }
    }

    #[test]
    fn ids_differ() {
        let (ids, none) = (RequestIds::new(), HeaderMap::new());
        assert_ne!(ids.id(&none), ids.id(&none));
        assert_ne!(RequestIds::new().id(&none), RequestIds::new().id(&none));
    }
}
