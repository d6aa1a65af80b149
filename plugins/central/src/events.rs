//! What receivers are told, in one of the two vocabularies, and what is kept of it.
//!
//! Each event is written in the transaction of what it reports. What a vocabulary has no word for is recorded under our own
//! word and sent to nobody, so the history of a subscription is whole in either. An event's id is also its key: those of a
//! subscription are numbered, `evt_X_1`, `evt_X_2` …, so that its history needs no index.

use mooring_sdk::prelude::*;
use mooring_sdk::webhooks::{self, Event, EventError, NewEvent};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::micros;
use crate::error::Error;
use crate::input::named;
use crate::invoices::{Invoice, Shown};
use crate::listing::{Listed, Part};
use crate::policy::{Naming, Policy};
use crate::subscriptions::Held;
use crate::views::{self, Told};

/// Something that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    PaymentCreated,
    PaymentCompleted,
    PaymentPartial,
    PaymentFailed,
    PaymentCancelled,
    PaymentExpired,
    PaymentRefunded,
    /// A part of it was sent back.
    PaymentRefundedInPart,
    Created,
    Trialing,
    /// It is in use, paid or not.
    Active,
    /// Its first invoice is settled.
    Activated,
    /// The invoice of a later period is settled.
    Renewed,
    PlanChanged,
    Updated,
    Cancelled,
    Expired,
    /// Nobody made its first payment.
    Failed,
    InvoiceCreated,
    InvoicePaid,
    InvoiceOverdue,
    InvoiceFailed,
    /// It failed, and is not tried again.
    InvoiceGivenUp,
    InvoiceSent,
    InvoiceVoided,
}

impl News {
    /// The document's word, the known receivers' word, and ours. What has none of them is not even recorded: another event of
    /// the same vocabulary says it.
    fn words(self) -> (Option<&'static str>, Option<&'static str>, &'static str) {
        match self {
            News::PaymentCreated => (Some("payment.pending"), Some("transaction.created"), ""),
            News::PaymentCompleted => (Some("payment.completed"), Some("transaction.completed"), ""),
            // Completed means that all of it was paid, and the document has no word for less.
            News::PaymentPartial => (None, Some("transaction.partial_payment"), "payment.partial"),
            News::PaymentFailed => (Some("payment.failed"), Some("transaction.failed"), ""),
            News::PaymentCancelled => (Some("payment.cancelled"), Some("transaction.cancelled"), ""),
            News::PaymentExpired => (Some("payment.cancelled"), Some("transaction.expired"), ""),
            News::PaymentRefunded => (None, Some("transaction.refunded"), "payment.refunded"),
            // Receivers take back all that a payment brought when they hear that it was refunded.
            News::PaymentRefundedInPart => (None, Some("transaction.updated"), "payment.refunded"),
            News::Created => (Some("subscription.created"), Some("subscription.created"), ""),
            News::Trialing => (None, Some("subscription.trialing"), "subscription.trialing"),
            // In the one a subscription is activated when its status is, and its invoice tells whether it is paid; in the other
            // receivers deliver when they hear of these, so they hear of them when money was there.
            News::Active => (Some("subscription.activated"), Some("subscription.updated"), ""),
            News::Activated => (None, Some("subscription.activated"), ""),
            News::Renewed => (None, Some("subscription.renewed"), ""),
            News::PlanChanged => (
                Some("subscription.plan_changed"),
                Some("subscription.updated"),
                "",
            ),
            News::Updated => (None, Some("subscription.updated"), "subscription.updated"),
            News::Cancelled => (Some("subscription.cancelled"), Some("subscription.cancelled"), ""),
            News::Expired => (Some("subscription.cancelled"), Some("subscription.expired"), ""),
            News::Failed => (Some("subscription.cancelled"), Some("subscription.failed"), ""),
            News::InvoiceCreated => (Some("invoice.created"), None, "invoice.created"),
            News::InvoicePaid => (Some("invoice.paid"), Some("subscription.payment.succeeded"), ""),
            News::InvoiceOverdue => (Some("invoice.overdue"), Some("subscription.payment_failed"), ""),
            News::InvoiceFailed | News::InvoiceGivenUp => {
                (Some("invoice.failed"), Some("subscription.payment_failed"), "")
            }
            News::InvoiceSent => (None, None, "invoice.sent"),
            News::InvoiceVoided => (None, None, "invoice.voided"),
        }
    }

