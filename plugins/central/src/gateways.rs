//! The gateways that answers name. Which of them can take a payment is shown on its page, where the payer picks one.

use mooring_sdk::payments::Payment;
use mooring_sdk::prelude::*;
use mooring_sdk::settings;
use serde::Serialize;

use crate::error::Error;
use crate::input::{self, named};

pub(crate) const SETTING: &str = "gateways";

#[derive(Serialize)]
struct Gateway {
    name: String,
    display_name: String,
}

/// `{"name","display_name","url"}`.
#[derive(Serialize)]
pub(crate) struct Link {
    #[serde(flatten)]
    gateway: Gateway,
    url: String,
}

/// In the operator's order: `stripe=Stripe paypal=PayPal`.
fn all() -> Result<Vec<Gateway>, Error> {
    let set = settings::get(SETTING)?.unwrap_or_default();
    let gateways = set.split_whitespace().map(|word| {
        let (name, display_name) = word.split_once('=').unwrap_or((word, word));
        Gateway {
            name: name.to_owned(),
            display_name: display_name.replace('_', " "),
        }
    });
    Ok(gateways.collect())
}

/// `GET gateways`.
pub(crate) fn list() -> Result<Response, Error> {
    Ok(named(200, "gateways", &all()?))
}

/// That a gateway is one of those that answers name.
pub(crate) fn known(name: &str) -> Result<(), Error> {
    let all = all()?;
    let names: Vec<&str> = all.iter().map(|gateway| gateway.name.as_str()).collect();
    input::one_of("gateway", name, &names)
}

/// A payment's page, with a gateway offered first. The others are there too: one of them may do where that one does not.
pub(crate) fn page(pay_url: &str, gateway: &str) -> String {
    format!("{pay_url}?gateway={gateway}")
}

/// Where a payment is paid with each of them.
pub(crate) fn links(payment: &Payment) -> Result<Vec<Link>, Error> {
    let links = all()?.into_iter().map(|gateway| Link {
        url: page(&payment.pay_url, &gateway.name),
        gateway,
    });
    Ok(links.collect())
}
