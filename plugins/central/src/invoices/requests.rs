//! Invoices that are looked at, made ahead, paid, sent and taken back.

use std::collections::BTreeMap;

use mooring_sdk::extract::Text;
use mooring_sdk::ledger;
use mooring_sdk::payments::Payment;
use mooring_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    BY_STATUS, BY_SUBSCRIPTION, BY_USER, COLLECTION, Charge, Credit, Invoice, Shown, Status, find, open_with,
    save, tell_opened, void_invoice,
};
use crate::accounts;
use crate::calendar::seconds;
use crate::error::Error;
use crate::events::{News, tell};
use crate::gateways;
use crate::input::{self, Maybe, given, named};
use crate::listing::{Listed, Part};
use crate::policy::Policy;
use crate::search;
use crate::subscriptions::{Held, Scheduled, Status as Standing, Subscription};
use crate::transactions::{self, Transaction};

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    subscription_id: String,
    #[serde(default)]
    customer_email: String,
}

/// `POST subscription-invoices/{sub}/generate`.
#[derive(Default, Deserialize)]
pub(crate) struct Generate {
    #[serde(default, deserialize_with = "given")]
    due_date: Option<String>,
}

/// `POST subscription-invoices/{id}/payment`.
#[derive(Default, Deserialize)]
pub(crate) struct Pay {
    #[serde(default, deserialize_with = "given")]
    gateway: Option<Text<1, 100>>,
    #[serde(default, deserialize_with = "given")]
    return_url: Option<String>,
}

#[derive(Serialize)]
struct Paying {
    success: bool,
    invoice: Shown,
    transaction: Transaction,
}

/// An invoice, and the transaction that it is asked for by.
fn paying(id: &str, invoice: &Invoice, payment: &Payment, gateway: Option<&str>) -> Result<Response, Error> {
    let paying = Paying {
        success: true,
        invoice: invoice.shown(Some(id))?,
        transaction: transactions::show(payment)?.through(gateway),
    };
    Ok(Response::json(200, &paying))
}

/// `GET subscription-invoices`, newest first.
pub(crate) fn list(Query(listing): Query<Listing>) -> Result<Json<Listed<Shown>>, Error> {
    let part = Part::of(&listing.page, &listing.per_page)?;
    let mut filters = Vec::new();
    if !listing.subscription_id.is_empty() {
        filters.push((BY_SUBSCRIPTION, "/subscription", listing.subscription_id));
    }
    if !search::of_customer(&mut filters, BY_USER, &listing.customer_email)? {
        return Ok(Json(part.answer(Vec::new(), 0)));
    }
    if !listing.status.is_empty() {
        input::one_of("status", &listing.status, &Status::KEPT.map(Status::as_str))?;
        filters.push((BY_STATUS, "/status", listing.status));
    }
    let found = search::documents(COLLECTION, &filters, None, part)?;
    let data = found.items.iter().map(|document| {
        let invoice: Invoice = document.read()?;
        invoice.shown(Some(&document.id))
    });
    Ok(Json(
        part.answer(data.collect::<Result<_, Error>>()?, found.total),
    ))
}

/// `GET subscription-invoices/{id}`.
pub(crate) fn view(Path(id): Path<String>) -> Result<Response, Error> {
    Ok(named(200, "invoice", &find(&id)?.shown(Some(&id))?))
}

fn nothing_to_bill(held: &Held) -> Error {
    let why = format!(
        "Nothing is billed any more: the subscription is {}.",
        held.it.status.as_str()
    );
    Error::conflict("nothing_to_bill", why)
}

/// `GET subscription-invoices/upcoming/{sub}`: what will be billed next; what was made ahead has been. Writes nothing.
pub(crate) fn upcoming(Path(id): Path<String>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let held = Held::find(&id)?;
    let advance = |it: &mut Subscription| it.advance(&policy.calendar);
    let next = match held.it.ahead {
        Some(_) => Charge::after_next(&held, advance),
        None => Charge::next(&held, advance),
    };
    let (charge, at) = next.ok_or_else(|| nothing_to_bill(&held))?;
    let amount = charge.amount();
    let rate = &held.it.plan.rate;
    let account = accounts::credit(held.it.user);
    let balance = ledger::balance(&account, &rate.currency)?.minor;
    let due = policy.calendar.days_after(at, policy.due_days);
    let preview = Invoice {
        subscription: held.id.clone(),
        user: held.it.user,
        status: Status::Draft,
        currency: rate.currency.clone(),
        amount,
        credit: balance.clamp(0, amount),
        lowered: 0,
        refunded: 0,
        unearned: 0,
        credited: BTreeMap::new(),
        lines: charge.lines,
        cycle: charge.cycle,
        begins: charge.begins,
        due_date: due.min(charge.period_end),
        period_start: charge.period_start,
        period_end: charge.period_end,
        created_at: at,
        paid_at: None,
        sent_at: None,
        payment: None,
    };
    Ok(named(200, "invoice", &preview.shown(None)?))
}

