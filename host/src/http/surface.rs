//! A manifest, compiled for requests.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, Method};
use matchit::Match;
use mooring_manifest::{Access, Checkout, Manifest, Route};

use super::checkout::{self, Place, Spot};
use super::credentials::Credentials;
use super::path::{check_path, check_pattern, decode};
use crate::exchange::Cause;

/// What a plugin's manifest says about its HTTP surface, ready to be asked. Made once, when the plugin is loaded.
#[derive(Debug)]
pub struct Surface {
    manifest: Arc<Manifest>,
    routers: Vec<(Method, matchit::Router<u32>)>,
    pub(super) credentials: Credentials,
    request_headers: Vec<HeaderName>,
    /// Where links for payers lie; nowhere if the plugin makes no payments.
    checkout_places: Vec<Place>,
    /// Requests per minute of one address where no route is found: the most that any route allows, so no limit where
    /// a route has none.
    pub(super) rate_limit_unrouted: Option<u32>,
}

/// Why a manifest cannot be served.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SurfaceError {
    /// Not a method, or not in upper case.
    #[error("route `{route}`: `{method}` is not a method in upper case")]
    Method {
        /// Name of the route.
        route: String,
        /// What it has.
        method: String,
    },
    /// The path has a bad pattern, or another route of the method has the same one.
    #[error("route `{route}`: {reason}")]
    Path {
        /// Name of the route.
        route: String,
        /// What is wrong.
        reason: String,
    },
    /// The path of the hosted page cannot be served.
    #[error("`checkout.path`: {0}")]
    Checkout(&'static str),
    /// Not a header's name in lower case.
    #[error("`{0}` is not a header name in lower case")]
    Header(String),
    /// A credential is a parameter that no path has.
    #[error("keys are in the parameter `{0}`, which no route has")]
    PathCredential(String),
    /// A plugin sees no credentials.
    #[error("the header `{0}` carries credentials, which a plugin is not given")]
    CredentialHeader(String),
}

/// A request's route.
#[derive(Debug)]
pub(super) struct Found {
    /// In the manifest.
    pub(super) index: u32,
    /// Percent-decoded, without keys.
    pub(super) params: Vec<String>,
    /// The key that was among them.
    pub(super) key: Option<String>,
}

impl Surface {
    /// Compiles a manifest.
    pub fn new(manifest: Arc<Manifest>) -> Result<Surface, SurfaceError> {
        let credentials = Credentials::new(&manifest)?;
        let request_headers = manifest
            .request_headers
            .iter()
            .map(|name| {
                let header = header_name(name)?;
                let secret = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(&header);
                if secret || credentials.use_header(&header) {
                    return Err(SurfaceError::CredentialHeader(name.clone()));
                }
                Ok(header)
            })
            .collect::<Result<_, _>>()?;
        let mut routers: Vec<(Method, matchit::Router<u32>)> = Vec::new();
        for (index, route) in manifest.routes.iter().enumerate() {
            let method = method(route)?;
            let at = routers
                .iter()
                .position(|(known, _)| *known == method)
                .unwrap_or_else(|| {
                    routers.push((method, matchit::Router::new()));
                    routers.len() - 1
                });
            let reason = |reason: String| SurfaceError::Path {
                route: route.name.clone(),
                reason,
            };
            check_pattern(&route.path).map_err(|text| reason(text.to_owned()))?;
            routers[at]
                .1
                .insert(&route.path, index as u32)
                .map_err(|error| reason(error.to_string()))?;
        }
        let limits = manifest
            .routes
            .iter()
            .map(|route| route.rate_limit_per_minute.filter(|limit| *limit > 0));
        let rate_limit_unrouted = limits
            .collect::<Option<Vec<_>>>()
            .and_then(|limits| limits.into_iter().max());
        let checkout_places = manifest.checkout.as_ref().map(checkout::places).transpose();
        let checkout_places = checkout_places
            .map_err(SurfaceError::Checkout)?
            .unwrap_or_default();
        Ok(Surface {
            manifest,
            routers,
            credentials,
            request_headers,
            checkout_places,
            rate_limit_unrouted,
        })
    }

