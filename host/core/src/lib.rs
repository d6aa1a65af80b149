//! Mooring's primitives: what the system does, without HTTP, WebAssembly or a vendor's name.
//!
//! Every primitive is a module of plain functions on a unit of [`work`]: `users::create(&mut work, …)`. The functions
//! mirror the plugin contract one to one, with its limits and its errors; what a principal may do is decided before they
//! are called. All that one unit of work writes becomes true together when it is committed, or not at all.
//!
//! # Guarantees
//! * A [`work::Work`] reaches the rows of its own tenant only; ids of another tenant are not found.
//! * A run of the same work on the same state draws the same ids, secrets and times (see [`draws`]), so a run that lost
//!   against another transaction can be thrown away and repeated.
//! * The ledger balances, is chained by hash and can be verified at any time ([`ledger::verify`]).
//!
//! # What it is not
//! It decides nothing about credentials in flight, calls nobody, and starts no threads: picking jobs and delivering
//! events is the host's business, which finds here the rows it needs.
//!
//! # Reading order
//! [`work`], [`users`] for the shape of a primitive, [`ledger`]; then as needed.

pub mod audit;
pub mod check;
pub mod clock;
pub mod draws;
pub mod events;
pub mod idempotency;
pub mod ids;
pub mod jobs;
pub mod json;
pub mod keys;
pub mod leases;
pub mod ledger;
pub mod money;
pub mod page;
pub mod payments;
pub mod plugins;
pub mod records;
pub mod seal;
pub mod services;
pub mod settings;
pub mod tenants;
pub mod time;
pub mod users;
pub mod webhooks;
pub mod work;

mod layout;
mod passwords;

#[cfg(test)]
mod isolation;
#[cfg(test)]
mod testing;

pub use mooring_store::{CommitError, Store, StoreError};
