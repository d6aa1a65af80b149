//! Everything that can go wrong on the way to an answer.

use std::fmt;

/// What the SDK or the host fails with. A plugin's own error is made from it, so that one function words them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The host refuses the request; no handler has run.
    Rejected(Cause),
    /// The body is not what it should be at all: not UTF-8, not JSON, not a form.
    Unreadable(String),
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// What the request names does not exist.
    NotFound,
    /// It exists already, or is in a state that does not allow this.
    Conflict(String),
    /// A primitive refuses to act, whatever the arguments.
    Denied(Denial),
    /// The host failed. For the log, not for the caller.
    Internal(String),
    /// The plugin's own: a status and a text for the caller.
    Other(u16, String),
}

/// A value that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// Where: `email`, `data.user.email`; empty for the whole.
    pub field: String,
    /// What is wrong, for a person.
    pub reason: String,
}

impl InvalidField {
    /// `field` breaks a rule, and why.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> InvalidField {
        InvalidField {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// Why the host refuses a request, or failed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No route has this path.
    NoRoute,
    /// The path exists for these methods.
    MethodNotAllowed(Vec<String>),
    /// No usable key.
    Unauthenticated(CredentialFailure),
    /// The key lacks this scope.
    MissingScope(String),
    /// Too many requests; seconds to wait.
    RateLimited(u32),
    /// The limit in bytes.
    BodyTooLarge(u64),
    /// The client was too slow.
    BodyTimeout,
    /// The request is not well-formed, and why.
    Malformed(String),
    /// The request's idempotency key was used for another request.
    IdempotencyKeyReused,
    /// No capacity; seconds to wait.
    Unavailable(u32),
    /// The plugin ran out of time or fuel.
    Deadline,
    /// The plugin trapped, hit a memory limit or answered out of bounds.
    PluginFailed,
    /// The host failed.
    HostFailed,
}

/// What was wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFailure {
    /// None was sent.
    Missing,
    /// Not a key of this surface.
    Malformed,
    /// Nobody's.
    Unknown,
    /// Past its time.
    Expired,
    /// Taken back.
    Revoked,
    /// The request's timestamp is too far from now.
    Stale,
    /// The request is not signed with the key's secret.
    BadSignature,
}

/// Why a primitive refuses to act, whatever the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The request carries no verified principal; it can neither read nor write.
    Anonymous,
    /// The route only reads.
    ReadOnly,
    /// The call ran out of one of its budgets.
    OverBudget,
}

/// A plugin's own error is made from these errors of primitives as it is from a [`Problem`]:
/// `through_problem!(Error: LedgerError RecordError);`
#[macro_export]
macro_rules! through_problem {
    ($own:ty: $($error:ty)*) => {
        $(
            impl ::core::convert::From<$error> for $own {
                fn from(error: $error) -> $own {
                    $crate::Problem::from(error).into()
                }
            }
        )*
    };
}

impl Cause {
    /// The status that HTTP has for it.
    pub fn status(&self) -> u16 {
        match self {
            Cause::NoRoute => 404,
            Cause::MethodNotAllowed(_) => 405,
            Cause::Unauthenticated(_) => 401,
            Cause::MissingScope(_) => 403,
            Cause::RateLimited(_) => 429,
            Cause::BodyTooLarge(_) => 413,
            Cause::BodyTimeout => 408,
            Cause::Malformed(_) => 400,
            Cause::IdempotencyKeyReused => 422,
            Cause::Unavailable(_) => 503,
            Cause::Deadline => 504,
            Cause::PluginFailed => 502,
            Cause::HostFailed => 500,
        }
    }
}

impl Problem {
    /// The status that HTTP has for it.
    pub fn status(&self) -> u16 {
        match self {
            Problem::Rejected(cause) => cause.status(),
            Problem::Unreadable(_) => 400,
            Problem::Invalid(_) => 422,
            Problem::NotFound => 404,
            Problem::Conflict(_) => 409,
            Problem::Denied(Denial::Anonymous) => 401,
            Problem::Denied(Denial::ReadOnly) | Problem::Internal(_) => 500,
            Problem::Denied(Denial::OverBudget) => 503,
            Problem::Other(status, _) => *status,
        }
    }

    /// `field` breaks a rule, and why.
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Problem {
        Problem::Invalid(InvalidField::new(field, reason))
    }
}

/// A text for the caller. Never holds what only the operator should see.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Rejected(cause) => cause.fmt(f),
            Problem::Invalid(invalid) => invalid.fmt(f),
            Problem::NotFound => f.write_str("not found"),
            Problem::Denied(denial) => denial.fmt(f),
            Problem::Internal(_) => f.write_str("internal error"),
            Problem::Unreadable(text) | Problem::Conflict(text) | Problem::Other(_, text) => {
                f.write_str(text)
            }
        }
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.reason)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::NoRoute => f.write_str("not found"),
            Cause::MethodNotAllowed(_) => f.write_str("method not allowed"),
            Cause::Unauthenticated(_) => f.write_str("invalid API key"),
            Cause::MissingScope(scope) => write!(f, "the key lacks the scope {scope}"),
            Cause::RateLimited(_) => f.write_str("rate limited"),
            Cause::BodyTooLarge(max) => write!(f, "the body is larger than {max} bytes"),
            Cause::BodyTimeout => f.write_str("the body did not arrive in time"),
            Cause::Malformed(why) => write!(f, "malformed request: {why}"),
            Cause::IdempotencyKeyReused => f.write_str("this idempotency key was used for another request"),
            Cause::Unavailable(_) => f.write_str("temporarily unavailable"),
            Cause::Deadline => f.write_str("timed out"),
            Cause::PluginFailed => f.write_str("bad gateway"),
            Cause::HostFailed => f.write_str("internal error"),
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Denial::Anonymous => "authentication required",
            Denial::ReadOnly => "this route cannot write",
            Denial::OverBudget => "the request asks for too much",
        })
    }
}

impl std::error::Error for Problem {}
