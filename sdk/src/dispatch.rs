//! From the matched index to the handler, and from its failure to the plugin's words.

use crate::extract::FromRequest;
use crate::gateway::Gateway;
use crate::http::{IntoOutcome, Request, Response};
use crate::plugin::Plugin;
use crate::problem::{Cause, Problem};

/// What the host made of a request.
#[derive(Debug)]
pub enum Outcome {
    /// Index of the route in the manifest.
    Route(u32),
    /// The host refuses; the plugin only words the answer.
    Rejected(Cause),
}

/// The manifest of a plugin, as JSON.
pub fn describe<P: Plugin>() -> String {
    let mut manifest = P::info().into_manifest();
    manifest.routes = P::ROUTES.iter().map(crate::route::Route::manifest).collect();
    crate::json::to_string(&manifest)
}

/// The manifest of a gateway, as JSON.
pub fn describe_gateway<G: Gateway>() -> String {
    crate::json::to_string(&G::info().into_manifest())
}

/// Answers one request.
pub fn handle<P: Plugin>(outcome: Outcome, mut request: Request) -> Response {
    match outcome {
        Outcome::Route(index) => match P::ROUTES.get(index as usize) {
            Some(route) => route
                .call(&mut request)
                .unwrap_or_else(|error| P::problem(&error)),
            None => P::problem(&Problem::Rejected(Cause::NoRoute).into()),
        },
        Outcome::Rejected(cause) => refuse::<P>(cause),
    }
}

/// The plugin's words for the host's refusal, with the headers that HTTP asks for.
pub(crate) fn refuse<P: Plugin>(cause: Cause) -> Response {
    let header = match &cause {
        Cause::MethodNotAllowed(methods) => Some(("allow", methods.join(", "))),
        Cause::RateLimited(seconds) | Cause::Unavailable(seconds) => {
            Some(("retry-after", seconds.to_string()))
        }
        _ => None,
    };
    let response = P::problem(&Problem::Rejected(cause).into());
    match header {
        Some((name, value)) if response.header(name).is_none() => response.with_header(name, value),
        _ => response,
    }
}

/// Reads a handler's arguments from the request, in their order, and calls it.
pub fn invoke<H, A, E>(handler: H, request: &mut Request) -> Result<Response, E>
where
    H: Handler<A, E>,
{
    handler.handle(request)
}

/// A function whose arguments are extractors. Implemented for up to five.
pub trait Handler<A, E> {
    /// Extracts and calls.
    fn handle(self, request: &mut Request) -> Result<Response, E>;
}

macro_rules! handlers {
    ($($argument:ident)*) => {
        impl<F, R, E, $($argument),*> Handler<($($argument,)*), E> for F
        where
            F: FnOnce($($argument),*) -> R,
            R: IntoOutcome<E>,
            E: From<Problem>,
            $($argument: FromRequest,)*
        {
            #[allow(non_snake_case, unused_variables, reason = "type parameters double as names in this macro")]
            fn handle(self, request: &mut Request) -> Result<Response, E> {
                $(let $argument = $argument::from_request(request)?;)*
                self($($argument),*).into_outcome()
            }
        }
    };
}

handlers!();
handlers!(A1);
handlers!(A1 A2);
handlers!(A1 A2 A3);
handlers!(A1 A2 A3 A4);
handlers!(A1 A2 A3 A4 A5);
