//! A request, an answer, and who asks.

use serde::Serialize;

use crate::problem::Problem;

/// One request, as the host hands it over.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// Below the mount, percent-encoded as sent; starts with `/`.
    pub path: String,
    /// Without the `?`; empty if there is none.
    pub query: String,
    /// Values of the path's parameters in their order, percent-decoded.
    pub params: Vec<String>,
    /// The headers that the plugin asks for, names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// Absent exactly when nothing was verified.
    pub principal: Option<Principal>,
    /// The id under which logs and audit know this request.
    pub id: String,
}

impl Request {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// Who a request acts for; verified by the host, never by the plugin. As a handler's argument it demands that there is
/// one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The tenant's name.
    pub tenant: String,
    /// Public id of the API key, `key_...`. Not secret.
    pub key: String,
    /// Scopes the key carries.
    pub scopes: Vec<String>,
    /// The user who owns the key, where it has one.
    pub user: Option<u64>,
}

/// An answer. A status of 400 or above throws away everything that the request wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Nothing but a status.
    pub fn empty(status: u16) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// `text/plain`.
    pub fn text(status: u16, text: impl Into<String>) -> Response {
        Response::bytes(status, "text/plain; charset=utf-8", text.into().into_bytes())
    }

    /// `application/json`. A value that has no JSON form (a map with keys that are not text) becomes a bare 500.
    pub fn json<T: Serialize + ?Sized>(status: u16, value: &T) -> Response {
        match serde_json::to_vec(value) {
            Ok(body) => Response::bytes(status, "application/json", body),
            Err(_) => Response::empty(500),
        }
    }

    /// A body of any type.
    pub fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> Response {
        Response {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body,
        }
    }

    /// With one more header; `name` in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Response {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// What a handler may succeed with: a [`Response`], [`crate::extract::Json`] (200), or `()` (204).
pub trait IntoResponse {
    /// The answer.
    fn into_response(self) -> Result<Response, Problem>;
}

impl IntoResponse for Response {
    fn into_response(self) -> Result<Response, Problem> {
        Ok(self)
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Result<Response, Problem> {
        Ok(Response::empty(204))
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(candidate, _)| candidate == name)
        .map(|(_, value)| value.as_str())
}
