//! Where every kind of row lives.
//!
//! A key begins with one of these tags; what follows is written here. Values are JSON unless it says otherwise. Documents
//! are rows of [`mooring_store::Documents`], whose own layout is described there; *scope* is what separates owners.
//!
//! | tag | rows | behind the tag |
//! | --- | --- | --- |
//! | 1 | tenants | documents, no scope |
//! | 2 | keys | documents, no scope |
//! | 3 | last use of a key | key id (string) → time (JSON number) |
//! | 4 | users | documents, scope tenant |
//! | 5 | users made so far | tenant (u64) → counter |
//! | 6 | services | documents, scope tenant |
//! | 7 | history of a service | tenant (u64), service id (string), place (u64) → transition |
//! | 8 | ledger | tenant (u64), then as in [`crate::ledger`] |
//! | 9 | records | documents, scope tenant, plugin, collection |
//! | 10 | jobs | documents, no scope |
//! | 11 | jobs that wait | time due (u64), job id (string) → whose it is |
//! | 12 | jobs that run | end of the lease (u64), job id (string) → whose it is |
//! | 13 | jobs done or cancelled | time of the end (u64), job id (string) → whose it is |
//! | 14 | dedupe keys of jobs | tenant (u64), plugin, key (strings) → job id |
//! | 15 | events | documents, scope tenant |
//! | 16 | outbox | ordinal (u64) → tenant and up to 32 events of one work |
//! | 17 | settings | tenant (u64), plugin, name (strings) → value or sealed value |
//! | 18 | plugins | documents, no scope |
//! | 19 | audit log | documents, no scope |
//! | 20 | answers to outbound calls of a running job | job id (string) → answers |
//! | 21 | payments | documents, scope tenant |
//! | 22 | attempts of payments | documents, scope tenant |
//! | 23 | refunds of payments | documents, scope tenant |
//! | 24 | links to payments | plugin, reference (strings) → tenant and payment id; unique whoever the tenant is |
//! | 25 | endpoints of webhooks | documents, no scope |
//! | 26 | deliveries | documents, no scope |
//! | 27 | deliveries that wait | endpoint id (string), place in the queue (u64): time due, or 0 where the endpoint keeps an order; ordinal (u64) → delivery, event, time due |
//! | 28 | deliveries that are being made | end of the lease (u64), delivery id (string) → the lease, and where it waited |
//! | 29 | deliveries made | time of the end (u64), delivery id (string) → nothing |
//! | 30 | deliveries of an event | tenant (u64), event id, endpoint id (strings) → delivery id |
//! | 31 | replies that are kept | tenant (u64), plugin, key id, SHA-256 of the idempotency key (strings) → reply, sealed |
//! | 32 | when they were kept | time (u64), the reply's key (string) → nothing |
//! | 34 | how far the clock is ahead | nothing → milliseconds |
//! | 35 | which master key seals | nothing → its id |
//!
//! 33 is no row: with tenant, plugin and name behind it, it names a plugin's sequence of numbers.
//!
//! Payments are listed by plugin, user and status: of one plugin (`plugin`) and of the whole tenant (`tenant`). Attempts and
//! refunds are listed by payment, and by gateway and the gateway's own id; a refund's idempotency key is unique with its payment.

use mooring_store::{CollectionError, Key, KeyBuilder, KeySpace, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ids::TenantId;
use crate::page::Order;

pub(crate) const TENANTS: u8 = 1;
pub(crate) const KEYS: u8 = 2;
pub(crate) const KEY_USES: u8 = 3;
pub(crate) const USERS: u8 = 4;
pub(crate) const USER_COUNTS: u8 = 5;
pub(crate) const SERVICES: u8 = 6;
pub(crate) const SERVICE_HISTORY: u8 = 7;
pub(crate) const LEDGER: u8 = 8;
pub(crate) const RECORDS: u8 = 9;
pub(crate) const JOBS: u8 = 10;
pub(crate) const JOBS_DUE: u8 = 11;
pub(crate) const JOBS_LEASED: u8 = 12;
pub(crate) const JOBS_ENDED: u8 = 13;
pub(crate) const JOB_DEDUPE: u8 = 14;
pub(crate) const EVENTS: u8 = 15;
pub(crate) const OUTBOX: u8 = 16;
pub(crate) const SETTINGS: u8 = 17;
pub(crate) const PLUGINS: u8 = 18;
pub(crate) const AUDIT: u8 = 19;
pub(crate) const JOB_ANSWERS: u8 = 20;
pub(crate) const PAYMENTS: u8 = 21;
pub(crate) const PAYMENT_ATTEMPTS: u8 = 22;
pub(crate) const PAYMENT_REFUNDS: u8 = 23;
pub(crate) const PAYMENT_LINKS: u8 = 24;
pub(crate) const ENDPOINTS: u8 = 25;
pub(crate) const DELIVERIES: u8 = 26;
pub(crate) const DELIVERIES_DUE: u8 = 27;
pub(crate) const DELIVERIES_LEASED: u8 = 28;
pub(crate) const DELIVERIES_ENDED: u8 = 29;
pub(crate) const EVENT_DELIVERIES: u8 = 30;
pub(crate) const REPLIES: u8 = 31;
pub(crate) const REPLY_TIMES: u8 = 32;
pub(crate) const NUMBERS: u8 = 33;
pub(crate) const CLOCK: u8 = 34;
pub(crate) const MASTER_KEY: u8 = 35;

/// The scope of a tenant's documents, and the name of its sequence of ordinals behind a tag.
pub(crate) fn tenant_scope(tenant: TenantId) -> Vec<u8> {
    KeyBuilder::nested().number(tenant.0).build()
}

/// The beginning of a key that belongs to a tenant.
pub(crate) fn tenant_key(tag: u8, tenant: TenantId) -> KeyBuilder {
    KeyBuilder::new(tag).number(tenant.0)
}

/// Reads a row of JSON.
pub(crate) fn get_json<T: DeserializeOwned>(
    space: &mut dyn KeySpace,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    space.get(key)?.map(|value| from_json(key, &value)).transpose()
}

/// Reads the JSON of a row that a scan has found.
pub(crate) fn from_json<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| StoreError::Corrupt {
        key: key.to_vec(),
        reason: error.to_string(),
    })
}

/// Writes a row of JSON.
pub(crate) fn put_json<T: Serialize>(space: &mut dyn KeySpace, key: Key, row: &T) -> Result<(), StoreError> {
    let value = serde_json::to_vec(row).expect("rows are plain structs, which always have a JSON form");
    space.put(key, value)
}

/// What is left of an error once the caller has checked ids and unique values in the same transaction: anything but a
/// failing store means that index and documents disagree.
pub(crate) fn checked_before(error: CollectionError) -> StoreError {
    match error {
        CollectionError::Store(error) => error,
        other => StoreError::Corrupt {
            key: Key::new(),
            reason: other.to_string(),
        },
    }
}

impl From<Order> for mooring_store::Order {
    fn from(order: Order) -> mooring_store::Order {
        match order {
            Order::OldestFirst => mooring_store::Order::Ascending,
            Order::NewestFirst => mooring_store::Order::Descending,
        }
    }
}
