//! What the child does to the database, and how to tell afterwards whether all of it is there.
//!
//! Each thread runs transactions numbered from 0. Transaction `n` of a thread writes its own row, counts itself in two
//! counters, moves an amount between two accounts that all threads share, and removes the thread's row `n - ROWS_KEPT`,
//! so that the log is reused. It also writes down an ordinal that it drew. All of that stands or falls together, and every part
//! of it but the ordinal can be computed from the numbers alone. Some rows are large, some transactions too large to be applied at once.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use mooring_store::{
    CommitError, Key, KeyBuilder, KeyRange, KeySpace, Options, Order, Sequence, Store, StoreError,
};

use crate::image::Random;
use crate::trace::{OPENED, ack, record};

const THREADS: u32 = 4;
const TRANSACTIONS: u32 = 900;
const ROWS_KEPT: u32 = 100;
const ACCOUNTS: u64 = 5;

/// A thread waits for the disk after this many commits, so that groups are larger than the number of threads, and some are
/// written while a barrier is awaited.
const ACK_EVERY: u32 = 16;

const ROW: u8 = 1;
const COUNT: u8 = 2;
const ACCOUNT: u8 = 3;
const ORDINAL: u8 = 4;

/// The sequence from which ordinals are drawn.
const ORDINALS: &[u8] = b"o";

pub(crate) struct Arguments {
    pub(crate) dir: PathBuf,
    pub(crate) phase: u32,
    pub(crate) acks: PathBuf,
    /// Run until killed.
    pub(crate) forever: bool,
}

impl Arguments {
    pub(crate) fn put_in_environment(&self, command: &mut Command) {
        command
            .env("MOORING_WORKLOAD_DIR", &self.dir)
            .env("MOORING_WORKLOAD_PHASE", self.phase.to_string())
            .env("MOORING_WORKLOAD_ACKS", &self.acks)
            .env("MOORING_WORKLOAD_FOREVER", self.forever.to_string());
    }

    pub(crate) fn from_environment() -> Option<Arguments> {
        let text = |name: &str| std::env::var(name).expect("set together with the directory");
        Some(Arguments {
            dir: std::env::var_os("MOORING_WORKLOAD_DIR")?.into(),
            phase: text("MOORING_WORKLOAD_PHASE").parse().expect("a number"),
            acks: text("MOORING_WORKLOAD_ACKS").into(),
            forever: text("MOORING_WORKLOAD_FOREVER").parse().expect("true or false"),
        })
    }
}

/// Where the child keeps copies of the database's small files.
pub(crate) fn opened_files(dir: &Path, phase: u32) -> PathBuf {
    dir.join(format!("opened-{phase}"))
}

pub(crate) fn run(arguments: &Arguments) {
    let dir = arguments.dir.join("store");
    let store = Store::open(&dir, Options::default()).expect("the database opens");
    copy_small_files(&dir, &opened_files(&arguments.dir, arguments.phase));
    let acks = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&arguments.acks)
        .expect("a writable file");
    say(&acks, &record(OPENED, 0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, acks) = (&store, &acks);
            scope.spawn(move || {
                let first = next_number(store, thread).expect("a readable counter");
                let end = if arguments.forever {
                    u32::MAX
                } else {
                    first + TRANSACTIONS
                };
                for number in first..end {
                    let sequence = transact(store, thread, number);
                    if number % ACK_EVERY == 0 {
                        store.wait_durable(sequence).expect("the disk works");
                        say(acks, &ack(thread, number));
                    }
                }
            });
        }
    });
    store.close().expect("the disk works");
}

/// Opens the database and checks everything. Gives the number of transactions that had been acknowledged.
pub(crate) fn verify(dir: &Path, acknowledged: &BTreeMap<u32, u32>) -> Result<u64, String> {
    // The reasons are in the result; a page of backtrace for each of them helps nobody.
    let opened = catch_unwind(AssertUnwindSafe(|| Store::open(dir, Options::default())));
    let store = opened
        .map_err(|_| "opening panicked")?
        .map_err(|error| format!("refused to open: {error}"))?;
    let checked = check(&store, acknowledged).map_err(|error| error.to_string())?;
    store.close().map_err(|error| error.to_string())?;
    checked
}

