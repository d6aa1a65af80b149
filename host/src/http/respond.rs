//! Answers: a plugin's reply with what the host owes the client beside it, and the few answers of the host itself.
//!
//! | cause | status in the WIT | what the edge adds where the plugin has not set it |
//! | --- | --- | --- |
//! | method not allowed | 405 | `Allow` |
//! | unauthenticated | 401 | `WWW-Authenticate`, if the surface takes bearer tokens |
//! | missing scope | 403 | `WWW-Authenticate`, likewise |
//! | rate limited | 429 | `Retry-After` |
//!
//! Every answer carries `x-request-id` and `x-content-type-options: nosniff`, and `cache-control: no-store` unless the
//! plugin says otherwise: answers hold customers' data. Where keys are in paths, `referrer-policy: no-referrer` comes with them.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::header::{HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::credentials::{Challenge, Credentials};
use super::request_id::{self, X_REQUEST_ID};
use crate::exchange::{Cause, CredentialFailure, Reply};

/// What the edge sends.
pub(super) type Answer = Response<Full<Bytes>>;

/// How an answer goes out.
#[derive(Clone, Copy)]
pub(super) struct Envelope<'r> {
    /// Under which the request is known.
    pub(super) request_id: &'r str,
    /// Whether it answers a HEAD request: all but the body.
    pub(super) head: bool,
}

/// A header that an answer to this cause must have.
pub(super) fn duty(cause: &Cause, credentials: &Credentials) -> Option<(HeaderName, HeaderValue)> {
    let challenge = |reason| {
        credentials
            .challenge(reason)
            .map(|value| (WWW_AUTHENTICATE, value))
    };
    match cause {
        Cause::MethodNotAllowed(methods) => HeaderValue::try_from(methods.join(", "))
            .ok()
            .map(|value| (ALLOW, value)),
        Cause::Unauthenticated(CredentialFailure::Missing) => challenge(Challenge::Missing),
        Cause::Unauthenticated(_) => challenge(Challenge::Invalid),
        Cause::MissingScope(scope) => challenge(Challenge::Scope(scope)),
        Cause::RateLimited(seconds) | Cause::Unavailable(seconds) => {
            Some((RETRY_AFTER, HeaderValue::from(*seconds)))
        }
        Cause::NoRoute
        | Cause::BodyTooLarge(_)
        | Cause::BodyTimeout
        | Cause::Malformed(_)
        | Cause::IdempotencyKeyReused
        | Cause::Deadline
        | Cause::PluginFailed
        | Cause::HostFailed => None,
    }
}

/// A plugin's reply as an answer.
pub(super) fn reply(reply: Reply, duty: Option<(HeaderName, HeaderValue)>, envelope: Envelope<'_>) -> Answer {
    let status = StatusCode::from_u16(reply.status)
        .ok()
        .filter(|status| !status.is_informational());
    let mut answer = Response::new(Full::new(reply.body));
    *answer.status_mut() = status.unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = answer.headers_mut();
    headers.reserve(reply.headers.len() + 6);
    for (name, value) in reply.headers {
        headers.append(name, value);
    }
    if let Some((name, value)) = duty {
        headers.entry(name).or_insert(value);
    }
    sealed(answer, envelope)
}

/// The address of this answer may hold a key: a browser that follows a link from here keeps it to itself.
pub(super) fn keep_address(answer: &mut Answer) {
    let headers = answer.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// Outside every mount.
pub(super) fn not_mounted(envelope: Envelope<'_>) -> Answer {
    problem(
        StatusCode::NOT_FOUND,
        "Nothing is mounted at this path.",
        envelope,
    )
}

/// The process serves.
pub(super) fn healthy(envelope: Envelope<'_>) -> Answer {
    own(
        StatusCode::OK,
        "application/json",
        json!({ "status": "ok" }).to_string(),
        envelope,
    )
}

/// The host can do its work, or why it cannot.
pub(super) fn readiness(ready: Result<(), String>, envelope: Envelope<'_>) -> Answer {
    match ready {
        Ok(()) => own(
            StatusCode::OK,
            "application/json",
            json!({ "status": "ready" }).to_string(),
            envelope,
        ),
        Err(reason) => problem(StatusCode::SERVICE_UNAVAILABLE, &reason, envelope),
    }
}

/// A notification was taken.
pub(super) fn taken(envelope: Envelope<'_>) -> Answer {
    own(
        StatusCode::OK,
        "application/json",
        json!({ "status": "taken" }).to_string(),
        envelope,
    )
}

/// The host's own paths are only read.
pub(super) fn read_only(envelope: Envelope<'_>) -> Answer {
    let mut answer = problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "This path can only be read.",
        envelope,
    );
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    answer
}

/// RFC 9457.
pub(super) fn problem(status: StatusCode, detail: &str, envelope: Envelope<'_>) -> Answer {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    own(status, "application/problem+json", body.to_string(), envelope)
}

fn own(status: StatusCode, content_type: &'static str, body: String, envelope: Envelope<'_>) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    sealed(answer, envelope)
}

/// The headers of every answer, and no body where there must be none.
fn sealed(mut answer: Answer, envelope: Envelope<'_>) -> Answer {
    let status = answer.status();
    let bodiless = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let headers = answer.headers_mut();
    headers.insert(X_REQUEST_ID, request_id::header(envelope.request_id));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if envelope.head && !bodiless {
        let bytes = bytes(&answer);
        answer
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    if envelope.head || bodiless {
        *answer.body_mut() = Full::default();
    }
    answer
}

/// How long an answer's body is.
pub(super) fn bytes(answer: &Answer) -> u64 {
    hyper::body::Body::size_hint(answer.body()).lower()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Envelope<'static> = Envelope {
        request_id: "req_1",
        head: false,
    };

    fn plain(status: u16, headers: &[(HeaderName, &'static str)], body: &'static str) -> Reply {
        Reply {
            status,
            headers: headers
                .iter()
                .map(|(n, v)| (n.clone(), HeaderValue::from_static(v)))
                .collect(),
            body: Bytes::from_static(body.as_bytes()),
            usage: crate::exchange::Usage::default(),
        }
    }

    #[test]
    fn a_plugins_own_words_go_before_the_hosts() {
        let said = plain(429, &[(RETRY_AFTER, "7"), (CACHE_CONTROL, "public")], "");
        let answer = reply(said, Some((RETRY_AFTER, HeaderValue::from(30))), GET);
        assert_eq!(answer.headers()[RETRY_AFTER], "7");
        assert_eq!(answer.headers()[CACHE_CONTROL], "public");
    }

    #[test]
    fn what_a_plugin_forgets_is_added() {
        let answer = reply(
            plain(429, &[], "slow down"),
            Some((RETRY_AFTER, HeaderValue::from(30))),
            GET,
        );
        assert_eq!(answer.headers()[RETRY_AFTER], "30");
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(answer.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers()[X_REQUEST_ID], "req_1");
    }

    #[test]
    fn answers_without_a_body_have_none() {
        let head = reply(plain(200, &[], "four"), None, Envelope { head: true, ..GET });
        assert_eq!(
            (bytes(&head), &head.headers()[CONTENT_LENGTH]),
            (0, &HeaderValue::from(4))
        );
        assert_eq!(bytes(&reply(plain(204, &[], "none"), None, GET)), 0);
    }
}
