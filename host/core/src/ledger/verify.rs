//! Checking a tenant's ledger against itself, from the rows alone.
//!
//! One walk over the journal recomputes hashes, sums and running balances; afterwards what the walk has added up is
//! compared with the counters and with the ends of the accounts, and rows that the walk never met are found by counting.
//! Memory grows with the number of accounts, not with that of postings. A damaged row is a finding, not a failure.

use std::collections::BTreeMap;

use mooring_store::{Key, KeyRange, KeyReader, KeySpace, Order, StoreError, Value};
use serde::de::DeserializeOwned;

use super::chain;
use super::read::account_of;
use super::rows::{
    ACCOUNT, AccountRow, BALANCE, HeadRow, JOURNAL, JournalRow, Keys, LineRow, POSTING, PostingRow,
};
use crate::ids::{PostingId, TenantId};
use crate::layout;
use crate::work::HostWork;

/// Problems that are told one by one; behind them the walk goes on, but only counts.
pub const PROBLEMS_MAX: usize = 100;

/// Rows fetched at a time.
const CHUNK: usize = 500;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Postings in the journal.
    pub postings: u64,
    /// Accounts, counted once for each currency.
    pub accounts: u64,
    /// Currencies in use, and the sum over all accounts of each, which must be zero.
    pub currencies: BTreeMap<String, i128>,
    /// Hash of the newest posting, hex; empty for an empty journal. Kept elsewhere, it proves later that nothing before it
    /// was changed.
    pub head_hash: String,
    /// What does not fit; at most [`PROBLEMS_MAX`] of them.
    pub problems: Vec<Problem>,
    /// How many there were in all.
    pub problem_count: u64,
}

impl VerifyReport {
    /// Whether everything fits.
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `journal 17`, `account cash USD line 3`.
    pub place: String,
    /// What is wrong there, for a person.
    pub what: String,
}

/// Checks a tenant's ledger. Meant for a reading work: it sees one moment and disturbs nobody.
pub fn verify(work: &mut HostWork, tenant: TenantId) -> Result<VerifyReport, StoreError> {
    let mut walk = Walk {
        work,
        keys: Keys { tenant },
        accounts: BTreeMap::new(),
        report: VerifyReport::default(),
    };
    walk.journal()?;
    walk.postings()?;
    walk.ends()?;
    walk.strangers()?;
    let Walk {
        accounts, mut report, ..
    } = walk;
    report.accounts = accounts.len() as u64;
    for ((_, currency), end) in accounts {
        *report.currencies.entry(currency).or_default() += i128::from(end.balance);
    }
    Ok(report)
}

struct Walk<'w> {
    work: &'w mut HostWork,
    keys: Keys,
    /// By account and currency code: what its entries add up to.
    accounts: BTreeMap<(String, String), AccountRow>,
    report: VerifyReport,
}