fn check(store: &Store, acknowledged: &BTreeMap<u32, u32>) -> Result<Result<u64, String>, StoreError> {
    let mut read = store.read();
    let (mut total, mut confirmed) = (0, 0);
    let mut balances = vec![0_i64; ACCOUNTS as usize];
    for thread in 0..THREADS {
        let next = next_number(store, thread)?;
        let promised = acknowledged.get(&thread).map_or(0, |last| last + 1);
        if next < promised {
            return Ok(Err(format!(
                "thread {thread} has {next} transactions, {promised} were acknowledged"
            )));
        }
        let rows = read.scan(KeyRange::prefix(row_prefix(thread)), Order::Ascending, usize::MAX)?;
        let kept: Vec<Key> = (next.saturating_sub(ROWS_KEPT)..next)
            .map(|number| row(thread, number))
            .collect();
        if !rows.iter().map(|(key, _)| key).eq(kept.iter()) {
            return Ok(Err(format!(
                "thread {thread} has {} rows, not its last {}",
                rows.len(),
                kept.len()
            )));
        }
        for ((_, found), number) in rows.iter().zip(next.saturating_sub(ROWS_KEPT)..) {
            if **found != value(thread, number)[..] {
                return Ok(Err(format!(
                    "row {number} of thread {thread} has another content"
                )));
            }
        }
        for number in 0..next {
            let (from, to, amount) = transfer(thread, number);
            balances[from as usize] -= amount;
            balances[to as usize] += amount;
        }
        total += i64::from(next);
        confirmed += u64::from(promised);
    }
    if read.counter(&count(None))? != total {
        return Ok(Err(
            "the counter of all transactions differs from those of the threads".into(),
        ));
    }
    for (number, expected) in (0..).zip(balances) {
        let found = balance(&mut read, number)?;
        if found != expected {
            return Ok(Err(format!(
                "account {number} holds {found}, its transfers add up to {expected}"
            )));
        }
    }
    let next_ordinal = store.next_ordinal(ORDINALS)?;
    for thread in 0..THREADS {
        let key = ordinal_key(thread);
        let last = read.get(&key)?.map_or(0, |bytes| u64_of(&bytes));
        if last >= next_ordinal {
            return Ok(Err(format!(
                "the ordinal {next_ordinal} was drawn, and thread {thread} has {last}"
            )));
        }
    }
    Ok(Ok(confirmed))
}

fn transact(store: &Store, thread: u32, number: u32) -> Sequence {
    loop {
        match try_transact(store, thread, number) {
            Ok(sequence) => return sequence,
            Err(error) => assert!(error.retryable(), "{error:?}"),
        }
    }
}

fn try_transact(store: &Store, thread: u32, number: u32) -> Result<Sequence, CommitError> {
    let mut transaction = store.write();
    transaction.put(row(thread, number), value(thread, number))?;
    if let Some(old) = number.checked_sub(ROWS_KEPT) {
        transaction.delete(row(thread, old))?;
    }
    transaction.add(count(Some(thread)), 1)?;
    transaction.add(count(None), 1)?;
    let ordinal = store.next_ordinal(ORDINALS)?;
    transaction.put(ordinal_key(thread), ordinal.to_be_bytes().to_vec())?;
    let (from, to, amount) = transfer(thread, number);
    for (account, delta) in [(from, -amount), (to, amount)] {
        let balance = balance(&mut transaction, account)?;
        transaction.put(account_key(account), (balance + delta).to_string().into_bytes())?;
    }
    transaction.commit()
}

fn balance(space: &mut dyn KeySpace, number: u64) -> Result<i64, StoreError> {
    let key = account_key(number);
    let Some(text) = space.get(&key)? else {
        return Ok(0);
    };
    let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
    number.ok_or(StoreError::Corrupt {
        key,
        reason: "not a balance".into(),
    })
}

fn next_number(store: &Store, thread: u32) -> Result<u32, StoreError> {
    store
        .read()
        .counter(&count(Some(thread)))
        .map(|count| count as u32)
}

/// Everything about a transaction follows from its thread and number.
fn random_of(thread: u32, number: u32) -> Random {
    Random::new(u64::from(thread) << 32 | u64::from(number))
}

fn transfer(thread: u32, number: u32) -> (u64, u64, i64) {
    let mut random = random_of(thread, number);
    let from = random.below(ACCOUNTS);
    (
        from,
        (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS,
        1 + random.below(100) as i64,
    )
}

fn value(thread: u32, number: u32) -> Vec<u8> {
    let mut random = random_of(thread, number);
    let bytes = match random.below(400) {
        0 => 700_000,
        1..20 => 20_000,
        _ => random.below(1500) as usize,
    };
    (0..bytes.div_ceil(8))
        .flat_map(|_| random.next().to_be_bytes())
        .take(bytes)
        .collect()
}

fn row_prefix(thread: u32) -> Key {
    KeyBuilder::new(ROW).number(thread.into()).build()
}

fn row(thread: u32, number: u32) -> Key {
    KeyBuilder::from_prefix(&row_prefix(thread))
        .number(number.into())
        .build()
}

fn count(thread: Option<u32>) -> Key {
    KeyBuilder::new(COUNT)
        .number(thread.map_or(u64::MAX, u64::from))
        .build()
}

fn ordinal_key(thread: u32) -> Key {
    KeyBuilder::new(ORDINAL).number(thread.into()).build()
}

fn u64_of(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().expect("eight bytes"))
}

fn account_key(number: u64) -> Key {
    KeyBuilder::new(ACCOUNT).number(number).build()
}

/// The engine changes these while it opens, and syncs them then; later only the database file matters.
fn copy_small_files(store: &Path, copies: &Path) {
    fs::create_dir_all(copies).expect("a writable directory");
    let engine = fs::read_dir(store.join("engine")).expect("the engine's folder");
    let mut files: Vec<PathBuf> = engine
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.retain(|path| path.is_file() && path.file_name().is_some_and(|name| name != "db"));
    files.push(store.join("SENTINEL"));
    for file in files {
        fs::copy(&file, copies.join(file.file_name().expect("a file's name"))).expect("a writable directory");
    }
}

fn say(mut acks: &File, record: &[u8]) {
    let written = acks.write(record).expect("a writable file");
    assert_eq!(written, record.len(), "a record is written in one go");
}
