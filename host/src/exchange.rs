//! What crosses between the edge and the runtime: one request in, one reply out; one notification in, taken or not.
//!
//! The edge has routed, verified and bounded a request before it becomes an [`Exchange`]; the runtime alone knows how a
//! plugin is called.

use bytes::Bytes;
use mooring_core::idempotency::Claim;
use mooring_core::ids::JobId;
pub use mooring_core::keys::CredentialFailure;
use mooring_core::keys::Principal;
use mooring_manifest::Manifest;

/// Bytes of an idempotency key that a caller may choose.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// A request that the edge has finished with.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What the edge made of it.
    pub outcome: Outcome,
    /// Upper case.
    pub method: String,
    /// Below the mount, percent-encoded as sent.
    pub path: String,
    /// Without the `?`.
    pub query: String,
    /// Values of the route's parameters in their order, percent-decoded.
    pub params: Vec<String>,
    /// Only those that the manifest asks for, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Whole, within its limit.
    pub body: Bytes,
    /// Absent exactly when nothing was verified.
    pub principal: Option<Principal>,
    /// Under which logs and audit know this request.
    pub request_id: String,
    /// What its caller calls it, on a route that writes; see [`mooring_core::idempotency`].
    pub claim: Option<Claim>,
    /// The job that the first answer waited for; set by the runtime alone, for the second run.
    pub resumed: Option<JobId>,
}

/// Where a request goes inside its plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Index of the route in the manifest.
    Route(u32),
    /// The host refuses; the plugin words the answer.
    Rejected {
        /// Why.
        cause: Cause,
        /// The route, where one was found.
        route: Option<u32>,
    },
}

/// Why the host refuses a request, or failed it. Mirrors `exchange.cause` of the WIT.
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
    /// Seconds to wait.
    RateLimited(u32),
    /// The limit in bytes.
    BodyTooLarge(u64),
    /// The client was too slow.
    BodyTimeout,
    /// Not well-formed, and why.
    Malformed(String),
    /// The idempotency key was used for another request.
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

impl Cause {
    /// One of each, as requests of this surface may meet them.
    pub(crate) fn samples(manifest: &Manifest) -> Vec<Cause> {
        const FAILURES: [CredentialFailure; 7] = [
            CredentialFailure::Missing,
            CredentialFailure::Malformed,
            CredentialFailure::Unknown,
            CredentialFailure::Expired,
            CredentialFailure::Revoked,
            CredentialFailure::Stale,
            CredentialFailure::BadSignature,
        ];
        let mut samples = vec![Cause::NoRoute, Cause::MethodNotAllowed(vec!["GET".to_owned()])];
        samples.extend(FAILURES.map(Cause::Unauthenticated));
        samples.extend(
            manifest
                .scopes
                .iter()
                .map(|scope| Cause::MissingScope(scope.name.clone())),
        );
        samples.extend([
            Cause::RateLimited(30),
            Cause::BodyTooLarge(65_536),
            Cause::BodyTimeout,
            Cause::Malformed("the path is not percent-encoded".to_owned()),
            Cause::IdempotencyKeyReused,
            Cause::Unavailable(1),
            Cause::Deadline,
            Cause::PluginFailed,
            Cause::HostFailed,
        ]);
        samples
    }
}

/// The answer to an [`Exchange`], after its commit is durable.
#[derive(Clone, Debug)]
pub struct Reply {
    /// 200 to 599.
    pub status: u16,
    /// Checked: legal names and values, none that belong to the host.
    pub headers: Vec<(http::HeaderName, http::HeaderValue)>,
    /// Within its limit.
    pub body: Bytes,
    /// What it cost.
    pub usage: Usage,
}

/// What arrived at a gateway's address for notifications.
#[derive(Clone, Debug)]
pub struct Notification {
    /// As received.
    pub body: Bytes,
    /// All of them, names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// Without the `?`.
    pub query: String,
}

/// Why a notification was not taken. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// There is no tenant of this name.
    #[error("there is no such tenant")]
    UnknownTenant,
    /// Not signed by the gateway, or too old.
    #[error("the notification is not trusted: {0}")]
    Untrusted(String),
    /// Not something that this gateway sends.
    #[error("the notification is malformed: {0}")]
    Malformed(String),
    /// It cannot be checked or applied now.
    #[error("the notification cannot be taken now: {0}")]
    Retry(String),
}

/// What one request cost, over all its runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Units of wasmtime's fuel, roughly instructions.
    pub fuel: u64,
    /// Calls of imported functions.
    pub host_calls: u64,
    /// Bytes of keys and values written to the store.
    pub bytes_written: u64,
    /// Runs thrown away because another transaction won, or a plugin failed at an event.
    pub reruns: u32,
}

impl Usage {
    /// Counts another part of the same request.
    pub(crate) fn add(&mut self, other: &Usage) {
        self.fuel += other.fuel;
        self.host_calls += other.host_calls;
        self.bytes_written += other.bytes_written;
        self.reruns += other.reruns;
    }
}
