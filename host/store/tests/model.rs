//! Random interleaved transactions against the simplest thing that can be right: a map, changed by one transaction after
//! the other in the order of their sequences.
//!
//! Checked at every step: what a transaction reads is its snapshot with its own writes on top. Checked at every commit:
//! had it run alone at that place in the order, it would have read the same. Checked at the end: store and map are equal,
//! on a disk also after opening again. Some transactions are kept open for long, so that old versions matter.

#![allow(clippy::unwrap_used, reason = "a failure to unwrap is a failure of the test")]

use std::collections::BTreeMap;

use mooring_store::{
    CommitError, Key, KeyBuilder, KeyRange, KeySpace, Options, Order, Sequence, Store, Transaction,
};
use proptest::prelude::*;

/// Transactions open at the same time.
const SLOTS: usize = 4;

const TAG: u8 = 9;

type Rows = BTreeMap<Key, Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Begin { slot: usize, read_only: bool },
    Do { slot: usize, work: Work },
    Commit { slot: usize },
    Drop { slot: usize },
    Sync,
}

#[derive(Clone, Debug)]
enum Work {
    Get(u8),
    Scan {
        from: u8,
        to: u8,
        order: Order,
        limit: usize,
    },
    Counter(u8),
    Put(u8, u8),
    Delete(u8),
    Add(u8, i8),
    /// Sets or empties a slot of a packed row.
    SetSlot(u8, u8, Option<u8>),
    /// Appends a byte to a row inside the commit.
    Append(u8),
}

/// What a piece of work read.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Nothing,
    Value(Option<Vec<u8>>),
    Rows(Vec<(Key, Vec<u8>)>),
    Number(i64),
}

fn row(number: u8) -> Key {
    KeyBuilder::new(TAG).byte(number).build()
}

/// Counters lie between the rows, so that scans meet both.
fn counter(number: u8) -> Key {
    KeyBuilder::new(TAG).byte(number).byte(1).build()
}

/// Packed rows lie between the rows too.
fn packed(number: u8) -> Key {
    KeyBuilder::new(TAG).byte(number).byte(2).build()
}

fn chain() -> Key {
    KeyBuilder::new(TAG).byte(200).build()
}

fn work() -> impl Strategy<Value = Work> {
    let number = 0_u8..6;
    let order = prop_oneof![Just(Order::Ascending), Just(Order::Descending)];
    prop_oneof![
        3 => number.clone().prop_map(Work::Get),
        2 => (number.clone(), 0_u8..8, order, 0_usize..6)
            .prop_map(|(from, to, order, limit)| Work::Scan { from, to, order, limit }),
        1 => number.clone().prop_map(Work::Counter),
        4 => (number.clone(), any::<u8>()).prop_map(|(key, value)| Work::Put(key, value)),
        2 => number.clone().prop_map(Work::Delete),
        3 => (number.clone(), -2_i8..3).prop_map(|(key, delta)| Work::Add(key, delta)),
        3 => (number, 0_u8..3, any::<Option<u8>>())
            .prop_map(|(key, slot, value)| Work::SetSlot(key, slot, value)),
        1 => any::<u8>().prop_map(Work::Append),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let slot = 0..SLOTS;
    prop_oneof![
        2 => (slot.clone(), prop::bool::weighted(0.25))
            .prop_map(|(slot, read_only)| Step::Begin { slot, read_only }),
        12 => (slot.clone(), work()).prop_map(|(slot, work)| Step::Do { slot, work }),
        4 => slot.clone().prop_map(|slot| Step::Commit { slot }),
        1 => slot.prop_map(|slot| Step::Drop { slot }),
        1 => Just(Step::Sync),
    ]
}

/// An open transaction, and what it has done so far.
struct Open {
    transaction: Transaction,
    read_only: bool,
    /// The snapshot with its own writes on top.
    view: Rows,
    done: Vec<(Work, Seen)>,
}

/// The store under test and the truth about it.
struct Model<'s> {
    store: &'s Store,
    /// The rows after each commit.
    history: BTreeMap<Sequence, Rows>,
    slots: [Option<Open>; SLOTS],
}

