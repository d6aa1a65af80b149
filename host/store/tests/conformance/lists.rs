//! Counted lists: right, and short of way.

use std::collections::{BTreeMap, BTreeSet};

use mooring_store::limits::TRANSACTION_BYTES_MAX;
use mooring_store::{
    BucketChanges, CommitError, CountedList, Key, KeyBuilder, KeyRange, KeySpace, Order, PackedRows, Store,
    StoreError, Transaction, Value,
};

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
            assert_eq!(page.total, expected.len() as u64);
            let page: Vec<u64> = page
                .entries
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
            let page = list().page(&mut read, offset, PAGE, order).unwrap().entries;
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

pub(crate) fn lists_grow_and_shrink_like_plain_ones(store: &Store) {
    let mut random = 1_u64;
    let mut below = |limit: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % limit
    };
    let mut plain = BTreeMap::new();
    for round in 0..300 {
        let before = plain.clone();
        let mut transaction = store.write();
        // Up to 40 entries and down to none again, over and over, in three buckets; some of them long.
        let is_growing = round / 15 % 2 == 0;
        for step in 0..below(7) {
            if below(10) < if is_growing { 8 } else { 1 } {
                let ordinal = below(3) << 18 | below(1000);
                let bytes = if below(8) == 0 { 600 } else { 20 };
                let value = vec![below(256) as u8; bytes];
                if plain.insert(ordinal, value.clone()).is_some() {
                    list().remove(&mut transaction, ordinal).unwrap();
                }
                list().insert(&mut transaction, ordinal, value).unwrap();
            } else if let Some(ordinal) = plain.keys().nth(below(plain.len() as u64 + 1) as usize).copied() {
                plain.remove(&ordinal);
                list().remove(&mut transaction, ordinal).unwrap();
            }
            if step % 3 == 1 {
                assert_list(&mut transaction, &plain);
            }
        }
        if below(5) == 0 {
            plain = before;
            drop(transaction);
        } else {
            let sequence = transaction.commit().unwrap();
            store.wait_durable(sequence).unwrap();
        }
        assert_list(&mut store.read(), &plain);
    }
}

fn assert_list(space: &mut dyn KeySpace, plain: &BTreeMap<u64, Vec<u8>>) {
    let mut expected: Vec<(u64, Value)> = plain
        .iter()
        .map(|(ordinal, value)| (*ordinal, Value::from(value.clone())))
        .collect();
    for order in [Order::Ascending, Order::Descending] {
        for (offset, limit) in [(0, 100), (0, 3), (5, 9), (expected.len() / 2, 20), (1000, 1)] {
            let page = list().page(space, offset as u64, limit, order).unwrap();
            let from = offset.min(expected.len());
            let to = (from + limit).min(expected.len());
            assert_eq!(page.entries, expected[from..to]);
            assert_eq!(page.total, expected.len() as u64);
        }
        expected.reverse();
    }
    assert_eq!(list().len(space).unwrap(), plain.len() as u64);
}

pub(crate) fn a_short_list_is_one_row(store: &Store) {
    let rows = || {
        let all = KeyRange::prefix(vec![9]);
        let rows = store.read().scan(all, Order::Ascending, 1000).unwrap();
        rows.len()
    };
    for ordinal in 0..16 {
        commit(store, |transaction| {
            list()
                .insert(transaction, ordinal * 1000, b"sixteen bytes...".to_vec())
                .unwrap();
        });
        assert_eq!(rows(), 1);
    }
    commit(store, |transaction| {
        list().insert(transaction, 77, b"one more".to_vec()).unwrap();
    });
    assert!(rows() > 16, "entries and counters are rows of their own");
    commit(store, |transaction| {
        for ordinal in (0..16).map(|number| number * 1000).chain([77]) {
            list().remove(transaction, ordinal).unwrap();
        }
    });
    assert_eq!(rows(), 0, "nothing is left of an empty list");
}

pub(crate) fn additions_to_one_list_do_not_conflict(store: &Store) {
    let add = |from: u64| {
        let mut transaction = store.write();
        for ordinal in from..from + 10 {
            list().insert(&mut transaction, ordinal, b"id".to_vec()).unwrap();
        }
        transaction
    };
    // Together they are too many for a short list, which neither can know.
    let (one, other) = (add(100), add(200));
    one.commit().unwrap();
    let sequence = other.commit().unwrap();
    store.wait_durable(sequence).unwrap();
    let page = list().page(&mut store.read(), 9, 2, Order::Ascending).unwrap();
    assert_eq!((page.entries[0].0, page.entries[1].0, page.total), (109, 200, 20));

    let mut reading = add(300);
    assert_eq!(list().len(&mut reading).unwrap(), 30);
    add(400).commit().unwrap();
    assert!(matches!(reading.commit(), Err(CommitError::Conflict { .. })));
}

