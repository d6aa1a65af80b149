//! Packed rows: each value as if it had a row of its own, and nobody in anybody's way.

use std::collections::BTreeMap;

use mooring_store::limits::PACKED_BYTES_MAX;
use mooring_store::{
    CommitError, KeyBuilder, KeyRange, KeySpace, Order, PackedRows, Store, StoreError, Transaction,
};

use crate::commit;

fn rows() -> PackedRows {
    PackedRows::new(prefix().build())
}

fn prefix() -> KeyBuilder {
    KeyBuilder::new(9).string("packed")
}

fn all(space: &mut dyn KeySpace, order: Order) -> Vec<(u64, Vec<u8>)> {
    let found = rows().scan(space, 0..=u64::MAX, order, usize::MAX).unwrap();
    found
        .into_iter()
        .map(|(number, value)| (number, value.to_vec()))
        .collect()
}

fn set(transaction: &mut Transaction, number: u64, value: &str) {
    rows().put(transaction, number, value.into()).unwrap();
}

pub(crate) fn values_agree_with_a_plain_map(store: &Store) {
    let mut expected = BTreeMap::new();
    // Dense, sparse, at both ends, and empty values; then some are set again and some removed, in rows that keep others.
    let numbers = (0..100)
        .chain((1000..9000).step_by(37))
        .chain([u64::MAX - 1, u64::MAX]);
    commit(store, |transaction| {
        for number in numbers {
            let value = vec![b'x'; (number % 7) as usize];
            rows().put(transaction, number, value.clone()).unwrap();
            expected.insert(number, value);
        }
    });
    commit(store, |transaction| {
        for number in (0..2000).step_by(3) {
            rows().delete(transaction, number).unwrap();
            expected.remove(&number);
        }
        for number in (0..2000).step_by(5) {
            rows().put(transaction, number, b"again".to_vec()).unwrap();
            expected.insert(number, b"again".to_vec());
        }
        // A whole row goes.
        for number in 16..32 {
            rows().delete(transaction, number).unwrap();
            expected.remove(&number);
        }
        let expected: Vec<_> = expected.clone().into_iter().collect();
        assert_eq!(
            all(transaction, Order::Ascending),
            expected,
            "own changes are seen"
        );
    });
    let mut read = store.read();
    let ascending: Vec<_> = expected.clone().into_iter().collect();
    assert_eq!(all(&mut read, Order::Ascending), ascending);
    assert_eq!(
        all(&mut read, Order::Descending),
        ascending.iter().rev().cloned().collect::<Vec<_>>()
    );
    for number in (0..1100).chain([u64::MAX]) {
        let found = rows().get(&mut read, number).unwrap();
        assert_eq!(
            found.as_deref(),
            expected.get(&number).map(Vec::as_slice),
            "{number}"
        );
    }
    for (first, last, limit) in [
        (0, 0, 9),
        (3, 70, 20),
        (33, 1100, 7),
        (90, u64::MAX, 3),
        (200, 900, 5),
    ] {
        let inside: Vec<u64> = expected.range(first..=last).map(|(number, _)| *number).collect();
        let found = rows()
            .scan(&mut read, first..=last, Order::Ascending, limit)
            .unwrap();
        let found: Vec<u64> = found.into_iter().map(|(number, _)| number).collect();
        assert_eq!(found, inside.iter().copied().take(limit).collect::<Vec<_>>());
        let found = rows()
            .scan(&mut read, first..=last, Order::Descending, limit)
            .unwrap();
        let found: Vec<u64> = found.into_iter().map(|(number, _)| number).collect();
        assert_eq!(
            found,
            inside.iter().rev().copied().take(limit).collect::<Vec<_>>()
        );
    }
    commit(store, |transaction| {
        for number in expected.keys() {
            rows().delete(transaction, *number).unwrap();
        }
    });
    let left = store
        .read()
        .scan(KeyRange::prefix(prefix().build()), Order::Ascending, 1)
        .unwrap();
    assert!(left.is_empty(), "rows without values do not stay");
}

pub(crate) fn setting_does_not_conflict_and_reading_does(store: &Store) {
    let (mut first, mut second, mut reader) = (store.write(), store.write(), store.write());
    set(&mut first, 1, "first");
    set(&mut second, 2, "second");
    rows().get(&mut reader, 3).unwrap();
    set(&mut reader, 3, "reader");
    first.commit().unwrap();
    second.commit().unwrap();
    assert!(matches!(reader.commit(), Err(CommitError::Conflict { .. })));
    let expected = vec![(1, b"first".to_vec()), (2, b"second".to_vec())];
    assert_eq!(all(&mut store.write(), Order::Ascending), expected);
}

pub(crate) fn slots_mix_with_other_writes(store: &Store) {
    commit(store, |transaction| set(transaction, 1, "one"));
    let row = prefix().number(0).build();
    commit(store, |transaction| {
        set(transaction, 2, "two");
        transaction.delete(row.clone()).unwrap();
        set(transaction, 3, "three");
        assert_eq!(all(transaction, Order::Ascending), [(3, b"three".to_vec())]);
        let three = transaction.get(&row).unwrap().unwrap();
        transaction.put(row.clone(), three.to_vec()).unwrap();
        set(transaction, 4, "four");
    });
    let expected = vec![(3, b"three".to_vec()), (4, b"four".to_vec())];
    assert_eq!(all(&mut store.read(), Order::Ascending), expected);
    // What the serial section of a commit sets is laid over what others have set meanwhile.
    let mut tailed = store.write();
    tailed
        .at_commit(Box::new(|space| {
            assert_eq!(rows().get(space, 5)?.as_deref(), Some(&b"five"[..]));
            rows().put(space, 6, b"six".to_vec())
        }))
        .unwrap();
    commit(store, |transaction| set(transaction, 5, "five"));
    tailed.commit().unwrap();
    assert_eq!(all(&mut store.write(), Order::Ascending).len(), 4);
}

pub(crate) fn what_is_no_packed_row_is_refused(store: &Store) {
    let row = prefix().number(0).build();
    let mut transaction = store.write();
    let refused = rows().put(&mut transaction, 1, vec![0; PACKED_BYTES_MAX + 1]);
    assert!(matches!(
        refused,
        Err(StoreError::PackedTooLarge {
            max: PACKED_BYTES_MAX,
            ..
        })
    ));
    transaction.add(row.clone(), 1).unwrap();
    let refused = rows().put(&mut transaction, 1, Vec::new());
    assert!(matches!(refused, Err(StoreError::NotPacked { .. })));
    let mut transaction = store.write();
    set(&mut transaction, 1, "one");
    assert!(matches!(
        transaction.add(row.clone(), 1),
        Err(StoreError::NotACounter { .. })
    ));
    // A slot beyond the last, out of order, cut off in its head and in its value.
    for damaged in [
        &[16, 0, 0][..],
        &[2, 0, 0, 1, 0, 0],
        &[2, 0, 0, 2, 0, 0],
        &[1, 0],
        &[1, 0, 2, b'x'],
    ] {
        commit(store, |transaction| {
            transaction.put(row.clone(), damaged.to_vec()).unwrap();
        });
        let refused = rows().get(&mut store.read(), 1);
        assert!(
            matches!(refused, Err(StoreError::NotPacked { .. })),
            "{damaged:?}"
        );
        let mut transaction = store.write();
        set(&mut transaction, 1, "one");
        let refused = transaction.commit();
        assert!(matches!(
            refused,
            Err(CommitError::Store(StoreError::NotPacked { .. }))
        ));
    }
}
