//! Checking a tenant's ledger against itself, from the rows alone.
//!
//! One walk over the journal recomputes hashes, sums and running balances; afterwards what the walk has added up is
//! compared with the ends of the accounts, and rows that the walk never met are found by counting.
//! Memory grows with the number of accounts, not with that of postings. A damaged row is a finding, not a failure.

use std::collections::BTreeMap;

use mooring_store::{Key, KeyRange, KeySpace, Order, StoreError, Value};
use serde::de::DeserializeOwned;

use super::chain;
use super::read::{account_of, posting_id};
use super::rows::{ACCOUNT, AccountRow, ChainEnd, JOURNAL, Keys, LineRow, POSTING, PostingRow};
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
        // The hash so far; unknown behind a place that is missing or damaged, where the next one cannot be checked.
        let mut previous = Some(String::new());
        let mut range = KeyRange::prefix(self.keys.of(JOURNAL).build());
        while let Some(rows) = self.chunk(&mut range)? {
            for (key, row) in rows {
                let Ok(places) = self.keys.journal().values(&key, &row) else {
                    self.problem("journal", "a row is damaged");
                    continue;
                };
                for (sequence, id) in places {
                    if sequence < expected {
                        self.problem("journal", "a key is not a place in it");
                        continue;
                    }
                    if sequence > expected {
                        let what = format!("missing, up to the place {}", sequence - 1);
                        self.problem(format!("journal {expected}"), what);
                        previous = None;
                    }
                    previous = self.place(sequence, previous.as_deref(), &id)?;
                    expected = sequence + 1;
                }
            }
        }
        self.report.postings = expected - 1;
        let head: ChainEnd = self.row("journal head", &self.keys.head())?.unwrap_or_default();
        let hash_fits = previous.as_ref().is_none_or(|previous| *previous == head.hash);
        if head.sequence != expected - 1 || !hash_fits {
            self.problem("journal head", "does not name the last place in the journal");
        }
        self.report.head_hash = previous.unwrap_or_default();
        Ok(())
    }

    /// One place: the posting there. Gives the hash up to it, where that can be told.
    fn place(
        &mut self,
        sequence: u64,
        previous: Option<&str>,
        id: &[u8],
    ) -> Result<Option<String>, StoreError> {
        let place = &format!("journal {sequence}");
        let Some(id) = posting_id(id) else {
            self.problem(place, "names no posting");
            return Ok(None);
        };
        let Some(row) = self.row::<PostingRow>(place, &self.keys.posting(&id))? else {
            self.problem(place, format!("the posting {id} is missing"));
            return Ok(None);
        };
        let settled = row.settled.clone().unwrap_or_default();
        if settled.sequence != sequence {
            self.problem(place, format!("the posting {id} does not know its place"));
        }
        self.posting(sequence, place, previous, &id, &row)?;
        Ok(Some(settled.hash))
    }

    /// One posting: its chain, its sums, its lines, and the row that leads to it.
    fn posting(
        &mut self,
        sequence: u64,
        place: &str,
        previous: Option<&str>,
        id: &PostingId,
        row: &PostingRow,
    ) -> Result<(), StoreError> {
        if row.id != *id {
            self.problem(
                place,
                format!("the row of the posting {id} calls itself {}", row.id),
            );
        }
        let content = chain::content(row);
        let hash = row.settled.as_ref().map(|settled| &settled.hash);
        if previous.is_some_and(|previous| hash != Some(&chain::link(previous, sequence, &content))) {
            self.problem(
                place,
                format!("the hash does not fit the posting {id} and the hash before it"),
            );
        }
        let fingerprint = hex::encode(chain::fingerprint(&row.description, &row.entries, &row.metadata));
        if fingerprint != row.fingerprint {
            self.problem(place, "the fingerprint does not fit the posting");
        }
        let by_key: Option<PostingId> = self.row(place, &self.keys.idempotency(&row.idempotency_key))?;
        if by_key.as_ref() != Some(id) {
            self.problem(place, "the idempotency key does not lead to the posting");
        }
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for (index, entry) in (0..).zip(&row.entries) {
            let currency = entry.amount.currency.code();
            *sums.entry(currency).or_default() += i128::from(entry.delta());
            self.line(sequence, index, &entry.account, currency, entry.delta())?;
        }
        for (currency, _) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            self.problem(place, format!("debits differ from credits in {currency}"));
        }
        Ok(())
    }

    fn line(
        &mut self,
        sequence: u64,
        entry: u8,
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
            sequence,
            entry,
            balance_after,
        };
        let lines = self.keys.lines(account, currency);
        match lines.get(&mut self.work.transaction, number) {
            Err(StoreError::NotPacked { .. }) => self.problem(place, "the row is damaged"),
            Err(error) => return Err(error),
            Ok(None) => self.problem(place, "is missing"),
            Ok(Some(line)) if LineRow::decode(&line) != Some(expected) => {
                self.problem(place, "does not fit the journal");
            }
            Ok(Some(_)) => {}
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
                if self.keys.posting(&row.id) != key || !self.is_in_journal(&row)? {
                    self.problem(format!("posting {}", row.id), "is not in the journal");
                }
            }
        }
        Ok(())
    }

    fn is_in_journal(&mut self, row: &PostingRow) -> Result<bool, StoreError> {
        let Some(settled) = &row.settled else {
            return Ok(false);
        };
        let journal = self.keys.journal();
        match journal.get(&mut self.work.transaction, settled.sequence) {
            // Has been told already.
            Err(StoreError::NotPacked { .. }) => Ok(true),
            Err(error) => Err(error),
            Ok(id) => Ok(id.as_deref() == Some(row.id.as_str().as_bytes())),
        }
    }

    /// Ends of the accounts that the journal knows.
    fn ends(&mut self) -> Result<(), StoreError> {
        for ((account, currency), end) in self.accounts.clone() {
            let place = format!("account {account} {currency}");
            match self.row::<AccountRow>(&place, &self.keys.account(&account, &currency))? {
                Some(row) if row == end => {}
                Some(row) if row.balance != end.balance => {
                    let what = format!(
                        "the balance is {}, but its entries add up to {}",
                        row.balance, end.balance
                    );
                    self.problem(&place, what);
                }
                _ => self.problem(&place, "the end of the statement does not fit the journal"),
            }
            let lines = self.keys.lines(&account, &currency);
            let beyond = end.lines + 1..=u64::MAX;
            match lines.scan(&mut self.work.transaction, beyond, Order::Ascending, 1) {
                // Has been told already, if the journal knows a line there.
                Err(StoreError::NotPacked { .. }) => self.problem(&place, "a row of its lines is damaged"),
                Err(error) => return Err(error),
                Ok(found) => {
                    for (number, _) in found {
                        self.problem(format!("{place} line {number}"), "is in no posting");
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends of accounts that the journal does not know.
    fn strangers(&mut self) -> Result<(), StoreError> {
        let prefix = self.keys.of(ACCOUNT).build();
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
