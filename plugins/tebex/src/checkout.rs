//! Checkouts: a basket of one package, and the page on which it is paid, which is a payment of the host. What was agreed is
//! kept with that payment; the store's own payment is written when it is paid.

use mooring_sdk::extract::{WholeNumber, given};
use mooring_sdk::payments::{
    self as core, EventKind, NewPayment, Payment as Core, PaymentEvent, Status as CoreStatus, Tolerance,
};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, RecordError};
use mooring_sdk::{context, log};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::content::{self, Kind, Package};
use crate::error::Error;
use crate::fields::{self, Needed};
use crate::gift_cards;
use crate::input::{Input, Line};
use crate::payments::{self, Bought, Gateway, GiftCardPart, PaidBy, Payment, Redeemed, Status};
use crate::players::{self, Player};
use crate::pricing::{self, Priced};
use crate::reservations::{self, Reservation};
use crate::{bans, coupons, grant, price, sales, settle, store, time};

/// `POST /checkout`. The coupon, the gift card and the options are ours: the provider's page asks for them.
#[derive(Deserialize)]
pub(crate) struct NewCheckout {
    #[serde(default, deserialize_with = "given")]
    package_id: Option<WholeNumber>,
    #[serde(default, deserialize_with = "given")]
    category_id: Option<WholeNumber>,
    username: Line<100>,
    #[serde(default, deserialize_with = "given")]
    coupon: Option<Line<60>>,
    #[serde(default, deserialize_with = "given")]
    gift_card: Option<Line<100>>,
    #[serde(default)]
    options: fields::Options,
}

/// What was agreed; the metadata of the host's payment.
#[derive(Serialize, Deserialize)]
struct Basket {
    transaction: String,
    player: u64,
    minor: i64,
    packages: Vec<Bought>,
    coupon: Option<Redeemed>,
    gift_card: Option<GiftCardPart>,
}

pub(crate) fn create(Input(new): Input<NewCheckout>) -> Result<Response, Error> {
    let expires = context::now() + store::whole(store::CHECKOUT_MINUTES, 1..=10_080)? * 60_000;
    let url = match (&new.package_id, &new.category_id) {
        (Some(package), _) => check_out(package.0, &new, expires)?,
        (None, Some(category)) => format!("{}/category/{}", store::domain()?, shelf(category.0)?),
        (None, None) => return Err(Error::invalid("package_id", "is required")),
    };
    let body = json!({ "url": url, "expires": time::without_colon(expires) });
    Ok(Response::json(201, &body))
}

/// The category with this id, which is to be there.
fn shelf(id: u64) -> Result<u64, Error> {
    match records::get(content::CATEGORIES, &id.to_string()) {
        Ok(_) => Ok(id),
        Err(RecordError::NotFound) => Err(Error::NoSuch("category")),
        Err(error) => Err(error.into()),
    }
}

/// Where the package is paid.
fn check_out(id: u64, new: &NewCheckout, expires: u64) -> Result<String, Error> {
    let package = content::package(id)?;
    let player = players::find_or_make(&new.username.0)?;
    if bans::is_banned(&player)? {
        return Err(Error::refused("This player is banned from the webstore."));
    }
    give_up(id, &package, new.coupon.as_ref(), &player)?;
    grant::check(id, &package, &player)?;
    let currency = store::currency()?;
    let filled = fields::fill(&package, &new.options, &player, Needed::Unassumable)?;
    let line = Priced {
        package: id,
        category: package.category,
        list: filled.list,
    };
    grant::Load::default().add(&package, &filled.options)?;
    let redeemed = new
        .coupon
        .as_ref()
        .map(|code| coupons::redeemable(&code.0, &player, package.kind == Kind::Subscription));
    let redeemed = redeemed.transpose()?;
    let coupon = redeemed.as_ref().map(|(_, coupon)| coupon);
    let minor = pricing::total(&[line], &sales::active()?, coupon, &currency)?;
    let card = new
        .gift_card
        .as_ref()
        .map(|code| gift_cards::hold(&code.0, minor, &currency));
    let card = card.transpose()?.filter(|(_, taken)| *taken > 0);
    let basket = Basket {
        transaction: payments::new_transaction(),
        player: player.id,
        minor,
        packages: vec![Bought {
            id,
            name: package.name,
            options: filled.options,
            server: filled.server,
        }],
        coupon: redeemed.map(|(coupon, _)| Redeemed::new(&coupon, player.id)),
        gift_card: card.map(|(id, minor)| GiftCardPart { id, minor }),
    };
    let left = minor - basket.gift_card.as_ref().map_or(0, |part| part.minor);
    if left == 0 {
        let gateway = match basket.gift_card {
            Some(_) => Gateway::of_store("Gift Card"),
            None => Gateway::of_store("Free"),
        };
        finish(basket, &player, gateway, PaidBy::Nothing, &currency)?;
        return store::domain();
    }
    let domain = store::domain()?;
    let page = core::create(NewPayment {
        user: Some(player.id),
        reference: Some(hex::encode(context::random(16))),
        expires_at: Some(expires),
        success_url: Some(domain.clone()),
        cancel_url: Some(domain),
        // A package is delivered or not; a part of its price buys nothing.
        tolerance: Some(Tolerance {
            partial_min_ppm: 1_000_000,
            ..Tolerance::default()
        }),
        ..NewPayment::new(price::amount(left, &currency)?, &basket.packages[0].name).with_metadata(&basket)
    })?;
    let reservation = Reservation {
        payment: page.id,
        player: player.id,
        package: id,
        package_and_player: grant::pair(id, player.id),
        coupon: basket.coupon,
    };
    reservations::hold(&basket.transaction, &reservation)?;
    Ok(page.pay_url)
}

