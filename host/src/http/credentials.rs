//! Where a request carries its key.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use mooring_manifest::{Credential, Manifest};
use serde_json::Value;

use super::path_keys::{PathKeys, TAKEN};
use super::signed::{Signed, SignedHeaders};
use super::surface::{SurfaceError, header_name};
use crate::exchange::CredentialFailure;

/// Longer ones are not ours; ours have 256 random bits behind a prefix.
const KEY_BYTES_MAX: usize = 256;

/// A surface's credential schemes, in the order in which they are tried.
#[derive(Debug)]
pub(super) struct Credentials {
    schemes: Vec<Scheme>,
    /// Where keys are in paths.
    pub(super) path_keys: PathKeys,
    /// Routes whose bodies may have the key, and where.
    in_bodies: Vec<(String, String)>,
    key_prefix: String,
    realm: String,
}

#[derive(Debug)]
enum Scheme {
    Bearer,
    Header(HeaderName),
    Path,
    Signed(SignedHeaders),
}

/// What a request presents.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Presented<'h> {
    pub(super) key: &'h str,
    /// Where requests are signed.
    pub(super) signed: Option<Signed>,
}

impl Credentials {
    pub(super) fn new(manifest: &Manifest) -> Result<Credentials, SurfaceError> {
        let schemes = manifest
            .credentials
            .iter()
            .filter_map(|credential| match credential {
                Credential::Bearer => Some(Ok(Scheme::Bearer)),
                Credential::Header { name } => Some(header_name(name).map(Scheme::Header)),
                Credential::Path { .. } => Some(Ok(Scheme::Path)),
                Credential::Signed {
                    key_header,
                    timestamp_header,
                    signature_header,
                    tolerance_seconds,
                } => Some(
                    SignedHeaders::new(key_header, timestamp_header, signature_header, *tolerance_seconds)
                        .map(Scheme::Signed),
                ),
                Credential::Body { .. } => None,
            })
            .collect::<Result<_, _>>()?;
        let path_keys = PathKeys::new(manifest).map_err(SurfaceError::PathCredential)?;
        let in_bodies = manifest
            .credentials
            .iter()
            .filter_map(|credential| match credential {
                Credential::Body { route, pointer } => Some((route.clone(), pointer.clone())),
                _ => None,
            });
        let in_bodies: Vec<_> = in_bodies.collect();
        let realm = manifest.name.clone();
        Ok(Credentials {
            schemes,
            path_keys,
            in_bodies,
            key_prefix: manifest.key_prefix.clone(),
            realm,
        })
    }

    pub(super) fn use_header(&self, header: &HeaderName) -> bool {
        self.schemes.iter().any(|scheme| match scheme {
            Scheme::Bearer => *header == AUTHORIZATION,
            Scheme::Header(name) => header == name,
            Scheme::Path => false,
            Scheme::Signed(headers) => headers.use_header(header),
        })
    }

    /// Where the body of this route may have the key (JSON Pointer).
    pub(super) fn key_in_body(&self, route: &str) -> Option<&str> {
        let mut routes = self.in_bodies.iter();
        routes
            .find(|(known, _)| known == route)
            .map(|(_, pointer)| pointer.as_str())
    }

    /// Takes the key out of a body, and leaves what a plugin is given.
    pub(super) fn take_from(&self, body: &mut Bytes, pointer: &str) -> Result<String, CredentialFailure> {
        match blank(body, pointer) {
            None => Err(CredentialFailure::Missing),
            Some(Value::String(key)) if key.is_empty() => Err(CredentialFailure::Missing),
            Some(Value::String(key)) if self.has_form(&key) => Ok(key),
            Some(_) => Err(CredentialFailure::Malformed),
        }
    }

    /// What keys of this surface start with; empty if they have no prefix.
    pub(super) fn key_prefix(&self) -> &str {
        &self.key_prefix
    }

    /// The key that a request presents: the first scheme that it uses at all. A header sent twice is refused, because
    /// two readers of the request might disagree on which one counts. `in_path` is the key that its path has, if it has one.
    pub(super) fn presented<'h>(
        &self,
        headers: &'h HeaderMap,
        in_path: Option<&'h str>,
        now: SystemTime,
    ) -> Result<Presented<'h>, CredentialFailure> {
        let mut failure = CredentialFailure::Missing;
        for scheme in &self.schemes {
            let name = match scheme {
                Scheme::Bearer => &AUTHORIZATION,
                Scheme::Header(name) => name,
                Scheme::Signed(headers) => &headers.key,
                Scheme::Path => match in_path {
                    Some(key) if self.has_form(key) => return Ok(Presented { key, signed: None }),
                    Some(_) => return Err(CredentialFailure::Malformed),
                    None => continue,
                },
            };
            let mut values = headers.get_all(name).iter();
            let Some(value) = values.next() else { continue };
            if values.next().is_some() {
                return Err(CredentialFailure::Malformed);
            }
            match scheme.key(value) {
                Some(key) if self.has_form(key) => {
                    let signed = match scheme {
                        Scheme::Signed(signing) => Some(signing.read(headers, now)?),
                        Scheme::Bearer | Scheme::Header(_) | Scheme::Path => None,
                    };
                    return Ok(Presented { key, signed });
                }
                Some(_) => return Err(CredentialFailure::Malformed),
                // An empty header is no key.
                None if !matches!(scheme, Scheme::Bearer) => {}
                // Another scheme's `Authorization`: what follows may still fit.
                None => failure = CredentialFailure::Malformed,
            }
        }
        Err(failure)
    }

    fn has_form(&self, key: &str) -> bool {
        key.len() <= KEY_BYTES_MAX
            && key.len() > self.key_prefix.len()
            && key.starts_with(&self.key_prefix)
            && key.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// The challenge of a 401 or 403 (RFC 6750, 3), where a bearer token would do.
    pub(super) fn challenge(&self, reason: Challenge<'_>) -> Option<HeaderValue> {
        if !self.schemes.iter().any(|scheme| matches!(scheme, Scheme::Bearer)) {
            return None;
        }
        let realm = &self.realm;
        let text = match reason {
            Challenge::Missing => format!("Bearer realm=\"{realm}\""),
            Challenge::Invalid => format!("Bearer realm=\"{realm}\", error=\"invalid_token\""),
            Challenge::Scope(scope) => {
                format!("Bearer realm=\"{realm}\", error=\"insufficient_scope\", scope=\"{scope}\"")
            }
        };
        HeaderValue::try_from(text).ok()
    }
}

