//! The edge over real sockets, with a gate that tells what it was asked.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

mod checkout;
mod docs;
mod limits;
mod log;
mod notifications;
mod path_keys;
mod protocol;
mod refusals;
mod shutdown;
mod signed;
mod support;
mod till;
mod tls;
