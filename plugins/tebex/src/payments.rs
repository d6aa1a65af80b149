//! Payments, as they are kept and listed. One row has all that a list shows of it, so a page costs its rows and nothing else.

use std::collections::BTreeMap;

use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue, RecordError};
use mooring_sdk::{Order, context};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::input::{Input, Text};
use crate::pager::{self, Paging};
use crate::players::Who;
use crate::{price, reading, store, time};

/// By transaction id, `tbx-` and 32 hexadecimal digits.
pub(crate) const COLLECTION: &str = "payments";
/// Index, unique: by the payment's number.
pub(crate) const BY_NUMBER: &str = "number";
/// Index: by player.
pub(crate) const BY_PLAYER: &str = "player";
/// Index: by coupon.
pub(crate) const BY_COUPON: &str = "coupon";
/// Index: by coupon and player.
pub(crate) const BY_COUPON_AND_PLAYER: &str = "coupon-and-player";

/// Payments of the list without pages.
pub(crate) const LIST_MAX: u32 = 100;
/// Payments of a page.
const PER_PAGE: u32 = 25;
/// Notes of a payment; its row stays small.
const NOTES_MAX: usize = 100;
/// A payment's row. The host takes 64 KiB, and what a later change of its status writes down needs some of them.
const ROW_BYTES_MAX: usize = 60 * 1024;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) number: u64,
    /// What the basket cost, in minor units.
    pub(crate) minor: i64,
    pub(crate) currency: String,
    pub(crate) status: Status,
    /// Milliseconds since 1970.
    pub(crate) date: u64,
    pub(crate) gateway: Gateway,
    pub(crate) email: String,
    pub(crate) player: Who,
    pub(crate) packages: Vec<Bought>,
    pub(crate) notes: Vec<Note>,
    /// How it was paid, and what a change of its status does to the money.
    pub(crate) paid_by: PaidBy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) coupon: Option<Redeemed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gift_card: Option<GiftCardPart>,
    /// The account that the money went to when the payment left `Complete`, unless the host moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reversed: Option<Reversed>,
    /// How often the status has changed; part of the keys of postings.
    #[serde(default)]
    pub(crate) turn: u32,
}

/// Where a payment stands, in the provider's spelling of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Complete,
    Refund,
    Chargeback,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Gateway {
    pub(crate) id: u64,
    pub(crate) name: String,
}

/// A package of a payment. What the buyer said about it is kept for when it has to be delivered again.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Bought {
    pub(crate) id: u64,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) server: u64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) created_at: u64,
    pub(crate) note: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PaidBy {
    /// Somebody with the secret says so.
    Hand,
    /// A payment of the host, whose id this is.
    Payment(String),
    /// A gift card paid for all of it, or it cost nothing.
    Nothing,
}

/// A coupon, in its two indexes.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Redeemed {
    pub(crate) id: String,
    pub(crate) by_player: String,
}

/// What a gift card paid of it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct GiftCardPart {
    pub(crate) id: String,
    pub(crate) minor: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Reversed {
    pub(crate) account: String,
    pub(crate) minor: i64,
}

impl Redeemed {
    pub(crate) fn new(coupon: &str, player: u64) -> Redeemed {
        Redeemed {
            id: coupon.to_owned(),
            by_player: format!("{coupon}:{player}"),
        }
    }
}

impl Payment {
    /// What did not come from a gift card.
    pub(crate) fn money(&self) -> i64 {
        self.minor - self.gift_card.as_ref().map_or(0, |part| part.minor)
    }

    /// Whether the host takes it as a document.
    pub(crate) fn fits(&self) -> bool {
        mooring_sdk::json::to_string(self).len() <= ROW_BYTES_MAX
    }

    /// As every list and answer shows it, but for the way its date is written.
    fn shown(&self, date: String, quantities: bool) -> Result<Value, Error> {
        let packages = self.packages.iter().map(|bought| {
            let mut shown = Map::new();
            shown.insert("id".to_owned(), bought.id.into());
            shown.insert("name".to_owned(), bought.name.as_str().into());
            if quantities {
                shown.insert("quantity".to_owned(), 1.into());
            }
            Value::Object(shown)
        });
        let notes = self
            .notes
            .iter()
            .map(|note| json!({ "created_at": time::spaced(note.created_at), "note": note.note }));
        Ok(json!({
            "id": self.number,
            "amount": price::written(&price::amount(self.minor, &self.currency)?),
            "status": self.status,
            "date": date,
            "currency": store::currency_shown(&self.currency),
            "gateway": self.gateway,
            "email": self.email,
            "player": self.player,
            "packages": packages.collect::<Value>(),
            "notes": notes.collect::<Value>(),
            "creator_code": Value::Null,
        }))
    }
}