/// Takes what a body has in the place of a key, and puts in there what a plugin is given. Nothing if it has no such place.
pub(super) fn blank(body: &mut Bytes, pointer: &str) -> Option<Value> {
    let mut json: Value = serde_json::from_slice(body).ok()?;
    let taken = std::mem::replace(json.pointer_mut(pointer)?, TAKEN.into());
    *body = json.to_string().into();
    Some(taken)
}

/// Why a client is asked to try again.
pub(super) enum Challenge<'s> {
    /// It sent no token.
    Missing,
    /// Its token is no good.
    Invalid,
    /// Its token lacks this scope.
    Scope(&'s str),
}

impl Scheme {
    /// The key in a header, or nothing if the header belongs to another scheme or is empty.
    fn key<'h>(&self, value: &'h HeaderValue) -> Option<&'h str> {
        let Ok(text) = value.to_str() else { return None };
        let key = match self {
            Scheme::Header(_) | Scheme::Path | Scheme::Signed(_) => text.trim(),
            Scheme::Bearer => {
                let (scheme, key) = text.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())?
            }
        };
        (!key.is_empty()).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(headers: &[(&'static str, &str)]) -> Result<String, CredentialFailure> {
        let manifest = Manifest {
            credentials: vec![
                Credential::Bearer,
                Credential::Header {
                    name: "x-api-key".to_owned(),
                },
            ],
            key_prefix: "vfc_".to_owned(),
            ..Manifest::default()
        };
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect();
        Credentials::new(&manifest)
            .unwrap()
            .presented(&map, None, SystemTime::now())
            .map(|presented| presented.key.to_owned())
    }

    #[test]
    fn a_key_is_found_in_either_place() {
        for headers in [
            &[("authorization", "Bearer vfc_1")][..],
            &[("authorization", "bEARER   vfc_1 ")],
            &[("x-api-key", " vfc_1 ")],
            &[("authorization", "Basic dTpw"), ("x-api-key", "vfc_1")],
            &[("authorization", "Bearer vfc_1"), ("x-api-key", "vfc_2")],
        ] {
            assert_eq!(present(headers).as_deref(), Ok("vfc_1"), "{headers:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        use CredentialFailure::{Malformed, Missing};
        let long = format!("vfc_{}", "x".repeat(KEY_BYTES_MAX));
        for (headers, failure) in [
            (&[][..], Missing),
            (&[("cookie", "vfc_1")], Missing),
            (&[("authorization", "Basic dTpw")], Malformed),
            (&[("authorization", "Bearer")], Malformed),
            (&[("authorization", "Bearer ")], Malformed),
            (&[("authorization", "vfc_1")], Malformed),
            (&[("authorization", "Bearer other_1")], Malformed),
            (&[("authorization", "Bearer vfc_")], Malformed),
            (&[("authorization", "Bearer vfc_1 x")], Malformed),
            (
                &[
                    ("authorization", "Bearer vfc_1"),
                    ("authorization", "Bearer vfc_1"),
                ],
                Malformed,
            ),
            (&[("x-api-key", &long)], Malformed),
        ] {
            assert_eq!(present(headers), Err(failure), "{headers:?}");
        }
    }

    #[test]
    fn a_key_of_the_path_is_taken_in_its_turn() {
        let manifest: Manifest = serde_json::from_value(serde_json::json!({
            "name": "p", "version": "1.0.0", "summary": "", "key_prefix": "px_",
            "credentials": [{"kind": "path", "parameter": "key"}, {"kind": "bearer"}],
            "routes": [{"name": "r", "method": "GET", "path": "/{key}", "access": "read", "guard": {"kind": "key"}}],
        }))
        .unwrap();
        let credentials = Credentials::new(&manifest).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer px_header"));
        let presented = |in_path| {
            let presented = credentials.presented(&headers, in_path, SystemTime::now());
            presented.map(|presented| presented.key)
        };
        assert_eq!(presented(Some("px_path")), Ok("px_path"));
        assert_eq!(presented(None), Ok("px_header"), "a route without the parameter");
        let long = format!("px_{}", "x".repeat(KEY_BYTES_MAX));
        for wrong in ["x", "px_", "px_a b", "px_\u{e9}", &long] {
            assert_eq!(
                presented(Some(wrong)),
                Err(CredentialFailure::Malformed),
                "{wrong}"
            );
        }
    }
}
