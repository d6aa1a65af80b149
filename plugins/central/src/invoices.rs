//! Invoices: what a subscription owes for a period, or for a part of one.
//!
//! An invoice is opened once for what it is about: its id and its posting are made from that, so whoever is cut off and begins
//! again finds it there. Opening it earns the money, in the ledger's sense; paying it brings it.

mod charge;
mod open;
mod refund;
mod requests;
mod settle;
mod stats;

use std::collections::BTreeMap;

use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, RecordError};
use serde::{Deserialize, Serialize};

pub(crate) use charge::Charge;
pub(crate) use open::{Credit, open, open_with};
pub(crate) use refund::{became_credit, refunded};
pub(crate) use requests::{generate, list, pay, send, upcoming, view, void};
pub(crate) use settle::{cancel_payment, collect, credit_paid, credit_unused, settle, void_invoice};
pub(crate) use stats::{Dates, overview, range, revenue_between};

use crate::calendar::seconds;
use crate::error::Error;
use crate::events::{News, tell};
use crate::ids;
use crate::input::{amount, is_default};
use crate::policy::Policy;
use crate::subscriptions::Held;

pub(crate) const COLLECTION: &str = "invoices";
/// Index: of a subscription.
pub(crate) const BY_SUBSCRIPTION: &str = "subscription";
/// Index: of a user.
pub(crate) const BY_USER: &str = "user";
/// Index.
pub(crate) const BY_STATUS: &str = "status";

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// A preview; never kept.
    Draft,
    /// Waits for its payment.
    Open,
    /// Nothing is owed any more.
    Paid,
    /// Nobody paid, and nobody is asked any more. It can still be paid.
    Failed,
    /// Taken back.
    Void,
    /// Its due date is over.
    Overdue,
}

impl Status {
    pub(crate) const KEPT: [Status; 5] = [
        Status::Open,
        Status::Paid,
        Status::Failed,
        Status::Void,
        Status::Overdue,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Open => "open",
            Status::Paid => "paid",
            Status::Failed => "failed",
            Status::Void => "void",
            Status::Overdue => "overdue",
        }
    }

    /// Whether it can be paid.
    pub(crate) fn is_owed(self) -> bool {
        matches!(self, Status::Open | Status::Overdue | Status::Failed)
    }
}

/// An invoice as it is kept. Amounts are minor units, times milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Invoice {
    pub(crate) subscription: String,
    pub(crate) user: u64,
    pub(crate) status: Status,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    /// What of it was taken from the customer's credit.
    #[serde(default)]
    pub(crate) credit: i64,
    /// What of `credit` was no money: unused time of the same subscription that it was lowered by.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) lowered: i64,
    /// What of it was sent back.
    #[serde(default)]
    pub(crate) refunded: i64,
    /// What of `refunded` it had earned, and was not credit by then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) unearned: i64,
    /// What of the money of its payments has become the customer's credit, by payment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) credited: BTreeMap<String, i64>,
    pub(crate) lines: Vec<Line>,
    /// Which billing cycle of the subscription it is of, 1 for the first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) cycle: u32,
    /// Whether that cycle begins with it; a change of plan within a cycle has an invoice of its own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) begins: bool,
    pub(crate) due_date: u64,
    pub(crate) period_start: u64,
    pub(crate) period_end: u64,
    pub(crate) created_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paid_at: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sent_at: Option<u64>,
    /// The payment of the host's that it is paid by: its id and its reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payment: Option<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) description: String,
    pub(crate) amount: i64,
}

/// An invoice as answers and events show it.
#[derive(Serialize)]
pub(crate) struct Shown {
    id: Option<String>,
    subscription_id: String,
    customer_id: u64,
    status: Status,
    amount: String,
    amount_due: String,
    credit_applied: String,
    amount_refunded: String,
    currency: String,
    due_date: String,
    period_start: String,
    period_end: String,
    lines: Vec<ShownLine>,
    transaction_id: Option<String>,
    created_at: String,
    paid_at: Option<String>,
    sent_at: Option<String>,
}

#[derive(Serialize)]
struct ShownLine {
    description: String,
    amount: String,
}

impl Invoice {
    /// What of it was billed and neither taken back nor sent back.
    pub(crate) fn kept(&self) -> i64 {
        if self.status == Status::Void {
            return 0;
        }
        (self.amount - self.lowered - self.unearned).max(0)
    }

    /// What is still owed.
    pub(crate) fn due(&self) -> i64 {
        self.amount - self.credit
    }

    /// `id`: none for a preview.
    pub(crate) fn shown(&self, id: Option<&str>) -> Result<Shown, Error> {
        let money = |minor: i64| Ok::<String, Error>(amount(minor, &self.currency)?.to_string());
        let lines = self.lines.iter().map(|line| {
            Ok::<ShownLine, Error>(ShownLine {
                description: line.description.clone(),
                amount: money(line.amount)?,
            })
        });
        Ok(Shown {
            id: id.map(str::to_owned),
            subscription_id: self.subscription.clone(),
            customer_id: self.user,
            status: self.status,
            amount: money(self.amount)?,
            amount_due: money(if self.status.is_owed() || self.status == Status::Draft {
                self.due()
            } else {
                0
            })?,
            credit_applied: money(self.credit)?,
            amount_refunded: money(self.refunded)?,
            currency: self.currency.clone(),
            due_date: seconds(self.due_date),
            period_start: seconds(self.period_start),
            period_end: seconds(self.period_end),
            lines: lines.collect::<Result<_, _>>()?,
            transaction_id: self.payment.as_ref().map(|(_, reference)| reference.clone()),
            created_at: seconds(self.created_at),
            paid_at: self.paid_at.map(seconds),
            sent_at: self.sent_at.map(seconds),
        })
    }
}

/// The invoice of this id.
pub(crate) fn find(id: &str) -> Result<Invoice, Error> {
    if ids::bare(id, "inv_").is_none() {
        return Err(Error::NotFound("invoice"));
    }
    match records::get(COLLECTION, id) {
        Ok(document) => Ok(document.read()?),
        Err(RecordError::NotFound) => Err(Error::NotFound("invoice")),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn save(id: &str, invoice: &Invoice) -> Result<(), Error> {
    records::put(COLLECTION, id, invoice)?;
    Ok(())
}

/// Tells that an invoice was opened, under the caller's word, and that it is paid where credit was enough for it.
pub(crate) fn tell_opened(
    policy: &Policy,
    held: &mut Held,
    news: News,
    id: &str,
    invoice: &Invoice,
) -> Result<(), Error> {
    tell(policy, held, news, Some((id, invoice)))?;
    if invoice.status == Status::Paid {
        tell(policy, held, News::InvoicePaid, Some((id, invoice)))?;
        tell_paid_for(policy, held, id, invoice)?;
    }
    Ok(())
}

/// Tells that the cycle in which a subscription is has been paid for, where that is what the invoice is of. One that was made
/// ahead is told of when its cycle begins.
pub(crate) fn tell_paid_for(
    policy: &Policy,
    held: &mut Held,
    id: &str,
    invoice: &Invoice,
) -> Result<(), Error> {
    let is_of_now = invoice.begins && invoice.cycle == held.it.cycles && !held.it.status.has_ended();
    if !is_of_now {
        return Ok(());
    }
    let is_first = std::mem::take(&mut held.it.unpaid);
    let news = if is_first { News::Activated } else { News::Renewed };
    tell(policy, held, news, Some((id, invoice)))
}

/// What an operator reads when a document is not as it should be.
pub(crate) fn broken(why: String) -> Error {
    Problem::Internal(why).into()
}
