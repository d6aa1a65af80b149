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
    query_schema: Option<fn() -> Value>,
    path_schema: Option<fn() -> Value>,
    request_types: &'static [&'static str],
    response_type: Option<&'static str>,
    success_status: u16,
    success_statuses_more: &'static [u16],
    error_statuses: &'static [u16],
    group: &'static str,
    origin: manifest::Origin,
    core: bool,
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
            query_schema: None,
            path_schema: None,
            request_types: &[],
            response_type: None,
            success_status: 200,
            success_statuses_more: &[],
            error_statuses: &[],
            group: "",
            origin: manifest::Origin::Documented,
            core: false,
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

    /// JSON Schema of an object: the parameters of the query.
    #[must_use]
    pub const fn query(mut self, schema: fn() -> Value) -> Route<E> {
        self.query_schema = Some(schema);
        self
    }

    /// JSON Schema of an object: the parameters of the path. Those it leaves out are text.
    #[must_use]
    pub const fn parameters(mut self, schema: fn() -> Value) -> Route<E> {
        self.path_schema = Some(schema);
        self
    }

    /// Media types that the request's body may have, instead of JSON alone.
    #[must_use]
    pub const fn takes_types(mut self, types: &'static [&'static str]) -> Route<E> {
        self.request_types = types;
        self
    }

    /// Media type of a success's body, instead of JSON.
    #[must_use]
    pub const fn gives_type(mut self, media_type: &'static str) -> Route<E> {
        self.response_type = Some(media_type);
        self
    }

    /// Status of a success; 200 unless said. The handler still has to answer with it.
    #[must_use]
    pub const fn status(mut self, status: u16) -> Route<E> {
        self.success_status = status;
        self
    }

    /// Further statuses of a success, with a body of the same schema.
    #[must_use]
    pub const fn or_status(mut self, statuses: &'static [u16]) -> Route<E> {
        self.success_statuses_more = statuses;
        self
    }

    /// Statuses with which the handler refuses, beside those that the host itself can cause.
    #[must_use]
    pub const fn fails(mut self, statuses: &'static [u16]) -> Route<E> {
        self.error_statuses = statuses;
        self
    }

    /// What documents group it under.
    #[must_use]
    pub const fn group(mut self, group: &'static str) -> Route<E> {
        self.group = group;
        self
    }

    /// Where the route comes from; documented by the provider unless said.
    #[must_use]
    pub const fn origin(mut self, origin: manifest::Origin) -> Route<E> {
        self.origin = origin;
        self
    }

    /// One of the few requests that whoever begins with this surface needs.
    #[must_use]
    pub const fn core(mut self) -> Route<E> {
        self.core = true;
        self
    }

    pub(crate) fn call(&self, request: &mut Request) -> Result<Response, E> {
        (self.handler)(request)
    }

    pub(crate) fn method(&self) -> &'static str {
        self.method
    }

    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    /// Whether nobody is answered without a key.
    pub(crate) fn needs_key(&self) -> bool {
        !matches!(self.guard, Guard::Public)
    }

    /// The scopes of which the key must carry one, where it must.
    pub(crate) fn scopes_wanted(&self) -> Option<&'static [&'static str]> {
        match self.guard {
            Guard::Scopes(any) => Some(any),
            Guard::Public | Guard::Key => None,
        }
    }

    pub(crate) fn bytes_max(&self) -> Option<u64> {
        self.body_bytes_max
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
            query_schema: self.query_schema.map(|schema| schema()),
            path_schema: self.path_schema.map(|schema| schema()),
            request_types: self.request_types.iter().map(|&kind| kind.to_owned()).collect(),
            response_type: self.response_type.map(str::to_owned),
            success_status: self.success_status,
            success_statuses_more: self.success_statuses_more.to_vec(),
            error_statuses: self.error_statuses.to_vec(),
            group: self.group.to_owned(),
            origin: self.origin,
            core: self.core,
        }
    }
}

/// Turns a function with typed arguments into what [`Route`] takes. Each argument is one of the
/// [extractors](crate::extract); the function returns a [`crate::http::Response`], a
/// [`crate::extract::Json`] or nothing, or a `Result` of one of them and the plugin's error.
#[macro_export]
macro_rules! handler {
    ($function:expr) => {
        |request| $crate::macros::invoke($function, request)
    };
}
