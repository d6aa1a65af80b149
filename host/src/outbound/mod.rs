//! The guarded way out: every call to the world goes through here, whoever makes it.
//!
//! [`OutboundRequest`] holds only what may be sent; [`Client`] sends it to public addresses only, follows no redirect,
//! uses no proxy and keeps no cookie, and bounds time and size. Secrets come as [`Credential`] beside the request: they are
//! in no error and in no log.
//!
//! What a call means, and who may make it, is its caller's business: nothing here knows plugins, targets or webhooks.

mod client;
mod deliver;
mod guard;
mod request;

pub use self::client::{Client, ClientError, OutboundError, OutboundResponse};
pub use self::deliver::Receipt;
pub use self::guard::{Guard, RefusedAddress};
pub(crate) use self::request::is_hosts_own;
pub use self::request::{Credential, OutboundRequest, RefusedRequest, check_url};
