//! What somebody with the secret does to payments: makes one by hand, and changes the player or the status of any.

use mooring_sdk::context;
use mooring_sdk::extract::{WholeNumber, given};
use mooring_sdk::prelude::*;
use mooring_sdk::records;
use serde::Deserialize;

use crate::error::Error;
use crate::fields::{self, Needed, Options};
use crate::input::{Input, Line, Text};
use crate::payments::{self, Bought, Gateway, Note, PaidBy, Payment, Status};
use crate::price::Exact;
use crate::{content, grant, players, settle, store};

/// Packages of a payment. The rows of lists carry them, so they are few.
const PACKAGES_MAX: usize = 50;

/// `POST /payments`.
#[derive(Deserialize)]
pub(crate) struct NewPayment {
    #[serde(default, deserialize_with = "given")]
    note: Option<Text<1000>>,
    packages: Vec<Wanted>,
    /// Of all of it; absent: what the packages cost.
    #[serde(default, deserialize_with = "given")]
    price: Option<Exact>,
    ign: Line<100>,
}

#[derive(Deserialize)]
struct Wanted {
    id: WholeNumber,
    #[serde(default)]
    options: Options,
}

pub(crate) fn create(Input(new): Input<NewPayment>) -> Result<(), Error> {
    if !(1..=PACKAGES_MAX).contains(&new.packages.len()) {
        let reason = format!("must be 1 to {PACKAGES_MAX} packages");
        return Err(Error::invalid("packages", reason));
    }
    let currency = store::currency()?;
    let price = new.price.map(|price| price.amount(&currency)).transpose();
    let price = price.map_err(Error::money("price"))?;
    let needed = match price {
        Some(_) => Needed::AllButPrice,
        None => Needed::All,
    };
    let player = players::find_or_make(&new.ign.0)?;
    let mut packages = Vec::with_capacity(new.packages.len());
    let mut list = 0;
    let mut load = grant::Load::default();
    for wanted in &new.packages {
        let package = content::package(wanted.id.0)?;
        let filled = fields::fill(&package, &wanted.options, &player, needed)?;
        load.add(&package, &filled.options)?;
        list += filled.list;
        packages.push(Bought {
            id: wanted.id.0,
            name: package.name,
            options: filled.options,
            server: filled.server,
        });
    }
    let minor = price.map_or(list, |price| price.minor);
    if !content::is_payable(minor, &currency) {
        return Err(Error::invalid("price", "is too large"));
    }
    let now = context::now();
    let note = new.note.map(|note| Note {
        created_at: now,
        note: note.0,
    });
    let payment = Payment {
        number: records::next_number(payments::COLLECTION)?,
        minor,
        currency,
        status: Status::Complete,
        date: now,
        gateway: Gateway::of_store("Manual Payment"),
        email: player.email()?,
        player: player.who(),
        packages,
        notes: note.into_iter().collect(),
        paid_by: PaidBy::Hand,
        coupon: None,
        gift_card: None,
        reversed: None,
        turn: 0,
    };
    if !payment.fits() {
        return Err(Error::refused(
            "The payment says too much; make several payments.",
        ));
    }
    settle::complete(&payments::new_transaction(), &payment)
}

/// `PUT /payments/{transaction}`.
#[derive(Deserialize)]
pub(crate) struct Changes {
    #[serde(default, deserialize_with = "given")]
    username: Option<Line<100>>,
    #[serde(default, deserialize_with = "given")]
    status: Option<Wish>,
}

/// A status in the provider's spelling of requests.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    Complete,
    Refund,
    Chargeback,
}

pub(crate) fn update(Path(transaction): Path<String>, Input(changes): Input<Changes>) -> Result<(), Error> {
    let (transaction, mut payment) = payments::find(&transaction)?;
    if changes.username.is_none() && changes.status.is_none() {
        return Err(Error::invalid("", "Give a username or a status."));
    }
    if let Some(username) = &changes.username {
        settle::rename(&transaction, &mut payment, &username.0)?;
        payments::put(&transaction, &payment)?;
    }
    match changes.status {
        None => Ok(()),
        Some(Wish::Complete) => settle::change(&transaction, &mut payment, Status::Complete),
        Some(Wish::Refund) => settle::change(&transaction, &mut payment, Status::Refund),
        Some(Wish::Chargeback) => settle::change(&transaction, &mut payment, Status::Chargeback),
    }
}
