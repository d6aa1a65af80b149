//! One method on one path: what the host must know about it, and what answers it.

use mooring_manifest as manifest;
use serde_json::Value;

use crate::http::{Request, Response};

/// One route of a plugin; see [`crate::Plugin::ROUTES`]. Made in constants, so that a request pays nothing for the table.
///
/// `GET` routes only read unless they say [`writes`](Route::writes); all others may write. A route asks for a valid key
/// unless it is [`public`](Route::public), and for a scope where it [names some](Route::scopes).
pub struct Route<E> {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    write: bool,
    guard: Guard,
    rate_limit_per_minute: Option<u32>,
    body_bytes_max: Option<u64>,
    summary: &'static str,
    request_schema: Option<fn() -> Value>,
    response_schema: Option<fn() -> Value>,
    handler: fn(&mut Request) -> Result<Response, E>,
}

#[derive(Clone, Copy)]
enum Guard {
    Public,
    Key,
    Scopes(&'static [&'static str]),
}

impl<E> Route<E> {
    /// `name` is the operation's name in documents and metrics, unique in the plugin. Parameters of `path` are whole
    /// segments: `/api/v1/services/{id}`. `handler` is made by [`crate::handler!`].
    pub const fn new(
        method: &'static str,
        name: &'static str,
        path: &'static str,
        handler: fn(&mut Request) -> Result<Response, E>,
    ) -> Route<E> {
        Route {
            name,
            method,
            path,
            write: true,
            guard: Guard::Key,
            rate_limit_per_minute: None,
            body_bytes_max: None,
            summary: "",
            request_schema: None,
            response_schema: None,
            handler,
        }
    }

    /// A `GET` route that only reads.
    pub const fn get(
        name: &'static str,
        path: &'static str,
        handler: fn(&mut Request) -> Result<Response, E>,
    ) -> Route<E> {
        Route::new("GET", name, path, handler).reads()
    }

    /// A `POST` route.
    pub const fn post(
        name: &'static str,
        path: &'static str,
        handler: fn(&mut Request) -> Result<Response, E>,
    ) -> Route<E> {
        Route::new("POST", name, path, handler)
    }

    /// A `PUT` route.
    pub const fn put(
        name: &'static str,
        path: &'static str,
        handler: fn(&mut Request) -> Result<Response, E>,
    ) -> Route<E> {
        Route::new("PUT", name, path, handler)
    }

    /// A `PATCH` route.
    pub const fn patch(
        name: &'static str,
        path: &'static str,
        handler: fn(&mut Request) -> Result<Response, E>,
    ) -> Route<E> {
        Route::new("PATCH", name, path, handler)
    }

    /// A `DELETE` route.
    pub const fn delete(
        name: &'static str,
        path: &'static str,
        handler: fn(&mut Request) -> Result<Response, E>,
    ) -> Route<E> {
        Route::new("DELETE", name, path, handler)
    }

    /// Sees one consistent state, never conflicts, cannot write.
    #[must_use]
    pub const fn reads(mut self) -> Route<E> {
        self.write = false;
        self
    }

    /// May write.
    #[must_use]
    pub const fn writes(mut self) -> Route<E> {
        self.write = true;
        self
    }

    /// Anybody may call it, without a key; such a request can neither read nor write.
    #[must_use]
    pub const fn public(mut self) -> Route<E> {
        self.guard = Guard::Public;
        self
    }

    /// The key must carry one of these scopes, each of them declared by [`crate::Info::scope`].
    #[must_use]
    pub const fn scopes(mut self, any: &'static [&'static str]) -> Route<E> {
        self.guard = Guard::Scopes(any);
        self
    }

    /// Requests per minute for each key and address. The operator's setting `rate_limit_per_minute` goes first.
    #[must_use]
    pub const fn per_minute(mut self, requests: u32) -> Route<E> {
        self.rate_limit_per_minute = Some(requests);
        self
    }

    /// Larger bodies are refused before the plugin sees them.
    #[must_use]
    pub const fn body_max(mut self, bytes: u64) -> Route<E> {
        self.body_bytes_max = Some(bytes);
        self
    }

    /// One line for people.
    #[must_use]
    pub const fn summary(mut self, summary: &'static str) -> Route<E> {
        self.summary = summary;
        self
    }

    /// JSON Schema of the request's body; only made when the plugin describes itself.
    #[must_use]
    pub const fn takes(mut self, schema: fn() -> Value) -> Route<E> {
        self.request_schema = Some(schema);
        self
    }

    /// JSON Schema of a success's body; only made when the plugin describes itself.
    #[must_use]
    pub const fn gives(mut self, schema: fn() -> Value) -> Route<E> {
        self.response_schema = Some(schema);
        self
    }

    pub(crate) fn call(&self, request: &mut Request) -> Result<Response, E> {
        (self.handler)(request)
    }

    pub(crate) fn manifest(&self) -> manifest::Route {
        manifest::Route {
            name: self.name.to_owned(),
            method: self.method.to_owned(),
            path: self.path.to_owned(),
            access: if self.write {
                manifest::Access::Write
            } else {
                manifest::Access::Read
            },
            guard: match self.guard {
                Guard::Public => manifest::Guard::Public,
                Guard::Key => manifest::Guard::Key,
                Guard::Scopes(any) => manifest::Guard::Scopes {
                    any: any.iter().map(|&scope| scope.to_owned()).collect(),
                },
            },
            rate_limit_per_minute: self.rate_limit_per_minute,
            body_bytes_max: self.body_bytes_max,
            summary: self.summary.to_owned(),
            request_schema: self.request_schema.map(|schema| schema()),
            response_schema: self.response_schema.map(|schema| schema()),
        }
    }
}

/// Turns a function with typed arguments into what [`Route`] takes. Each argument is one of the
/// [extractors](crate::extract); the function returns a `Result` whose success is a [`crate::http::IntoResponse`] and
/// whose failure is the plugin's error.
#[macro_export]
macro_rules! handler {
    ($function:expr) => {
        |request| $crate::macros::invoke($function, request)
    };
}
