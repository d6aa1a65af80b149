//! The ledger: a double-entry journal per tenant. Postings are immutable, balanced per currency and chained by hash.
//!
//! # Guarantees
//! * Debits equal credits in every currency of every posting, so every currency of a tenant sums to zero.
//! * A key is posted once: the same content again answers with the first posting, other content is refused.
//! * A balance is the sum of the account's entries, and every statement line carries the balance behind it.
//! * A guarded account is never brought below zero.
//! * Every posting has a place in the journal, without gaps, and a hash over itself and the one before it.
//!   [`verify()`] recomputes all of this from the rows.
//!
//! # How busy accounts do not conflict
//! Posting reads no balance. Place, hash and running balances depend on what was committed before, so they are settled in
//! the serial section of the commit; until then the work itself remembers what it moves. Only a guarded account's balance
//! is read when it is debited, because there the answer depends on it; two such postings conflict, and one is run again.
//!
//! # Rows
//! Behind the ledger's tag and the tenant:
//!
//! | row | key | value |
//! | --- | --- | --- |
//! | posting | `p`, posting id (string) | itself, with its place in the journal and chain hash; never changed |
//! | idempotency key | `k`, key (string) | posting id |
//! | guard | `g`, account (string) | when it was set |
//! | *settled at commit:* | | |
//! | journal | `j`, [packed](mooring_store::packed) by place | posting id |
//! | head | `h` | newest place and chain hash |
//! | account | `a`, account, currency (strings) | lines and balance (credits minus debits) |
//! | line | `l`, account, currency (strings), packed by number from 1 on | place `u64`, entry `u8`, balance after it `i64`, big endian |

mod chain;
mod post;
mod read;
mod rows;
mod verify;

use mooring_store::StoreError;
use serde::{Deserialize, Serialize};

pub(crate) use self::post::PAYMENT_KEYS;
pub use self::post::{OPERATOR_KEYS, check_account, guard, post, post_for_plugin};
pub use self::read::{AccountBalance, accounts, balance, find, get, journal, statement};
pub use self::verify::{PROBLEMS_MAX, Problem, VerifyReport, verify};
use crate::check::InvalidField;
use crate::ids::PostingId;
use crate::json::Json;
use crate::money::Amount;
use crate::time::Timestamp;

pub(crate) use self::rows::Unsettled;

/// Fewest entries of a posting.
pub const ENTRIES_MIN: usize = 2;

/// Most entries of a posting.
pub const ENTRIES_MAX: usize = 100;

/// Which side of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Lowers the balance.
    Debit,
    /// Raises the balance.
    Credit,
}

/// One line of a posting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// 1 to 200 characters of `a-z A-Z 0-9 _ - . : /`; made by its first use.
    pub account: String,
    /// Which side of it.
    pub direction: Direction,
    /// Zero or more.
    pub amount: Amount,
}

impl Entry {
    /// What it does to the balance of its account.
    fn delta(&self) -> i64 {
        match self.direction {
            Direction::Debit => -self.amount.minor,
            Direction::Credit => self.amount.minor,
        }
    }
}

/// One line of a posting as it is handed in. The amount is not checked yet, because the refusals have an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// As in [`Entry`].
    pub account: String,
    /// As in [`Entry`].
    pub direction: Direction,
    /// Minor units; zero or more.
    pub minor: i64,
    /// Code of a currency.
    pub currency: String,
    /// Must be the currency's own.
    pub exponent: u8,
}

impl NewEntry {
    /// From an amount that is known to be one.
    pub fn new(account: &str, direction: Direction, amount: Amount) -> NewEntry {
        NewEntry {
            account: account.to_owned(),
            direction,
            minor: amount.minor,
            currency: amount.currency.code().to_owned(),
            exponent: amount.currency.exponent(),
        }
    }
}

/// What a posting is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPosting {
    /// 1 to 200 characters, unique in the tenant for ever.
    pub idempotency_key: String,
    /// 0 to 500 characters.
    pub description: String,
    /// [`ENTRIES_MIN`] to [`ENTRIES_MAX`]; debits equal credits in every currency.
    pub entries: Vec<NewEntry>,
    /// JSON object, at most 64 KiB; empty means `{}`.
    pub metadata: String,
}

/// A posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// `pst_` and 22 characters.
    pub id: PostingId,
    /// Unique in the tenant.
    pub idempotency_key: String,
    /// For people.
    pub description: String,
    /// Balanced per currency.
    pub entries: Vec<Entry>,
    /// JSON object.
    pub metadata: Json,
    /// When.
    pub created_at: Timestamp,
    /// Place in the tenant's journal: 1, 2, 3 … Absent in the work that posts.
    pub sequence: Option<u64>,
}

/// What posting did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The posting, or the first one with its key.
    pub posting: Posting,
    /// True when this key had been posted before with the same content: nothing was written.
    pub repeated: bool,
}

/// One line of an account's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    /// Of which posting.
    pub posting: PostingId,
    /// That posting's place in the journal.
    pub sequence: u64,
    /// When.
    pub created_at: Timestamp,
    /// The posting's.
    pub description: String,
    /// Which side.
    pub direction: Direction,
    /// How much.
    pub amount: Amount,
    /// Credits minus debits after this line; may be negative.
    pub balance_after: i64,
}

/// Why nothing was posted or found. The first seven of them are in order of precedence: of several that hold, the first is
/// reported.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Fewer than [`ENTRIES_MIN`] or more than [`ENTRIES_MAX`] entries.
    #[error("a posting has {ENTRIES_MIN} to {ENTRIES_MAX} entries, not {0}")]
    EntryCount(u32),
    /// A name, description, metadata, currency, exponent or negative amount that breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// Debits differ from credits in this currency.
    #[error("debits differ from credits in {0}")]
    Unbalanced(String),
    /// The key was used before with other content, by the posting whose id is given.
    #[error("the key was used with other content by {0}")]
    KeyReused(PostingId),
    /// The account is guarded and would fall below zero.
    #[error("the account {0} would fall below zero")]
    Insufficient(String),
    /// The balance of this account leaves the range of a 64-bit integer.
    #[error("the balance of the account {0} would leave the range of a 64-bit integer")]
    Overflow(String),
    /// The tenant has no such posting.
    #[error("there is no such posting")]
    NotFound,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests;
