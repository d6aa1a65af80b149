//! Transactions: payments of the host. Beside each is a small document that lists find it by.

mod news;
mod requests;

use mooring_sdk::payments::{
    self, Attempt, AttemptState, NewPayment, Payment, PaymentError, RefundState, Settlement, Tolerance,
};
use mooring_sdk::records;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) use news::on_event;
pub(crate) use requests::{cancel, create, hosted_url, list, refund, status, view};

use crate::calendar::micros;
use crate::customers::{self, Brief};
use crate::error::Error;
use crate::events::{News, emit};
use crate::gateways;
use crate::ids;
use crate::input::amount;
use crate::invoices::{self, Invoice};
use crate::policy::Policy;
use crate::subscriptions::Held;

pub(crate) const COLLECTION: &str = "transactions";
/// Index.
pub(crate) const BY_USER: &str = "user";
/// Index.
pub(crate) const BY_STATUS: &str = "status";
/// Index.
pub(crate) const BY_CURRENCY: &str = "currency";
/// Index.
pub(crate) const BY_GATEWAY: &str = "gateway";

/// How long a payment can be paid.
pub(crate) const LIFE_MS: u64 = 86_400_000;

const PAGE: &str = "/hosted-payment/tr_";
const SUBSCRIPTION_PAGE: &str = "/hosted-subscription/sub_";

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Pending,
    Initialized,
    Processing,
    Completed,
    Failed,
    Cancelled,
    Refunded,
}

/// What was agreed on when a payment was made; kept as its metadata.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Terms {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_reference: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invoice: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscription: Option<String>,
}

/// What transactions are found by.
#[derive(Serialize, Deserialize)]
struct Entry {
    payment: String,
    user: Option<u64>,
    status: Status,
    currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
}

/// A transaction as answers and events show it.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "these are the provider's names")]
pub(crate) struct Transaction {
    id: String,
    transaction_id: String,
    transaction_hash: String,
    status: Status,
    payment_status: &'static str,
    amount: String,
    currency: String,
    paid_amount: String,
    refunded_amount: String,
    description: String,
    external_reference: Option<String>,
    gateway: Option<String>,
    customer: Option<Brief>,
    attempts: Vec<Tried>,
    analytics: Value,
    metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<Value>,
    checkout_url: String,
    created_at: String,
    expires_at: Option<String>,
    completed_at: Option<String>,
}

/// One try through one gateway.
#[derive(Serialize)]
struct Tried {
    gateway: String,
    method: String,
    status: &'static str,
    error: Option<String>,
    attempted_at: String,
}

impl Status {
    const ALL: [Status; 7] = [
        Status::Pending,
        Status::Initialized,
        Status::Processing,
        Status::Completed,
        Status::Failed,
        Status::Cancelled,
        Status::Refunded,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Initialized => "initialized",
            Status::Processing => "processing",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
            Status::Refunded => "refunded",
        }
    }

    /// One is refunded when all that it brought has been sent back; what is on its way does not count.
    fn of(payment: &Payment) -> Result<Status, Error> {
        use payments::Status as Core;
        Ok(match payment.status {
            Core::Pending => Status::Pending,
            Core::Processing | Core::Authorized => Status::Processing,
            Core::Failed => Status::Failed,
            Core::Expired | Core::Cancelled => Status::Cancelled,
            Core::Succeeded if payment.refunded.minor < payment.received.minor => Status::Completed,
            Core::Succeeded => {
                let refunds = payments::refunds(&payment.id)?;
                if refunds.iter().any(|refund| refund.state == RefundState::Pending) {
                    Status::Completed
                } else {
                    Status::Refunded
                }
            }
        })
    }
}

fn payment_status(payment: &Payment) -> &'static str {
    match payment.settlement {
        None => "none",
        Some(Settlement::Exact) => "full",
        Some(Settlement::Partial) => "partial",
        Some(Settlement::Overpaid) => "overpaid",
    }
}

