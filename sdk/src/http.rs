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
    /// Set in the second run of a request whose first answer waited for a job ([`Response::resume_after`]): that job's id.
    pub resumed: Option<String>,
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
    /// See [`Response::resume_after`].
    pub resume_after: Option<String>,
}

impl Response {
    /// Not the answer yet: what this call wrote is committed, the host waits until the job has ended (10 seconds at most), and
    /// the handler is called again with [`Request::resumed`], for the answer that is sent. Once per request.
    pub fn resume_after(job: impl Into<String>) -> Response {
        Response {
            resume_after: Some(job.into()),
            ..Response::empty(202)
        }
    }

    /// Nothing but a status.
    pub fn empty(status: u16) -> Response {
        Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            resume_after: None,
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
            resume_after: None,
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

/// What a handler returns: something that is an [`IntoResponse`], or a `Result` of it and the plugin's error.
pub trait IntoOutcome<E> {
    /// The answer, or what the plugin has to word.
    fn into_outcome(self) -> Result<Response, E>;
}

impl<R: IntoResponse, E: From<Problem>> IntoOutcome<E> for Result<R, E> {
    fn into_outcome(self) -> Result<Response, E> {
        Ok(self?.into_response()?)
    }
}

impl<E> IntoOutcome<E> for Response {
    fn into_outcome(self) -> Result<Response, E> {
        Ok(self)
    }
}

impl<E: From<Problem>> IntoOutcome<E> for () {
    fn into_outcome(self) -> Result<Response, E> {
        Ok(self.into_response()?)
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(candidate, _)| candidate == name)
        .map(|(_, value)| value.as_str())
}