pub(crate) fn what_settling_takes_is_refused_to_nobody(store: &Store) {
    let one_of = |number: u64| CountedList::new(KeyBuilder::new(9).number(number).build());
    let fill = |transaction: &mut Transaction, from: u64, to: u64| {
        for number in 0..300 {
            for ordinal in from..to {
                one_of(number).insert(transaction, ordinal, vec![7; 30]).unwrap();
            }
        }
    };
    commit(store, |transaction| fill(transaction, 0, 16));
    // Each of these makes sixteen others move, at the edge of what a transaction may write.
    let mut transaction = store.write();
    fill(&mut transaction, 16, 17);
    let mut filler = 0;
    while transaction.written_bytes() + 100_000 < TRANSACTION_BYTES_MAX {
        let key = KeyBuilder::new(10).number(filler).build();
        transaction.put(key, vec![0; 90_000]).unwrap();
        filler += 1;
    }
    assert_eq!(one_of(0).len(&mut transaction).unwrap(), 17);
    let sequence = transaction.commit().unwrap();
    store.wait_durable(sequence).unwrap();
    for number in 0..300 {
        assert_eq!(one_of(number).len(&mut store.read()).unwrap(), 17);
    }
}

pub(crate) fn what_cannot_be_settled_is_not_committed(store: &Store) {
    let bucket = KeyBuilder::new(9)
        .string("list")
        .byte(b'b')
        .byte(18)
        .number(0)
        .build();
    commit(store, |transaction| {
        transaction.put(bucket, b"nonsense in it".to_vec()).unwrap();
    });
    let mut transaction = store.write();
    list().insert(&mut transaction, 1, b"id".to_vec()).unwrap();
    transaction
        .put(KeyBuilder::new(10).build(), b"beside it".to_vec())
        .unwrap();
    assert!(matches!(
        list().len(&mut transaction),
        Err(StoreError::Corrupt { .. })
    ));
    assert!(matches!(
        transaction.commit(),
        Err(CommitError::Store(StoreError::Corrupt { .. }))
    ));
    assert_eq!(store.read().get(&KeyBuilder::new(10).build()).unwrap(), None);
}

pub(crate) fn lists_change_in_the_serial_section_too(store: &Store) {
    for number in 0..20 {
        commit(store, |transaction| {
            let count = move |space: &mut dyn KeySpace| {
                assert_eq!(list().len(space)?, number);
                list().insert(space, number, b"id".to_vec())?;
                assert_eq!(list().len(space)?, number + 1);
                list().insert(space, 1000 + number, b"gone".to_vec())?;
                list().remove(space, 1000 + number)
            };
            transaction.at_commit(Box::new(count)).unwrap();
        });
    }
    assert_eq!(list().len(&mut store.read()).unwrap(), 20);
}

/// Where even an only entry is a packed row, with a counter for 512 ordinals and one for 262,144.
pub(crate) fn lists_of_format_2_go_on(store: &Store) {
    let prefix = KeyBuilder::new(9).string("list").build();
    let counter = |shift: u8, ordinal: u64| {
        let bucket = KeyBuilder::from_prefix(&prefix).byte(b'b').byte(shift);
        bucket.number(ordinal >> shift).build()
    };
    let entries = PackedRows::new(KeyBuilder::from_prefix(&prefix).byte(b'e').build());
    let mut plain = BTreeMap::new();
    commit(store, |transaction| {
        for ordinal in [3, 700, 300_000] {
            entries.put(transaction, ordinal, b"older".to_vec()).unwrap();
            transaction.add(counter(9, ordinal), 1).unwrap();
            transaction.add(counter(18, ordinal), 1).unwrap();
            plain.insert(ordinal, b"older".to_vec());
        }
    });
    assert_list(&mut store.read(), &plain);
    commit(store, |transaction| {
        for ordinal in [4, 600_000] {
            list().insert(transaction, ordinal, b"newer".to_vec()).unwrap();
            plain.insert(ordinal, b"newer".to_vec());
        }
        list().remove(transaction, 700).unwrap();
        plain.remove(&700);
    });
    assert_list(&mut store.read(), &plain);
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

    fn change_bucket(&mut self, bucket: Key, changes: BucketChanges) -> Result<(), StoreError> {
        self.inner.change_bucket(bucket, changes)
    }

    fn changed_buckets(&self, buckets: &KeyRange) -> Vec<Key> {
        self.inner.changed_buckets(buckets)
    }

    fn settle_bucket(&mut self, bucket: Key) -> Result<(), StoreError> {
        self.inner.settle_bucket(bucket)
    }

    fn counter(&mut self, key: &[u8]) -> Result<i64, StoreError> {
        self.rows += 1;
        self.inner.counter(key)
    }
}
