//! Invoices: requests for money, each of them a payment of the host.
//!
//! The payment is what counts. Beside it is a document, in the same transaction, that invoices are found by: by owner and
//! status, by the merchant's own id, and, while they are pending, by amount. Whatever looks something up there before it
//! writes is safe from its own duplicates: two requests that both found nothing cannot both commit.

use mooring_sdk::extract::WholeNumber;
use mooring_sdk::payments::{self, CaptureMode, NewPayment, Payment, PaymentError};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, IndexValue};
use mooring_sdk::webhooks::NewEvent;
use mooring_sdk::{context, json, money, webhooks};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::convert::{self, Part};
use crate::error::Error;
use crate::fx::{self, Exact};
use crate::merchant::{self, Account, Owner};
use crate::model::{self, Listing, NewInvoice, OnlyRemoteId, RemoteId, Status};

pub(crate) const COLLECTION: &str = "invoices";
/// Index: all invoices of an owner.
pub(crate) const BY_OWNER: &str = "owner";
/// Index: those in one status.
pub(crate) const BY_STATUS: &str = "status";
/// Index, unique: the one with the merchant's own id.
pub(crate) const BY_REMOTE_ID: &str = "client-remote-id";
/// Index: pending ones with this amount and currency.
pub(crate) const BY_PENDING_AMOUNT: &str = "pending-amount";

/// Life of an invoice that does not say how long.
const EXPIRES_MINUTES: u64 = 60;
const EXPIRES_MINUTES_MAX: u64 = 1440;
/// Of `metadata` as JSON: receivers of webhooks take bodies of up to 4 KB.
const METADATA_BYTES_MAX: usize = 2048;
const LOCALES: [&str; 6] = ["en", "es", "fr", "pt", "ru", "ar"];

/// What was agreed when an invoice was made; kept as its payment's metadata.
#[derive(Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) owner: Owner,
    pub(crate) merchant_id: u64,
    pub(crate) client_remote_id: Option<String>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) customer_pays_fee: bool,
    /// Only where the merchant's currency is another one.
    pub(crate) fx: Option<Fx>,
}

/// How what is received counts in the merchant's currency.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fx {
    /// The merchant's currency.
    pub(crate) currency: String,
    /// The exact rate, markup included.
    pub(crate) rate: String,
}

impl Fx {
    /// In the merchant's currency; nothing where it does not fit into 64 bits.
    pub(crate) fn convert(&self, amount: &Amount) -> Option<Amount> {
        self.exact()?.convert(amount, &self.currency)
    }

    pub(crate) fn exact(&self) -> Option<Exact> {
        Exact::parse(&self.rate)
    }
}

/// What invoices are found by.
#[derive(Serialize, Deserialize)]
struct Entry {
    payment: String,
    owner: String,
    status: String,
    client_remote_id: Option<String>,
    pending_amount: Option<String>,
}

/// `POST invoices`. An invoice with the same `client_remote_id` is the answer, whatever else the request says.
pub(crate) fn create<A: Account>(account: A, Body(body): Body) -> Result<Response, Error> {
    let owner = account.owner()?;
    merchant::active()?;
    let order: NewInvoice = match json::from_slice(&body) {
        Ok(order) => order,
        Err(problem) => {
            let remote: Option<OnlyRemoteId> = json::from_slice(&body).ok();
            return match existing(owner, remote.and_then(|order| order.client_remote_id).as_ref())? {
                Some(payment) => answer(200, &payment),
                None => Err(problem.into()),
            };
        }
    };
    if let Some(payment) = existing(owner, order.client_remote_id.as_ref())? {
        return answer(200, &payment);
    }
    let payment = payments::create(payment(owner, order)?)?;
    let terms: Terms = payment.read()?;
    file(&payment, &terms, Status::Pending)?;
    // For the operator: the provider tells shops of no such thing.
    let told = NewEvent::new("invoice.created", &payment.reference, &terms.metadata);
    webhooks::emit(told.silent())?;
    answer(201, &payment)
}

