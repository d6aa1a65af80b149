//! Gift cards: codes with a balance, which is an account of the ledger, `tebex:gift-card:{id}`.
//!
//! The card's document says the same as the account, so that lists read no account. The operator may write a card, and its
//! balance, into the collection; the account follows the document when the card is next used.

use mooring_sdk::extract::given;
use mooring_sdk::ledger::{self, Entry, LedgerError, NewPosting};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue, RecordError};
use mooring_sdk::{Order, context};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::input::{Input, Line, Text};
use crate::price::{self, Exact};
use crate::{content, reading, store, time};

pub(crate) const COLLECTION: &str = "gift-cards";
/// Index, unique: by code.
pub(crate) const BY_CODE: &str = "code";

/// Where the balances of cards come from, and go when a card is voided.
const ISSUED: &str = "tebex:gift-cards";
/// What cards have paid for checkouts that are not paid yet.
pub(crate) const HELD: &str = "tebex:gift-card-holds";

/// Cards of a list, the newest.
const LIST_MAX: u32 = 500;

#[derive(Clone, Serialize, Deserialize)]
struct Card {
    code: String,
    /// What it had when it was made.
    starting: Exact,
    /// What it has; absent in a card that the operator has just written: what it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remaining: Option<Exact>,
    /// Absent: the store's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    void: bool,
    /// `YYYY-MM-DD HH:MM:SS`, or a day; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// A card, and what is known of it.
struct Held {
    id: String,
    card: Card,
    currency: String,
    remaining: Amount,
}

impl Held {
    fn of(document: &Document) -> Result<Held, Error> {
        let card: Card = document.read()?;
        let currency = match &card.currency {
            Some(currency) => currency.clone(),
            None => store::currency()?,
        };
        let what = "gift card's balance";
        let remaining = card
            .remaining
            .as_ref()
            .unwrap_or(&card.starting)
            .content(&currency, what)?;
        Ok(Held {
            id: document.id.clone(),
            card,
            currency,
            remaining,
        })
    }

    fn account(&self) -> String {
        format!("tebex:gift-card:{}", self.id)
    }

    /// Moves so much onto the card, or off it where it is less than nothing; the rest of the posting is on `other`.
    fn turn(&mut self, minor: i64, other: &str, what: &str) -> Result<(), Error> {
        self.follow()?;
        let after = self.remaining.minor.checked_add(minor);
        let after = after.filter(|after| content::is_payable(*after, &self.currency));
        let Some(after) = after else {
            return Err(Error::invalid("amount", "is too large"));
        };
        match self.post(minor, other, what) {
            Err(Error::Problem(Problem::Conflict(_))) => {
                return Err(Error::refused("The gift card does not have that much."));
            }
            posted => posted?,
        }
        self.remaining.minor = after;
        self.write()
    }

    /// Brings the account to what the document says.
    fn follow(&mut self) -> Result<(), Error> {
        ledger::guard(&self.account())?;
        let balance = ledger::balance(&self.account(), &self.currency)?;
        self.post(
            self.remaining.minor - balance.minor,
            ISSUED,
            "set by the operator",
        )
    }

    fn post(&self, minor: i64, other: &str, what: &str) -> Result<(), Error> {
        if minor == 0 {
            return Ok(());
        }
        let amount = price::amount(minor.abs(), &self.currency)?;
        let (from, to) = if minor > 0 {
            (other.to_owned(), self.account())
        } else {
            (self.account(), other.to_owned())
        };
        ledger::post(NewPosting {
            idempotency_key: format!("tebex:gift-card:{}:{}", self.id, hex::encode(context::random(16))),
            description: format!("Gift card {}: {what}", self.id),
            entries: vec![Entry::debit(from, amount.clone()), Entry::credit(to, amount)],
            metadata: String::new(),
        })?;
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        self.card.remaining = Some(Exact::of(&self.remaining));
        self.card.currency = Some(self.currency.clone());
        records::put(COLLECTION, &self.id, &self.card)?;
        Ok(())
    }

