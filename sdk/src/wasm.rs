//! The plugin as a component: imports, exports and memory. The generated code stays in here.
//!
//! There is a world for providers and one for gateways. What both import is generated once, with the first: a component
//! keeps only the imports that it calls, and exports only the world that its crate registers.

mod alloc;
mod convert;
pub mod export;
pub mod export_gateway;
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

/// Generated from the contract: the world of gateways, as far as it is not the providers'.
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    reason = "generated"
)]
pub mod gateway_bindings {
    wit_bindgen::generate!({
        path: "../wit/v0.1.0",
        world: "gateway",
        with: {
            "mooring:plugin/types@0.1.0": super::bindings::mooring::plugin::types,
            "mooring:plugin/context@0.1.0": super::bindings::mooring::plugin::context,
            "mooring:plugin/log@0.1.0": super::bindings::mooring::plugin::log,
            "mooring:plugin/settings@0.1.0": super::bindings::mooring::plugin::settings,
            "mooring:plugin/outbound@0.1.0": super::bindings::mooring::plugin::outbound,
            "mooring:plugin/payments@0.1.0": super::bindings::mooring::plugin::payments,
        },
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "mooring_sdk::macros::export_gateway::bindings",
        export_macro_name: "export_gateway",
    });
}
