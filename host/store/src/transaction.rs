//! Transactions: what was read, what will be written, and the one call that makes it true.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use crate::commit;
use crate::engine::Value;
use crate::error::{CommitError, StoreError};
use crate::keys::{Key, KeyRange, Order, TAG_STORE};
use crate::limits::{
    KEY_BYTES_MAX, PACKED_BYTES_MAX, READ_BYTES_KEPT_MAX, TRANSACTION_BYTES_MAX, VALUE_BYTES_MAX,
};
use crate::list::BucketChanges;
use crate::packed::{Slots, laid_over};
use crate::store::{Sequence, Shared};
use crate::versions::Base;
use crate::view::{Overlay, Pending, View, added, counter_of};

/// Reading and writing rows. Implemented by a [`Transaction`], and by what an
/// [`at_commit`](Transaction::at_commit) closure is given, so that the same code serves both.
///
/// Reads see the writes made before them in the same transaction.
pub trait KeySpace {
    /// The value of a key.
    fn get(&mut self, key: &[u8]) -> Result<Option<Value>, StoreError>;

    /// At most `limit` rows of a range, in order. Only what was really looked at counts as read: a scan that stopped at
    /// its limit does not conflict with writes behind its last row.
    fn scan(&mut self, range: KeyRange, order: Order, limit: usize) -> Result<Vec<(Key, Value)>, StoreError>;

    /// Sets a value. Repeating it changes nothing.
    fn put(&mut self, key: Key, value: Vec<u8>) -> Result<(), StoreError>;

    /// Removes a row; one that does not exist is no error.
    fn delete(&mut self, key: Key) -> Result<(), StoreError>;

    /// Adds to a counter without reading it, so that two transactions which only add never conflict. A counter is a row
    /// of eight bytes, a big-endian `i64`; one that is zero has no row.
    fn add(&mut self, key: Key, delta: i64) -> Result<(), StoreError>;

    /// Sets one slot (0 to 15) of a [packed row](crate::packed), or empties it, without reading the row, so that two
    /// transactions which only set slots never conflict. Repeating it changes nothing.
    fn set_slot(&mut self, key: Key, slot: u8, value: Option<Vec<u8>>) -> Result<(), StoreError>;

    /// Changes a bucket of a [counted list](crate::list) without reading it, so that two transactions which only add to lists
    /// never conflict. What becomes of the bucket's row is decided when the transaction commits, or when it reads the list.
    fn change_bucket(&mut self, bucket: Key, changes: BucketChanges) -> Result<(), StoreError>;

    /// Which buckets of this range have changes that are not rows yet, so that nothing else here sees them.
    fn changed_buckets(&self, buckets: &KeyRange) -> Vec<Key>;

    /// Turns the changes of a bucket into changes of rows, which reads the bucket. Repeating it does nothing.
    fn settle_bucket(&mut self, bucket: Key) -> Result<(), StoreError>;

    /// The value of a counter, own additions included. This reads the counter; prefer [`add`](KeySpace::add) alone where
    /// the value is not needed.
    fn counter(&mut self, key: &[u8]) -> Result<i64, StoreError>;
}

/// Work that runs inside the serial section of a commit. It must be short, and depend on nothing but what it is given.
pub type AtCommit = Box<dyn FnOnce(&mut dyn KeySpace) -> Result<(), StoreError> + Send>;

/// A consistent view of the store as of one moment, and writes that become visible all at once, or never.
///
/// Dropping it is the abort. It holds its snapshot, and therefore old versions of rows, in memory until it is committed
/// or dropped: do not keep one while waiting for something slow.
pub struct Transaction {
    shared: Arc<Shared>,
    snapshot: Sequence,
    writable: bool,
    reads: Reads,
    writes: Writes,
    tail: Vec<AtCommit>,
}

/// What a transaction looked at.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// With what was found, as far as that is kept: it stays so for this transaction, and asked for again it costs nothing.
    pub(crate) keys: BTreeMap<Key, Base>,
    /// Bytes of the values that are kept.
    pub(crate) kept_bytes: usize,
    pub(crate) ranges: Vec<KeyRange>,
}

/// What a transaction will write.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    pub(crate) overlay: Overlay,
    /// By the bucket's key; what they do to rows of `overlay` comes after those.
    pub(crate) buckets: BTreeMap<Key, BucketChanges>,
    /// Bytes of all writes asked for; overwritten ones count again, which keeps the sum cheap and never too low.
    pub(crate) bytes: usize,
    /// While changes of lists are turned into rows: they were counted when they were asked for, and nobody asked for what else that
    /// takes, so it is refused to nobody.
    pub(crate) is_settling: bool,
    /// Why it must not be committed.
    pub(crate) broken: Option<StoreError>,
}