/// A player has one open checkout at a time for what is limited: the new one takes the place of the one before.
fn give_up(id: u64, package: &Package, coupon: Option<&Line<60>>, player: &Player) -> Result<(), Error> {
    if package.global_limit > 0 || package.user_limit > 0 {
        let value = grant::pair(id, player.id);
        reservations::give_up(reservations::BY_PACKAGE_AND_PLAYER, &value)?;
    }
    if let Some(coupon) = coupon.map(|code| coupons::id_of(&code.0)).transpose()?.flatten() {
        let value = Redeemed::new(&coupon, player.id).by_player;
        reservations::give_up(reservations::BY_COUPON_AND_PLAYER, &value)?;
    }
    Ok(())
}

/// The basket is paid for: it becomes a payment of the store.
fn finish(
    basket: Basket,
    player: &Player,
    gateway: Gateway,
    paid_by: PaidBy,
    currency: &str,
) -> Result<(), Error> {
    let payment = Payment {
        number: records::next_number(payments::COLLECTION)?,
        minor: basket.minor,
        currency: currency.to_owned(),
        status: Status::Complete,
        date: context::now(),
        gateway,
        email: player.email()?,
        player: player.who(),
        packages: basket.packages,
        notes: Vec::new(),
        paid_by,
        coupon: basket.coupon,
        gift_card: basket.gift_card,
        reversed: None,
        turn: 0,
    };
    settle::complete(&basket.transaction, &payment)
}

/// Something has happened to a checkout's payment.
pub(crate) fn on_event(event: &PaymentEvent) -> Result<(), Error> {
    let basket: Basket = event.payment.read()?;
    match &event.kind {
        EventKind::Succeeded => paid(basket, event),
        EventKind::Failed | EventKind::Expired | EventKind::Cancelled => release(&event.payment),
        EventKind::Refunded(_) => refunded(&basket, &event.payment),
        EventKind::RefundFailed(_) => refund_failed(&basket, event),
        EventKind::AttemptFailed | EventKind::Processing | EventKind::Authorized => Ok(()),
    }
}

fn paid(basket: Basket, event: &PaymentEvent) -> Result<(), Error> {
    let known = match payments::find(&basket.transaction) {
        Ok(_) => true,
        Err(Error::NoSuch(_)) => false,
        Err(error) => return Err(error),
    };
    if known {
        return Ok(());
    }
    reservations::release(&basket.transaction)?;
    let player = players::get(basket.player)?;
    let gateway = event
        .attempt
        .as_ref()
        .map_or_else(String::new, |attempt| attempt.gateway.clone());
    let gateway = match gateway.as_str() {
        "" => newest_gateway(&event.payment)?,
        _ => gateway,
    };
    let paid_by = PaidBy::Payment(event.payment.id.clone());
    let currency = &event.payment.amount.currency;
    finish(basket, &player, Gateway::of_host(&gateway), paid_by, currency)
}

fn newest_gateway(payment: &Core) -> Result<String, Error> {
    let attempts = core::attempts(&payment.id)?;
    Ok(attempts
        .last()
        .map(|attempt| attempt.gateway.clone())
        .unwrap_or_default())
}

/// Nobody will pay: what was reserved is free, and the gift card has its part back. Once, although a checkout that is given up
/// for another is also told to have been cancelled.
pub(crate) fn release(payment: &Core) -> Result<(), Error> {
    let basket: Basket = payment.read()?;
    if !reservations::release(&basket.transaction)? {
        return Ok(());
    }
    match &basket.gift_card {
        None => Ok(()),
        Some(part) => {
            let currency = &payment.amount.currency;
            gift_cards::return_to(&part.id, part.minor, gift_cards::HELD, currency)
        }
    }
}

/// The host has sent money back. A part of it leaves the payment as it is.
fn refunded(basket: &Basket, then: &Core) -> Result<(), Error> {
    let now = core::get(&then.id)?;
    if now.status != CoreStatus::Succeeded || now.refunded.minor < now.received.minor {
        return Ok(());
    }
    let (transaction, mut payment) = payments::find(&basket.transaction)?;
    if payment.status == Status::Complete {
        settle::change(&transaction, &mut payment, Status::Refund)?;
    }
    Ok(())
}

/// What the player had is taken away, and the money is still here: somebody has to see to it. Money that nobody asked for
/// belongs to no payment of the store.
fn refund_failed(basket: &Basket, event: &PaymentEvent) -> Result<(), Error> {
    let (transaction, mut payment) = match payments::find(&basket.transaction) {
        Err(Error::NoSuch(_)) => return Ok(()),
        found => found?,
    };
    let why = event.refund.as_ref().and_then(|refund| refund.failure.as_ref());
    let why = why.map_or("", |failure| failure.message.as_str());
    log::error(&format!("the refund of {transaction} failed: {why}"));
    if payments::annotate(&mut payment, format!("The refund failed: {why}")).is_ok() {
        payments::put(&transaction, &payment)?;
    }
    Ok(())
}

impl Gateway {
    /// The provider's number and name of a gateway of the host. Those that it does not know have no number.
    fn of_host(name: &str) -> Gateway {
        let (id, name) = match name {
            "paypal" => (24, "PayPal"),
            "stripe" => (0, "Stripe"),
            "sandbox" => (0, "Sandbox"),
            other => (0, other),
        };
        Gateway {
            id,
            name: name.to_owned(),
        }
    }

    /// No gateway at all.
    pub(crate) fn of_store(name: &str) -> Gateway {
        Gateway {
            id: 0,
            name: name.to_owned(),
        }
    }
}
