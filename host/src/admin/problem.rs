//! Every refusal of the operator's API: one shape (RFC 9457), one table from code to status.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal, for a person (`detail` says what to do) and for a program (`code` never changes).
#[derive(Clone, Debug)]
pub(super) struct Problem {
    code: Code,
    detail: String,
}

/// What can go wrong. Its name in kebab case is public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Code {
    /// No token, or not this host's.
    Unauthenticated,
    /// No such path.
    NoRoute,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// Path, query, headers or JSON cannot be read.
    Malformed,
    /// The body is not of the type that the operation takes.
    UnsupportedMediaType,
    /// The body is larger than the host accepts.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTimeout,
    /// What the request names does not exist.
    NotFound,
    /// A value breaks a rule.
    Invalid,
    /// Something of this name, or in this place, is there already.
    Conflict,
    /// What the request names is in a state that does not allow it.
    WrongState,
    /// The host does not take this component.
    PluginRefused,
    /// The component imports what the operator has not granted.
    NotGranted,
    /// Too much at once; the same request may work later.
    Busy,
    /// The host failed; its log says why.
    Internal,
}

impl Code {
    /// The table.
    fn status_and_title(self) -> (StatusCode, &'static str) {
        match self {
            Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "The operator's token is needed"),
            Code::NoRoute => (StatusCode::NOT_FOUND, "No such path"),
            Code::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "No such method on this path"),
            Code::Malformed => (StatusCode::BAD_REQUEST, "The request cannot be read"),
            Code::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Wrong type of body"),
            Code::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Code::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time"),
            Code::NotFound => (StatusCode::NOT_FOUND, "Not found"),
            Code::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "A value breaks a rule"),
            Code::Conflict => (StatusCode::CONFLICT, "It exists already"),
            Code::WrongState => (StatusCode::CONFLICT, "Its state does not allow this"),
            Code::PluginRefused => (StatusCode::UNPROCESSABLE_ENTITY, "The plugin is refused"),
            Code::NotGranted => (StatusCode::FORBIDDEN, "The plugin asks for more than was granted"),
            Code::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Too much at once"),
            Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "The host failed"),
        }
    }
}

impl Problem {
    /// `detail` is for the operator: what is wrong here, and what to do.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
        }
    }

    /// What the path names does not exist: `Problem::not_found("tenant", name, "mooring tenant list")`.
    pub(super) fn not_found(kind: &str, name: impl std::fmt::Display, list_with: &str) -> Problem {
        Problem::new(
            Code::NotFound,
            format!("There is no {kind} `{name}`. See those there are: {list_with}"),
        )
    }

    /// A value that breaks a rule, named as in the request.
    pub(super) fn invalid(field: &str, reason: impl std::fmt::Display) -> Problem {
        Problem::new(Code::Invalid, format!("`{field}`: {reason}"))
    }

    /// A fault of the host's. What happened goes to the log; the caller learns only where to look.
    pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
        let chain = std::iter::successors(Some(error), |error| error.source());
        let chain: Vec<String> = chain.map(ToString::to_string).collect();
        tracing::error!(error = chain.join(": "), "an admin request failed");
        Problem::new(
            Code::Internal,
            "Nothing was changed. The host's log has the cause; try again once it is gone.",
        )
    }
}

/// The body of every refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Body {
    /// Identifies the kind of problem; ends in `code`.
    #[schema(example = "urn:problem-type:mooring:not-found")]
    r#type: String,
    /// The same for every problem of this kind.
    title: &'static str,
    /// The response's status, once more.
    status: u16,
    /// Stable; for programs.
    code: Code,
    /// What is wrong in this case, and what to do.
    detail: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, title) = self.code.status_and_title();
        let code = serde_json::to_value(self.code).expect("a unit variant is a JSON string");
        let body = Body {
            r#type: format!("urn:problem-type:mooring:{}", code.as_str().unwrap_or_default()),
            title,
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"mooring\""),
            );
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read, so nothing can follow it on this connection; say so before it is closed.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
