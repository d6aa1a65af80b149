//! What the host does for a plugin: one module for each interface of the contract.
//!
//! On Wasm a call goes straight to the import, so that what a plugin does not call does not get linked and is not among
//! its imports; natively it goes to the current [`crate::backend`].

#[cfg(target_family = "wasm")]
macro_rules! host {
    ($function:ident($($argument:expr),*)) => { crate::wasm::$function($($argument),*) };
}
#[cfg(not(target_family = "wasm"))]
macro_rules! host {
    ($function:ident($($argument:expr),*)) => { crate::backend::current(|backend| backend.$function($($argument),*)) };
}

pub mod context;
pub mod endpoints;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod outbound;
pub mod payments;
pub mod records;
pub mod services;
pub mod settings;
pub mod signatures;
pub mod users;
pub mod webhooks;
