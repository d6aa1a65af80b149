//! The ledger's rows and their keys, as written down in [`crate::ledger`].

use std::collections::BTreeMap;

use mooring_store::{Key, KeyBuilder, PackedRows};
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
    /// Absent in the work that posts, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<ChainEnd>,
}

/// A place in the journal, and the chain up to there. The journal's head is that of its newest posting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChainEnd {
    pub(super) sequence: u64,
    /// Hex; empty before the first posting.
    pub(super) hash: String,
}

/// The end of an account in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccountRow {
    pub(super) lines: u64,
    pub(super) balance: i64,
}

/// One line of an account in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineRow {
    /// The posting's place in the journal.
    pub(super) sequence: u64,
    /// Index of the entry in its posting.
    pub(super) entry: u8,
    pub(super) balance_after: i64,
}

impl LineRow {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut line = Vec::with_capacity(LINE_BYTES);
        line.extend_from_slice(&self.sequence.to_be_bytes());
        line.push(self.entry);
        line.extend_from_slice(&self.balance_after.to_be_bytes());
        line
    }

    /// Nothing where the bytes are no line.
    pub(super) fn decode(line: &[u8]) -> Option<LineRow> {
        let line: [u8; LINE_BYTES] = line.try_into().ok()?;
        let (sequence, rest) = line.split_first_chunk()?;
        let (entry, balance_after) = rest.split_first()?;
        Some(LineRow {
            sequence: u64::from_be_bytes(*sequence),
            entry: *entry,
            balance_after: i64::from_be_bytes(balance_after.try_into().ok()?),
        })
    }
}

const LINE_BYTES: usize = size_of::<u64>() + size_of::<u8>() + size_of::<i64>();

/// What a work's own postings move, by tenant, account and currency, until its commit settles them.
#[derive(Debug, Default)]
pub(crate) struct Unsettled(BTreeMap<(TenantId, String, Currency), i64>);

impl Unsettled {
    /// Zero where nothing was posted.
    pub(super) fn of(&self, tenant: TenantId, account: &str, currency: Currency) -> i64 {
        let key = (tenant, account.to_owned(), currency);
        self.0.get(&key).copied().unwrap_or_default()
    }

    /// Nothing where the sum leaves the range of a 64-bit integer; it is then as before.
    pub(super) fn add(
        &mut self,
        tenant: TenantId,
        account: &str,
        currency: Currency,
        net: i64,
    ) -> Option<()> {
        let sum = self.0.entry((tenant, account.to_owned(), currency)).or_default();
        *sum = sum.checked_add(net)?;
        Some(())
    }
}

impl PostingRow {
    pub(super) fn into_posting(self) -> Posting {
        Posting {
            id: self.id,
            idempotency_key: self.idempotency_key,
            description: self.description,
            entries: self.entries,
            metadata: self.metadata,
            created_at: self.created_at,
            sequence: self.settled.map(|settled| settled.sequence),
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

    /// By place: ids of postings.
    pub(super) fn journal(self) -> PackedRows {
        PackedRows::new(self.of(JOURNAL).build())
    }

    pub(super) fn head(self) -> Key {
        self.of(b'h').build()
    }

    pub(super) fn account(self, account: &str, currency: &str) -> Key {
        self.of(ACCOUNT).string(account).string(currency).build()
    }

    /// By number from 1 on: [lines](LineRow).
    pub(super) fn lines(self, account: &str, currency: &str) -> PackedRows {
        PackedRows::new(self.of(b'l').string(account).string(currency).build())
    }

    /// What all keys of one kind begin with.
    pub(super) fn of(self, kind: u8) -> KeyBuilder {
        layout::tenant_key(layout::LEDGER, self.tenant).byte(kind)
    }
}
