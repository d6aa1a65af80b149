//! Payments that are made, looked at, taken back and sent back.

use mooring_sdk::extract::{FromRequest, Text};
use mooring_sdk::money::Decimal;
use mooring_sdk::payments::{self, NewPayment, NewRefund, Payment, PaymentError, Refund, RefundState};
use mooring_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    BY_CURRENCY, BY_GATEWAY, BY_STATUS, BY_USER, COLLECTION, Entry, LIFE_MS, Status, Terms, Transaction,
    find, make, show,
};
use crate::calendar::micros;
use crate::customers::{self, Payer};
use crate::error::Error;
use crate::gateways::{self, Link};
use crate::ids;
use crate::input::{self, Maybe, Metadata, given, named};
use crate::listing::{Listed, Part};
use crate::policy::{self, Policy};
use crate::{rates, search};

/// `POST payments` and `POST payments/hosted-url`.
#[derive(Deserialize)]
pub(crate) struct Asked {
    amount: Decimal,
    currency: String,
    description: Text<1, 500>,
    customer_email: Text<3, 254>,
    #[serde(default, deserialize_with = "given")]
    external_reference: Option<Text<1, 200>>,
    #[serde(default, deserialize_with = "given")]
    customer_name: Option<Text<0, 200>>,
    #[serde(default, deserialize_with = "given")]
    customer_phone: Option<Text<0, 40>>,
    #[serde(default, deserialize_with = "given")]
    return_url: Option<String>,
    #[serde(default, deserialize_with = "given")]
    metadata: Option<Metadata>,
}

#[derive(Serialize)]
struct Made {
    success: bool,
    transaction_id: String,
    transaction_hash: String,
    checkout_url: String,
    hosted_url: String,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<Transaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateways: Option<Vec<Link>>,
}

/// `POST payments/{hash}/refund`.
#[derive(Default, Deserialize)]
struct Back {
    #[serde(default, deserialize_with = "given")]
    amount: Option<Decimal>,
    #[serde(default, deserialize_with = "given")]
    reason: Option<Text<0, 500>>,
}

