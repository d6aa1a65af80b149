//! Reading at one snapshot: engine and version map merged, with a transaction's own writes on top.
//!
//! See [`versions`](crate::versions) for why the merge is right. This module is only the mechanics.

use std::collections::BTreeMap;

use crate::engine::Value;
use crate::error::StoreError;
use crate::keys::{Key, KeyRange, Order};
use crate::limits::{SCAN_CHUNK_MAX, SCAN_CHUNK_MIN};
use crate::packed::{Slots, laid_over};
use crate::store::{Sequence, Shared};

/// A write that waits in a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    Put(Value),
    Delete,
    /// To be added to whatever the counter holds when the transaction commits.
    Add(i64),
    /// To be laid over whatever the packed row holds when the transaction commits.
    Slots(Slots),
}

impl Pending {
    /// The row after this write, where `before` gives it as it was: asked only if that matters.
    pub(crate) fn over(
        &self,
        key: &[u8],
        before: impl FnOnce() -> Result<Option<Value>, StoreError>,
    ) -> Result<Option<Value>, StoreError> {
        match self {
            Pending::Put(value) => Ok(Some(value.clone())),
            Pending::Delete => Ok(None),
            Pending::Add(delta) => added(key, before()?, *delta),
            Pending::Slots(changes) => laid_over(key, before()?.as_ref(), changes),
        }
    }
}

/// A transaction's own writes, by key.
pub(crate) type Overlay = BTreeMap<Key, Pending>;

/// Rows by key; `None` where a row is known not to exist.
type Rows = BTreeMap<Key, Option<Value>>;

/// The state of the store as of `snapshot`.
#[derive(Clone, Copy)]
pub(crate) struct View<'s> {
    pub(crate) shared: &'s Shared,
    pub(crate) snapshot: Sequence,
}

impl View<'_> {
    /// The value of `key`, own writes aside.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        if let Some(visible) = self.shared.versions.read().get(key, self.snapshot) {
            return Ok(visible);
        }
        let stored = self.shared.engine.get(key)?;
        Ok(self
            .shared
            .versions
            .read()
            .get(key, self.snapshot)
            .unwrap_or(stored))
    }

    /// Rows of `range` with `overlay` on top: at most `limit`, in order.
    pub(crate) fn scan_over(
        &self,
        overlay: &Overlay,
        range: &KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Key, Value)>, StoreError> {
        let mut found = Vec::new();
        let mut rest = range.clone();
        // A little more than asked for, because rows may turn out deleted; not everything, because pages are short.
        let mut chunk = limit.saturating_add(2).clamp(SCAN_CHUNK_MIN, SCAN_CHUNK_MAX);
        while found.len() < limit && !rest.is_empty() {
            let (stretch, bound) = self.stretch(&rest, order, chunk)?;
            let covered = bound
                .as_ref()
                .map_or_else(|| rest.clone(), |bound| rest.through(bound, order));
            let rows = lay_over(stretch, overlay, &covered)?;
            let missing = limit - found.len();
            match order {
                Order::Ascending => found.extend(rows.into_iter().take(missing)),
                Order::Descending => found.extend(rows.into_iter().rev().take(missing)),
            }
            match bound {
                Some(bound) => rest = rest.beyond(&bound, order),
                None => break,
            }
            chunk = (chunk * 2).min(SCAN_CHUNK_MAX);
        }
        Ok(found)
    }

    /// What this snapshot sees of the beginning of `range`, and the last key up to which that is complete; no such key
    /// when it is complete to the end.
    fn stretch(
        &self,
        range: &KeyRange,
        order: Order,
        chunk: usize,
    ) -> Result<(Rows, Option<Key>), StoreError> {
        let before = self
            .shared
            .versions
            .read()
            .scan(range, order, chunk, self.snapshot);
        let stored = self.shared.engine.scan(range, order, chunk)?;
        let before_end = (before.len() == chunk)
            .then(|| before.last())
            .flatten()
            .map(|(key, _)| key.clone());
        let stored_end = (stored.len() == chunk)
            .then(|| stored.last())
            .flatten()
            .map(|(key, _)| key.clone());
        let bound = match (before_end, stored_end) {
            (Some(a), Some(b)) if order == Order::Ascending => Some(a.min(b)),
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        let covered = bound
            .as_ref()
            .map_or_else(|| range.clone(), |bound| range.through(bound, order));
        let after = self
            .shared
            .versions
            .read()
            .scan(&covered, order, usize::MAX, self.snapshot);

        let mut rows: Rows = stored
            .into_iter()
            .map(|(key, value)| (key, Some(value)))
            .collect();
        rows.extend(before);
        rows.extend(after);
        rows.retain(|key, _| covered.contains(key));
        Ok((rows, bound))
    }
}

/// The rows of `covered` after `overlay` has had its say.
fn lay_over(mut rows: Rows, overlay: &Overlay, covered: &KeyRange) -> Result<Vec<(Key, Value)>, StoreError> {
    if !overlay.is_empty() && !covered.is_empty() {
        for (key, pending) in overlay.range::<[u8], _>(covered.bounds()) {
            let value = pending.over(key, || Ok(rows.get(key).cloned().flatten()))?;
            rows.insert(key.clone(), value);
        }
    }
    Ok(rows
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect())
}

/// The counter in `value`; an absent row counts as zero.
pub(crate) fn counter_of(key: &[u8], value: Option<&Value>) -> Result<i64, StoreError> {
    let Some(value) = value else { return Ok(0) };
    let bytes: [u8; 8] = value
        .as_ref()
        .try_into()
        .map_err(|_| StoreError::NotACounter { key: key.to_vec() })?;
    Ok(i64::from_be_bytes(bytes))
}

/// The row of a counter after an addition. A counter of zero has no row, so that a table of counters (a list's buckets)
/// shrinks again.
pub(crate) fn added(key: &[u8], value: Option<Value>, delta: i64) -> Result<Option<Value>, StoreError> {
    let sum = counter_of(key, value.as_ref())?
        .checked_add(delta)
        .ok_or_else(|| StoreError::CounterOverflow { key: key.to_vec() })?;
    Ok((sum != 0).then(|| Value::from(sum.to_be_bytes())))
}
