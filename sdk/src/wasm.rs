//! The plugin as a component: imports, exports and memory. The generated code stays in here.

mod alloc;
mod convert;
pub mod export;
mod import;

pub(crate) use import::*;

/// Generated from the contract.
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    reason = "generated"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit/v0.1.0",
        world: "provider",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "mooring_sdk::macros::export::bindings",
        export_macro_name: "export_provider",
    });
}