impl Transaction {
    pub(crate) fn new(shared: Arc<Shared>, snapshot: Sequence, writable: bool) -> Transaction {
        Transaction {
            shared,
            snapshot,
            writable,
            reads: Reads::default(),
            writes: Writes::default(),
            tail: Vec::new(),
        }
    }

    /// The last commit that this transaction sees.
    pub fn snapshot(&self) -> Sequence {
        self.snapshot
    }

    /// Whether there is anything to commit.
    pub fn is_dirty(&self) -> bool {
        !self.writes.overlay.is_empty() || !self.writes.buckets.is_empty() || !self.tail.is_empty()
    }

    /// Bytes of keys and values written so far.
    pub fn written_bytes(&self) -> usize {
        self.writes.bytes
    }

    /// Whether a commit at this moment would pass validation. Tells a run that failed on its own from one that was
    /// doomed because it had read a state that is gone.
    pub fn is_current(&self) -> bool {
        !self.writable || commit::conflict(&self.shared, self.snapshot, &self.reads).is_none()
    }

    /// Registers work for the serial section of the commit: after validation, seeing the newest committed state and this
    /// transaction's writes. What it reads needs no validation. This is how rows that every transaction touches (the end
    /// of a hash chain, the running balance of a busy account) change without ever causing a conflict.
    ///
    /// Closures run in the order of registration, at most once; nothing runs when the transaction is dropped or loses.
    /// All commits of the store wait meanwhile, so no I/O and no long computation.
    pub fn at_commit(&mut self, work: AtCommit) -> Result<(), StoreError> {
        self.writable()?;
        self.tail.push(work);
        Ok(())
    }

    /// Makes the writes visible to others, all at once, and gives the sequence to wait for with
    /// [`Store::durable`](crate::Store::durable) before anything is acknowledged. Without writes there is nothing to
    /// check: the answer is the sequence of the snapshot.
    ///
    /// Blocks while too much waits for the disk, see [`PENDING_BYTES_MAX`](crate::limits::PENDING_BYTES_MAX).
    pub fn commit(mut self) -> Result<Sequence, CommitError> {
        if !self.is_dirty() {
            return Ok(self.snapshot);
        }
        let writes = std::mem::take(&mut self.writes);
        if let Some(error) = writes.broken {
            return Err(error.into());
        }
        let tail = std::mem::take(&mut self.tail);
        commit::commit(&self.shared, self.snapshot, &self.reads, writes, tail)
    }

    fn view(&self) -> View<'_> {
        View {
            shared: &self.shared,
            snapshot: self.snapshot,
        }
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.writable {
            Ok(())
        } else {
            Err(StoreError::ReadOnly)
        }
    }

    /// The value as of the snapshot, own writes aside.
    fn read(&mut self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        if let Some(Some(known)) = self.reads.keys.get(key) {
            return Ok(known.clone());
        }
        let value = self.view().get(key)?;
        // A snapshot is consistent by itself, so what a read-only transaction saw is never checked.
        if self.writable {
            self.reads.note(key, value.as_ref());
        }
        Ok(value)
    }
}

impl KeySpace for Transaction {
    fn get(&mut self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        match self.writes.overlay.get(key) {
            Some(pending) => pending.clone().over(key, || self.read(key)),
            None => self.read(key),
        }
    }

    fn scan(&mut self, range: KeyRange, order: Order, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let rows = self
            .view()
            .scan_over(&self.writes.overlay, &range, order, limit)?;
        if self.writable && limit > 0 {
            self.reads.ranges.push(match rows.last() {
                Some((last, _)) if rows.len() == limit => range.through(last, order),
                _ => range,
            });
        }
        Ok(rows)
    }

    fn put(&mut self, key: Key, value: Vec<u8>) -> Result<(), StoreError> {
        self.writable()?;
        self.writes.put(key, value)
    }

    fn delete(&mut self, key: Key) -> Result<(), StoreError> {
        self.writable()?;
        self.writes.delete(key)
    }

    fn add(&mut self, key: Key, delta: i64) -> Result<(), StoreError> {
        self.writable()?;
        self.writes.add(key, delta)
    }

    fn set_slot(&mut self, key: Key, slot: u8, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.writable()?;
        self.writes.set_slot(key, slot, value)
    }

    fn change_bucket(&mut self, bucket: Key, changes: BucketChanges) -> Result<(), StoreError> {
        self.writable()?;
        self.writes.change_bucket(bucket, changes)
    }

    fn changed_buckets(&self, buckets: &KeyRange) -> Vec<Key> {
        self.writes.changed_buckets(buckets)
    }