#[derive(Deserialize)]
pub(crate) struct Listing {
    #[serde(default)]
    page: String,
    #[serde(default)]
    per_page: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    gateway: String,
    #[serde(default)]
    currency: String,
    #[serde(default)]
    customer_email: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// `POST payments/hosted-url`. Not safe to repeat without an idempotency key.
pub(crate) fn hosted_url(Json(asked): Json<Asked>) -> Result<Response, Error> {
    let payment = ask(asked)?;
    Ok(Response::json(201, &made(&payment)))
}

/// `POST payments`: the same, with the transaction and a link for each gateway that can take it.
pub(crate) fn create(Json(asked): Json<Asked>) -> Result<Response, Error> {
    let payment = ask(asked)?;
    let made = Made {
        transaction: Some(show(&payment)?),
        gateways: Some(gateways::links(&payment)?),
        ..made(&payment)
    };
    Ok(Response::json(201, &made))
}

fn made(payment: &Payment) -> Made {
    Made {
        success: true,
        transaction_id: payment.reference.clone(),
        transaction_hash: payment.reference.clone(),
        checkout_url: payment.pay_url.clone(),
        hosted_url: payment.pay_url.clone(),
        expires_at: micros(payment.expires_at.unwrap_or(payment.created_at)),
        transaction: None,
        gateways: None,
    }
}

fn ask(asked: Asked) -> Result<Payment, Error> {
    let policy = Policy::read()?;
    let currency = input::currency(&asked.currency)?;
    let amount = input::positive(&asked.amount, "amount", &currency)?;
    let user = customers::ensure(&Payer {
        email: &asked.customer_email,
        name: asked.customer_name.as_deref(),
        phone: asked.customer_phone.as_deref(),
    })?;
    rates::keep_currency(&currency)?;
    let terms = Terms {
        external_reference: asked.external_reference.map(Text::into_string),
        metadata: asked.metadata.unwrap_or_default().0,
        ..Terms::default()
    };
    let new = NewPayment {
        reference: Some(format!("tr_{}", ids::random())),
        user: Some(user.id),
        success_url: asked.return_url.clone(),
        cancel_url: asked.return_url,
        expires_at: Some(policy.now + LIFE_MS),
        ..NewPayment::new(amount, asked.description.into_string()).with_metadata(&terms)
    };
    make(&policy, new)
}

/// `GET payments/{hash}`.
pub(crate) fn view(Path(id): Path<String>) -> Result<Response, Error> {
    Ok(named(200, "transaction", &show(&find(&id)?)?))
}

/// `GET payments/{hash}/status`.
pub(crate) fn status(Path(id): Path<String>) -> Result<Response, Error> {
    let payment = find(&id)?;
    let transaction = show(&payment)?;
    let answer = json!({
        "success": true,
        "gateway": { "selected_gateway": transaction.gateway },
        "timestamps": {
            "created_at": transaction.created_at,
            "updated_at": micros(payment.updated_at),
            "completed_at": transaction.completed_at,
            "expires_at": transaction.expires_at,
        },
        "transaction": transaction,
    });
    Ok(Response::json(200, &answer))
}

/// `GET payments`, newest first. `from` and `to` are days or times; the day `to` is included.
pub(crate) fn list(Query(listing): Query<Listing>) -> Result<Json<Listed<Transaction>>, Error> {
    let part = Part::of(&listing.page, &listing.per_page)?;
    let mut filters = Vec::new();
    if !search::of_customer(&mut filters, BY_USER, &listing.customer_email)? {
        return Ok(Json(part.answer(Vec::new(), 0)));
    }
    if !listing.status.is_empty() {
        input::one_of("status", &listing.status, &Status::ALL.map(Status::as_str))?;
        filters.push((BY_STATUS, "/status", listing.status));
    }
    if !listing.gateway.is_empty() {
        filters.push((BY_GATEWAY, "/gateway", listing.gateway));
    }
    if !listing.currency.is_empty() {
        filters.push((BY_CURRENCY, "/currency", listing.currency.to_ascii_uppercase()));
    }
    let times = times(&listing.from, &listing.to)?;
    let found = search::documents(COLLECTION, &filters, times, part)?;
    let mut data = Vec::with_capacity(found.items.len());
    for document in &found.items {
        let entry: Entry = document.read()?;
        data.push(show(&payments::get(&entry.payment)?)?);
    }
    Ok(Json(part.answer(data, found.total)))
}

fn times(from: &str, to: &str) -> Result<Option<(u64, u64)>, Error> {
    if from.is_empty() && to.is_empty() {
        return Ok(None);
    }
    let calendar = policy::calendar()?;
    let read = |field: &str, text: &str| {
        let why = "must be a date or a time: 2027-01-15, 2027-01-15T08:00:00Z";
        calendar.read(text).ok_or_else(|| Error::invalid(field, why))
    };
    let low = if from.is_empty() { 0 } else { read("from", from)? };
    let high = match to {
        "" => u64::MAX,
        // All of that day.
        to if to.len() == 10 => calendar.days_after(read("to", to)?, 1),
        to => read("to", to)?.saturating_add(1),
    };
    Ok(Some((low, high.max(low))))
}

/// `POST payments/{hash}/cancel`. Repeating it changes nothing; a payment that has ended otherwise is a conflict.
pub(crate) fn cancel(Path(id): Path<String>) -> Result<Response, Error> {
    let payment = find(&id)?;
    match payments::cancel(&payment.id) {
        Ok(cancelled) => Ok(named(200, "transaction", &show(&cancelled)?)),
        Err(PaymentError::WrongStatus(_)) => {
            let status = Status::of(&payment)?.as_str();
            Err(Error::conflict(
                "not_cancellable",
                format!("The payment is {status}."),
            ))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST payments/{hash}/refund`: of what was paid, all that is left or a part of it. The first run schedules the call to the
/// gateway and waits for it; the second words what came of it.
pub(crate) fn refund(Path(id): Path<String>, mut request: Request) -> Result<Response, Error> {
    let payment = find(&id)?;
    if let Some(job) = &request.resumed {
        let refunds = payments::refunds(&payment.id)?;
        let refund = refunds.into_iter().find(|refund| refund.job == *job);
        let lost = || Problem::Internal(format!("no refund belongs to the job {job}"));
        return refunded(&payment, &refund.ok_or_else(lost)?);
    }
    let Maybe(asked) = Maybe::<Back>::from_request(&mut request)?;
    let currency = &payment.amount.currency;
    let amount = asked
        .amount
        .map(|amount| input::positive(&amount, "amount", currency))
        .transpose()?;
    let scheduled = payments::refund(NewRefund {
        payment: payment.id.clone(),
        amount,
        reason: asked.reason.unwrap_or_default().into_string(),
        idempotency_key: None,
    });
    match scheduled {
        Ok(refund) => Ok(Response::resume_after(refund.job)),
        Err(PaymentError::WrongStatus(_)) => {
            let status = Status::of(&payment)?.as_str();
            Err(Error::conflict(
                "not_refundable",
                format!("The payment is {status}."),
            ))
        }
        Err(PaymentError::TooMuch(left)) if left.minor == 0 => Err(Error::conflict(
            "not_refundable",
            "All of the payment has been sent back.",
        )),
        Err(PaymentError::TooMuch(left)) => Err(Error::invalid("amount", format!("must be at most {left}"))),
        Err(PaymentError::NotSupported(gateway)) => {
            let why = format!("The gateway {gateway} makes no refunds.");
            Err(Error::Gateway("refund_not_supported", why))
        }
        Err(error) => Err(error.into()),
    }
}

/// One that is accepted and not done yet is no failure: who took it for one would ask again.
fn refunded(payment: &Payment, refund: &Refund) -> Result<Response, Error> {
    let status = match refund.state {
        RefundState::Succeeded => "completed",
        RefundState::Pending => "pending",
        RefundState::Failed => {
            let why = refund.failure.as_ref().map(|failure| failure.message.clone());
            let why = format!("The refund failed: {}", why.unwrap_or_default());
            return Err(Error::Gateway("refund_failed", why));
        }
    };
    let answer = json!({
        "success": true,
        "refund": {
            "id": refund.id,
            "status": status,
            "amount": refund.amount.to_string(),
            "currency": refund.amount.currency,
            "reason": refund.reason,
            "created_at": micros(refund.created_at),
        },
        "transaction": show(payment)?,
    });
    Ok(Response::json(200, &answer))
}
