//! A double-entry journal. Postings are immutable, balanced per currency and chained by hash.

use crate::money::Amount;
use crate::page::{List, Page};
use crate::problem::{Denial, InvalidField, Problem};

/// Which side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Lowers the balance, which is credits minus debits.
    Debit,
    /// Raises it.
    Credit,
}

/// One line of a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1 to 200 characters of `a-z A-Z 0-9 _ - . : /`; made by its first use.
    pub account: String,
    /// Which side.
    pub direction: Direction,
    /// Zero or more.
    pub amount: Amount,
}

impl Entry {
    /// Lowers the account's balance.
    pub fn debit(account: impl Into<String>, amount: Amount) -> Entry {
        Entry {
            account: account.into(),
            direction: Direction::Debit,
            amount,
        }
    }

    /// Raises the account's balance.
    pub fn credit(account: impl Into<String>, amount: Amount) -> Entry {
        Entry {
            account: account.into(),
            direction: Direction::Credit,
            amount,
        }
    }
}

/// A posting to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPosting {
    /// 1 to 200 characters, unique in the tenant for ever.
    pub idempotency_key: String,
    /// 0 to 500 characters.
    pub description: String,
    /// 2 to 100 entries; debits equal credits in every currency.
    pub entries: Vec<Entry>,
    /// JSON object, at most 64 KiB; empty means `{}`.
    pub metadata: String,
}

/// What was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// `pst_` and 22 characters.
    pub id: String,
    /// Unique in the tenant.
    pub idempotency_key: String,
    /// For people.
    pub description: String,
    /// As posted.
    pub entries: Vec<Entry>,
    /// JSON object.
    pub metadata: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
    /// Place in the tenant's journal, without a gap. Absent in the request that posts.
    pub sequence: Option<u64>,
}

/// The answer of [`post`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The posting, new or old.
    pub posting: Posting,
    /// True when this key had been posted before with the same content: nothing was written.
    pub repeated: bool,
}

/// One line of an account's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// Id of the posting.
    pub posting: String,
    /// Place in the journal.
    pub sequence: u64,
    /// Milliseconds since the Unix epoch.
    pub created_at: u64,
    /// The posting's.
    pub description: String,
    /// Which side.
    pub direction: Direction,
    /// How much.
    pub amount: Amount,
    /// Credits minus debits after this line, in minor units; may be negative.
    pub balance_after: i64,
}

/// Why a call failed, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// Fewer than 2 or more than 100 entries.
    EntryCount(u32),
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// Debits differ from credits in this currency.
    Unbalanced(String),
    /// The key was used before with other content, by the posting whose id is given.
    KeyReused(String),
    /// The account is guarded and would fall below zero.
    Insufficient(String),
    /// A sum leaves the range of a 64-bit integer.
    Overflow(String),
    /// No such posting.
    NotFound,
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Writes to the journal. Safe to repeat: the same key with the same content answers with the first posting.
pub fn post(posting: NewPosting) -> Result<Posted, LedgerError> {
    host!(ledger_post(posting))
}

/// The posting with this id.
pub fn get(id: &str) -> Result<Posting, LedgerError> {
    host!(ledger_get(id))
}

/// The posting with this idempotency key.
pub fn find(idempotency_key: &str) -> Result<Posting, LedgerError> {
    host!(ledger_find(idempotency_key))
}

/// Refuses, from now on, whatever would bring the account's balance below zero. Safe to repeat.
pub fn guard(account: &str) -> Result<(), LedgerError> {
    host!(ledger_guard(account))
}

/// Credits minus debits, postings of this request included; zero for an account never used. May be negative.
pub fn balance(account: &str, currency: &str) -> Result<Amount, LedgerError> {
    host!(ledger_balance(account, currency))
}

/// Lines of committed postings in one currency.
pub fn statement(account: &str, currency: &str, page: Page) -> Result<List<StatementLine>, LedgerError> {
    host!(ledger_statement(account, currency, page))
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Problem {
        match error {
            LedgerError::EntryCount(count) => Problem::invalid("entries", format!("{count} is not 2 to 100")),
            LedgerError::Invalid(invalid) => Problem::Invalid(invalid),
            LedgerError::Unbalanced(currency) => {
                Problem::invalid("entries", format!("debits and credits differ in {currency}"))
            }
            LedgerError::KeyReused(_) => {
                Problem::Conflict("the idempotency key was used with other content".to_owned())
            }
            LedgerError::Insufficient(account) => Problem::Conflict(format!("not enough in {account}")),
            LedgerError::Overflow(account) => Problem::invalid("amount", format!("too large for {account}")),
            LedgerError::NotFound => Problem::NotFound,
            LedgerError::Denied(denial) => Problem::Denied(denial),
            LedgerError::Internal(why) => Problem::Internal(why),
        }
    }
}