fn answer(status: u16, payment: &Payment) -> Result<Response, Error> {
    Ok(Response::json(status, &convert::invoice(payment)?))
}

fn existing(owner: Owner, remote: Option<&RemoteId>) -> Result<Option<Payment>, Error> {
    let Some(remote) = remote else {
        return Ok(None);
    };
    let key = remote_key(owner, &remote.0);
    let found = records::list(
        COLLECTION,
        Some(IndexValue::new(BY_REMOTE_ID, key)),
        Page::oldest(1),
    )?;
    let Some(document) = found.items.first() else {
        return Ok(None);
    };
    let entry: Entry = document.read()?;
    Ok(Some(payments::get(&entry.payment)?))
}

/// The payment that an order asks for.
fn payment(owner: Owner, order: NewInvoice) -> Result<NewPayment, Error> {
    let default = merchant::default_currency()?;
    let currency = order.currency.map_or_else(
        || default.clone(),
        |currency| currency.trim().to_ascii_uppercase(),
    );
    if !money::is_fiat(&currency) {
        return Err(Error::invalid("currency", "is not a currency of ISO 4217"));
    }
    let amount = convert::amount(&order.amount, "amount", &currency)?;
    let expires_at = expires_at(order.expires_in_minutes)?;
    let locale = order.locale.map(locale).transpose()?;
    if json::to_string(&order.metadata).len() > METADATA_BYTES_MAX {
        let reason = format!("is larger than {METADATA_BYTES_MAX} bytes");
        return Err(Error::invalid("metadata", reason));
    }
    if order.client_remote_id.is_none() {
        refuse_same_amount(owner, &amount)?;
    }
    let fx = fx(&amount, default)?;
    let fee = merchant::fee(&currency)?;
    let terms = Terms {
        owner,
        merchant_id: merchant::id(owner)?,
        client_remote_id: order.client_remote_id.map(|remote| remote.0),
        metadata: order.metadata,
        customer_pays_fee: fee.paid_by == payments::FeePayer::Payer,
        fx,
    };
    Ok(NewPayment {
        reference: Some(new_id()),
        user: owner.user(),
        success_url: order.success_url.map(|url| url.trim().to_owned()),
        cancel_url: order.cancel_url.map(|url| url.trim().to_owned()),
        expires_at: Some(expires_at),
        crypto_only: order.fiat_enabled == Some(false),
        capture: if merchant::is_on(merchant::MANUAL_CAPTURE)? {
            CaptureMode::Manual
        } else {
            CaptureMode::Automatic
        },
        locale,
        fee: Some(fee),
        tolerance: Some(merchant::tolerance(&currency)?),
        ..NewPayment::new(amount, terms.client_remote_id.clone().unwrap_or_default()).with_metadata(&terms)
    })
}

/// A UUID of version 7, as the provider's own: in the order of time, with 74 random bits, so that its link cannot be guessed.
fn new_id() -> String {
    let mut random = [0; 10];
    for (place, byte) in random.iter_mut().zip(context::random(10)) {
        *place = byte;
    }
    uuid::Builder::from_unix_timestamp_millis(context::now(), &random)
        .into_uuid()
        .to_string()
}

/// The provider tells pending payments of one merchant apart by their amounts, unless the merchant tells them apart.
fn refuse_same_amount(owner: Owner, amount: &Amount) -> Result<(), Error> {
    let key = amount_key(owner, amount);
    let found = records::list(
        COLLECTION,
        Some(IndexValue::new(BY_PENDING_AMOUNT, key)),
        Page::oldest(1),
    )?;
    match found.items.into_iter().next() {
        Some(document) => Err(Error::DuplicateInvoice(document.id)),
        None => Ok(()),
    }
}