/// `POST subscription-invoices/{sub}/generate`: what will be billed next is billed now. Repeating it is a conflict.
pub(crate) fn generate(Path(id): Path<String>, Maybe(asked): Maybe<Generate>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut held = Held::find(&id)?;
    if held.it.status == Standing::Pending && held.it.open.is_some() {
        let why = "The subscription waits for its first payment.";
        return Err(Error::conflict("subscription_pending", why));
    }
    let next = Charge::next(&held, |it| it.advance(&policy.calendar));
    let (charge, at) = next.ok_or_else(|| nothing_to_bill(&held))?;
    if let Some(ahead) = &held.it.ahead {
        let why = format!("The next invoice has been generated: {ahead}.");
        return Err(Error::conflict("already_generated", why));
    }
    let due = match asked.due_date {
        Some(text) => due_date(&policy, &text, charge.period_end)?,
        None => policy
            .calendar
            .days_after(at, policy.due_days)
            .min(charge.period_end),
    };
    let (invoice_id, invoice) = open_with(&policy, &held, &charge, due, Credit::Used)?;
    held.it.ahead = Some(invoice_id.clone());
    held.it.ahead_due = Some(due).filter(|due| *due < at);
    tell_opened(&policy, &mut held, News::InvoiceCreated, &invoice_id, &invoice)?;
    held.save(&policy, &mut Scheduled::default())?;
    Ok(named(201, "invoice", &invoice.shown(Some(&invoice_id))?))
}

/// From today on, until what is billed is over: by then it is to be paid, or the next one would not be billed.
fn due_date(policy: &Policy, text: &str, period_end: u64) -> Result<u64, Error> {
    let due = policy
        .calendar
        .read(text)
        .ok_or_else(|| Error::invalid("due_date", "must be a date: 2025-01-01"))?;
    if policy.calendar.day(due) < policy.calendar.day(policy.now) {
        return Err(Error::invalid("due_date", "is over"));
    }
    if due > period_end {
        let why = format!(
            "must not be after the end of what is billed, {}",
            seconds(period_end)
        );
        return Err(Error::invalid("due_date", why));
    }
    // Later on the same day, which is written as its beginning.
    Ok(due.max(policy.now))
}

fn owed(invoice: &Invoice) -> Result<(), Error> {
    if invoice.status.is_owed() {
        return Ok(());
    }
    let why = format!("The invoice is {}.", invoice.status.as_str());
    Err(Error::conflict("invoice_not_open", why))
}

/// `POST subscription-invoices/{id}/payment`: the transaction that pays it, whose page the customer is taken to. Repeating it gives
/// the same one, unless another address is asked for. A gateway is offered first on that page.
pub(crate) fn pay(Path(id): Path<String>, Maybe(asked): Maybe<Pay>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut invoice = find(&id)?;
    owed(&invoice)?;
    let gateway = asked.gateway.as_deref();
    if let Some(gateway) = gateway {
        gateways::known(gateway)?;
    }
    let payment = transactions::of_invoice(&policy, &id, &mut invoice, asked.return_url)?;
    paying(&id, &invoice, &payment, gateway)
}

/// `POST subscription-invoices/{id}/send`: makes sure that there is a page to pay it on, and says where. The host sends no mail.
pub(crate) fn send(Path(id): Path<String>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut invoice = find(&id)?;
    owed(&invoice)?;
    let payment = transactions::of_invoice(&policy, &id, &mut invoice, None)?;
    invoice.sent_at = Some(policy.now);
    save(&id, &invoice)?;
    let mut held = Held::find(&invoice.subscription)?;
    tell(&policy, &mut held, News::InvoiceSent, Some((&id, &invoice)))?;
    held.save(&policy, &mut Scheduled::default())?;
    paying(&id, &invoice, &payment, None)
}

/// `POST subscription-invoices/{id}/void`: takes it back. The subscription goes on as if it were paid.
pub(crate) fn void(Path(id): Path<String>) -> Result<Response, Error> {
    let policy = Policy::read()?;
    let mut invoice = find(&id)?;
    owed(&invoice)?;
    let mut held = Held::find(&invoice.subscription)?;
    if held.it.status == Standing::Pending {
        let why = "The subscription begins with this invoice: it is to be cancelled instead.";
        return Err(Error::conflict("subscription_pending", why));
    }
    void_invoice(&policy, &mut held, &id, &mut invoice)?;
    held.save(&policy, &mut Scheduled::default())?;
    Ok(named(200, "invoice", &invoice.shown(Some(&id))?))
}
