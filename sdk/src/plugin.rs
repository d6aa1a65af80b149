//! What an author implements.

use crate::http::Response;
use crate::info::Info;
use crate::jobs::{Job, JobFailure};
use crate::payments::PaymentEvent;
use crate::problem::Problem;
use crate::route::Route;

/// One provider's API surface.
pub trait Plugin: Sized + 'static {
    /// What handlers fail with. [`Problem`] itself will do for a small plugin; a larger one has its own enum, so that
    /// every failure of the provider has a name.
    type Error: From<Problem>;

    /// Every route, in the order of the manifest. A matched request carries the index, so finding its handler is one
    /// look into this table.
    const ROUTES: &'static [Route<Self::Error>];

    /// Name, credentials, scopes, settings, collections and targets. Asked for once, when the plugin is loaded.
    fn info() -> Info;

    /// Words every failure: the plugin's own, bad input, and what the host refuses before a handler runs (unknown
    /// path, bad key, rate limit). `Retry-After` and `Allow` are added by the SDK where the cause has them.
    fn problem(error: &Self::Error) -> Response;

    /// Does a job that this plugin scheduled. Runs at least once; its writes commit if it answers `Ok`.
    fn run_job(job: Job) -> Result<(), JobFailure> {
        Err(JobFailure::fatal(format!(
            "this plugin knows no job of the kind `{}`",
            job.kind
        )))
    }

    /// Something has happened to a payment that this plugin made. Runs in the transaction of what happened: a webhook emitted
    /// here is there exactly when the change is. An error does not undo the change; the event is told again, in a job.
    fn on_event(event: PaymentEvent) -> Result<(), Problem> {
        let _ = event;
        Ok(())
    }
}

/// Makes a type that implements [`Plugin`] *the* plugin of this crate. Once per crate; nothing happens natively.
#[macro_export]
macro_rules! register {
    ($plugin:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            $crate::macros::export::stamp!();
            $crate::macros::export::plugin!($plugin);
        };
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            const fn is_plugin<P: $crate::Plugin>() {}
            is_plugin::<$plugin>();
        };
    };
}
