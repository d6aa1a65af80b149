//! Where a request carries its key.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use mooring_manifest::{Credential, Manifest};

use super::surface::{SurfaceError, header_name};
use crate::exchange::CredentialFailure;

/// Longer ones are not ours; ours have 256 random bits behind a prefix.
const KEY_BYTES_MAX: usize = 256;

/// A surface's credential schemes, in the order in which they are tried.
#[derive(Debug)]
pub(super) struct Credentials {
    schemes: Vec<Scheme>,
    key_prefix: String,
    realm: String,
}

#[derive(Debug)]
enum Scheme {
    Bearer,
    Header(HeaderName),
}

impl Credentials {
    pub(super) fn new(manifest: &Manifest) -> Result<Credentials, SurfaceError> {
        let schemes = manifest
            .credentials
            .iter()
            .map(|credential| match credential {
                Credential::Bearer => Ok(Scheme::Bearer),
                Credential::Header { name } => header_name(name).map(Scheme::Header),
                Credential::Path { .. } => Err(SurfaceError::PathCredential),
            })
            .collect::<Result<_, _>>()?;
        let realm = manifest.name.clone();
        Ok(Credentials {
            schemes,
            key_prefix: manifest.key_prefix.clone(),
            realm,
        })
    }

    pub(super) fn use_header(&self, header: &HeaderName) -> bool {
        self.schemes.iter().any(|scheme| match scheme {
            Scheme::Bearer => *header == AUTHORIZATION,
            Scheme::Header(name) => header == name,
        })
    }

    /// What keys of this surface start with; empty if they have no prefix.
    pub(super) fn key_prefix(&self) -> &str {
        &self.key_prefix
    }

    /// The key that a request presents: the first scheme that it uses at all. A header sent twice is refused, because
    /// two readers of the request might disagree on which one counts.
    pub(super) fn presented<'h>(&self, headers: &'h HeaderMap) -> Result<&'h str, CredentialFailure> {
        let mut failure = CredentialFailure::Missing;
        for scheme in &self.schemes {
            let name = match scheme {
                Scheme::Bearer => &AUTHORIZATION,
                Scheme::Header(name) => name,
            };
            let mut values = headers.get_all(name).iter();
            let Some(value) = values.next() else { continue };
            if values.next().is_some() {
                return Err(CredentialFailure::Malformed);
            }
            match scheme.key(value) {
                Some(key) if self.has_form(key) => return Ok(key),
                Some(_) => return Err(CredentialFailure::Malformed),
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
            Scheme::Header(_) => text.trim(),
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
            .presented(&map)
            .map(str::to_owned)
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
}
