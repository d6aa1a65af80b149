//! Mooring: an integration host for billing.
//!
//! One process serves the HTTP APIs of many billing providers. Each API surface is a sandboxed WebAssembly component that
//! maps its routes onto the primitives of `mooring-core`; a request is a transaction.
//!
//! Calls point one way: [`http`] (with [`checkout`] and [`docs`]) and [`admin`] call [`runtime`], which calls [`bindings`], which call `mooring-core`,
//! which calls `mooring-store`.

pub mod admin;
pub mod bindings;
pub mod bundled;
mod chain;
pub mod checkout;
pub mod cli;
pub mod config;
pub mod data;
pub mod demo;
pub mod docs;
pub mod exchange;
pub mod http;
pub mod live;
pub mod outbound;
pub mod runtime;
pub mod serve;
pub mod webhooks;
mod weight;
