//! Reading: own writes, scans, sizes.

use mooring_store::limits::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
use mooring_store::{KeyRange, KeySpace, Order, Store, StoreError};

use crate::{commit, key, put, text};

pub(crate) fn a_transaction_reads_its_own_writes(store: &Store) {
    put(store, "a", "old");
    let mut transaction = store.write();
    transaction.put(key("a"), b"new".to_vec()).unwrap();
    assert_eq!(text(&mut transaction, "a").as_deref(), Some("new"));
    transaction.delete(key("a")).unwrap();
    assert_eq!(text(&mut transaction, "a"), None);
    assert!(transaction.is_dirty() && transaction.written_bytes() > 0);
}

pub(crate) fn scans_merge_own_writes_in_both_orders(store: &Store) {
    for name in ["b", "d", "f", "h"] {
        put(store, name, "stored");
    }
    let mut transaction = store.write();
    transaction.put(key("c"), b"own".to_vec()).unwrap();
    transaction.put(key("d"), b"own".to_vec()).unwrap();
    transaction.delete(key("f")).unwrap();
    let found = names(
        &mut transaction,
        KeyRange::new(key("b"), key("h")),
        Order::Ascending,
        9,
    );
    assert_eq!(found, ["b=stored", "c=own", "d=own"]);
    let found = names(
        &mut transaction,
        KeyRange::new(key("b"), key("i")),
        Order::Descending,
        9,
    );
    assert_eq!(found, ["h=stored", "d=own", "c=own", "b=stored"]);
    let found = names(
        &mut transaction,
        KeyRange::new(key("d"), key("c")),
        Order::Ascending,
        9,
    );
    assert!(found.is_empty(), "an inverted range is empty");
}

/// Rows in the engine, rows only in memory because an old snapshot holds them there, and deleted ones, interleaved.
pub(crate) fn scans_cross_the_edge_of_what_is_in_memory(store: &Store) {
    let all = || KeyRange::prefix(vec![9]);
    commit(store, |transaction| {
        (0..300).for_each(|number| {
            transaction
                .put(key(&format!("{number:03}")), b"1".to_vec())
                .unwrap()
        });
    });
    let mut old = store.write();
    commit(store, |transaction| {
        for number in (0..300).step_by(3) {
            transaction.delete(key(&format!("{number:03}"))).unwrap();
        }
        transaction.put(key("300"), b"2".to_vec()).unwrap();
    });
    let mut new = store.write();
    for order in [Order::Ascending, Order::Descending] {
        assert_eq!(old.scan(all(), order, usize::MAX).unwrap().len(), 300);
        let rows = new.scan(all(), order, usize::MAX).unwrap();
        assert_eq!(rows.len(), 201);
        let ascending = rows.is_sorted_by(|(a, _), (b, _)| a < b);
        let descending = rows.is_sorted_by(|(a, _), (b, _)| a > b);
        assert!(if order == Order::Ascending {
            ascending
        } else {
            descending
        });
        assert_eq!(new.scan(all(), order, 77).unwrap(), rows[..77]);
    }
}

pub(crate) fn a_scan_stops_at_its_limit(store: &Store) {
    commit(store, |transaction| {
        (0..40).for_each(|number| {
            transaction
                .put(key(&format!("{number:02}")), vec![number])
                .unwrap()
        });
    });
    let mut read = store.read();
    for limit in [0, 1, 15, 16, 17, 39, 40, 41] {
        let rows = read
            .scan(KeyRange::prefix(vec![9]), Order::Descending, limit)
            .unwrap();
        assert_eq!(rows.len(), limit.min(40));
    }
}

pub(crate) fn values_of_every_size_come_back(store: &Store) {
    let sizes = [0, 1, 8 * 1024, 8 * 1024 + 1, 100_000, VALUE_BYTES_MAX];
    let value = |size: usize, salt: usize| (0..size).map(|at| (at * 7 + salt) as u8).collect::<Vec<u8>>();
    // The second round replaces each value by one of another size, the third removes all.
    for round in 0..2 {
        commit(store, |transaction| {
            for (number, _) in sizes.iter().enumerate() {
                let size = sizes[(number + round) % sizes.len()];
                transaction
                    .put(key(&number.to_string()), value(size, round))
                    .unwrap();
            }
        });
        let mut read = store.read();
        let rows = read
            .scan(KeyRange::prefix(vec![9]), Order::Ascending, 99)
            .unwrap();
        assert_eq!(rows.len(), sizes.len());
        for (number, (_, scanned)) in rows.iter().enumerate() {
            let expected = value(sizes[(number + round) % sizes.len()], round);
            assert!(**scanned == expected[..], "round {round}, value {number} scanned");
            let got = read.get(&key(&number.to_string())).unwrap().unwrap();
            assert!(*got == expected[..], "round {round}, value {number} read");
        }
    }
    commit(store, |transaction| {
        (0..sizes.len()).for_each(|number| transaction.delete(key(&number.to_string())).unwrap());
    });
    assert!(
        store
            .read()
            .scan(KeyRange::prefix(vec![9]), Order::Ascending, 99)
            .unwrap()
            .is_empty()
    );
}

pub(crate) fn what_is_too_large_is_refused(store: &Store) {
    let mut transaction = store.write();
    let refused = transaction
        .put(key("a"), vec![0; VALUE_BYTES_MAX + 1])
        .unwrap_err();
    assert!(refused.to_string().contains("VALUE_BYTES_MAX"), "{refused}");
    let refused = transaction
        .put(vec![9; KEY_BYTES_MAX + 1], Vec::new())
        .unwrap_err();
    assert!(refused.to_string().contains("KEY_BYTES_MAX"), "{refused}");
    let refused = (0..99)
        .find_map(|number| transaction.put(vec![9, number], vec![0; VALUE_BYTES_MAX]).err())
        .unwrap();
    assert!(refused.to_string().contains("TRANSACTION_BYTES_MAX"), "{refused}");
}

pub(crate) fn the_rows_of_the_store_cannot_be_written(store: &Store) {
    let refused = store.write().put(vec![0, b's'], Vec::new()).unwrap_err();
    assert!(matches!(refused, StoreError::ReservedKey));
}

pub(crate) fn a_read_transaction_refuses_writes(store: &Store) {
    let mut read = store.read();
    assert!(matches!(
        read.put(key("a"), Vec::new()),
        Err(StoreError::ReadOnly)
    ));
    assert!(matches!(read.delete(key("a")), Err(StoreError::ReadOnly)));
    assert!(matches!(read.add(key("a"), 1), Err(StoreError::ReadOnly)));
    assert!(matches!(
        read.at_commit(Box::new(|_| Ok(()))),
        Err(StoreError::ReadOnly)
    ));
}

fn names(space: &mut dyn KeySpace, range: KeyRange, order: Order, limit: usize) -> Vec<String> {
    let rows = space.scan(range, order, limit).unwrap();
    let name = |key: Vec<u8>| char::from(key[1]);
    rows.into_iter()
        .map(|(key, value)| format!("{}={}", name(key), String::from_utf8_lossy(&value)))
        .collect()
}
