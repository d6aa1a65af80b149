//! Paid invoices that the shop reports, and the panel's list of them.

use mooring_sdk::ledger::{self, Entry, NewPosting};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, Document, IndexValue, RecordError};
use mooring_sdk::users::{self, UserError};
use mooring_sdk::webhooks::{self, NewEvent};
use mooring_sdk::{InvalidField, Order, PageQuery, json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::convert;
use crate::error::Error;
use crate::model::{self, AnyId, Done, InvoiceData, InvoicePaid, InvoiceUser};

/// Reported invoices.
pub(crate) const COLLECTION: &str = "invoices";
/// Its index by e-mail, so that an invoice reported before its user exists is found once the user does.
pub(crate) const BY_EMAIL: &str = "email";

const KIND: &str = "invoice.paid";

/// A reported invoice, as it is kept and as the event tells it.
#[derive(Serialize, Deserialize)]
struct Report {
    /// The shop's own id.
    invoice_id: String,
    /// Lower case.
    email: String,
    /// Whether a user had this e-mail when the invoice was reported.
    user_known: bool,
    amount_minor: i64,
    currency: String,
    /// The key that reported it.
    key: String,
}

/// `POST invoice.paid`: one credit event and one posting for each invoice id of the key's owner, and nothing else.
pub(crate) fn paid(principal: Principal, Json(paid): Json<InvoicePaid>) -> Result<Json<Done>, Error> {
    let (invoice_id, amount, email) = read(paid)?;
    let owner = convert::owner(&principal);
    let user_known = match users::find_by_email(&email) {
        Ok(_) => true,
        Err(UserError::NotFound) => false,
        Err(error) => return Err(error.into()),
    };
    let report = Report {
        invoice_id,
        email,
        user_known,
        amount_minor: amount.minor,
        currency: amount.currency.clone(),
        key: principal.key,
    };

    let event = NewEvent::new(KIND, &report.invoice_id, &report)
        .once(format!("{KIND}:{owner}:{}", report.invoice_id));
    let emitted = webhooks::emit(event).map_err(Problem::from)?;
    if emitted.repeated {
        return Ok(Json(Done {
            duplicate: true,
            ..Done::default()
        }));
    }

    let posting = NewPosting {
        idempotency_key: format!("paymenter:{owner}:{}", report.invoice_id),
        description: format!("Paymenter invoice {}", report.invoice_id),
        entries: vec![
            Entry::debit("paymenter:collected", amount.clone()),
            Entry::credit("paymenter:reported", amount),
        ],
        metadata: json::to_string(&report),
    };
    ledger::post(posting).map_err(Problem::from)?;
    records::create(COLLECTION, &invoice_ref(&emitted.event.id), &report)?;
    Ok(Json(Done {
        id: Some(AnyId::Text(emitted.event.id)),
        ..Done::default()
    }))
}

/// Either shape; the flat fields win. `event` and `data` are looked at only where the nested form is used.
fn read(paid: InvoicePaid) -> Result<(String, Amount, String), Error> {
    let is_flat = paid.invoice_id.is_some() && paid.amount.is_some() && paid.user_email.is_some();
    let is_nested = paid.data.is_some() && paid.invoice_id.is_none();
    if is_nested && paid.event != Some(Value::from(KIND)) {
        return Err(Error::invalid("event", format!("must be `{KIND}`")));
    }
    let nested: InvoiceData = part(paid.data.filter(|_| !is_flat), "data")?;
    let user: InvoiceUser = part(nested.user, "data.user")?;
    let name = |flat, nested| if is_nested { nested } else { flat };
    let required = |field| Error::invalid(field, "is required");

    let id = paid
        .invoice_id
        .or(nested.id)
        .ok_or_else(|| required(name("invoice_id", "data.id")))?;
    let amount_field = if paid.amount.is_some() {
        "amount"
    } else {
        name("amount", "data.total")
    };
    let amount = paid
        .amount
        .or(nested.total)
        .ok_or_else(|| required(amount_field))?;
    let amount = convert::amount(&amount, amount_field, &convert::currency()?)?;
    let email_field = if paid.user_email.is_some() {
        "user_email"
    } else {
        name("user_email", "data.user.email")
    };
    let email = paid
        .user_email
        .or(user.email)
        .ok_or_else(|| required(email_field))?;
    Ok((id.0, amount, convert::email(&email, email_field)?))
}

/// An object inside the body, read by itself: it may be anything where nobody looks at it.
fn part<T: DeserializeOwned + Default>(value: Option<Value>, name: &str) -> Result<T, Error> {
    let Some(value) = value else {
        return Ok(T::default());
    };
    json::from_str(&value.to_string()).map_err(|problem| match problem {
        Problem::Invalid(InvalidField { field, reason }) if field.is_empty() => Error::invalid(name, reason),
        Problem::Invalid(InvalidField { field, reason }) => {
            Error::invalid(&format!("{name}.{field}"), reason)
        }
        problem => problem.into(),
    })
}

/// The panel's id of an invoice: that of its event, under the panel's prefix.
fn invoice_ref(event: &str) -> String {
    format!("inv_{}", event.strip_prefix("ev_").unwrap_or(event))
}

/// `GET invoices`. A key without a user sees the whole tenant's.
pub(crate) fn list(
    principal: Principal,
    Query(page): Query<PageQuery>,
) -> Result<Json<Vec<model::Invoice>>, Error> {
    let filter = email_of(&principal)?.map(|email| IndexValue::new(BY_EMAIL, email));
    let documents = records::list(COLLECTION, filter, page.page(Order::NewestFirst))?;
    documents
        .items
        .iter()
        .map(invoice)
        .collect::<Result<_, _>>()
        .map(Json)
}

/// `GET invoices/{id}`.
pub(crate) fn view(principal: Principal, Path(id): Path<String>) -> Result<Json<model::Invoice>, Error> {
    let document = match records::get(COLLECTION, &id) {
        Ok(document) => document,
        Err(RecordError::NotFound | RecordError::Invalid(_)) => return Err(Error::InvoiceNotFound),
        Err(error) => return Err(error.into()),
    };
    let owner = email_of(&principal)?;
    if owner.is_some_and(|email| {
        document
            .read::<Report>()
            .is_ok_and(|report| report.email != email)
    }) {
        return Err(Error::Forbidden);
    }
    invoice(&document).map(Json)
}

fn email_of(principal: &Principal) -> Result<Option<String>, Error> {
    Ok(principal
        .user
        .map(users::get)
        .transpose()?
        .map(|user| user.email.to_lowercase()))
}

fn invoice(document: &Document) -> Result<model::Invoice, Error> {
    let report: Report = document.read()?;
    let amount = Amount::from_minor(report.amount_minor, &report.currency)
        .map_err(|error| Problem::Internal(format!("invoice {}: {error}", document.id)))?;
    Ok(model::Invoice {
        id: document.id.clone(),
        status: "paid",
        amount: amount.to_json_number(),
        currency: report.currency,
        kind: "paymenter",
        description: format!("Paymenter invoice {}", report.invoice_id),
        target_id: report.invoice_id,
        created_at: document.created_at,
        paid_at: document.created_at,
        due_at: None,
    })
}
