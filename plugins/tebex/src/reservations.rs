//! What open checkouts hold of limits: one sale of the package, and one use of the coupon. It is held from when the checkout is
//! made until it is paid, when the payment itself counts, or until nobody can pay it any more.

use mooring_sdk::payments::{self as core, PaymentError};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue, RecordError};
use serde::{Deserialize, Serialize};

use crate::checkout;
use crate::error::Error;
use crate::payments::Redeemed;
use crate::reading;

/// By the transaction id of the payment to be.
pub(crate) const COLLECTION: &str = "reservations";
/// Index: by player.
pub(crate) const BY_PLAYER: &str = "player";
/// Index: by package.
pub(crate) const BY_PACKAGE: &str = "package";
/// Index: by package and player.
pub(crate) const BY_PACKAGE_AND_PLAYER: &str = "package-and-player";
/// Index: by coupon.
pub(crate) const BY_COUPON: &str = "coupon";
/// Index: by coupon and player.
pub(crate) const BY_COUPON_AND_PLAYER: &str = "coupon-and-player";

#[derive(Serialize, Deserialize)]
pub(crate) struct Reservation {
    /// The host's payment that it waits for.
    pub(crate) payment: String,
    pub(crate) player: u64,
    pub(crate) package: u64,
    pub(crate) package_and_player: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) coupon: Option<Redeemed>,
}

pub(crate) fn hold(transaction: &str, reservation: &Reservation) -> Result<(), Error> {
    records::create(COLLECTION, transaction, reservation)?;
    Ok(())
}

/// Returns whether it was held still.
pub(crate) fn release(transaction: &str) -> Result<bool, Error> {
    match records::delete(COLLECTION, transaction) {
        Ok(()) => Ok(true),
        Err(RecordError::NotFound) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// How many are held, by one of the indexes.
pub(crate) fn count(index: &str, value: &str) -> Result<u64, Error> {
    Ok(records::list(COLLECTION, Some(IndexValue::new(index, value)), Page::oldest(1))?.total)
}

/// Gives up the open checkouts of one of the indexes, so that whoever left a page and comes back is not turned away by it.
/// Those that somebody is paying just now stay.
pub(crate) fn give_up(index: &str, value: &str) -> Result<(), Error> {
    for document in reading::all(COLLECTION, Some(&IndexValue::new(index, value)))? {
        let reservation: Reservation = document.read()?;
        match core::cancel(&reservation.payment) {
            Ok(cancelled) => checkout::release(&cancelled)?,
            Err(PaymentError::WrongStatus(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
