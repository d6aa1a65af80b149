//! A gateway's mount: where what it sends arrives, `POST /notifications/{tenant}`.
//!
//! Whoever sends has no key: the gateway's plugin checks the signature, and is given the body as it came and every header
//! for that. Answers are the host's own: what was taken is 200, what will never be taken 400, what may be taken later 503,
//! so that senders repeat exactly the last.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use hyper::body::Incoming;

use super::dispatch::Edge;
use super::path::{check_path, decode};
use super::respond::{self, Answer, Envelope};
use super::{Gate, Mount, body};
use crate::bindings::NOTIFICATIONS;
use crate::exchange::{Cause, Notification, NotifyError};

/// How long a sender is told to wait.
const RETRY_SECONDS: u32 = 30;

/// Characters of a gateway's reason that the sender is told.
const REASON_CHARS_MAX: usize = 200;

/// Why a notification is answered with something else than 200.
struct Refused {
    status: StatusCode,
    detail: String,
    header: Option<(http::HeaderName, HeaderValue)>,
}

impl<G: Gate> Edge<G> {
    /// Answers a request to a gateway's mount. Also says whether its body was taken in.
    pub(super) async fn take_notification(
        &self,
        mount: &Mount<G::Plugin>,
        path: &str,
        parts: &Parts,
        body: &mut Incoming,
        address: IpAddr,
        envelope: Envelope<'_>,
    ) -> (Answer, bool) {
        let (tenant, body) = match self.admit_notification(mount, path, parts, body, address).await {
            Ok(admitted) => admitted,
            Err(refused) => return (refused.answer(envelope), false),
        };
        let notification = Notification {
            body,
            headers: all_headers(&parts.headers),
            query: parts.uri.query().unwrap_or_default().to_owned(),
        };
        let answer = match self.gate.notify(mount, &tenant, notification).await {
            Ok(()) => respond::taken(envelope),
            Err(error) => Refused::from(error).answer(envelope),
        };
        (answer, true)
    }

    /// The tenant and the body.
    async fn admit_notification(
        &self,
        mount: &Mount<G::Plugin>,
        path: &str,
        parts: &Parts,
        body: &mut Incoming,
        address: IpAddr,
    ) -> Result<(String, Bytes), Refused> {
        let gateway = mount.surface.manifest().gateway.as_ref();
        let bytes_max = gateway.map_or(0, |gateway| u64::from(gateway.notification_bytes_max));
        self.rates
            .take(
                Some(self.limits.notifications_per_minute),
                &mount.name,
                None,
                address,
            )
            .map_err(|seconds| Refused::from(Cause::RateLimited(seconds)))?;
        check_path(path)?;
        let tenant = tenant(path).ok_or(Cause::NoRoute)?;
        if parts.method != Method::POST {
            return Err(Cause::MethodNotAllowed(vec!["POST".to_owned()]).into());
        }
        let bytes_max = bytes_max.min(self.limits.body_bytes_max);
        let body = body::read(body, bytes_max, self.limits.body_timeout_ms).await?;
        Ok((tenant, body))
    }
}

/// Whose notification arrives at this path below the mount.
fn tenant(path: &str) -> Option<String> {
    let tenant = path
        .strip_prefix('/')?
        .strip_prefix(NOTIFICATIONS)?
        .strip_prefix('/')?;
    (!tenant.is_empty() && !tenant.contains('/')).then(|| decode(tenant))
}

fn all_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

impl Refused {
    fn new(status: StatusCode, detail: impl Into<String>) -> Refused {
        Refused {
            status,
            detail: detail.into(),
            header: None,
        }
    }

    fn retry(status: StatusCode, detail: impl Into<String>, seconds: u32) -> Refused {
        Refused {
            header: Some((RETRY_AFTER, HeaderValue::from(seconds))),
            ..Refused::new(status, detail)
        }
    }

    fn answer(self, envelope: Envelope<'_>) -> Answer {
        let mut answer = respond::problem(self.status, &self.detail, envelope);
        if let Some((name, value)) = self.header {
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}

impl From<NotifyError> for Refused {
    fn from(error: NotifyError) -> Refused {
        let cut = |reason: &str| reason.chars().take(REASON_CHARS_MAX).collect::<String>();
        match error {
            NotifyError::UnknownTenant => Refused::new(StatusCode::NOT_FOUND, "There is no such tenant."),
            NotifyError::Untrusted(reason) | NotifyError::Malformed(reason) => {
                Refused::new(StatusCode::BAD_REQUEST, cut(&reason))
            }
            NotifyError::Retry(reason) => {
                Refused::retry(StatusCode::SERVICE_UNAVAILABLE, cut(&reason), RETRY_SECONDS)
            }
        }
    }
}

/// Those that can happen here.
impl From<Cause> for Refused {
    fn from(cause: Cause) -> Refused {
        match cause {
            Cause::NoRoute => Refused::new(
                StatusCode::NOT_FOUND,
                "A gateway takes POST /notifications/{tenant} only.",
            ),
            Cause::MethodNotAllowed(_) => Refused {
                header: Some((ALLOW, HeaderValue::from_static("POST"))),
                ..Refused::new(StatusCode::METHOD_NOT_ALLOWED, "Notifications are posted.")
            },
            Cause::RateLimited(seconds) => Refused::retry(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many notifications from one address (edge.notifications_per_minute).",
                seconds,
            ),
            Cause::BodyTooLarge(limit) => Refused::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The body has more than {limit} bytes."),
            ),
            Cause::BodyTimeout => {
                Refused::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.")
            }
            Cause::Malformed(reason) => Refused::new(StatusCode::BAD_REQUEST, reason),
            Cause::Unauthenticated(_)
            | Cause::MissingScope(_)
            | Cause::IdempotencyKeyReused
            | Cause::Unavailable(_)
            | Cause::Deadline
            | Cause::PluginFailed
            | Cause::HostFailed => {
                Refused::retry(StatusCode::SERVICE_UNAVAILABLE, "The host failed.", RETRY_SECONDS)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_segment_behind_the_word_is_the_tenant() {
        assert_eq!(tenant("/notifications/demo").as_deref(), Some("demo"));
        assert_eq!(tenant("/notifications/d%65mo").as_deref(), Some("demo"));
        for path in [
            "/",
            "/notifications",
            "/notifications/",
            "/notifications/a/b",
            "/notificationsdemo",
        ] {
            assert_eq!(tenant(path), None, "{path}");
        }
    }
}
