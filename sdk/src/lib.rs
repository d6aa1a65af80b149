//! Write Mooring plugins: one route table, typed handlers, exact money, and a host in memory for tests.
//!
//! A plugin serves the HTTP API of one billing provider inside a Mooring host. It is a struct that implements
//! [`Plugin`]: it says who it is ([`Plugin::info`]), lists its routes once ([`Plugin::ROUTES`], which give both the
//! manifest and the dispatch), and words every error in one place ([`Plugin::problem`]).
//!
//! ```
//! use mooring_sdk::prelude::*;
//!
//! struct Hello;
//!
//! impl Plugin for Hello {
//!     type Error = Problem;
//!     const ROUTES: &'static [Route<Problem>] =
//!         &[Route::get("greet", "/hello/{name}", handler!(greet)).public().summary("Greets.")];
//!
//!     fn info() -> Info {
//!         Info::new("hello", env!("CARGO_PKG_VERSION"), "Greets whoever asks.").bearer()
//!     }
//!
//!     fn problem(problem: &Problem) -> Response {
//!         Response::text(problem.status(), problem.to_string())
//!     }
//! }
//!
//! fn greet(Path(name): Path<String>) -> Response {
//!     Response::text(200, format!("Hello, {name}!"))
//! }
//!
//! mooring_sdk::register!(Hello);
//! ```
//!
//! What a request writes through [`users`], [`services`], [`ledger`], [`payments`], [`records`], [`jobs`], [`webhooks`]
//! and [`keys`] commits together when the answer's status is below 400, and not at all otherwise. Handlers never lock, retry
//! or clean up. Calls to the world are made from jobs only ([`outbound`]). What becomes of a payment is told to
//! [`Plugin::on_event`], in the very transaction in which it happens.
//!
//! What moves the money of payments is a plugin of another kind: a [`gateway`]. A crate is one or the other, by
//! [`register!`] or [`register_gateway!`].
//!
//! What a plugin does not call it does not import: an import list is a list of permissions, readable without running
//! anything. Natively, the same calls go to a [`backend`], so handlers are tested with plain `cargo test` against
//! [`testing::TestHost`], and gateways against [`testing::TestGateway`].

#[cfg_attr(
    target_family = "wasm",
    allow(unreachable_pub, reason = "only natively is the dispatch public")
)]
mod dispatch;
pub mod extract;
mod forward;
pub mod gateway;
pub mod http;
mod info;
pub mod json;
pub mod money;
mod page;
pub mod path;
mod plugin;
mod primitives;
mod problem;
mod route;

#[cfg(not(target_family = "wasm"))]
pub mod backend;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(target_family = "wasm")]
mod wasm;

pub use forward::forward;
pub use info::{Collection, Info};
pub use mooring_manifest::Origin;
pub use page::{List, Order, Page, PageQuery, all};
pub use plugin::Plugin;
pub use primitives::{
    context, endpoints, jobs, keys, ledger, log, outbound, payments, records, services, settings, signatures,
    users, webhooks,
};
pub use problem::{Cause, CredentialFailure, Denial, InvalidField, Problem};
pub use route::Route;

/// What almost every plugin uses.
pub mod prelude {
    pub use crate::extract::{Body, Form, Json, Path, Query};
    pub use crate::http::{Principal, Request, Response};
    pub use crate::jobs::{Job, JobFailure};
    pub use crate::money::Amount;
    pub use crate::{Cause, Info, Origin, Page, Plugin, Problem, Route, handler};
}

/// What the macros use. Not for plugins.
#[doc(hidden)]
pub mod macros {
    pub use crate::dispatch::invoke;
    #[cfg(not(target_family = "wasm"))]
    pub use crate::dispatch::{Outcome, describe, describe_gateway, handle};
    #[cfg(target_family = "wasm")]
    pub use crate::wasm::{export, export_gateway};
}
