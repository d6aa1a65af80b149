//! Durable commits per second of the store, against the least that durability can cost: appending the same bytes to a
//! file and syncing it, also in groups.
//!
//! `cargo run --release -p mooring-store --example commit_rate -- [WRITERS] [ROUNDS] [SECONDS] [DIR]`
//!
//! Rounds of both alternate, so that a change of the machine's mood touches both; the medians are compared. Use a
//! directory on the disk that is meant, not a RAM disk.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mooring_store::{KeyBuilder, KeySpace, Options, Store};
use parking_lot::{Condvar, Mutex};

/// What one commit writes.
const VALUE_BYTES: usize = 200;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let writers: usize = arguments.next().map_or(Ok(32), |text| text.parse())?;
    let rounds: usize = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let seconds: f64 = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    let parent = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let dir = tempfile::tempdir_in(parent)?;
    let round = Duration::from_secs_f64(seconds);

    let (mut append_rates, mut store_rates) = (Vec::new(), Vec::new());
    for number in 0..rounds {
        let append = append_round(&dir.path().join(format!("append-{number}")), writers, round)?;
        let store = store_round(&dir.path().join(format!("store-{number}")), writers, round)?;
        println!("round {number}: append+fdatasync {append:8.0}/s   store {store:8.0}/s");
        append_rates.push(append);
        store_rates.push(store);
    }
    let (append, store) = (median(append_rates), median(store_rates));
    println!("{writers} writers, {VALUE_BYTES}-byte values, median of {rounds} rounds");
    println!(
        "append+fdatasync {append:.0}/s, store {store:.0}/s, ratio {:.2}",
        store / append
    );
    Ok(())
}

fn store_round(dir: &Path, writers: usize, round: Duration) -> Outcome<f64> {
    let store = Store::open(dir, Options::default())?;
    let rate = measure(writers, round, |writer, number| {
        let key = KeyBuilder::new(1).number(writer).number(number).build();
        let mut transaction = store.write();
        transaction
            .put(key, vec![b'x'; VALUE_BYTES])
            .expect("the value is small");
        let sequence = transaction
            .commit()
            .expect("nothing was read, so nothing conflicts");
        store.wait_durable(sequence).expect("the disk works");
    });
    store.close()?;
    Ok(rate)
}

fn append_round(path: &Path, writers: usize, round: Duration) -> Outcome<f64> {
    let file = AppendFile::create(path)?;
    let rate = measure(writers, round, |writer, number| {
        let mut bytes = KeyBuilder::new(1).number(writer).number(number).build();
        bytes.resize(bytes.len() + VALUE_BYTES, b'x');
        file.append(&bytes);
    });
    file.close();
    Ok(rate)
}

/// Runs `commit` in a loop on each of `writers` threads for the given time; the rate of all together.
fn measure(writers: usize, round: Duration, commit: impl Fn(u64, u64) + Sync) -> f64 {
    let (stop, commits) = (AtomicBool::new(false), AtomicU64::new(0));
    let begin = Instant::now();
    thread::scope(|scope| {
        for writer in 0..writers as u64 {
            let (stop, commits, commit) = (&stop, &commits, &commit);
            scope.spawn(move || {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    commit(writer, number);
                    number += 1;
                }
                commits.fetch_add(number, Ordering::Relaxed);
            });
        }
        thread::sleep(round);
        stop.store(true, Ordering::Relaxed);
    });
    commits.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Plain group commit: one thread writes what has gathered, syncs, and lets the waiting go.
struct AppendFile {
    shared: Arc<Shared>,
    thread: thread::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    done: Condvar,
}

#[derive(Default)]
struct State {
    gathered: Vec<u8>,
    appended: u64,
    durable: u64,
    closed: bool,
}

impl AppendFile {
    fn create(path: &Path) -> Outcome<AppendFile> {
        let mut file = File::create(path)?;
        let shared = Arc::new(Shared::default());
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let mut state = shared.state.lock();
                loop {
                    while state.gathered.is_empty() {
                        if state.closed {
                            return;
                        }
                        shared.work.wait(&mut state);
                    }
                    let (bytes, appended) = (std::mem::take(&mut state.gathered), state.appended);
                    drop(state);
                    file.write_all(&bytes)
                        .and_then(|()| file.sync_data())
                        .expect("the disk works");
                    state = shared.state.lock();
                    state.durable = appended;
                    shared.done.notify_all();
                }
            }
        });
        Ok(AppendFile { shared, thread })
    }

    fn append(&self, bytes: &[u8]) {
        let mut state = self.shared.state.lock();
        state.gathered.extend_from_slice(bytes);
        state.appended += 1;
        let mine = state.appended;
        self.shared.work.notify_one();
        while state.durable < mine {
            self.shared.done.wait(&mut state);
        }
    }

    fn close(self) {
        self.shared.state.lock().closed = true;
        self.shared.work.notify_one();
        self.thread.join().expect("the appending thread does not panic");
    }
}