    fn settle_bucket(&mut self, bucket: Key) -> Result<(), StoreError> {
        let before = self.get(&bucket)?;
        let Some(changes) = self.writes.buckets.remove(&bucket) else {
            return Ok(());
        };
        self.writes.is_settling = true;
        let settled = changes.settle(self, bucket, before.as_ref());
        self.writes.is_settling = false;
        // Half of it may be there, and whoever asked may not mind.
        settled.inspect_err(|error| self.writes.broken = Some(error.clone()))
    }

    fn counter(&mut self, key: &[u8]) -> Result<i64, StoreError> {
        let value = self.get(key)?;
        counter_of(key, value.as_ref())
    }
}

impl Reads {
    fn note(&mut self, key: &[u8], value: Option<&Value>) {
        let bytes = self.kept_bytes + value.map_or(0, |value| value.len());
        let kept = bytes <= READ_BYTES_KEPT_MAX;
        if kept {
            self.kept_bytes = bytes;
        }
        self.keys.insert(key.to_vec(), kept.then(|| value.cloned()));
    }
}

impl Writes {
    pub(crate) fn put(&mut self, key: Key, value: Vec<u8>) -> Result<(), StoreError> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(StoreError::ValueTooLarge {
                bytes: value.len(),
                max: VALUE_BYTES_MAX,
            });
        }
        self.account(&key, value.len())?;
        self.overlay.insert(key, Pending::Put(value.into()));
        Ok(())
    }

    pub(crate) fn delete(&mut self, key: Key) -> Result<(), StoreError> {
        self.account(&key, 0)?;
        self.overlay.insert(key, Pending::Delete);
        Ok(())
    }

    pub(crate) fn add(&mut self, key: Key, delta: i64) -> Result<(), StoreError> {
        self.account(&key, size_of::<i64>())?;
        let overflow = || StoreError::CounterOverflow { key: key.clone() };
        let next = match self.overlay.get(&key) {
            None => Pending::Add(delta),
            Some(Pending::Add(earlier)) => Pending::Add(earlier.checked_add(delta).ok_or_else(overflow)?),
            Some(decided) => {
                let row = decided.over(&key, || Err(StoreError::NotACounter { key: key.clone() }))?;
                added(&key, row, delta)?.map_or(Pending::Delete, Pending::Put)
            }
        };
        self.overlay.insert(key, next);
        Ok(())
    }

    pub(crate) fn set_slot(&mut self, key: Key, slot: u8, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        let bytes = value.as_ref().map_or(0, Vec::len);
        if bytes > PACKED_BYTES_MAX {
            return Err(StoreError::PackedTooLarge {
                bytes,
                max: PACKED_BYTES_MAX,
            });
        }
        self.account(&key, bytes)?;
        let change = (slot, value.map(Value::from));
        match self.overlay.get_mut(&key) {
            None => {
                self.overlay.insert(key, Pending::Slots(Slots::from([change])));
            }
            Some(Pending::Slots(slots)) => slots.extend([change]),
            Some(decided) => {
                let row = decided.over(&key, || Err(StoreError::NotPacked { key: key.clone() }))?;
                let row = laid_over(&key, row.as_ref(), &Slots::from([change]))?;
                *decided = row.map_or(Pending::Delete, Pending::Put);
            }
        }
        Ok(())
    }

    pub(crate) fn change_bucket(&mut self, bucket: Key, changes: BucketChanges) -> Result<(), StoreError> {
        self.account(&bucket, changes.bytes())?;
        match self.buckets.entry(bucket) {
            Entry::Vacant(entry) => {
                entry.insert(changes);
            }
            Entry::Occupied(mut entry) => entry.get_mut().then(changes),
        }
        Ok(())
    }

    pub(crate) fn changed_buckets(&self, buckets: &KeyRange) -> Vec<Key> {
        if self.buckets.is_empty() || buckets.is_empty() {
            return Vec::new();
        }
        let changed = self.buckets.range::<[u8], _>(buckets.bounds());
        changed.map(|(key, _)| key.clone()).collect()
    }

    fn account(&mut self, key: &[u8], value_bytes: usize) -> Result<(), StoreError> {
        if key.first() == Some(&TAG_STORE) {
            return Err(StoreError::ReservedKey);
        }
        if key.len() > KEY_BYTES_MAX {
            return Err(StoreError::KeyTooLarge {
                bytes: key.len(),
                max: KEY_BYTES_MAX,
            });
        }
        if self.is_settling {
            return Ok(());
        }
        let bytes = self.bytes + key.len() + value_bytes;
        if bytes > TRANSACTION_BYTES_MAX {
            return Err(StoreError::TransactionTooLarge {
                bytes,
                max: TRANSACTION_BYTES_MAX,
            });
        }
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.shared.release(self.snapshot);
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("snapshot", &self.snapshot)
            .field("writable", &self.writable)
            .field("written_bytes", &self.writes.bytes)
            .finish_non_exhaustive()
    }
}
