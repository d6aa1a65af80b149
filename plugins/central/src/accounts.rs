//! The accounts of the ledger. Balances are credits minus debits, so what is owed to the merchant is below zero.
//!
//! Revenue has an account for each day, in the tenant's time zone: what was earned between two days is the sum of their
//! balances, however many postings there were.

use mooring_sdk::ledger::{self, Entry, LedgerError, NewPosting};
use mooring_sdk::prelude::*;

use crate::error::Error;
use crate::input::amount;

/// What invoices are still to bring.
pub(crate) const RECEIVABLE: &str = "central:receivable";
/// Where the host puts money that payments have brought.
pub(crate) const RECEIVED: &str = "merchant:central:balance";

/// What a customer has in credit.
pub(crate) fn credit(user: u64) -> String {
    format!("central:credit:{user}")
}

/// What invoices have earned on a day: `2027-01-15`.
pub(crate) fn revenue(day: &str) -> String {
    format!("central:revenue:{day}")
}

/// What payments without an invoice have earned on a day.
pub(crate) fn sales(day: &str) -> String {
    format!("central:sales:{day}")
}

/// Moves money between accounts in one posting, once for each key. Moves of nothing are left out.
pub(crate) struct Moves {
    currency: String,
    entries: Vec<Entry>,
}

impl Moves {
    pub(crate) fn of(currency: &str) -> Moves {
        Moves {
            currency: currency.to_owned(),
            entries: Vec::new(),
        }
    }

    /// So many minor units from one account to another.
    pub(crate) fn add(mut self, from: &str, to: &str, minor: i64) -> Result<Moves, Error> {
        if minor != 0 {
            // The ledger takes no negative amounts; money that goes backwards has its sides changed.
            let (from, to) = if minor > 0 { (from, to) } else { (to, from) };
            let moved = amount(minor.saturating_abs(), &self.currency)?;
            self.entries.push(Entry::debit(from, moved.clone()));
            self.entries.push(Entry::credit(to, moved));
        }
        Ok(self)
    }

    /// Posts. Safe to repeat: the same key with the same content changes nothing, and with another content is refused, so that
    /// nothing is charged twice even if a record were lost.
    pub(crate) fn post(self, key: &str, description: &str) -> Result<(), Error> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let posted = ledger::post(NewPosting {
            idempotency_key: format!("central:{key}"),
            description: description.to_owned(),
            entries: self.entries,
            metadata: String::new(),
        });
        match posted {
            Ok(_) => Ok(()),
            Err(LedgerError::KeyReused(posting)) => Err(Problem::Internal(format!(
                "`{key}` was posted before, as {posting}, with another content"
            ))
            .into()),
            Err(error) => Err(error.into()),
        }
    }
}