    /// What it was compiled from.
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// What a path is to the hosted page, if it is something.
    pub(super) fn checkout<'s>(&'s self, path: &'s str) -> Option<(&'s Checkout, Spot<'s>)> {
        let spot = checkout::spot(&self.checkout_places, path)?;
        Some((self.manifest.checkout.as_ref()?, spot))
    }

    pub(super) fn rule(&self, index: u32) -> &Route {
        &self.manifest.routes[index as usize]
    }

    /// Finds the route of a request, or says what is wrong with it.
    pub(super) fn route(&self, method: &Method, path: &str) -> Result<Found, Cause> {
        check_path(path)?;
        let path = &*self.tidied(path);
        let matched = self.at(method, path).or_else(|| {
            (*method == Method::HEAD)
                .then(|| self.at_for_head(path))
                .flatten()
        });
        let Some(matched) = matched else {
            let methods = self.methods(path);
            return Err(if methods.is_empty() {
                Cause::NoRoute
            } else {
                Cause::MethodNotAllowed(methods)
            });
        };
        let index = *matched.value;
        let mut params: Vec<_> = matched.params.iter().map(|(_, value)| decode(value)).collect();
        let key = self.credentials.path_keys.take(index, &mut params);
        Ok(Found { index, params, key })
    }

    /// The request headers that the plugin reads, in the order received.
    pub(super) fn headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        if self.request_headers.is_empty() {
            return Vec::new();
        }
        headers
            .iter()
            .filter(|(name, _)| self.request_headers.contains(name))
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect()
    }

    /// A path as the router knows it: without empty segments, where the surface is lenient.
    fn tidied<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let untidy = path.len() > 1 && (path.ends_with('/') || path.contains("//"));
        if !self.manifest.lenient_paths || !untidy {
            return Cow::Borrowed(path);
        }
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let tidy = segments.fold(String::new(), |path, segment| path + "/" + segment);
        Cow::Owned(if tidy.is_empty() { "/".to_owned() } else { tidy })
    }

    fn at<'p>(&self, method: &Method, path: &'p str) -> Option<Match<'_, 'p, &u32>> {
        let (_, router) = self.routers.iter().find(|(known, _)| known == method)?;
        router.at(path).ok()
    }

    /// HEAD is GET without the body (RFC 9110, 9.3.2). It is safe, so it is not for a GET that does something.
    fn at_for_head<'p>(&self, path: &'p str) -> Option<Match<'_, 'p, &u32>> {
        self.at(&Method::GET, path)
            .filter(|found| self.rule(*found.value).access == Access::Read)
    }

    fn methods(&self, path: &str) -> Vec<String> {
        let mut methods: Vec<String> = self
            .routers
            .iter()
            .filter(|(_, router)| router.at(path).is_ok())
            .map(|(method, _)| method.as_str().to_owned())
            .collect();
        let has_head = methods.iter().any(|method| method == "HEAD");
        if !has_head && self.at_for_head(path).is_some() {
            methods.push("HEAD".to_owned());
        }
        methods.sort_unstable();
        methods
    }
}

pub(super) fn header_name(name: &str) -> Result<HeaderName, SurfaceError> {
    HeaderName::from_bytes(name.as_bytes())
        .ok()
        .filter(|header| header.as_str() == name)
        .ok_or_else(|| SurfaceError::Header(name.to_owned()))
}

