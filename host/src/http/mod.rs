//! The edge: what stands between a socket and a plugin.
//!
//! [`serve`] accepts connections and bounds what a client may cost; `dispatch` takes one request to the plugin that owns
//! its path. The edge knows manifests, mounts and limits. It knows neither how a plugin is called nor where keys are
//! kept: that is behind [`Gate`], which the runtime implements.
//!
//! What the edge guarantees:
//! - The time until a request head is whole, until a body is whole, and while a client takes no byte of its answer, is
//!   limited; so are their sizes, and the number of connections and streams.
//! - Inside a mount, every refusal is worded by the plugin, so that it has the provider's own shape. Only a path outside
//!   all mounts, and what is not HTTP at all, is answered by the host.
//! - A plugin is given no header that carries a credential, and no path: where a key was, there is `-`. A gateway is given
//!   all that its notifications carry.
//! - Nothing secret is logged: no header, no body, no query value, no path segment that looks like a key.

mod access_log;
mod address;
mod body;
mod checkout;
mod claim;
mod connection;
mod credentials;
mod dispatch;
mod docs;
mod mounts;
mod notifications;
mod path;
mod path_keys;
mod rate;
mod request_id;
mod respond;
mod server;
mod signed;
mod socket;
mod surface;
mod tls;

use std::future::Future;
use std::sync::Arc;

use mooring_core::keys::Principal;

pub use self::mounts::{Mount, MountError, MountTable};
pub use self::server::{Drained, serve};
pub(crate) use self::socket::Socket;
pub use self::surface::{Surface, SurfaceError};
pub use self::tls::{TlsError, acceptor};
use crate::checkout::Till;
use crate::exchange::{Cause, Exchange, Notification, NotifyError, Reply};

/// What the edge asks of the host behind it.
pub trait Gate: Send + Sync + 'static {
    /// What a mount leads to: the runtime's handle of one version of one plugin. A request keeps the mount that routed
    /// it, so a route's index always meets the manifest it came from, whatever is loaded meanwhile.
    type Plugin: Send + Sync + 'static;

    /// What stands behind the hosted pages.
    type Till: Till<Self::Plugin>;

    /// Who answers the hosted pages of the mounts.
    fn till(&self) -> &Self::Till;

    /// The mounts as of now. Asked once per request, so it should cost no more than taking a reference.
    fn mounts(&self) -> Arc<MountTable<Self::Plugin>>;

    /// Who presents this key on this mount. The key has the surface's prefix and a sane form.
    ///
    /// Refuses with [`Cause::Unauthenticated`], or with [`Cause::HostFailed`] where it could not be looked up.
    fn verify(
        &self,
        mount: &Mount<Self::Plugin>,
        presented: &str,
    ) -> impl Future<Output = Result<Caller, Cause>> + Send;

    /// Whether a message was signed (HMAC-SHA256) with the secret of the principal's key.
    ///
    /// Refuses with [`Cause::Unauthenticated`], or with [`Cause::HostFailed`] where the secret could not be had.
    fn check_signature(&self, principal: &Principal, message: &[u8], code: &[u8]) -> Result<(), Cause>;

    /// Have the plugin answer. Never fails: a plugin that does is a reply too.
    fn call(&self, mount: &Mount<Self::Plugin>, exchange: Exchange) -> impl Future<Output = Reply> + Send;

    /// Have the gateway of this mount take in a notification for the tenant of this name.
    fn notify(
        &self,
        mount: &Mount<Self::Plugin>,
        tenant: &str,
        notification: Notification,
    ) -> impl Future<Output = Result<(), NotifyError>> + Send;

    /// Whether the host can serve; otherwise why not, in words fit for a stranger.
    fn ready(&self) -> Result<(), String>;
}

/// Who calls, and what the operator has set for them.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who was verified.
    pub principal: Principal,
    /// The setting `rate_limit_per_minute` of this tenant: goes before the manifest's limits, 0 for no limit.
    pub rate_limit_per_minute: Option<u32>,
}