fn tried(attempt: &Attempt) -> Tried {
    Tried {
        gateway: attempt.gateway.clone(),
        method: attempt.method.clone(),
        status: match attempt.state {
            AttemptState::Starting | AttemptState::Waiting => "initialized",
            AttemptState::Processing | AttemptState::Unknown | AttemptState::Authorized => "processing",
            AttemptState::Succeeded => "completed",
            AttemptState::Declined => "failed",
            AttemptState::Cancelled => "cancelled",
        },
        error: attempt.failure.as_ref().map(|failure| failure.message.clone()),
        attempted_at: micros(attempt.created_at),
    }
}

impl Transaction {
    /// The same, with a page that offers a gateway first.
    pub(crate) fn through(mut self, gateway: Option<&str>) -> Transaction {
        if let Some(gateway) = gateway {
            self.checkout_url = gateways::page(&self.checkout_url, gateway);
        }
        self
    }
}

/// A transaction with its attempts.
pub(crate) fn show(payment: &Payment) -> Result<Transaction, Error> {
    let terms: Terms = payment.read()?;
    let attempts = payments::attempts(&payment.id)?;
    let failed = attempts
        .iter()
        .filter(|attempt| attempt.state == AttemptState::Declined)
        .count();
    let seconds = payment
        .paid_at
        .map(|at| at.saturating_sub(payment.created_at) / 1000);
    Ok(Transaction {
        id: payment.reference.clone(),
        transaction_id: payment.reference.clone(),
        transaction_hash: payment.reference.clone(),
        status: Status::of(payment)?,
        payment_status: payment_status(payment),
        amount: payment.amount.to_string(),
        currency: payment.amount.currency.clone(),
        paid_amount: payment.received.to_string(),
        refunded_amount: payment.refunded.to_string(),
        description: payment.description.clone(),
        external_reference: terms.external_reference,
        gateway: attempts.last().map(|attempt| attempt.gateway.clone()),
        customer: payment.user.map(customers::brief_of).transpose()?,
        analytics: json!({
            "attempts": attempts.len(),
            "failed_attempts": failed,
            "seconds_to_complete": seconds,
        }),
        attempts: attempts.iter().map(tried).collect(),
        metadata: terms.metadata,
        invoice_id: terms.invoice,
        subscription: terms.subscription.map(|id| json!({ "subscription_hash": id })),
        checkout_url: payment.pay_url.clone(),
        created_at: micros(payment.created_at),
        expires_at: payment.expires_at.map(micros),
        completed_at: payment.paid_at.map(micros),
    })
}

/// Writes what a transaction is found by.
fn file(payment: &Payment, gateway: Option<String>) -> Result<(), Error> {
    let entry = Entry {
        payment: payment.id.clone(),
        user: payment.user,
        status: Status::of(payment)?,
        currency: payment.amount.currency.clone(),
        gateway,
    };
    records::put(COLLECTION, &payment.reference, &entry)?;
    Ok(())
}

/// The transaction of this id.
fn find(id: &str) -> Result<Payment, Error> {
    if ids::bare(id, "tr_").is_none() {
        return Err(Error::NotFound("payment"));
    }
    match payments::find(id) {
        Ok(payment) => Ok(payment),
        Err(PaymentError::NotFound | PaymentError::Invalid(_)) => Err(Error::NotFound("payment")),
        Err(error) => Err(error.into()),
    }
}

/// Makes a payment, files it and tells of it.
fn make(policy: &Policy, new: NewPayment) -> Result<Payment, Error> {
    let payment = payments::create(new).map_err(refused)?;
    file(&payment, None)?;
    let id = format!("evt_{}_pending", payment.reference.trim_start_matches("tr_"));
    let data = json!({ "transaction": show(&payment)? });
    emit(
        policy.now,
        policy.naming,
        News::PaymentCreated,
        &id,
        &payment.reference,
        &data,
    )?;
    Ok(payment)
}

/// The host's fields, as requests call them.
fn refused(error: PaymentError) -> Error {
    match error {
        PaymentError::Invalid(invalid) => {
            let field = match invalid.field.as_str() {
                "success-url" | "cancel-url" | "failure-url" => "return_url",
                field => field,
            };
            Error::invalid(field, invalid.reason)
        }
        error => error.into(),
    }
}

