//! The Tebex Plugin API: what game servers and back-office tools call of a webstore.
//!
//! - `store`: the store and its servers, as the operator has set them
//! - `input`, `form`: what a request says, however it is encoded
//! - `content`, `listing`: categories, packages and goals
//! - `sales`, `coupons`, `gift_cards`, `pricing`: what a basket costs
//! - `players`: who buys; `customers`: looking them up; `bans`: who may not
//! - `checkout`, `manual`, `fields`: how payments are made; `reservations`: what open checkouts hold of limits
//! - `payments`, `pager`: how they are kept and listed
//! - `settle`, `grant`, `queue`: what a payment posts, delivers, and tells game servers to do
//! - `reading`: lists of documents, in parts that fit into a call of the host
//! - `rpc`: any of it in one envelope
//! - `price`, `time`: exact decimals, and the provider's ways to write money and times
//! - `routes`, `schema`, `demo`: what the plugin says about itself
//! - `error`: every failure, in the provider's words

mod bans;
mod checkout;
mod content;
mod coupons;
mod customers;
mod demo;
mod error;
mod fields;
mod form;
mod gift_cards;
mod grant;
mod info;
mod input;
mod listing;
mod manual;
mod pager;
mod payments;
mod players;
mod price;
mod pricing;
mod queue;
mod reading;
mod reservations;
mod routes;
mod rpc;
mod sales;
mod schema;
mod settle;
mod store;
mod time;

use mooring_sdk::jobs::JobFailure;
use mooring_sdk::payments::PaymentEvent;
use mooring_sdk::prelude::*;

pub use error::Error;

/// The plugin.
pub struct Tebex;

impl Plugin for Tebex {
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
            grant::EXPIRE => Ok(grant::expire(&job.payload).map_err(Error::into_problem)?),
            kind => Err(JobFailure::fatal(format!("there is no job of the kind `{kind}`"))),
        }
    }

    fn on_event(event: PaymentEvent) -> Result<(), Problem> {
        checkout::on_event(&event).map_err(Error::into_problem)
    }
}

mooring_sdk::register!(Tebex);
