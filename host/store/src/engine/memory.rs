//! An engine without a disk: for tests of the layers above, and for stores that need not outlive their process.

use std::collections::BTreeMap;

use parking_lot::RwLock;

use super::{Engine, Value, Write};
use crate::error::StoreError;
use crate::keys::{Key, KeyRange, Order};

/// Rows in a balanced tree behind a lock.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    rows: RwLock<BTreeMap<Key, Value>>,
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        Ok(self.rows.read().get(key).cloned())
    }

    fn scan(&self, range: &KeyRange, order: Order, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows.read();
        let found = rows
            .range::<[u8], _>(range.bounds())
            .map(|(key, value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Ascending => found.take(limit).collect(),
            Order::Descending => found.rev().take(limit).collect(),
        })
    }

    fn apply(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut rows = self.rows.write();
        for (key, value) in writes {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn unsynced_bytes_max(&self) -> usize {
        usize::MAX
    }
}
