//! What the current period was billed at, which is what credit for a part of it is counted from.

use serde::{Deserialize, Serialize};

use super::Subscription;
use crate::calendar::Interval;
use crate::invoices::Charge;
use crate::proration::share;

/// Invoices of a period that are remembered; who changes plans more often in one has the oldest forgotten.
const INVOICES_MAX: usize = 16;

/// What was billed for the time until the end of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Billed {
    /// Minor units: less than the price where a trial, a waived invoice or a refund made it so.
    pub(crate) amount: i64,
    /// The time from which it was billed.
    pub(crate) from: u64,
    /// The interval that it was billed for, which another plan without proration does not change.
    pub(crate) interval: Interval,
    pub(crate) count: u32,
    /// The invoices that billed it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) invoices: Vec<String>,
}

impl Subscription {
    /// A period begins, or its rest has another price: that much is billed from now on.
    pub(crate) fn bill(&mut self, amount: i64, from: u64) {
        self.billed = Some(Billed {
            amount,
            from,
            interval: self.plan.rate.interval,
            count: self.plan.rate.count,
            invoices: Vec::new(),
        });
    }

    /// The same, by an invoice.
    pub(crate) fn bill_by(&mut self, charge: &Charge, invoice: &str) {
        self.bill(charge.amount(), charge.period_start);
        self.add_invoice(invoice);
    }

    /// The rest of the period has another price. The invoices that paid for it so far still did.
    pub(crate) fn rebill(&mut self, amount: i64, from: u64) {
        let invoices = self.billed.take().map(|billed| billed.invoices);
        self.bill(amount, from);
        if let Some(billed) = &mut self.billed {
            billed.invoices = invoices.unwrap_or_default();
        }
    }

    pub(crate) fn add_invoice(&mut self, invoice: &str) {
        if let Some(billed) = &mut self.billed {
            if billed.invoices.len() >= INVOICES_MAX {
                billed.invoices.remove(0);
            }
            billed.invoices.push(invoice.to_owned());
        }
    }

    /// What an invoice billed was waived or sent back: nobody gets it a second time.
    pub(crate) fn lower(&mut self, invoice: &str, minor: i64) {
        if let Some(billed) = &mut self.billed
            && billed.invoices.iter().any(|id| id == invoice)
        {
            billed.amount = (billed.amount - minor).max(0);
        }
    }

    /// What was billed for the time from `now` to the end of the period.
    pub(crate) fn unused(&self, now: u64) -> i64 {
        let (price, from) = match &self.billed {
            Some(billed) => (billed.amount, billed.from.max(self.period_start)),
            None => (self.plan.rate.price, self.period_start),
        };
        let whole = self.period_end.saturating_sub(from);
        if whole == 0 {
            return 0;
        }
        share(price, self.period_end.saturating_sub(now.max(from)), whole)
    }

    /// Whether a plan is paid as often as the current period was billed for.
    pub(crate) fn is_period_of(&self, interval: Interval, count: u32) -> bool {
        let rate = &self.plan.rate;
        let (billed, times) = match &self.billed {
            Some(billed) => (billed.interval, billed.count),
            None => (rate.interval, rate.count),
        };
        (billed, times) == (interval, count)
    }
}
