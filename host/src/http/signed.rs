//! Requests that are signed: which headers say so, and what was signed.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};

use super::surface::{SurfaceError, header_name};
use crate::exchange::CredentialFailure;

/// Bytes of an HMAC-SHA256.
const CODE_BYTES: usize = 32;

/// The headers of a signed request.
#[derive(Debug)]
pub(super) struct SignedHeaders {
    pub(super) key: HeaderName,
    timestamp: HeaderName,
    signature: HeaderName,
    tolerance_seconds: u32,
}

/// A signature that a request has, not checked yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// As sent: the text is what was signed.
    timestamp: String,
    pub(super) code: [u8; CODE_BYTES],
}

impl Signed {
    /// What the signature is of.
    pub(super) fn message(&self, body: &[u8]) -> Vec<u8> {
        [self.timestamp.as_bytes(), b".", body].concat()
    }
}

impl SignedHeaders {
    pub(super) fn new(
        key: &str,
        timestamp: &str,
        signature: &str,
        tolerance_seconds: u32,
    ) -> Result<SignedHeaders, SurfaceError> {
        Ok(SignedHeaders {
            key: header_name(key)?,
            timestamp: header_name(timestamp)?,
            signature: header_name(signature)?,
            tolerance_seconds,
        })
    }

    /// Whether a plugin must not be given this header.
    pub(super) fn use_header(&self, header: &HeaderName) -> bool {
        *header == self.key || *header == self.signature
    }

    /// The signature of a request. `now` is the machine's clock, not one that was moved: it is compared with another machine's.
    pub(super) fn read(&self, headers: &HeaderMap, now: SystemTime) -> Result<Signed, CredentialFailure> {
        let timestamp = single(headers, &self.timestamp, CredentialFailure::Stale)?;
        let signature = single(headers, &self.signature, CredentialFailure::BadSignature)?;
        let at: u64 = timestamp.parse().map_err(|_| CredentialFailure::Stale)?;
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if now.abs_diff(at) > self.tolerance_seconds.into() {
            return Err(CredentialFailure::Stale);
        }
        Ok(Signed {
            timestamp: timestamp.to_owned(),
            code: decoded(signature).ok_or(CredentialFailure::BadSignature)?,
        })
    }
}

/// The one value of a header, as sent. `unreadable` is what it is for one that is there and says nothing.
fn single<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    unreadable: CredentialFailure,
) -> Result<&'h str, CredentialFailure> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(CredentialFailure::Missing)?;
    match value.to_str() {
        Ok("") => Err(CredentialFailure::Missing),
        Ok(text) if values.next().is_none() => Ok(text),
        _ => Err(unreadable),
    }
}

/// Hexadecimal in any case, or base64: their lengths differ.
fn decoded(signature: &str) -> Option<[u8; CODE_BYTES]> {
    let bytes = if signature.len() == 2 * CODE_BYTES {
        hex::decode(signature).ok()?
    } else {
        STANDARD.decode(signature).ok()?
    };
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn read(timestamp: &[&str], signature: &[&str]) -> Result<Signed, CredentialFailure> {
        let headers = SignedHeaders::new("x-key", "x-time", "x-code", 300).unwrap();
        let mut map = HeaderMap::new();
        for (name, values) in [("x-time", timestamp), ("x-code", signature)] {
            for value in values {
                map.append(name, HeaderValue::from_str(value).unwrap());
            }
        }
        headers.read(&map, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    #[test]
    fn a_signature_is_read_in_either_encoding() {
        let code = [0xAB; CODE_BYTES];
        let now = NOW.to_string();
        for text in [hex::encode(code), hex::encode_upper(code), STANDARD.encode(code)] {
            let signed = read(&[&now], &[&text]).unwrap();
            assert_eq!(signed.code, code, "{text}");
            assert_eq!(signed.message(b"{}"), format!("{now}.{{}}").into_bytes());
        }
    }

    #[test]
    fn the_tolerance_holds_both_ways() {
        let code = hex::encode([0; CODE_BYTES]);
        for (offset, good) in [(-301, false), (-300, true), (300, true), (301, false)] {
            let at = NOW.saturating_add_signed(offset).to_string();
            let read = read(&[&at], &[&code]);
            assert_eq!(read.is_ok(), good, "{offset}");
            assert!(good || read == Err(CredentialFailure::Stale));
        }
    }

    #[test]
    fn what_is_no_signature_is_refused_by_name() {
        use CredentialFailure::{BadSignature, Missing, Stale};
        let (now, code) = (NOW.to_string(), hex::encode([0; CODE_BYTES]));
        for (timestamp, signature, failure) in [
            (&[][..], &[code.as_str()][..], Missing),
            (&[now.as_str()], &[], Missing),
            (&[now.as_str()], &[""], Missing),
            (&["soon"], &[&code], Stale),
            (&["-1"], &[&code], Stale),
            (&[now.as_str()], &["c0ffee"], BadSignature),
            (&[now.as_str()], &[&code[1..]], BadSignature),
            (&[now.as_str()], &[&"z".repeat(64)], BadSignature),
            (&[now.as_str(), now.as_str()], &[&code], Stale),
            (&[now.as_str()], &[&code, &code], BadSignature),
        ] {
            assert_eq!(
                read(timestamp, signature),
                Err(failure),
                "{timestamp:?} {signature:?}"
            );
        }
    }
}