/// The payment of an invoice: the one that is open already, if it asks for what is owed and leads back where it should, or a new
/// one. Who pays only a part gets it back.
pub(crate) fn of_invoice(
    policy: &Policy,
    id: &str,
    invoice: &mut Invoice,
    return_url: Option<String>,
) -> Result<Payment, Error> {
    let held = Held::find(&invoice.subscription)?;
    if let Some((payment, _)) = &invoice.payment {
        let payment = payments::get(payment)?;
        let leads_back = return_url.is_none() || return_url == payment.success_url;
        let fits = leads_back && payment.due.minor == invoice.due();
        if fits && payment.status == payments::Status::Pending {
            return Ok(payment);
        }
        if matches!(
            payment.status,
            payments::Status::Processing | payments::Status::Authorized
        ) {
            return Err(Error::conflict(
                "payment_processing",
                "A payment of the invoice is under way.",
            ));
        }
        if held.it.hosted && payment.status == payments::Status::Pending && !leads_back {
            // The customer may be on that page, whose address has been given out, and there is no other of its name.
            let is_page = payment.reference == format!("tr_{}", held.code());
            if is_page {
                let why = "The subscription's own page is open, and leads back to where it was ordered.";
                return Err(Error::conflict("hosted_page_open", why));
            }
        }
        invoices::cancel_payment(invoice)?;
    }
    let until = policy.now + LIFE_MS;
    let description = invoice
        .lines
        .first()
        .map_or_else(String::new, |line| line.description.clone());
    let reference = reference_of(invoice)?;
    let payment = make(
        policy,
        asked(&held, id, invoice, &reference, &description, return_url, until)?,
    )?;
    invoice.payment = Some((payment.id.clone(), payment.reference.clone()));
    invoices::save(id, invoice)?;
    Ok(payment)
}

/// The first payment of any invoice of `sub_X` is `tr_X`, so that the page of the subscription is there; those after it are
/// named by chance.
fn reference_of(invoice: &Invoice) -> Result<String, Error> {
    let code = ids::bare(&invoice.subscription, "sub_").unwrap_or(&invoice.subscription);
    let first = format!("tr_{code}");
    match payments::find(&first) {
        Err(PaymentError::NotFound) => Ok(first),
        Ok(_) => Ok(format!("tr_{}", ids::random())),
        Err(error) => Err(error.into()),
    }
}

/// The first payment of a hosted subscription: `tr_X` of `sub_X`. Gives the address of its page.
pub(crate) fn first_of(
    policy: &Policy,
    held: &Held,
    id: &str,
    invoice: &mut Invoice,
    description: &str,
    until: u64,
) -> Result<String, Error> {
    let reference = format!("tr_{}", held.code());
    let return_url = held.it.return_url.clone();
    let payment = make(
        policy,
        asked(held, id, invoice, &reference, description, return_url, until)?,
    )?;
    invoice.payment = Some((payment.id.clone(), payment.reference.clone()));
    invoices::save(id, invoice)?;
    Ok(payment.pay_url.replacen(PAGE, SUBSCRIPTION_PAGE, 1))
}

fn asked(
    held: &Held,
    id: &str,
    invoice: &Invoice,
    reference: &str,
    description: &str,
    return_url: Option<String>,
    until: u64,
) -> Result<NewPayment, Error> {
    let terms = Terms {
        invoice: Some(id.to_owned()),
        subscription: Some(invoice.subscription.clone()),
        // Receivers know by it what they sold.
        metadata: held.it.metadata.clone(),
        ..Terms::default()
    };
    let due = amount(invoice.due(), &invoice.currency)?;
    Ok(NewPayment {
        reference: Some(reference.to_owned()),
        user: Some(invoice.user),
        success_url: return_url.clone(),
        cancel_url: return_url,
        expires_at: Some(until),
        tolerance: Some(Tolerance {
            partial_min_ppm: 1_000_000,
            ..Tolerance::default()
        }),
        ..NewPayment::new(due, description).with_metadata(&terms)
    })
}