fn method(route: &Route) -> Result<Method, SurfaceError> {
    Method::from_bytes(route.method.as_bytes())
        .ok()
        .filter(|_| route.method.bytes().all(|byte| byte.is_ascii_uppercase()))
        .ok_or_else(|| SurfaceError::Method {
            route: route.name.clone(),
            method: route.method.clone(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(routes: &[(&str, &str)]) -> Result<Surface, SurfaceError> {
        let routes: Vec<_> = routes
            .iter()
            .map(|(method, path)| {
                serde_json::json!({
                    "name": format!("{method} {path}"), "method": method, "path": path,
                    "access": "read", "guard": {"kind": "public"},
                })
            })
            .collect();
        let manifest = serde_json::json!({"name": "p", "version": "1.0.0", "summary": "", "routes": routes});
        Surface::new(Arc::new(serde_json::from_value(manifest).unwrap()))
    }

    fn params(surface: &Surface, path: &str) -> Vec<String> {
        surface.route(&Method::GET, path).unwrap().params
    }

    #[test]
    fn a_literal_goes_before_a_parameter_only_within_its_method() {
        let surface = surface(&[
            ("GET", "/users/{id}"),
            ("POST", "/users/me"),
            ("GET", "/users/all"),
        ])
        .unwrap();
        assert_eq!(surface.route(&Method::GET, "/users/all").unwrap().index, 2);
        assert_eq!(params(&surface, "/users/me"), ["me"]);
    }

    #[test]
    fn parameters_are_decoded_once_and_in_order() {
        let surface = surface(&[("GET", "/a/{x}/b/{y}")]).unwrap();
        assert_eq!(params(&surface, "/a/%C3%A9%2F/b/%2541"), ["é/", "%41"]);
    }

    #[test]
    fn patterns_that_differ_in_a_parameters_name_live_together() {
        let surface = surface(&[("GET", "/a/{id}"), ("GET", "/a/{name}/x")]).unwrap();
        assert_eq!(params(&surface, "/a/1/x"), ["1"]);
    }

    #[test]
    fn head_is_get_and_allow_says_so() {
        let surface = surface(&[("GET", "/a"), ("POST", "/a")]).unwrap();
        assert_eq!(surface.route(&Method::HEAD, "/a").unwrap().index, 0);
        let allowed = ["GET", "HEAD", "POST"].map(str::to_owned).to_vec();
        assert_eq!(
            surface.route(&Method::OPTIONS, "/a").unwrap_err(),
            Cause::MethodNotAllowed(allowed)
        );
        assert_eq!(surface.route(&Method::GET, "/a/").unwrap_err(), Cause::NoRoute);
    }

    #[test]
    fn manifests_that_cannot_be_served_are_refused() {
        for (method, path) in [
            ("get", "/a"),
            ("GET", "a"),
            ("GET", "/a/{}"),
            ("GET", "/a/{*rest}"),
            ("GET", "/a{x}"),
        ] {
            assert!(surface(&[(method, path)]).is_err(), "{method} {path}");
        }
        assert!(surface(&[("GET", "/a"), ("GET", "/a")]).is_err());
    }

    #[test]
    fn what_finds_no_route_is_limited_like_the_most_generous_one() {
        for (limits, unrouted) in [
            (&[Some(2), Some(600)][..], Some(600)),
            (&[Some(2), None], None),
            (&[Some(2), Some(0)], None),
            (&[], None),
        ] {
            let mut manifest = Manifest::clone(surface(&[("GET", "/a")]).unwrap().manifest());
            let template = manifest.routes.remove(0);
            manifest.routes = limits
                .iter()
                .enumerate()
                .map(|(index, limit)| Route {
                    path: format!("/{index}"),
                    rate_limit_per_minute: *limit,
                    ..template.clone()
                })
                .collect();
            let surface = Surface::new(Arc::new(manifest)).unwrap();
            assert_eq!(surface.rate_limit_unrouted, unrouted, "{limits:?}");
        }
    }

    #[test]
    fn a_plugin_cannot_ask_for_a_header_with_a_credential() {
        for name in ["authorization", "cookie", "x-key"] {
            let manifest = serde_json::json!({
                "name": "p", "version": "1.0.0", "summary": "", "routes": [],
                "credentials": [{"kind": "header", "name": "x-key"}], "request_headers": [name],
            });
            let refused = Surface::new(Arc::new(serde_json::from_value(manifest).unwrap())).unwrap_err();
            assert_eq!(refused, SurfaceError::CredentialHeader(name.to_owned()));
        }
    }
}
