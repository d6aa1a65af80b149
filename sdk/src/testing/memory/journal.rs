//! The ledger.

use std::collections::BTreeMap;

use super::{State, length, object_or_empty, paged};
use crate::ledger::{Direction, Entry, LedgerError, NewPosting, Posted, Posting, StatementLine};
use crate::money::{self, Amount};
use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField};

impl From<Denial> for LedgerError {
    fn from(denial: Denial) -> LedgerError {
        LedgerError::Denied(denial)
    }
}

fn invalid(field: &str, reason: &str) -> LedgerError {
    LedgerError::Invalid(InvalidField::new(field, reason))
}

fn check_account(account: &str) -> Result<(), LedgerError> {
    length("account", account, 1..=200).map_err(LedgerError::Invalid)?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-.:/".contains(letter);
    if account.chars().all(allowed) {
        Ok(())
    } else {
        Err(invalid("account", "holds other characters"))
    }
}

fn check_entry(entry: &Entry) -> Result<(), LedgerError> {
    check_account(&entry.account)?;
    if entry.amount.minor < 0 {
        return Err(invalid("amount", "must not be negative"));
    }
    match money::exponent(&entry.amount.currency) {
        None => Err(invalid("currency", "is unknown")),
        Some(exponent) if exponent != entry.amount.exponent => {
            Err(invalid("exponent", "is not the currency's"))
        }
        Some(_) => Ok(()),
    }
}

fn signed(entry: &Entry) -> i128 {
    match entry.direction {
        Direction::Debit => -i128::from(entry.amount.minor),
        Direction::Credit => i128::from(entry.amount.minor),
    }
}

impl State {
    pub(super) fn ledger_post(&mut self, new: NewPosting) -> Result<Posted, LedgerError> {
        if !(2..=100).contains(&new.entries.len()) {
            return Err(LedgerError::EntryCount(new.entries.len() as u32));
        }
        length("idempotency-key", &new.idempotency_key, 1..=200).map_err(LedgerError::Invalid)?;
        length("description", &new.description, 0..=500).map_err(LedgerError::Invalid)?;
        let metadata = object_or_empty("metadata", &new.metadata).map_err(LedgerError::Invalid)?;
        new.entries.iter().try_for_each(check_entry)?;

        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for entry in &new.entries {
            *sums.entry(&entry.amount.currency).or_default() += signed(entry);
        }
        if let Some((currency, _)) = sums.iter().find(|(_, sum)| **sum != 0) {
            return Err(LedgerError::Unbalanced((*currency).to_owned()));
        }
        if let Some(old) = self
            .postings
            .iter()
            .find(|old| old.idempotency_key == new.idempotency_key)
        {
            let same =
                old.entries == new.entries && old.description == new.description && old.metadata == metadata;
            return if same {
                Ok(Posted {
                    posting: old.clone(),
                    repeated: true,
                })
            } else {
                Err(LedgerError::KeyReused(old.id.clone()))
            };
        }
        self.check_balances(&new.entries)?;
        let posting = Posting {
            id: self.id("pst"),
            idempotency_key: new.idempotency_key,
            description: new.description,
            entries: new.entries,
            metadata,
            created_at: self.now,
            sequence: None,
        };
        self.postings.push(posting.clone());
        Ok(Posted {
            posting,
            repeated: false,
        })
    }

    fn check_balances(&self, entries: &[Entry]) -> Result<(), LedgerError> {
        let mut changes: BTreeMap<(&str, &str), i128> = BTreeMap::new();
        for entry in entries {
            *changes
                .entry((&entry.account, &entry.amount.currency))
                .or_default() += signed(entry);
        }
        let after = |account: &str, currency: &str, change: i128| self.sum(account, currency) + change;
        for ((account, currency), change) in &changes {
            if *change < 0 && self.guarded.contains(*account) && after(account, currency, *change) < 0 {
                return Err(LedgerError::Insufficient((*account).to_owned()));
            }
        }
        for ((account, currency), change) in &changes {
            if i64::try_from(after(account, currency, *change)).is_err() {
                return Err(LedgerError::Overflow((*account).to_owned()));
            }
        }
        Ok(())
    }

    fn sum(&self, account: &str, currency: &str) -> i128 {
        self.lines(account, currency)
            .map(|(_, entry)| signed(entry))
            .sum()
    }

    fn lines<'s>(
        &'s self,
        account: &'s str,
        currency: &'s str,
    ) -> impl Iterator<Item = (&'s Posting, &'s Entry)> {
        let of_posting = |posting: &'s Posting| posting.entries.iter().map(move |entry| (posting, entry));
        self.postings
            .iter()
            .flat_map(of_posting)
            .filter(move |(_, entry)| entry.account == account && entry.amount.currency == currency)
    }

    pub(super) fn posting(&self, matches: impl Fn(&Posting) -> bool) -> Result<Posting, LedgerError> {
        self.postings
            .iter()
            .find(|posting| matches(posting))
            .cloned()
            .ok_or(LedgerError::NotFound)
    }

    pub(super) fn ledger_guard(&mut self, account: &str) -> Result<(), LedgerError> {
        check_account(account)?;
        self.guarded.insert(account.to_owned());
        Ok(())
    }

    pub(super) fn ledger_balance(&self, account: &str, currency: &str) -> Result<Amount, LedgerError> {
        check_account(account)?;
        let minor = i64::try_from(self.sum(account, currency))
            .map_err(|_| LedgerError::Overflow(account.to_owned()))?;
        Amount::from_minor(minor, currency).map_err(|_| invalid("currency", "is unknown"))
    }

    pub(super) fn ledger_statement(
        &self,
        account: &str,
        currency: &str,
        page: Page,
    ) -> Result<List<StatementLine>, LedgerError> {
        check_account(account)?;
        let mut balance_after = 0;
        let mut lines = Vec::new();
        for (posting, entry) in self.lines(account, currency) {
            let Some(sequence) = posting.sequence else {
                continue;
            };
            balance_after += signed(entry) as i64;
            lines.push(StatementLine {
                posting: posting.id.clone(),
                sequence,
                created_at: posting.created_at,
                description: posting.description.clone(),
                direction: entry.direction,
                amount: entry.amount.clone(),
                balance_after,
            });
        }
        let lines: Vec<&StatementLine> = lines.iter().collect();
        paged(&lines, page).map_err(LedgerError::Invalid)
    }
}
