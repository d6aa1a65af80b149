//! What can go wrong, by who has to act.

use std::io;
use std::path::PathBuf;

use crate::keys::{Key, readable};

/// A failure inside an open store.
///
/// Only [`ReadOnly`](StoreError::ReadOnly), the `TooLarge` family, [`NotACounter`](StoreError::NotACounter) and
/// [`NotPacked`](StoreError::NotPacked) are the caller's doing; everything else is ours or the machine's, and belongs in front
/// of the operator.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A write inside a transaction begun with [`Store::read`](crate::Store::read). Begin it with `write` instead.
    #[error("this transaction is read-only")]
    ReadOnly,
    /// A value above [`VALUE_BYTES_MAX`](crate::limits::VALUE_BYTES_MAX). Keep it in a file and store its name.
    #[error("a value of {bytes} bytes is above the limit of {max} (VALUE_BYTES_MAX)")]
    ValueTooLarge {
        /// Size asked for.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A value above [`PACKED_BYTES_MAX`](crate::limits::PACKED_BYTES_MAX) in a packed row. Give it a row of its own.
    #[error("a value of {bytes} bytes is above the limit of {max} in a packed row (PACKED_BYTES_MAX)")]
    PackedTooLarge {
        /// Size asked for.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A key above [`KEY_BYTES_MAX`](crate::limits::KEY_BYTES_MAX).
    #[error("a key of {bytes} bytes is above the limit of {max} (KEY_BYTES_MAX)")]
    KeyTooLarge {
        /// Size asked for.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// All writes of one transaction together above [`TRANSACTION_BYTES_MAX`](crate::limits::TRANSACTION_BYTES_MAX).
    #[error("a transaction of {bytes} bytes is above the limit of {max} (TRANSACTION_BYTES_MAX)")]
    TransactionTooLarge {
        /// Size reached.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A key of tag 0, where the store keeps its own rows.
    #[error("keys that begin with byte 0 belong to the store itself")]
    ReservedKey,
    /// A counter was added to, or read, where the row holds something else than eight bytes.
    #[error("the row {} is not a counter", readable(.key))]
    NotACounter {
        /// Where.
        key: Key,
    },
    /// A slot was set, or a packed row read, where the row holds something else.
    #[error("the row {} is not a packed row", readable(.key))]
    NotPacked {
        /// Where.
        key: Key,
    },
    /// A counter left the range of a signed 64-bit integer; the transaction is refused as a whole.
    #[error("the counter {} would overflow", readable(.key))]
    CounterOverflow {
        /// Where.
        key: Key,
    },
    /// A stored row cannot be understood. Nothing is guessed: the operation fails and names the row.
    #[error("the row {} is damaged: {reason}", readable(.key))]
    Corrupt {
        /// Where.
        key: Key,
        /// What was expected.
        reason: String,
    },
    /// An earlier write to disk failed, so what is on disk is unknown. Writes are refused until the process is
    /// restarted and the database has been opened (and thereby checked) again.
    #[error("the store stopped taking writes after a failed write to disk: {reason}")]
    Poisoned {
        /// The first failure.
        reason: String,
    },
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// The engine underneath failed.
    #[error("the storage engine failed: {reason}")]
    Engine {
        /// The engine's own words.
        reason: String,
    },
}

/// Why a transaction was not committed. In each case nothing of it is left behind.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// Something this transaction read has been changed since by another one. Run the whole work again on a new
    /// transaction.
    #[error("another transaction changed {} meanwhile", readable(.key))]
    Conflict {
        /// The changed key; for a range that was read, the first changed key inside it.
        key: Key,
    },
    /// Not a matter of timing: trying again does not help.
    #[error("the transaction could not be committed")]
    Store(#[source] StoreError),
}

impl CommitError {
    /// Whether the same work, run again from its beginning, may succeed.
    pub fn retryable(&self) -> bool {
        match self {
            CommitError::Conflict { .. } => true,
            CommitError::Store(_) => false,
        }
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> CommitError {
        CommitError::Store(error)
    }
}

/// Why a database was not opened. Each message ends in what the operator can do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the directory.
    #[error("{} is in use by another process; stop that one, or choose another data directory", .dir.display())]
    Locked {
        /// The database's directory.
        dir: PathBuf,
    },
    /// Written by a newer release.
    #[error(
        "{} has format {found}, this release reads up to format {supported}; start the newer release again, or restore a \
         backup made with this one",
        .dir.display()
    )]
    NewerFormat {
        /// The database's directory.
        dir: PathBuf,
        /// Format found.
        found: u32,
        /// Newest format that this release reads.
        supported: u32,
    },
    /// Written before the first release, by a development version.
    #[error(
        "{} has format {found}, which no release ever wrote; begin with an empty directory",
        .dir.display()
    )]
    UnreleasedFormat {
        /// The database's directory.
        dir: PathBuf,
        /// Format found.
        found: u32,
    },
    /// The engine holds less than had been made durable: files were lost, replaced or restored in part.
    #[error(
        "{} holds commits up to {found}, but commit {expected} had been made durable; restore the whole directory from one \
         backup, together with its SENTINEL file",
        .dir.display()
    )]
    Older {
        /// The database's directory.
        dir: PathBuf,
        /// Newest commit found.
        found: u64,
        /// Newest commit known to have been durable.
        expected: u64,
    },
    /// The engine opened empty although this directory has held data.
    #[error(
        "{} opened empty, but its SENTINEL file says that it held commits up to {expected}; restore the whole directory from a \
         backup (a new, empty database needs an empty directory)",
        .dir.display()
    )]
    Emptied {
        /// The database's directory.
        dir: PathBuf,
        /// Newest commit known to have been durable.
        expected: u64,
    },
    /// Sentinel and database are not of one origin.
    #[error(
        "{}: {reason}; restore the whole directory from one backup, do not mix files of different ones",
        .dir.display()
    )]
    Mismatched {
        /// The database's directory.
        dir: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// Something in the directory cannot be read.
    #[error("{} is damaged ({reason}); restore the whole directory from a backup", .dir.display())]
    Damaged {
        /// The database's directory.
        dir: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The operating system refused.
    #[error("could not {action} {}", .path.display())]
    Io {
        /// What was being done, as a verb.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
}