    /// What it is called, and whether receivers are told.
    fn word(self, naming: Naming) -> (&'static str, bool) {
        let (documented, transaction, ours) = self.words();
        let word = match naming {
            Naming::Documented => documented,
            Naming::Transaction => transaction,
        };
        word.map_or((ours, false), |word| (word, true))
    }
}

/// The body of a delivery.
#[derive(Serialize)]
struct Envelope<'e, T> {
    event: &'e str,
    event_id: &'e str,
    id: &'e str,
    created_at: String,
    data: T,
}

#[derive(Serialize)]
struct OfSubscription<'h> {
    subscription: Told<'h>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice: Option<Shown>,
    /// Of an invoice that failed: whether it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_attempt: Option<bool>,
}

/// Tells something of a subscription, and of an invoice of it. The subscription is to be saved: its events are numbered.
pub(crate) fn tell(
    policy: &Policy,
    held: &mut Held,
    news: News,
    invoice: Option<(&str, &Invoice)>,
) -> Result<(), Error> {
    if news.word(policy.naming).0.is_empty() {
        return Ok(());
    }
    held.it.events += 1;
    let data = OfSubscription {
        subscription: views::told(held, invoice.map(|(_, invoice)| invoice))?,
        invoice: invoice.map(|(id, invoice)| invoice.shown(Some(id))).transpose()?,
        last_attempt: match news {
            News::InvoiceOverdue | News::InvoiceFailed => Some(false),
            News::InvoiceGivenUp => Some(true),
            _ => None,
        },
    };
    let id = event_id(held.code(), held.it.events);
    emit(policy.now, policy.naming, news, &id, &held.id, &data)
}

fn event_id(code: &str, number: u32) -> String {
    format!("evt_{code}_{number}")
}

/// Records an event once for its id, and has it delivered if there is a word for it.
pub(crate) fn emit<T: Serialize>(
    now: u64,
    naming: Naming,
    news: News,
    id: &str,
    subject: &str,
    data: &T,
) -> Result<(), Error> {
    let (word, is_told) = news.word(naming);
    let envelope = Envelope {
        event: word,
        event_id: id,
        id,
        created_at: micros(now),
        data,
    };
    let event = NewEvent::new(word, subject, &envelope).once(id);
    webhooks::emit(if is_told { event } else { event.silent() })?;
    Ok(())
}

/// An event as answers show it: what was sent.
fn kept(event: &Event) -> Result<Value, Error> {
    Ok(event.read()?)
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
    #[serde(default)]
    event: String,
}

/// `GET subscription-events`: all events, or those with one name, newest first. Those of payments are among them.
pub(crate) fn list(Query(listing): Query<Listing>) -> Result<Json<Listed<Value>>, Error> {
    let part = Part::of(&listing.page, &listing.per_page)?;
    let kind = Some(listing.event.as_str()).filter(|kind| !kind.is_empty());
    let found = webhooks::list(kind, part.newest())?;
    let data = found.items.iter().map(kept).collect::<Result<_, _>>()?;
    Ok(Json(part.answer(data, found.total)))
}

/// `GET subscription-events/{id}`.
pub(crate) fn view(Path(id): Path<String>) -> Result<Response, Error> {
    if !id.starts_with("evt_") {
        return Err(Error::NotFound("event"));
    }
    match webhooks::find(&id) {
        Ok(event) => Ok(named(200, "event", &kept(&event)?)),
        Err(EventError::NotFound | EventError::Invalid(_)) => Err(Error::NotFound("event")),
        Err(error) => Err(error.into()),
    }
}

/// A part of a subscription's history, newest first.
pub(crate) fn of_subscription(held: &Held, part: Part) -> Result<Listed<Value>, Error> {
    let total = u64::from(held.it.events);
    let first = total.saturating_sub(part.offset());
    let last = first.saturating_sub(u64::from(part.size));
    let mut data = Vec::new();
    for number in (last + 1..=first).rev() {
        let id = event_id(held.code(), u32::try_from(number).unwrap_or(u32::MAX));
        data.push(kept(&webhooks::find(&id)?)?);
    }
    Ok(part.answer(data, total))
}