impl Model<'_> {
    fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Begin { slot, read_only } => {
                let transaction = if read_only {
                    self.store.read()
                } else {
                    self.store.write()
                };
                let (_, view) = self
                    .history
                    .range(..=transaction.snapshot())
                    .next_back()
                    .expect("the first state");
                let view = view.clone();
                self.slots[slot] = Some(Open {
                    transaction,
                    read_only,
                    view,
                    done: Vec::new(),
                });
            }
            Step::Do { slot, work } => {
                let Some(open) = &mut self.slots[slot] else {
                    return Ok(());
                };
                if open.read_only && !matches!(work, Work::Get(_) | Work::Scan { .. } | Work::Counter(_)) {
                    return Ok(());
                }
                let seen = perform(&mut open.transaction, &work);
                let expected = simulate(&mut open.view, &work);
                prop_assert_eq!(
                    &seen,
                    &expected,
                    "{:?} at {:?}",
                    work,
                    open.transaction.snapshot()
                );
                open.done.push((work, seen));
            }
            Step::Commit { slot } => {
                if let Some(open) = self.slots[slot].take() {
                    self.commit(open)?;
                }
            }
            Step::Drop { slot } => self.slots[slot] = None,
            Step::Sync => self
                .store
                .wait_durable(self.store.applied())
                .expect("the disk works"),
        }
        Ok(())
    }

    fn commit(&mut self, open: Open) -> Result<(), TestCaseError> {
        let (snapshot, dirty) = (open.transaction.snapshot(), open.transaction.is_dirty());
        let (newest, current) = self.history.last_key_value().expect("the first state");
        let (newest, current) = (*newest, current.clone());
        match open.transaction.commit() {
            Ok(sequence) if !dirty => prop_assert_eq!(sequence, snapshot),
            Ok(sequence) => {
                prop_assert!(sequence > newest);
                let rows = replay(current, open.done)?;
                self.history.insert(sequence, rows);
            }
            Err(CommitError::Conflict { .. }) => {
                prop_assert!(
                    snapshot < newest,
                    "a conflict although nothing was committed since"
                );
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
        Ok(())
    }

    fn rows(&self) -> &Rows {
        self.history.last_key_value().expect("the first state").1
    }
}

/// Runs the work of a transaction on its own, at its place in the order.
fn replay(mut rows: Rows, done: Vec<(Work, Seen)>) -> Result<Rows, TestCaseError> {
    for (work, seen) in &done {
        prop_assert_eq!(&simulate(&mut rows, work), seen, "not serialisable: {:?}", work);
    }
    for (work, _) in done {
        if let Work::Append(byte) = work {
            rows.entry(chain()).or_default().push(byte);
        }
    }
    Ok(rows)
}

fn perform(transaction: &mut Transaction, work: &Work) -> Seen {
    match *work {
        Work::Get(number) => Seen::Value(transaction.get(&row(number)).unwrap().map(|value| value.to_vec())),
        Work::Scan {
            from,
            to,
            order,
            limit,
        } => {
            let rows = transaction
                .scan(KeyRange::new(row(from), row(to)), order, limit)
                .unwrap();
            Seen::Rows(
                rows.into_iter()
                    .map(|(key, value)| (key, value.to_vec()))
                    .collect(),
            )
        }
        Work::Counter(number) => Seen::Number(transaction.counter(&counter(number)).unwrap()),
        Work::Put(number, value) => nothing(transaction.put(row(number), vec![value])),
        Work::Delete(number) => nothing(transaction.delete(row(number))),
        Work::Add(number, delta) => nothing(transaction.add(counter(number), i64::from(delta))),
        Work::SetSlot(number, slot, value) => {
            nothing(transaction.set_slot(packed(number), slot, value.map(|byte| vec![byte])))
        }
        Work::Append(byte) => nothing(transaction.at_commit(Box::new(move |space| {
            let mut bytes = space.get(&chain())?.map_or_else(Vec::new, |value| value.to_vec());
            bytes.push(byte);
            space.put(chain(), bytes)
        }))),
    }
}

fn simulate(rows: &mut Rows, work: &Work) -> Seen {
    match *work {
        Work::Get(number) => return Seen::Value(rows.get(&row(number)).cloned()),
        Work::Scan {
            from,
            to,
            order,
            limit,
        } => {
            let range = KeyRange::new(row(from), row(to));
            let mut found: Vec<_> = rows
                .iter()
                .filter(|(key, _)| range.contains(key))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            if order == Order::Descending {
                found.reverse();
            }
            found.truncate(limit);
            return Seen::Rows(found);
        }
        Work::Counter(number) => return Seen::Number(number_in(rows, number)),
        Work::Put(number, value) => {
            rows.insert(row(number), vec![value]);
        }
        Work::Delete(number) => {
            rows.remove(&row(number));
        }
        Work::Add(number, delta) => match number_in(rows, number) + i64::from(delta) {
            0 => {
                rows.remove(&counter(number));
            }
            sum => {
                rows.insert(counter(number), sum.to_be_bytes().to_vec());
            }
        },
        Work::SetSlot(number, slot, value) => {
            let mut row = rows.remove(&packed(number)).unwrap_or_default();
            // Each slot is its number, the length 1 in two bytes, and the byte.
            let mut slots: BTreeMap<u8, u8> = row.chunks(4).map(|slot| (slot[0], slot[3])).collect();
            match value {
                Some(byte) => slots.insert(slot, byte),
                None => slots.remove(&slot),
            };
            row = slots
                .into_iter()
                .flat_map(|(slot, byte)| [slot, 0, 1, byte])
                .collect();
            if !row.is_empty() {
                rows.insert(packed(number), row);
            }
        }
        Work::Append(_) => {}
    }
    Seen::Nothing
}

fn number_in(rows: &Rows, number: u8) -> i64 {
    rows.get(&counter(number))
        .map_or(0, |bytes| i64::from_be_bytes(bytes[..].try_into().unwrap()))
}

fn nothing(result: Result<(), mooring_store::StoreError>) -> Seen {
    result.unwrap();
    Seen::Nothing
}

fn check(store: &Store, steps: Vec<Step>) -> Result<Rows, TestCaseError> {
    let mut model = Model {
        store,
        history: BTreeMap::from([(store.applied(), Rows::new())]),
        slots: std::array::from_fn(|_| None),
    };
    for step in steps {
        model.step(step)?;
    }
    prop_assert_eq!(&all_rows(store), model.rows());
    let rows = model.rows().clone();
    drop(model);
    store.wait_durable(store.applied()).expect("the disk works");
    // The syncer forgets old versions a moment after it has announced the barrier; ending a transaction does it at once.
    drop(store.read());
    prop_assert_eq!(store.health().versions, 0);
    Ok(rows)
}

fn all_rows(store: &Store) -> Rows {
    let rows = store
        .write()
        .scan(KeyRange::prefix(vec![TAG]), Order::Ascending, usize::MAX)
        .unwrap();
    rows.into_iter()
        .map(|(key, value)| (key, value.to_vec()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn in_memory_every_history_is_serial(steps in prop::collection::vec(step(), 1..120)) {
        check(&Store::in_memory(), steps)?;
    }
}

proptest! {
    // Each case creates and opens a database, which costs some barriers.
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn on_disk_every_history_is_serial(steps in prop::collection::vec(step(), 1..200)) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Options::default()).unwrap();
        let rows = check(&store, steps)?;
        drop(store);
        let store = Store::open(dir.path(), Options::default()).unwrap();
        prop_assert_eq!(all_rows(&store), rows);
    }
}
