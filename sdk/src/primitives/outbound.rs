//! Calls to the world, from [`crate::Plugin::run_job`] only. The manifest names the targets; the operator's settings say
//! where each one is and hold its credentials, which the host adds and the plugin never sees.
//!
//! Every new attempt of a job makes its calls anew, so a job should make one changing call and record its result.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::Denial;

/// A call to make.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// A target of the manifest.
    pub target: String,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Path and query below the target's base URL; starts with `/`.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Call {
    /// A call without a body that asks for JSON.
    pub fn new(target: &str, method: &str, path: impl Into<String>) -> Call {
        Call {
            target: target.to_owned(),
            method: method.to_owned(),
            path: path.into(),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            body: Vec::new(),
        }
    }

    /// With a body of JSON.
    #[must_use]
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Call {
        self.headers
            .push(("content-type".to_owned(), "application/json".to_owned()));
        self.body = crate::json::to_string(value).into_bytes();
        self
    }

    /// Makes it; see [`send`].
    pub fn send(self) -> Result<Answer, OutboundError> {
        send(self)
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Any status is an answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as a value of the plugin's own type; the error says what does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundError {
    /// The manifest declares no such target.
    UnknownTarget(String),
    /// The operator has not set the target's URL or credentials; the missing setting is named.
    NotConfigured(String),
    /// The path, method or a header is not allowed, or the address is a private one.
    Refused(String),
    /// No answer. Whether the other side acted is unknown.
    Unreachable(String),
    /// No whole answer in time. Whether the other side acted is unknown.
    TimedOut,
    /// The answer is larger than the host takes.
    TooLarge,
    /// Called outside a job.
    NotInAJob,
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Whether the target's settings are complete; works everywhere, makes no call.
pub fn is_configured(target: &str) -> Result<bool, OutboundError> {
    host!(outbound_is_configured(target))
}

/// Makes the call. Redirects are not followed.
pub fn send(call: Call) -> Result<Answer, OutboundError> {
    host!(outbound_send(call))
}

impl std::fmt::Display for OutboundError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OutboundError::UnknownTarget(name) => write!(f, "target `{name}` is not declared"),
            OutboundError::NotConfigured(setting) => write!(f, "setting `{setting}` is not set"),
            OutboundError::Refused(why) => write!(f, "refused: {why}"),
            OutboundError::Unreachable(why) => write!(f, "unreachable: {why}"),
            OutboundError::TimedOut => f.write_str("no answer in time"),
            OutboundError::TooLarge => f.write_str("the answer is too large"),
            OutboundError::NotInAJob => f.write_str("calls are made from jobs only"),
            OutboundError::Denied(denial) => denial.fmt(f),
            OutboundError::Internal(why) => f.write_str(why),
        }
    }
}

impl From<OutboundError> for crate::problem::Problem {
    fn from(error: OutboundError) -> crate::problem::Problem {
        match error {
            OutboundError::Denied(denial) => crate::problem::Problem::Denied(denial),
            error => crate::problem::Problem::Internal(error.to_string()),
        }
    }
}