/// A new transaction id: 128 random bits.
pub(crate) fn new_transaction() -> String {
    format!("tbx-{}", hex::encode(context::random(16)))
}

/// The payment with this transaction id, or, beyond the documents, with this number.
pub(crate) fn find(transaction: &str) -> Result<(String, Payment), Error> {
    let document = match records::get(COLLECTION, transaction) {
        Ok(document) => Some(document),
        Err(RecordError::NotFound | RecordError::Invalid(_)) => {
            let by_number = IndexValue::new(BY_NUMBER, transaction);
            let found = records::list(COLLECTION, Some(by_number), Page::oldest(1))?;
            found.items.into_iter().next()
        }
        Err(error) => return Err(error.into()),
    };
    let document = document.ok_or(Error::NoSuch("payment"))?;
    let payment = document.read()?;
    Ok((document.id, payment))
}

pub(crate) fn put(transaction: &str, payment: &Payment) -> Result<(), Error> {
    records::put(COLLECTION, transaction, payment)?;
    Ok(())
}

/// How many payments have redeemed a coupon, by one of its two indexes.
pub(crate) fn with_coupon(index: &str, value: &str) -> Result<u64, Error> {
    Ok(records::list(COLLECTION, Some(IndexValue::new(index, value)), Page::oldest(1))?.total)
}

/// A player's newest payments, with their transaction ids.
pub(crate) fn of_player(player: u64, limit: u32) -> Result<Vec<(String, Payment)>, Error> {
    let of_player = IndexValue::new(BY_PLAYER, player.to_string());
    let found = reading::first(COLLECTION, Some(&of_player), Order::NewestFirst, limit)?;
    let read = |document: Document| {
        let payment = document.read()?;
        Ok((document.id, payment))
    };
    found.items.into_iter().map(read).collect()
}

/// `GET /payments`: the newest, or a page of all of them, newest first.
pub(crate) fn list(Input(paging): Input<Paging>) -> Result<Json<Value>, Error> {
    let Some(number) = paging.page() else {
        let limit = paging.limit(LIST_MAX);
        let found = reading::first(COLLECTION, None, Order::NewestFirst, limit)?;
        return rows(&found.items, time::without_colon).map(|rows| Json(Value::Array(rows)));
    };
    let page = Page::number(number, PER_PAGE, Order::NewestFirst);
    let found = records::list(COLLECTION, None, page)?;
    let rows = rows(&found.items, time::with_colon)?;
    pager::payments(number, PER_PAGE, found.total, rows).map(Json)
}

fn rows(documents: &[Document], date: fn(u64) -> String) -> Result<Vec<Value>, Error> {
    let row = |document: &Document| {
        let payment: Payment = document.read()?;
        payment.shown(date(payment.date), false)
    };
    documents.iter().map(row).collect()
}

/// `GET /payments/{transaction}`.
pub(crate) fn view(Path(transaction): Path<String>) -> Result<Json<Value>, Error> {
    let (_, payment) = find(&transaction)?;
    payment.shown(time::without_colon(payment.date), true).map(Json)
}

/// `POST /payments/{transaction}/note`.
#[derive(Deserialize)]
pub(crate) struct NewNote {
    note: Text<1000>,
}

pub(crate) fn note(Path(transaction): Path<String>, Input(new): Input<NewNote>) -> Result<(), Error> {
    let (transaction, mut payment) = find(&transaction)?;
    annotate(&mut payment, new.note.0)?;
    put(&transaction, &payment)
}

pub(crate) fn annotate(payment: &mut Payment, note: String) -> Result<(), Error> {
    if payment.notes.len() >= NOTES_MAX {
        return Err(Error::refused(format!(
            "A payment has at most {NOTES_MAX} notes."
        )));
    }
    payment.notes.push(Note {
        created_at: context::now(),
        note,
    });
    if !payment.fits() {
        return Err(Error::refused("The payment's notes have no room for this one."));
    }
    Ok(())
}
