//! Isolation: what concurrent transactions see of each other, and who loses.

use std::thread;

use mooring_store::{CommitError, KeyRange, KeySpace, Order, Store, StoreError, Transaction};

use crate::{commit, key, put, text};

pub(crate) fn a_snapshot_does_not_move(store: &Store) {
    put(store, "a", "1");
    let (mut read, mut write) = (store.read(), store.write());
    put(store, "a", "2");
    put(store, "b", "new");
    for transaction in [&mut read, &mut write] {
        assert_eq!(text(transaction, "a").as_deref(), Some("1"));
        assert_eq!(text(transaction, "b"), None);
        assert_eq!(
            transaction
                .scan(KeyRange::prefix(vec![9]), Order::Ascending, 9)
                .unwrap()
                .len(),
            1
        );
    }
    assert_eq!(text(&mut store.read(), "a").as_deref(), Some("2"));
}

/// More than a transaction keeps of what it reads, looked at twice, with others writing in between.
pub(crate) fn what_was_read_stays_whether_or_not_it_is_kept(store: &Store) {
    let names: Vec<String> = (0..30).map(|number| format!("large {number}")).collect();
    let large = "x".repeat(60_000);
    for name in &names {
        put(store, name, &large);
    }
    let mut reading = store.write();
    for round in ["first", "second"] {
        for name in &names {
            assert_eq!(
                text(&mut reading, name).as_deref(),
                Some(large.as_str()),
                "{round}"
            );
        }
        put(store, &names[0], round);
        put(store, &names[29], round);
    }
    reading.put(key("mine"), b"1".to_vec()).unwrap();
    assert!(matches!(reading.commit(), Err(CommitError::Conflict { .. })));
    // What replaces it is seen by those who begin later, and not by those who began before.
    let mut before = store.write();
    let mut replacing = store.write();
    for name in &names {
        text(&mut replacing, name);
        replacing.put(key(name), b"new".to_vec()).unwrap();
    }
    replacing.commit().unwrap();
    assert_eq!(text(&mut before, &names[1]).as_deref(), Some(large.as_str()));
    assert_eq!(text(&mut before, &names[28]).as_deref(), Some(large.as_str()));
    assert_eq!(text(&mut store.write(), &names[28]).as_deref(), Some("new"));
}

pub(crate) fn a_dropped_transaction_leaves_nothing(store: &Store) {
    let mut transaction = store.write();
    transaction.put(key("a"), b"lost".to_vec()).unwrap();
    drop(transaction);
    assert_eq!(text(&mut store.write(), "a"), None);
    assert_eq!(store.health().transactions, 0);
}

pub(crate) fn a_lost_update_is_refused(store: &Store) {
    put(store, "a", "0");
    let (mut first, mut second) = (store.write(), store.write());
    for transaction in [&mut first, &mut second] {
        text(transaction, "a");
        transaction.put(key("a"), b"mine".to_vec()).unwrap();
    }
    first.commit().unwrap();
    assert_conflict(second, "a");
}

pub(crate) fn write_skew_is_refused(store: &Store) {
    let (mut first, mut second) = (store.write(), store.write());
    text(&mut first, "a");
    text(&mut second, "b");
    first.put(key("b"), b"1".to_vec()).unwrap();
    second.put(key("a"), b"1".to_vec()).unwrap();
    first.commit().unwrap();
    assert_conflict(second, "b");
}

pub(crate) fn a_phantom_is_refused(store: &Store) {
    put(store, "a", "1");
    let mut transaction = store.write();
    let rows = transaction
        .scan(KeyRange::new(key("a"), key("m")), Order::Ascending, 99)
        .unwrap();
    transaction.put(key("sum"), vec![rows.len() as u8]).unwrap();
    put(store, "b", "phantom");
    assert_conflict(transaction, "b");
}

pub(crate) fn what_a_limited_scan_did_not_reach_does_not_conflict(store: &Store) {
    for name in ["a", "b", "c", "d"] {
        put(store, name, "1");
    }
    let range = || KeyRange::new(key("a"), key("z"));
    let begin = |order| {
        let mut transaction = store.write();
        assert_eq!(transaction.scan(range(), order, 2).unwrap().len(), 2);
        transaction.put(key("z"), b"1".to_vec()).unwrap();
        transaction
    };
    let (forward, backward) = (begin(Order::Ascending), begin(Order::Descending));
    put(store, "cc", "behind the first, inside the second");
    forward.commit().unwrap();
    assert_conflict(backward, "cc");
}

pub(crate) fn blind_writes_do_not_conflict(store: &Store) {
    let (mut first, mut second) = (store.write(), store.write());
    first.put(key("a"), b"first".to_vec()).unwrap();
    second.put(key("a"), b"second".to_vec()).unwrap();
    first.commit().unwrap();
    second.commit().unwrap();
    assert_eq!(text(&mut store.write(), "a").as_deref(), Some("second"));
}

pub(crate) fn additions_do_not_conflict(store: &Store) {
    let mut open: Vec<_> = (0..10).map(|_| store.write()).collect();
    for transaction in &mut open {
        transaction.add(key("n"), 3).unwrap();
        transaction.add(key("n"), -1).unwrap();
    }
    for transaction in open {
        transaction.commit().unwrap();
    }
    assert_eq!(store.write().counter(&key("n")).unwrap(), 20);
    commit(store, |transaction| transaction.add(key("n"), -20)).unwrap();
    assert_eq!(
        store.read().get(&key("n")).unwrap(),
        None,
        "a counter of zero has no row"
    );
}