    fn usable(&self) -> Result<(), Error> {
        let expires = self.card.expires_at.as_deref().and_then(time::moment);
        if self.card.void {
            return Err(Error::refused("This gift card is void."));
        }
        if expires.is_some_and(|expires| context::now() >= expires) {
            return Err(Error::refused("This gift card has expired."));
        }
        Ok(())
    }
}

fn find(id: &str) -> Result<Document, Error> {
    match records::get(COLLECTION, id) {
        Ok(document) => Ok(document),
        Err(RecordError::NotFound | RecordError::Invalid(_)) => Err(Error::NoSuch("gift card")),
        Err(error) => Err(error.into()),
    }
}

fn by_code(code: &str) -> Result<Document, Error> {
    let found = records::list(COLLECTION, Some(IndexValue::new(BY_CODE, code)), Page::oldest(1))?;
    found.items.into_iter().next().ok_or(Error::NoSuch("gift card"))
}

/// Takes up to `minor` off the card with this code, for a checkout. The card's id, and how much it was.
pub(crate) fn hold(code: &str, minor: i64, currency: &str) -> Result<(String, i64), Error> {
    let document = match by_code(code) {
        Err(Error::NoSuch(_)) => return Err(Error::invalid("gift_card", "does not exist")),
        found => found?,
    };
    let mut held = Held::of(&document)?;
    held.usable()?;
    if held.currency != currency {
        return Err(Error::invalid("gift_card", "is in another currency"));
    }
    let taken = minor.min(held.remaining.minor);
    held.turn(-taken, HELD, "redeemed")?;
    Ok((document.id, taken))
}

/// Puts money back onto a card that has paid with it, or takes it again. A card that is void, or gone, has no use for it.
pub(crate) fn return_to(id: &str, minor: i64, from: &str, currency: &str) -> Result<(), Error> {
    let held = match find(id) {
        Ok(document) => {
            Some(Held::of(&document)?).filter(|held| !held.card.void && held.currency == currency)
        }
        Err(Error::NoSuch(_)) => None,
        Err(error) => return Err(error),
    };
    match held {
        Some(mut held) => held.turn(minor, from, "given back"),
        None if minor < 0 => Err(Error::refused("The gift card that paid for it is void.")),
        None => transfer(
            from,
            ISSUED,
            minor,
            currency,
            &format!("Gift card {id}: given back, and void"),
        ),
    }
}

/// Between two accounts that are no card's.
pub(crate) fn transfer(from: &str, to: &str, minor: i64, currency: &str, what: &str) -> Result<(), Error> {
    let amount = price::amount(minor, currency)?;
    match ledger::post(NewPosting {
        idempotency_key: format!("tebex:transfer:{}", hex::encode(context::random(16))),
        description: what.to_owned(),
        entries: vec![Entry::debit(from, amount.clone()), Entry::credit(to, amount)],
        metadata: String::new(),
    }) {
        Ok(_) => Ok(()),
        Err(LedgerError::Insufficient(account)) => Err(Error::refused(format!(
            "The account {account} does not have that much."
        ))),
        Err(error) => Err(error.into()),
    }
}

/// `GET /gift-cards`: the newest.
pub(crate) fn list() -> Result<Json<Value>, Error> {
    let found = reading::first(COLLECTION, None, Order::NewestFirst, LIST_MAX)?;
    let data: Vec<Value> = found.items.iter().map(shown).collect::<Result<_, _>>()?;
    Ok(Json(json!({ "data": data })))
}

/// `GET /gift-cards/{id}`.
pub(crate) fn view(Path(id): Path<String>) -> Result<Json<Value>, Error> {
    data(&find(&id)?)
}

/// `GET /gift-cards/lookup/{code}`.
pub(crate) fn look_up(Path(code): Path<String>) -> Result<Json<Value>, Error> {
    data(&by_code(&code)?)
}

/// `POST /gift-cards`.
#[derive(Deserialize)]
pub(crate) struct NewCard {
    amount: Exact,
    #[serde(default, deserialize_with = "given")]
    note: Option<Text<500>>,
    #[serde(default, deserialize_with = "given")]
    expires_at: Option<Line<40>>,
}

pub(crate) fn create(Input(new): Input<NewCard>) -> Result<Json<Value>, Error> {
    issue(new)
}

fn issue(new: NewCard) -> Result<Json<Value>, Error> {
    let currency = store::currency()?;
    let amount = positive(&new.amount, &currency)?;
    let expires_at = new.expires_at.map(|time| {
        let time = time::moment(&time.0);
        time.ok_or_else(|| Error::invalid("expires_at", "must be a time, YYYY-MM-DD HH:MM:SS"))
    });
    let expires_at = expires_at.transpose()?;
    if expires_at.is_some_and(|time| time <= context::now()) {
        return Err(Error::invalid("expires_at", "is past"));
    }
    let card = Card {
        code: code(),
        starting: Exact::of(&amount),
        remaining: None,
        currency: Some(currency),
        note: new.note.map(|note| note.0).unwrap_or_default(),
        void: false,
        expires_at: expires_at.map(time::spaced),
    };
    let (_, document) = content::create(COLLECTION, &card)?;
    let mut held = Held::of(&document)?;
    held.remaining.minor = 0;
    held.turn(amount.minor, ISSUED, "issued")?;
    data(&find(&document.id)?)
}

fn positive(amount: &Exact, currency: &str) -> Result<Amount, Error> {
    let amount = amount.amount(currency).map_err(Error::money("amount"))?;
    if amount.minor == 0 {
        return Err(Error::invalid("amount", "must be more than zero"));
    }
    if !content::is_payable(amount.minor, currency) {
        return Err(Error::invalid("amount", "is too large"));
    }
    Ok(amount)
}

/// 16 digits that nobody guesses.
fn code() -> String {
    let mut bytes = [0; 8];
    for (place, byte) in bytes.iter_mut().zip(context::random(8)) {
        *place = byte;
    }
    format!("{:016}", u64::from_be_bytes(bytes) % 10_000_000_000_000_000)
}

/// `PUT /gift-cards/{id}`: adds to the balance.
#[derive(Deserialize)]
pub(crate) struct TopUp {
    amount: Exact,
}

pub(crate) fn top_up(Path(id): Path<String>, Input(more): Input<TopUp>) -> Result<Json<Value>, Error> {
    add(&id, &more.amount)
}

fn add(id: &str, more: &Exact) -> Result<Json<Value>, Error> {
    let document = find(id)?;
    let mut held = Held::of(&document)?;
    held.usable()?;
    let more = positive(more, &held.currency)?;
    held.turn(more.minor, ISSUED, "topped up")?;
    data(&find(id)?)
}

/// `DELETE /gift-cards/{id}`: what it still has is taken off it. Repeating it changes nothing.
pub(crate) fn void(Path(id): Path<String>) -> Result<Json<Value>, Error> {
    let document = find(&id)?;
    let mut held = Held::of(&document)?;
    held.card.void = true;
    held.turn(-held.remaining.minor, ISSUED, "voided")?;
    data(&find(&id)?)
}

/// What some clients send to `/giftcards`: the card's id in the form, and what it is to be topped up with.
#[derive(Deserialize)]
pub(crate) struct ById {
    #[serde(default, deserialize_with = "given")]
    id: Option<Line<200>>,
    #[serde(default, deserialize_with = "given")]
    amount: Option<Exact>,
    #[serde(default, deserialize_with = "given")]
    note: Option<Text<500>>,
    #[serde(default, deserialize_with = "given")]
    expires_at: Option<Line<40>>,
}

impl ById {
    fn id(&self) -> Result<String, Error> {
        let id = self.id.as_ref().map(|id| id.0.clone());
        id.ok_or_else(|| Error::invalid("id", "is required"))
    }