impl Walk<'_> {
    fn journal(&mut self) -> Result<(), StoreError> {
        let mut expected = 1;
        let mut previous = String::new();
        let prefix = self.keys.of(JOURNAL).build();
        let mut range = KeyRange::prefix(prefix.clone());
        while let Some(rows) = self.chunk(&mut range)? {
            for (key, value) in rows {
                let sequence = KeyReader::new(&key[prefix.len()..]).number().unwrap_or_default();
                if sequence < expected || self.keys.journal(sequence) != key {
                    self.problem("journal", "a key is not a place in it");
                    continue;
                }
                if sequence > expected {
                    let what = format!("missing, up to the place {}", sequence - 1);
                    self.problem(format!("journal {expected}"), what);
                }
                let place = format!("journal {sequence}");
                if let Some(row) = self.parse::<JournalRow>(&place, &key, &value) {
                    self.posting(sequence, &place, &previous, &row)?;
                    previous = row.hash;
                }
                expected = sequence + 1;
            }
        }
        self.report.postings = expected - 1;
        let head: HeadRow = self.row("journal head", &self.keys.head())?.unwrap_or_default();
        if (head.sequence, &head.hash) != (expected - 1, &previous) {
            self.problem("journal head", "does not name the last place in the journal");
        }
        self.report.head_hash = previous;
        Ok(())
    }

    /// One posting: its chain, its sums, its lines, and the rows that lead to it.
    fn posting(
        &mut self,
        sequence: u64,
        place: &str,
        previous: &str,
        journal: &JournalRow,
    ) -> Result<(), StoreError> {
        let id = &journal.posting;
        let Some(row) = self.row::<PostingRow>(place, &self.keys.posting(id))? else {
            self.problem(place, format!("the posting {id} is missing"));
            return Ok(());
        };
        if row.id != *id {
            self.problem(
                place,
                format!("the row of the posting {id} calls itself {}", row.id),
            );
        }
        if chain::link(previous, sequence, &chain::content(&row)) != journal.hash {
            self.problem(
                place,
                format!("the hash does not fit the posting {id} and the hash before it"),
            );
        }
        let fingerprint = hex::encode(chain::fingerprint(&row.description, &row.entries, &row.metadata));
        if fingerprint != row.fingerprint {
            self.problem(place, "the fingerprint does not fit the posting");
        }
        if self.row::<u64>(place, &self.keys.place(id))? != Some(sequence) {
            self.problem(place, format!("the posting {id} does not know its place"));
        }
        let by_key: Option<PostingId> = self.row(place, &self.keys.idempotency(&row.idempotency_key))?;
        if by_key.as_ref() != Some(id) {
            self.problem(place, "the idempotency key does not lead to the posting");
        }
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for (index, entry) in row.entries.iter().enumerate() {
            let currency = entry.amount.currency.code();
            *sums.entry(currency).or_default() += i128::from(entry.delta());
            self.line(sequence, id, index, &entry.account, currency, entry.delta())?;
        }
        for (currency, _) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            self.problem(place, format!("debits differ from credits in {currency}"));
        }
        Ok(())
    }

    fn line(
        &mut self,
        sequence: u64,
        posting: &PostingId,
        entry: usize,
        account: &str,
        currency: &str,
        delta: i64,
    ) -> Result<(), StoreError> {
        let end = self
            .accounts
            .entry((account.to_owned(), currency.to_owned()))
            .or_default();
        end.lines += 1;
        let number = end.lines;
        let place = format!("account {account} {currency} line {number}");
        let Some(balance_after) = end.balance.checked_add(delta) else {
            self.problem(place, "the balance leaves the range of a 64-bit integer");
            return Ok(());
        };
        end.balance = balance_after;
        let expected = LineRow {
            posting: posting.clone(),
            sequence,
            entry,
            balance_after,
        };
        match self.row::<LineRow>(&place, &self.keys.line(account, currency, number))? {
            None => self.problem(place, "the row is missing"),
            Some(row) if row != expected => self.problem(place, "does not fit the journal"),
            Some(_) => {}
        }
        Ok(())
    }

    /// Postings that the journal does not lead to.
    fn postings(&mut self) -> Result<(), StoreError> {
        let mut range = KeyRange::prefix(self.keys.of(POSTING).build());
        while let Some(rows) = self.chunk(&mut range)? {
            for (key, value) in rows {
                let Some(row) = self.parse::<PostingRow>("postings", &key, &value) else {
                    continue;
                };
                let place: Option<u64> = self.row("postings", &self.keys.place(&row.id))?;
                let known = place.is_some_and(|place| (1..=self.report.postings).contains(&place));
                if !known || self.keys.posting(&row.id) != key {
                    self.problem(format!("posting {}", row.id), "is not in the journal");
                }
            }
        }
        Ok(())
    }

    /// Counters and ends of the accounts that the journal knows.
    fn ends(&mut self) -> Result<(), StoreError> {
        for ((account, currency), end) in self.accounts.clone() {
            let place = format!("account {account} {currency}");
            if self.row::<AccountRow>(&place, &self.keys.account(&account, &currency))? != Some(end) {
                self.problem(&place, "the end of the statement does not fit the journal");
            }
            let key = self.keys.of(BALANCE).string(&account).string(&currency).build();
            match self.work.transaction.counter(&key) {
                Ok(balance) if balance == end.balance => {}
                Ok(balance) => {
                    let what = format!(
                        "the balance is {balance}, but its entries add up to {}",
                        end.balance
                    );
                    self.problem(&place, what);
                }
                Err(StoreError::NotACounter { .. }) => self.problem(&place, "the balance is not a counter"),
                Err(error) => return Err(error),
            }
            let beyond = self.keys.line(&account, &currency, end.lines + 1);
            if self.work.transaction.get(&beyond)?.is_some() {
                self.problem(format!("{place} line {}", end.lines + 1), "is in no posting");
            }
        }
        Ok(())
    }

    /// Balances and ends of accounts that the journal does not know.
    fn strangers(&mut self) -> Result<(), StoreError> {
        for kind in [BALANCE, ACCOUNT] {
            let prefix = self.keys.of(kind).build();
            let mut range = KeyRange::prefix(prefix.clone());
            while let Some(rows) = self.chunk(&mut range)? {
                for (key, _) in rows {
                    match account_of(&prefix, &key) {
                        Some(known) if self.accounts.contains_key(&known) => {}
                        Some((account, currency)) => {
                            self.problem(format!("account {account} {currency}"), "is in no posting");
                        }
                        None => self.problem("accounts", "a key is damaged"),
                    }
                }
            }
        }
        Ok(())
    }

    /// The next rows of a range, which shrinks by them; nothing at its end.
    fn chunk(&mut self, range: &mut KeyRange) -> Result<Option<Vec<(Key, Value)>>, StoreError> {
        let rows = self
            .work
            .transaction
            .scan(range.clone(), Order::Ascending, CHUNK)?;
        let Some((last, _)) = rows.last() else {
            return Ok(None);
        };
        *range = range.after(last);
        Ok(Some(rows))
    }

    fn row<T: DeserializeOwned>(&mut self, place: &str, key: &[u8]) -> Result<Option<T>, StoreError> {
        let value = self.work.transaction.get(key)?;
        Ok(value.and_then(|value| self.parse(place, key, &value)))
    }

    fn parse<T: DeserializeOwned>(&mut self, place: &str, key: &[u8], value: &[u8]) -> Option<T> {
        match layout::from_json(key, value) {
            Ok(row) => Some(row),
            Err(error) => {
                self.problem(place, error.to_string());
                None
            }
        }
    }

    fn problem(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.report.problem_count += 1;
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(Problem {
                place: place.into(),
                what: what.into(),
            });
        }
    }
}
