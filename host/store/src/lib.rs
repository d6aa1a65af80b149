//! The transactional boundary of Mooring: an ordered key-value store whose transactions are serialisable and durable.
//!
//! ```
//! use mooring_store::{KeyBuilder, KeySpace, Store};
//!
//! let store = Store::in_memory();
//! let key = KeyBuilder::new(1).string("greeting").build();
//!
//! let mut transaction = store.write();
//! transaction.put(key.clone(), b"hello".to_vec())?;
//! let sequence = transaction.commit()?;
//! store.wait_durable(sequence)?;
//!
//! assert_eq!(store.read().get(&key)?.as_deref(), Some(&b"hello"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//! * Committed transactions have the effect of having run one after the other, in the order of their [`Sequence`]s.
//!   Conflicts are found when committing, ranges that were read included; the loser gets
//!   [`CommitError::Conflict`], leaves nothing behind, and is to be run again.
//! * What [`Store::durable`] has confirmed survives a loss of power. Commits become durable in order, many at a time.
//! * [`Store::read`] sees only what is durable.
//! * After a failed write to disk nothing is accepted any more, see [`StoreError::Poisoned`].
//!
//! # What it is not
//! It knows nothing of tenants, money or JSON schemas, never runs a transaction again by itself, and is not a database
//! server: one process has the directory.
//!
//! # Reading order
//! [`keys`], then [`Transaction`], [`Store`]; below them `commit` (the serial section), `writer` and `syncer` (group commit),
//! `versions` (why reads are right), [`engine`]; on top of them [`packed`], [`list`] and [`collection`]. The stored bytes are
//! described in `LAYOUT.md`.

pub mod collection;
pub mod engine;
pub mod keys;
pub mod limits;
pub mod list;
pub mod packed;

mod commit;
mod error;
mod log;
mod meta;
mod open;
mod ordinals;
mod progress;
mod sentinel;
mod store;
mod syncer;
mod transaction;
mod versions;
mod view;
mod writer;

pub use crate::collection::{
    Collection, CollectionError, Document, Documents, IndexEntries, Item, Page, Selection,
};
pub use crate::engine::Value;
pub use crate::error::{CommitError, OpenError, StoreError};
pub use crate::keys::{Key, KeyBuilder, KeyRange, KeyReader, Order};
pub use crate::list::{BucketChanges, CountedList, ListPage};
pub use crate::open::Options;
pub use crate::packed::PackedRows;
pub use crate::store::{Health, Sequence, Store};
pub use crate::transaction::{AtCommit, KeySpace, Transaction};
