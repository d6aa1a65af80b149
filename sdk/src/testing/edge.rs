//! What the edge of the real host does with a request before the plugin sees it.

use mooring_manifest::{Access, Credential, Guard, Route};

use super::TestHost;
use crate::backend::Outcome;
use crate::http::{Principal, Request, Response};
use crate::path::{self, Found};
use crate::plugin::Plugin;
use crate::problem::{Cause, CredentialFailure};

/// What stands in the path where a key was.
const REDACTED: &str = "-";

impl<P: Plugin> TestHost<P> {
    pub(super) fn send(&mut self, request: Request, key: Option<&str>) -> Response {
        let (outcome, mut request, writes) = self.route(request, key);
        if matches!(outcome, Outcome::Rejected(_)) {
            request.principal = None;
        }
        self.handle(outcome, request, writes)
    }

    fn route(&self, mut request: Request, key: Option<&str>) -> (Outcome, Request, bool) {
        let path = if self.manifest.lenient_paths {
            path::tidied(&request.path)
        } else {
            request.path.clone()
        };
        let routes = (0..).zip(&self.manifest.routes);
        let routes = routes.map(|(index, route)| ((index, route), &*route.method, &*route.path));
        let (index, route, params) = match path::find(routes, &request.method, &path) {
            Found::Route((index, route), params) => (index, route.clone(), params),
            Found::Methods(methods) => {
                let cause = Cause::MethodNotAllowed(methods);
                return (Outcome::Rejected(cause), request, false);
            }
            Found::Nothing => return (Outcome::Rejected(Cause::NoRoute), request, false),
        };
        request.params = params;
        let in_path = self.key_in_path(&route, &mut request);
        let in_body = match key {
            None => self.key_in_body(&route, &mut request),
            Some(_) => None,
        };
        let key = in_path.as_deref().or(in_body.as_deref()).or(key);
        if route
            .body_bytes_max
            .is_some_and(|max| request.body.len() as u64 > max)
        {
            let cause = Cause::BodyTooLarge(route.body_bytes_max.unwrap_or_default());
            return (Outcome::Rejected(cause), request, false);
        }
        let writes = route.access == Access::Write;
        match self.authenticate(&route.guard, key) {
            Ok(principal) => {
                request.principal = principal;
                (Outcome::Route(index), request, writes)
            }
            Err(cause) => (Outcome::Rejected(cause), request, writes),
        }
    }

    /// Takes the key out of the path, where the manifest says that it is there.
    fn key_in_path(&self, route: &Route, request: &mut Request) -> Option<String> {
        let parameters = self
            .manifest
            .credentials
            .iter()
            .filter_map(|credential| match credential {
                Credential::Path { parameter } => Some(format!("{{{parameter}}}")),
                Credential::Bearer
                | Credential::Header { .. }
                | Credential::Signed { .. }
                | Credential::Body { .. } => None,
            });
        let mut key = None;
        for parameter in parameters {
            let Some(segment) = route.path.split('/').position(|segment| segment == parameter) else {
                continue;
            };
            let is_parameter = |segment: &&str| segment.starts_with('{');
            let place = route.path.split('/').take(segment).filter(is_parameter).count();
            key = key.or(Some(std::mem::replace(
                &mut request.params[place],
                REDACTED.to_owned(),
            )));
            let mut segments: Vec<&str> = request.path.split('/').collect();
            segments[segment] = REDACTED;
            request.path = segments.join("/");
        }
        key
    }

    /// Takes the key out of the body, where the manifest says that it is there.
    fn key_in_body(&self, route: &Route, request: &mut Request) -> Option<String> {
        let mut credentials = self.manifest.credentials.iter();
        let pointer = credentials.find_map(|credential| match credential {
            Credential::Body { route: name, pointer } if *name == route.name => Some(pointer),
            _ => None,
        })?;
        let mut body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
        let place = body.pointer_mut(pointer)?;
        let key = place.as_str()?.to_owned();
        *place = REDACTED.into();
        request.body = body.to_string().into_bytes();
        Some(key)
    }

    fn authenticate(&self, guard: &Guard, key: Option<&str>) -> Result<Option<Principal>, Cause> {
        let scopes = match guard {
            Guard::Public => return Ok(None),
            Guard::Key => None,
            Guard::Scopes { any } => Some(any),
        };
        let refused = Cause::Unauthenticated;
        let key = key.ok_or(refused(CredentialFailure::Missing))?;
        if !key.starts_with(&self.manifest.key_prefix) {
            return Err(refused(CredentialFailure::Malformed));
        }
        let principal = self
            .memory
            .state
            .principal(key)
            .ok_or(refused(CredentialFailure::Unknown))?;
        match scopes {
            Some(any) if !any.iter().any(|scope| principal.scopes.contains(scope)) => {
                Err(Cause::MissingScope(any.join(" ")))
            }
            _ => Ok(Some(principal)),
        }
    }
}