fn fx(amount: &Amount, currency: String) -> Result<Option<Fx>, Error> {
    if amount.currency == currency {
        return Ok(None);
    }
    let (rates, markup) = (merchant::text(fx::RATES)?, merchant::text(fx::MARKUP)?);
    let rate = fx::agreed(&rates, &markup, &amount.currency, &currency)?;
    if rate.convert(amount, &currency).is_none() {
        return Err(Error::invalid("amount", "is too large"));
    }
    Ok(Some(Fx {
        currency,
        rate: rate.to_string(),
    }))
}

fn expires_at(minutes: Option<WholeNumber>) -> Result<u64, Error> {
    let minutes = minutes.map_or(EXPIRES_MINUTES, |minutes| minutes.0);
    if !(1..=EXPIRES_MINUTES_MAX).contains(&minutes) {
        let reason = format!("must be 1 to {EXPIRES_MINUTES_MAX}");
        return Err(Error::invalid("expires_in_minutes", reason));
    }
    Ok(context::now() + minutes * 60_000)
}

fn locale(locale: String) -> Result<String, Error> {
    if LOCALES.contains(&locale.as_str()) {
        return Ok(locale);
    }
    Err(Error::invalid(
        "locale",
        format!("must be one of {}", LOCALES.join(", ")),
    ))
}

/// `GET invoices`, newest first.
pub(crate) fn list<A: Account>(
    account: A,
    Query(listing): Query<Listing>,
) -> Result<Json<model::Page<model::Invoice>>, Error> {
    let owner = account.owner()?;
    let part = Part::of(&listing)?;
    let filter = match listing.status.as_str() {
        "" => IndexValue::new(BY_OWNER, owner.key()),
        wanted => {
            let status = Status::ALL
                .into_iter()
                .find(|status| status.as_str() == wanted)
                .ok_or_else(|| {
                    let known = Status::ALL.map(Status::as_str).join(", ");
                    Error::invalid("status", format!("must be one of {known}"))
                })?;
            IndexValue::new(BY_STATUS, status_key(owner, status))
        }
    };
    let found = records::list(COLLECTION, Some(filter), part.page())?;
    let mut data = Vec::with_capacity(found.items.len());
    for document in &found.items {
        let entry: Entry = document.read()?;
        data.push(convert::invoice(&payments::get(&entry.payment)?)?);
    }
    let meta = part.meta_with_size(found.total);
    Ok(Json(model::Page { data, meta }))
}

/// `GET invoices/{id}`.
pub(crate) fn view<A: Account>(account: A, Path(id): Path<String>) -> Result<Json<model::Invoice>, Error> {
    convert::invoice(&find(account.owner()?, &id)?).map(Json)
}

/// The owner's invoice; somebody else's is not there.
pub(crate) fn find(owner: Owner, id: &str) -> Result<Payment, Error> {
    let payment = match payments::find(id) {
        Ok(payment) => payment,
        Err(PaymentError::NotFound | PaymentError::Invalid(_)) => return Err(Error::InvoiceNotFound),
        Err(error) => return Err(error.into()),
    };
    let terms: Terms = payment.read()?;
    if terms.owner == owner {
        Ok(payment)
    } else {
        Err(Error::InvoiceNotFound)
    }
}

/// Writes what an invoice is found by in this status.
pub(crate) fn file(payment: &Payment, terms: &Terms, status: Status) -> Result<(), Error> {
    let entry = Entry {
        payment: payment.id.clone(),
        owner: terms.owner.key(),
        status: status_key(terms.owner, status),
        client_remote_id: terms
            .client_remote_id
            .as_ref()
            .map(|remote| remote_key(terms.owner, remote)),
        pending_amount: (status == Status::Pending).then(|| amount_key(terms.owner, &payment.amount)),
    };
    records::put(COLLECTION, &payment.reference, &entry)?;
    Ok(())
}

fn status_key(owner: Owner, status: Status) -> String {
    format!("{} {status}", owner.key())
}

fn remote_key(owner: Owner, remote: &str) -> String {
    format!("{} {remote}", owner.key())
}

fn amount_key(owner: Owner, amount: &Amount) -> String {
    format!("{} {} {}", owner.key(), amount.currency, amount.minor)
}