pub(crate) fn a_counter_that_was_read_conflicts(store: &Store) {
    let mut transaction = store.write();
    assert_eq!(transaction.counter(&key("n")).unwrap(), 0);
    transaction.put(key("a"), Vec::new()).unwrap();
    commit(store, |other| other.add(key("n"), 1)).unwrap();
    assert_conflict(transaction, "n");
}

pub(crate) fn additions_mix_with_other_writes(store: &Store) {
    commit(store, |transaction| transaction.add(key("n"), 5)).unwrap();
    commit(store, |transaction| {
        transaction.add(key("n"), 1).unwrap();
        assert_eq!(transaction.counter(&key("n")).unwrap(), 6);
        let rows = transaction
            .scan(KeyRange::prefix(vec![9]), Order::Ascending, 9)
            .unwrap();
        assert_eq!(&*rows[0].1, &6_i64.to_be_bytes());
        transaction.delete(key("n")).unwrap();
        transaction.add(key("n"), 2).unwrap();
        assert_eq!(transaction.counter(&key("n")).unwrap(), 2);
    });
    assert_eq!(store.read().counter(&key("n")).unwrap(), 2);
    put(store, "text", "x");
    let mut transaction = store.write();
    transaction.add(key("text"), 1).unwrap();
    assert!(matches!(
        transaction.commit(),
        Err(CommitError::Store(StoreError::NotACounter { .. }))
    ));
}

pub(crate) fn a_counter_that_overflows_is_refused(store: &Store) {
    commit(store, |transaction| transaction.add(key("n"), i64::MAX)).unwrap();
    let mut transaction = store.write();
    transaction.add(key("n"), 1).unwrap();
    transaction.put(key("a"), b"lost".to_vec()).unwrap();
    assert!(matches!(
        transaction.commit(),
        Err(CommitError::Store(StoreError::CounterOverflow { .. }))
    ));
    assert_eq!(text(&mut store.write(), "a"), None);
}

/// Ten transactions open at the same time append to one chain.
pub(crate) fn at_commit_sees_the_newest_state_and_never_conflicts(store: &Store) {
    let mut open: Vec<_> = (0..10).map(|_| store.write()).collect();
    for (number, transaction) in open.iter_mut().enumerate() {
        transaction
            .put(key("own"), number.to_string().into_bytes())
            .unwrap();
        let work = move |space: &mut dyn KeySpace| {
            let chain = text(space, "chain").unwrap_or_default() + &text(space, "own").unwrap();
            space.put(key("chain"), chain.into_bytes())
        };
        transaction.at_commit(Box::new(work)).unwrap();
    }
    for transaction in open {
        transaction.commit().unwrap();
    }
    assert_eq!(text(&mut store.write(), "chain").as_deref(), Some("0123456789"));
}

pub(crate) fn a_failing_at_commit_leaves_nothing(store: &Store) {
    let mut transaction = store.write();
    transaction.put(key("a"), b"lost".to_vec()).unwrap();
    transaction
        .at_commit(Box::new(|space| space.put(vec![0], Vec::new())))
        .unwrap();
    assert!(matches!(
        transaction.commit(),
        Err(CommitError::Store(StoreError::ReservedKey))
    ));
    assert_eq!(text(&mut store.write(), "a"), None);
}

pub(crate) fn a_doomed_transaction_knows_it(store: &Store) {
    let mut transaction = store.write();
    text(&mut transaction, "a");
    assert!(transaction.is_current());
    put(store, "b", "elsewhere");
    assert!(transaction.is_current());
    put(store, "a", "here");
    assert!(!transaction.is_current());
}

/// Threads move amounts between accounts, again when they lose; readers must see the sum unchanged at every moment.
pub(crate) fn racing_transfers_keep_the_sum(store: &Store) {
    const ACCOUNTS: usize = 4;
    let account = |number: usize| format!("account-{}", number % ACCOUNTS);
    for number in 0..ACCOUNTS {
        put(store, &account(number), "100");
    }
    let balance = |transaction: &mut Transaction, number: usize| -> i64 {
        text(transaction, &account(number)).unwrap().parse().unwrap()
    };
    let transfer = |from: usize, to: usize| {
        loop {
            let mut transaction = store.write();
            let (a, b) = (balance(&mut transaction, from), balance(&mut transaction, to));
            transaction
                .put(key(&account(from)), (a - 1).to_string().into())
                .unwrap();
            transaction
                .put(key(&account(to)), (b + 1).to_string().into())
                .unwrap();
            match transaction.commit() {
                Ok(sequence) => return sequence,
                Err(error) => assert!(error.retryable(), "{error}"),
            }
        }
    };
    thread::scope(|scope| {
        for writer in 0..3_usize {
            scope.spawn(move || {
                for round in 0..100 {
                    let sequence = transfer(writer + round, writer + round + 1);
                    if round % 10 == 9 {
                        store.wait_durable(sequence).unwrap();
                    }
                }
            });
        }
        for begin in [Store::read, Store::write] {
            scope.spawn(move || {
                for _ in 0..100 {
                    let mut transaction = begin(store);
                    let sum: i64 = (0..ACCOUNTS)
                        .map(|number| balance(&mut transaction, number))
                        .sum();
                    assert_eq!(sum, 400);
                    let rows = transaction
                        .scan(KeyRange::prefix(vec![9]), Order::Descending, 9)
                        .unwrap();
                    let sum: i64 = rows
                        .iter()
                        .map(|(_, v)| String::from_utf8_lossy(v).parse::<i64>().unwrap())
                        .sum();
                    assert_eq!(sum, 400, "scanned");
                }
            });
        }
    });
}

fn assert_conflict(transaction: Transaction, name: &str) {
    match transaction.commit() {
        Err(CommitError::Conflict { key: found }) => assert_eq!(found, key(name)),
        other => panic!("expected a conflict on {name}, found {other:?}"),
    }
}
