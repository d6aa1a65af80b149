//! A call of the plugin's own surface that came inside of another one.

use crate::dispatch::refuse;
use crate::http::{Request, Response};
use crate::path;
use crate::plugin::Plugin;
use crate::problem::Cause;
use crate::route::Route;

/// Answers a request as if it had come by itself, for surfaces that carry calls in an envelope: the route is found by its
/// method and path, in which empty segments do not count, and scopes and the limit of the body hold. Its parameters are filled
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
    let mut matches: Vec<_> = P::ROUTES
        .iter()
        .filter_map(|route| path::params(route.path(), &path).map(|params| (route, params)))
        .collect();
    // A fixed segment goes before a parameter.
    matches.sort_by_key(|(_, params)| params.len());
    let methods: Vec<String> = matches
        .iter()
        .map(|(route, _)| route.method().to_owned())
        .collect();
    let found = matches
        .into_iter()
        .find(|(route, _)| route.method() == request.method);
    let Some((route, params)) = found else {
        return Err(if methods.is_empty() {
            Cause::NoRoute
        } else {
            Cause::MethodNotAllowed(methods)
        });
    };
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
