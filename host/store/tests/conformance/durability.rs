//! What is durable when, and what is forgotten when. The failing disk is in `tests/failures.rs`.

use std::collections::BTreeSet;
use std::thread;

use mooring_store::limits::ORDINAL_BLOCK_MAX;
use mooring_store::{CommitError, KeySpace, Store, StoreError};

use crate::{commit, key, put, text};

pub(crate) fn a_reader_sees_only_what_is_durable(store: &Store) {
    for number in 0..50 {
        let mut transaction = store.write();
        transaction.put(key("a"), number.to_string().into()).unwrap();
        let sequence = transaction.commit().unwrap();
        let read = store.read();
        assert!(read.snapshot() <= store.health().durable);
        store.wait_durable(sequence).unwrap();
        let mut read = store.read();
        assert!(read.snapshot() >= sequence);
        assert_eq!(text(&mut read, "a"), Some(number.to_string()));
    }
}

pub(crate) fn commits_are_durable_in_order(store: &Store) {
    let mut before = store.applied();
    for _ in 0..10 {
        let mut transaction = store.write();
        transaction.put(key("a"), Vec::new()).unwrap();
        let sequence = transaction.commit().unwrap();
        assert!(sequence > before);
        before = sequence;
    }
    store.wait_durable(before).unwrap();
    assert_eq!(store.health().durable, store.applied());
    assert_eq!(store.health().pending_bytes, 0);
}

pub(crate) fn a_task_can_wait(store: &Store) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for _ in 0..20 {
            let mut transaction = store.write();
            transaction.add(key("n"), 1).unwrap();
            store.durable(transaction.commit().unwrap()).await.unwrap();
        }
    });
    assert_eq!(store.read().counter(&key("n")).unwrap(), 20);
}

pub(crate) fn old_versions_are_forgotten(store: &Store) {
    put(store, "a", "0");
    let mut old = store.read();
    for number in 1..=20 {
        put(store, "a", &number.to_string());
    }
    assert!(store.health().versions >= 20);
    assert_eq!(text(&mut old, "a").as_deref(), Some("0"));
    drop(old);
    assert_eq!(store.health().versions, 0);
    assert_eq!(text(&mut store.read(), "a").as_deref(), Some("20"));
}

pub(crate) fn an_empty_commit_gives_the_snapshot(store: &Store) {
    put(store, "a", "1");
    let mut transaction = store.write();
    text(&mut transaction, "a");
    put(store, "a", "2");
    let snapshot = transaction.snapshot();
    assert_eq!(
        transaction.commit().unwrap(),
        snapshot,
        "reading alone cannot lose"
    );
}

pub(crate) fn a_closed_store_refuses_commits(store: &Store) {
    put(store, "a", "1");
    let mut transaction = store.write();
    transaction.put(key("a"), b"2".to_vec()).unwrap();
    store.close().unwrap();
    store.close().unwrap();
    assert!(matches!(
        transaction.commit(),
        Err(CommitError::Store(StoreError::Closed))
    ));
    assert_eq!(text(&mut store.read(), "a").as_deref(), Some("1"));
    assert!(matches!(store.health().stopped, Some(StoreError::Closed)));
}

pub(crate) fn ordinals_are_unique_across_threads(store: &Store) {
    // Through blocks of every size.
    let count = ORDINAL_BLOCK_MAX;
    let drawn: Vec<u64> = thread::scope(|scope| {
        let draw = || {
            (0..count)
                .map(|_| store.next_ordinal(b"s").unwrap())
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(draw)).collect();
        threads
            .into_iter()
            .flat_map(|thread| {
                let numbers = thread.join().unwrap();
                assert!(numbers.is_sorted());
                numbers
            })
            .collect()
    });
    let distinct: BTreeSet<u64> = drawn.iter().copied().collect();
    assert_eq!(distinct, (1..=count * 3).collect(), "no gap without a restart");
    assert_eq!(store.next_ordinal(b"other").unwrap(), 1);
    commit(store, |_| ());
}
