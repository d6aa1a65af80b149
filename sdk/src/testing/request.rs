//! A request of a test, and its answer.

use serde::Serialize;
use serde_json::Value;

use super::TestHost;
use crate::http::{Request, Response};
use crate::plugin::Plugin;

/// A request to be; [`send`](TestRequest::send) sends it.
pub struct TestRequest<'h, P> {
    host: &'h mut TestHost<P>,
    request: Request,
    key: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply(Response);

impl std::ops::Deref for Reply {
    type Target = Response;

    fn deref(&self) -> &Response {
        &self.0
    }
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> Value {
        assert_eq!(self.0.header("content-type"), Some("application/json"));
        serde_json::from_slice(&self.0.body).expect("a body of JSON")
    }

    /// The body as text.
    ///
    /// # Panics
    /// When it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.0.body).expect("a body of text")
    }
}

impl<'h, P: Plugin> TestRequest<'h, P> {
    pub(super) fn new(host: &'h mut TestHost<P>, method: &str, path: &str) -> TestRequest<'h, P> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            id: "req_test".to_owned(),
            ..Request::default()
        };
        TestRequest {
            host,
            request,
            key: None,
        }
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// With a header; handed over only if the manifest asks for it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if self
            .host
            .manifest
            .request_headers
            .iter()
            .any(|wanted| wanted == name)
        {
            self.request.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        let body = crate::json::to_string(body).into_bytes();
        self.body(body)
    }

    /// With any body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request.body = body.into();
        self
    }

    /// Sends it.
    pub fn send(self) -> Reply {
        Reply(self.host.send(self.request, self.key.as_deref()))
    }
}
