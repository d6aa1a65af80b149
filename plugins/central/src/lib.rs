//! The Central Payment API: hosted payments, subscriptions with invoices, signed requests and webhooks.
//!
//! - `info`, `routes`, `schema`: what the plugin says about itself
//! - `calendar`, `proration`: time and what a part of it costs
//! - `accounts`, `rates`: the accounts of the ledger; prices and currencies in use
//! - `customers`, `plans`: who pays, for what
//! - `subscriptions`: their life, and the jobs that move it
//! - `invoices`: what is owed, and how it is paid
//! - `transactions`, `gateways`: payments of the host, and what has become of them
//! - `events`, `webhooks`, `analytics`: what is told, to whom, and what is counted
//! - `policy`: the operator's settings
//! - `input`, `listing`, `search`, `views`, `ids`: how requests are read and answers written
//! - `error`: every failure, in the provider's words

mod accounts;
mod analytics;
pub mod calendar;
mod customers;
mod error;
mod events;
mod gateways;
mod ids;
mod info;
mod input;
mod invoices;
mod listing;
mod plans;
mod policy;
pub mod proration;
mod rates;
mod routes;
mod schema;
mod search;
mod subscriptions;
mod transactions;
mod views;
mod webhooks;

use mooring_sdk::payments::PaymentEvent;
use mooring_sdk::prelude::*;

pub use error::Error;

/// The plugin.
pub struct Central;

impl Plugin for Central {
    type Error = Error;

    const ROUTES: &'static [Route<Error>] = routes::ROUTES;

    fn info() -> Info {
        info::info()
    }

    fn problem(error: &Error) -> Response {
        error.respond()
    }

    fn run_job(job: Job) -> Result<(), JobFailure> {
        match job.kind.as_str() {
            subscriptions::JOB_DUE => subscriptions::run_due(&job),
            subscriptions::JOB_ONE => subscriptions::run_one(&job),
            subscriptions::JOB_FORGET => subscriptions::forget_endpoint(&job),
            kind => Err(JobFailure::fatal(format!("there is no job of the kind `{kind}`"))),
        }
    }

    fn on_event(event: PaymentEvent) -> Result<(), Problem> {
        transactions::on_event(&event).map_err(Error::into_problem)
    }
}

mooring_sdk::register!(Central);
