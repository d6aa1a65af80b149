//! The ledger's rows and their keys, as written down in [`crate::ledger`].

use mooring_store::{Key, KeyBuilder};
use serde::{Deserialize, Serialize};

use super::{Entry, Posting};
use crate::ids::{PostingId, TenantId};
use crate::json::Json;
use crate::layout;
use crate::money::Currency;
use crate::time::Timestamp;

/// A posting as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PostingRow {
    pub(super) id: PostingId,
    pub(super) idempotency_key: String,
    pub(super) description: String,
    pub(super) entries: Vec<Entry>,
    pub(super) metadata: Json,
    pub(super) created_at: Timestamp,
    /// Hex of [`super::chain::fingerprint`].
    pub(super) fingerprint: String,
}

/// A place in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JournalRow {
    pub(super) posting: PostingId,
    /// Hex of the chain up to here.
    pub(super) hash: String,
}

/// The end of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HeadRow {
    pub(super) sequence: u64,
    /// Hex of the chain; empty before the first posting.
    pub(super) hash: String,
}

/// The end of an account in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccountRow {
    pub(super) lines: u64,
    pub(super) balance: i64,
}

/// One line of an account in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LineRow {
    pub(super) posting: PostingId,
    pub(super) sequence: u64,
    /// Index of the entry in its posting.
    pub(super) entry: usize,
    pub(super) balance_after: i64,
}

impl PostingRow {
    pub(super) fn into_posting(self, sequence: Option<u64>) -> Posting {
        Posting {
            id: self.id,
            idempotency_key: self.idempotency_key,
            description: self.description,
            entries: self.entries,
            metadata: self.metadata,
            created_at: self.created_at,
            sequence,
        }
    }
}

/// The keys of one tenant's rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub(super) tenant: TenantId,
}

pub(super) const POSTING: u8 = b'p';
pub(super) const JOURNAL: u8 = b'j';
pub(super) const ACCOUNT: u8 = b'a';
pub(super) const BALANCE: u8 = b'b';

impl Keys {
    pub(super) fn posting(self, id: &PostingId) -> Key {
        self.of(POSTING).string(id.as_str()).build()
    }

    pub(super) fn idempotency(self, key: &str) -> Key {
        self.of(b'k').string(key).build()
    }

    pub(super) fn guard(self, account: &str) -> Key {
        self.of(b'g').string(account).build()
    }

    pub(super) fn balance(self, account: &str, currency: Currency) -> Key {
        self.of(BALANCE).string(account).string(currency.code()).build()
    }

    pub(super) fn place(self, id: &PostingId) -> Key {
        self.of(b's').string(id.as_str()).build()
    }

    pub(super) fn journal(self, sequence: u64) -> Key {
        self.of(JOURNAL).number(sequence).build()
    }

    pub(super) fn head(self) -> Key {
        self.of(b'h').build()
    }

    pub(super) fn account(self, account: &str, currency: &str) -> Key {
        self.of(ACCOUNT).string(account).string(currency).build()
    }

    pub(super) fn line(self, account: &str, currency: &str, number: u64) -> Key {
        self.of(b'l')
            .string(account)
            .string(currency)
            .number(number)
            .build()
    }

    /// What all keys of one kind begin with.
    pub(super) fn of(self, kind: u8) -> KeyBuilder {
        layout::tenant_key(layout::LEDGER, self.tenant).byte(kind)
    }
}
