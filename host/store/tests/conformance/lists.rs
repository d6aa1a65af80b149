//! Counted lists: right, and short of way.

use std::collections::BTreeSet;

use mooring_store::{CountedList, Key, KeyBuilder, KeyRange, KeySpace, Order, Store, StoreError, Value};

use crate::commit;

/// Entries in the long list, and the length of a page.
const ENTRIES: u64 = 100_000;
const PAGE: usize = 50;

/// At most the coarse bucket, for the total and for the skip; half of the fine ones (98, since the skip begins at the nearer
/// end), fetched by sixteens and their doubles; and the rows of one fine bucket and the page, fetched likewise.
const ROWS_MAX: usize = 2 + 2 * 98 + 2 * (512 + PAGE) / 16 + 1;

fn list() -> CountedList {
    CountedList::new(KeyBuilder::new(9).string("list").build())
}

pub(crate) fn pages_agree_with_a_plain_list(store: &Store) {
    // Dense, sparse and far apart; then every third is removed again.
    let mut ordinals: BTreeSet<u64> = (0..600).chain((70_000..9_000_000).step_by(30_011)).collect();
    ordinals.extend([u64::MAX - 1, u64::MAX]);
    commit(store, |transaction| {
        for ordinal in &ordinals {
            list()
                .insert(transaction, *ordinal, ordinal.to_be_bytes().to_vec())
                .unwrap();
        }
    });
    let removed: Vec<u64> = ordinals.iter().copied().step_by(3).collect();
    commit(store, |transaction| {
        for ordinal in removed {
            ordinals.remove(&ordinal);
            list().remove(transaction, ordinal).unwrap();
        }
    });
    let ascending: Vec<u64> = ordinals.iter().copied().collect();
    let descending: Vec<u64> = ordinals.iter().rev().copied().collect();
    let mut read = store.read();
    assert_eq!(list().len(&mut read).unwrap(), ordinals.len() as u64);
    for (order, expected) in [(Order::Ascending, ascending), (Order::Descending, descending)] {
        for offset in (0..expected.len() + 20).step_by(7) {
            let page = list().page(&mut read, offset as u64, 10, order).unwrap();
            let page: Vec<u64> = page
                .into_iter()
                .inspect(|(ordinal, value)| assert_eq!(**value, ordinal.to_be_bytes()))
                .map(|(ordinal, _)| ordinal)
                .collect();
            let from = offset.min(expected.len());
            assert_eq!(
                page,
                expected[from..(from + 10).min(expected.len())],
                "{order:?} from {offset}"
            );
        }
    }
}

pub(crate) fn a_deep_page_touches_as_few_rows_as_the_first(store: &Store) {
    for first in (0..ENTRIES).step_by(5000) {
        let mut transaction = store.write();
        for ordinal in first..first + 5000 {
            list().insert(&mut transaction, ordinal, b"id".to_vec()).unwrap();
        }
        let sequence = transaction.commit().unwrap();
        store.wait_durable(sequence).unwrap();
    }
    let mut read = Counting {
        inner: store.read(),
        rows: 0,
    };
    assert_eq!(list().len(&mut read).unwrap(), ENTRIES);
    for order in [Order::Ascending, Order::Descending] {
        for offset in [0, 255, 256, 65_535, 65_536, ENTRIES / 2, ENTRIES - PAGE as u64] {
            read.rows = 0;
            let page = list().page(&mut read, offset, PAGE, order).unwrap();
            let first = if order == Order::Ascending {
                offset
            } else {
                ENTRIES - 1 - offset
            };
            assert_eq!((page.len(), page[0].0), (PAGE, first));
            assert!(
                read.rows <= ROWS_MAX,
                "{order:?} from {offset}: {} rows",
                read.rows
            );
        }
    }
}

/// Counts the rows that pass.
struct Counting<S> {
    inner: S,
    rows: usize,
}

impl<S: KeySpace> KeySpace for Counting<S> {
    fn get(&mut self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.rows += 1;
        self.inner.get(key)
    }

    fn scan(&mut self, range: KeyRange, order: Order, limit: usize) -> Result<Vec<(Key, Value)>, StoreError> {
        let rows = self.inner.scan(range, order, limit)?;
        self.rows += rows.len();
        Ok(rows)
    }

    fn put(&mut self, key: Key, value: Vec<u8>) -> Result<(), StoreError> {
        self.inner.put(key, value)
    }

    fn delete(&mut self, key: Key) -> Result<(), StoreError> {
        self.inner.delete(key)
    }

    fn add(&mut self, key: Key, delta: i64) -> Result<(), StoreError> {
        self.inner.add(key, delta)
    }

    fn set_slot(&mut self, key: Key, slot: u8, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.inner.set_slot(key, slot, value)
    }

    fn counter(&mut self, key: &[u8]) -> Result<i64, StoreError> {
        self.rows += 1;
        self.inner.counter(key)
    }
}
