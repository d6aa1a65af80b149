//! A call of the plugin's own surface that came inside of another one.

use crate::dispatch::refuse;
use crate::http::{Request, Response};
use crate::path::{self, Found};
use crate::plugin::Plugin;
use crate::problem::{Cause, CredentialFailure};
use crate::route::Route;

/// Answers a request as if it had come by itself, for surfaces that carry calls in an envelope: the route is found by its
/// method and path, in which empty segments do not count, and its guard and the limit of the body hold. Its parameters are filled
/// in; everything else is what the caller gives, the principal above all. Reads and writes belong to the transaction of the
/// request that this is called in, and so does its answer: from a status of 400 on, that request has to fail.
pub fn forward<P: Plugin>(mut request: Request) -> Response {
    match find::<P>(&mut request) {
        Ok(route) => route
            .call(&mut request)
            .unwrap_or_else(|error| P::problem(&error)),
        Err(cause) => refuse::<P>(cause),
    }
}

fn find<P: Plugin>(request: &mut Request) -> Result<&'static Route<P::Error>, Cause> {
    let path = path::tidied(&request.path);
    let routes = P::ROUTES.iter();
    let routes = routes.map(|route| (route, route.method(), route.path()));
    let (route, params) = match path::find(routes, &request.method, &path) {
        Found::Route(route, params) => (route, params),
        Found::Methods(methods) => return Err(Cause::MethodNotAllowed(methods)),
        Found::Nothing => return Err(Cause::NoRoute),
    };
    if route.needs_key() && request.principal.is_none() {
        return Err(Cause::Unauthenticated(CredentialFailure::Missing));
    }
    let scopes = request
        .principal
        .as_ref()
        .map_or(&[][..], |principal| &principal.scopes);
    if let Some(any) = route.scopes_wanted()
        && !any
            .iter()
            .any(|&wanted| scopes.iter().any(|scope| scope == wanted))
    {
        return Err(Cause::MissingScope(any.join(" ")));
    }
    if let Some(max) = route.bytes_max()
        && request.body.len() as u64 > max
    {
        return Err(Cause::BodyTooLarge(max));
    }
    request.params = params;
    Ok(route)
}
