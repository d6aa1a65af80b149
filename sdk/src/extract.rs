//! Typed arguments of handlers.
//!
//! An argument reads its part of the request before the handler runs; when that fails, the plugin words the
//! [`Problem`] and the handler is never called.

mod text;

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use text::{Text, WholeNumber, given};

use crate::http::{IntoOutcome, IntoResponse, Principal, Request, Response};
use crate::json;
use crate::problem::{Cause, CredentialFailure, Problem};

/// A handler's argument.
pub trait FromRequest: Sized {
    /// Reads it, and takes what it needs: two arguments cannot both have the body.
    fn from_request(request: &mut Request) -> Result<Self, Problem>;
}

/// The body as JSON; as a success, a body of JSON with status 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    fn from_request(request: &mut Request) -> Result<Json<T>, Problem> {
        json::from_slice(&request.body).map(Json)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Result<Response, Problem> {
        let body = serde_json::to_vec(&self.0)
            .map_err(|error| Problem::Internal(format!("answer as JSON: {error}")))?;
        Ok(Response::bytes(200, "application/json", body))
    }
}

impl<T: Serialize, E: From<Problem>> IntoOutcome<E> for Json<T> {
    fn into_outcome(self) -> Result<Response, E> {
        Ok(self.into_response()?)
    }
}

/// The body as an HTML form (`application/x-www-form-urlencoded`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Form<T> {
    fn from_request(request: &mut Request) -> Result<Form<T>, Problem> {
        urlencoded(&request.body).map(Form)
    }
}

/// The query's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    fn from_request(request: &mut Request) -> Result<Query<T>, Problem> {
        urlencoded(request.query.as_bytes()).map(Query)
    }
}

fn urlencoded<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_urlencoded::from_bytes(bytes).map_err(|error| {
        let read = serde_path_to_error::deserialize::<_, T>(serde_urlencoded::Deserializer::new(
            form_urlencoded::parse(bytes),
        ));
        match read {
            Err(error) => Problem::Invalid(json::locate(
                &error.path().to_string(),
                &error.into_inner().to_string(),
            )),
            Ok(_) => Problem::Invalid(json::locate("", &error.to_string())),
        }
    })
}

/// The path's parameters: `Path<String>`, `Path<u64>`, `Path<(String, u64)>`. One that cannot be read names nothing, so
/// it is [`Problem::NotFound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: FromStr> FromRequest for Path<T> {
    fn from_request(request: &mut Request) -> Result<Path<T>, Problem> {
        param(request, 0).map(Path)
    }
}

fn param<T: FromStr>(request: &Request, index: usize) -> Result<T, Problem> {
    request
        .params
        .get(index)
        .and_then(|value| value.parse().ok())
        .ok_or(Problem::NotFound)
}

/// Two parameters of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path2<A, B>(pub A, pub B);

impl<A: FromStr, B: FromStr> FromRequest for Path2<A, B> {
    fn from_request(request: &mut Request) -> Result<Path2<A, B>, Problem> {
        Ok(Path2(param(request, 0)?, param(request, 1)?))
    }
}

/// The body as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body(pub Vec<u8>);

impl FromRequest for Body {
    fn from_request(request: &mut Request) -> Result<Body, Problem> {
        Ok(Body(std::mem::take(&mut request.body)))
    }
}

impl FromRequest for Principal {
    fn from_request(request: &mut Request) -> Result<Principal, Problem> {
        request
            .principal
            .clone()
            .ok_or(Problem::Rejected(Cause::Unauthenticated(
                CredentialFailure::Missing,
            )))
    }
}

/// The whole request. Last, since it leaves nothing for other arguments.
impl FromRequest for Request {
    fn from_request(request: &mut Request) -> Result<Request, Problem> {
        Ok(std::mem::take(request))
    }
}