    fn amount(&self) -> Result<Exact, Error> {
        self.amount
            .clone()
            .ok_or_else(|| Error::invalid("amount", "is required"))
    }
}

/// `POST /giftcards`: the card with this id, or a new one.
pub(crate) fn alias_post(Input(body): Input<ById>) -> Result<Json<Value>, Error> {
    if body.id.is_some() {
        return data(&find(&body.id()?)?);
    }
    issue(NewCard {
        amount: body.amount()?,
        note: body.note,
        expires_at: body.expires_at,
    })
}

/// `PUT /giftcards`.
pub(crate) fn alias_put(Input(body): Input<ById>) -> Result<Json<Value>, Error> {
    add(&body.id()?, &body.amount()?)
}

/// `DELETE /giftcards`.
pub(crate) fn alias_delete(Input(body): Input<ById>) -> Result<Json<Value>, Error> {
    void(Path(body.id()?))
}

fn data(document: &Document) -> Result<Json<Value>, Error> {
    Ok(Json(json!({ "data": shown(document)? })))
}

fn shown(document: &Document) -> Result<Value, Error> {
    let held = Held::of(document)?;
    let starting = held
        .card
        .starting
        .content(&held.currency, "gift card's balance")?;
    let mut shown = Map::new();
    shown.insert("id".to_owned(), content::number(COLLECTION, document)?.into());
    shown.insert("code".to_owned(), held.card.code.into());
    shown.insert(
        "balance".to_owned(),
        json!({
            "starting": price::written(&starting),
            "remaining": price::written(&held.remaining),
            "currency": held.currency,
        }),
    );
    shown.insert("note".to_owned(), held.card.note.into());
    shown.insert("void".to_owned(), held.card.void.into());
    shown.insert(
        "created_at".to_owned(),
        time::with_colon(document.created_at).into(),
    );
    let expires = held.card.expires_at.as_deref().and_then(time::moment);
    shown.insert("expires_at".to_owned(), expires.map(time::with_colon).into());
    Ok(Value::Object(shown))
}
