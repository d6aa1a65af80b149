//! What `register!` puts into a plugin.

pub use super::bindings;
use super::convert;
use crate::dispatch;
use crate::plugin::Plugin;

/// The SDK's version, for the custom section that the host reads before it compiles a plugin.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// [`VERSION`] as the bytes of the section.
pub const fn version_bytes<const LEN: usize>() -> [u8; LEN] {
    let mut bytes = [0; LEN];
    let mut index = 0;
    while index < LEN {
        bytes[index] = VERSION.as_bytes()[index];
        index += 1;
    }
    bytes
}

/// Stamps the SDK's version into the custom section `mooring-sdk`.
#[doc(hidden)]
#[macro_export]
macro_rules! __stamp {
    () => {
        // The attribute is unsafe because a section can clash with one that the linker gives a meaning; this name has none.
        #[used]
        #[unsafe(link_section = "mooring-sdk")]
        static VERSION: [u8; $crate::macros::export::VERSION.len()] = $crate::macros::export::version_bytes();
    };
}

/// Exports a plugin as the world `provider`.
#[doc(hidden)]
#[macro_export]
macro_rules! __plugin {
    ($plugin:ty) => {
        struct Export;

        impl $crate::macros::export::bindings::Guest for Export {
            fn describe() -> String {
                $crate::macros::export::describe::<$plugin>()
            }

            fn handle(
                request: $crate::macros::export::bindings::Request,
            ) -> $crate::macros::export::bindings::Response {
                $crate::macros::export::handle::<$plugin>(request)
            }

            fn run_job(
                job: $crate::macros::export::bindings::Job,
            ) -> Result<(), $crate::macros::export::bindings::JobFailure> {
                $crate::macros::export::run_job::<$plugin>(job)
            }

            fn on_event(event: $crate::macros::export::bindings::Event) -> Result<(), String> {
                $crate::macros::export::on_event::<$plugin>(event)
            }
        }

        $crate::macros::export::bindings::export_provider!(Export);
    };
}

pub use crate::{__plugin as plugin, __stamp as stamp};

/// The export `describe`.
pub fn describe<P: Plugin>() -> String {
    dispatch::describe::<P>()
}

/// The export `handle`.
pub fn handle<P: Plugin>(request: bindings::Request) -> bindings::Response {
    let (outcome, request) = convert::request(request);
    convert::response(dispatch::handle::<P>(outcome, request))
}

/// The export `run-job`.
pub fn run_job<P: Plugin>(job: bindings::Job) -> Result<(), bindings::JobFailure> {
    P::run_job(convert::job(job)).map_err(convert::job_failure)
}

/// The export `on-event`.
pub fn on_event<P: Plugin>(event: bindings::Event) -> Result<(), String> {
    P::on_event(convert::payments::event(event)).map_err(|problem| problem.to_string())
}
