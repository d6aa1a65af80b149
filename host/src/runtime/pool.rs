//! The threads that run plugin calls.
//!
//! A call is synchronous and may take its whole deadline, so calls have threads of their own, a fixed number of them. To
//! keep one plugin from holding them all, each plugin has its own queue and may run only so many calls at a time; queues
//! with work take turns. A full queue refuses at once: waiting longer than the client does helps nobody.
//!
//! Most calls are over in well under a millisecond, and then more threads than processors only get in each other's way. So
//! a thread is woken for a task only while fewer than that run short calls; otherwise the task waits for one of them to be
//! over, or to last: a call that lasts does not count. A thread that is awake goes on as long as there are tasks, whoever
//! else runs.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::config::PluginLimits;

/// Stack of a call thread beyond what a guest may use of it: the host functions' own frames, password hashing included.
const HOST_STACK_BYTES: usize = 1536 * 1024;

/// From when on a call is no short one.
const LASTING: Duration = Duration::from_millis(1);

/// A call, ready to run.
pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// The call threads. They end when the pool is dropped, after the calls they have.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    schedule: Mutex<Schedule>,
    /// One for each thread.
    wake: Vec<Condvar>,
    limits: Limits,
}

struct Limits {
    calls_per_plugin_max: usize,
    queue_per_plugin_max: usize,
    /// While so many short calls run, nobody is woken.
    short_calls_max: usize,
    lasting: Duration,
}

struct Schedule {
    /// Queues that have a waiting task and may run one more, each at most once, in turn.
    ready: VecDeque<Lane>,
    /// Threads that wait. The last one to have run is woken first: what it needs is still in the processor's caches.
    idle: Vec<usize>,
    /// Since when each thread is at its task; of no meaning for those that wait.
    since: Vec<Instant>,
    closed: bool,
}

/// One plugin's queue. Locked only while the schedule is.
#[derive(Clone, Default)]
pub(crate) struct Lane(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Task>,
    running: usize,
    /// Whether the schedule holds this lane.
    is_ready: bool,
}

/// The plugin has as many calls waiting as it may.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Pool {
    /// Starts the threads. Each runs its whole life inside `around`, which must call what it is given. [`Pool::ticker`] must
    /// be called again and again.
    pub(crate) fn start(
        limits: &PluginLimits,
        around: impl Fn(&dyn Fn()) + Send + Sync + 'static,
    ) -> io::Result<Pool> {
        let processors = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Pool::start_with(limits, processors, LASTING, around)
    }

    fn start_with(
        limits: &PluginLimits,
        short_calls_max: usize,
        lasting: Duration,
        around: impl Fn(&dyn Fn()) + Send + Sync + 'static,
    ) -> io::Result<Pool> {
        let threads = limits.call_threads;
        let shared = Arc::new(Shared {
            schedule: Mutex::new(Schedule {
                ready: VecDeque::new(),
                idle: Vec::with_capacity(threads),
                since: vec![Instant::now(); threads],
                closed: false,
            }),
            wake: (0..threads).map(|_| Condvar::new()).collect(),
            limits: Limits {
                calls_per_plugin_max: limits.calls_per_plugin_max,
                queue_per_plugin_max: limits.queue_per_plugin_max,
                short_calls_max,
                lasting,
            },
        });
        let around = Arc::new(around);
        for thread in 0..threads {
            let (shared, around) = (Arc::clone(&shared), Arc::clone(&around));
            thread::Builder::new()
                .name(format!("mooring-call-{thread}"))
                .stack_size(limits.stack_bytes_max + HOST_STACK_BYTES)
                .spawn(move || around(&|| shared.run(thread)))?;
        }
        Ok(Pool { shared })
    }

    /// Queues a task of this lane.
    pub(crate) fn submit(&self, lane: &Lane, task: Task) -> Result<(), Full> {
        let shared = &self.shared;
        let mut schedule = shared.schedule.lock();
        let mut queue = lane.0.lock();
        if queue.waiting.len() >= shared.limits.queue_per_plugin_max {
            return Err(Full);
        }
        queue.waiting.push_back(task);
        shared.limits.line_up(&mut schedule, lane, &mut queue);
        shared.wake_if_needed(&mut schedule, Instant::now());
        Ok(())
    }

    /// Looks whether the calls that run have begun to last while others wait. To be called every few milliseconds: nothing
    /// else notices when no call comes or ends.
    pub(crate) fn ticker(&self) -> impl Fn() + Send + use<> {
        let shared = Arc::clone(&self.shared);
        move || {
            let mut schedule = shared.schedule.lock();
            shared.wake_if_needed(&mut schedule, Instant::now());
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.schedule.lock().closed = true;
        for thread in &self.shared.wake {
            thread.notify_one();
        }
    }
}

impl Shared {
    fn run(&self, thread: usize) {
        let mut finished = None;
        while let Some((lane, task)) = self.next(thread, finished) {
            // The panic hook says where, whoever waits for the task finds it gone, and the thread is needed for others.
            let _ = catch_unwind(AssertUnwindSafe(task));
            finished = Some(lane);
        }
    }

    /// The next task, after one of the lane `finished`.
    fn next(&self, thread: usize, finished: Option<Lane>) -> Option<(Lane, Task)> {
        let mut schedule = self.schedule.lock();
        if let Some(lane) = finished {
            let mut queue = lane.0.lock();
            queue.running -= 1;
            self.limits.line_up(&mut schedule, &lane, &mut queue);
        }
        loop {
            let now = Instant::now();
            if let Some((lane, task)) = self.limits.take(&mut schedule) {
                schedule.since[thread] = now;
                self.wake_if_needed(&mut schedule, now);
                return Some((lane, task));
            }
            if schedule.closed {
                return None;
            }
            schedule.idle.push(thread);
            self.wake[thread].wait_while(&mut schedule, |schedule| {
                !schedule.closed && schedule.idle.contains(&thread)
            });
        }
    }

    /// Wakes a thread if a task waits and too few threads run short calls. When it has taken its task, it wakes the next one.
    fn wake_if_needed(&self, schedule: &mut Schedule, now: Instant) {
        if schedule.ready.is_empty() {
            return;
        }
        let is_short = |since: &Instant| now.saturating_duration_since(*since) < self.limits.lasting;
        let threads = schedule.since.iter().enumerate();
        let short_calls = threads
            .filter(|(thread, since)| is_short(since) && !schedule.idle.contains(thread))
            .count();
        if short_calls < self.limits.short_calls_max
            && let Some(thread) = schedule.idle.pop()
        {
            // It counts from now on, though it has no task yet.
            schedule.since[thread] = now;
            self.wake[thread].notify_one();
        }
    }
}

impl Limits {
    /// Puts the lane at the end of the turn if it has work and may run it.
    fn line_up(&self, schedule: &mut Schedule, lane: &Lane, queue: &mut Queue) {
        if !queue.is_ready && !queue.waiting.is_empty() && queue.running < self.calls_per_plugin_max {
            queue.is_ready = true;
            schedule.ready.push_back(lane.clone());
        }
    }

    /// The first task of the lane whose turn it is.
    fn take(&self, schedule: &mut Schedule) -> Option<(Lane, Task)> {
        let lane = schedule.ready.pop_front()?;
        let mut queue = lane.0.lock();
        queue.is_ready = false;
        queue.running += 1;
        let task = queue
            .waiting
            .pop_front()
            .expect("a lane is ready only while a task waits in it");
        self.line_up(schedule, &lane, &mut queue);
        drop(queue);
        Some((lane, task))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    /// Nothing here takes so long.
    const PATIENCE: Duration = Duration::from_mins(1);

    fn pool(call_threads: usize, calls_per_plugin_max: usize, queue_per_plugin_max: usize) -> Pool {
        let limits = PluginLimits {
            call_threads,
            calls_per_plugin_max,
            queue_per_plugin_max,
            ..PluginLimits::default()
        };
        Pool::start_with(&limits, call_threads, LASTING, |run| run()).unwrap()
    }

    /// Runs one short call at a time.
    fn narrow(call_threads: usize, lasting: Duration) -> Pool {
        let limits = PluginLimits {
            call_threads,
            ..PluginLimits::default()
        };
        let pool = Pool::start_with(&limits, 1, lasting, |run| run()).unwrap();
        // Nobody has to wake a thread that is just starting.
        while pool.shared.schedule.lock().idle.len() < call_threads {
            thread::yield_now();
        }
        pool
    }

    /// Has a task of the lane run until what is returned is dropped.
    fn hold(pool: &Pool, lane: &Lane) -> mpsc::Sender<()> {
        let (started, is_running) = mpsc::channel();
        let (release, hold) = mpsc::channel();
        let task = move || {
            started.send(()).unwrap();
            let _ = hold.recv();
        };
        pool.submit(lane, Box::new(task)).unwrap();
        is_running.recv().unwrap();
        release
    }

    /// Is told when a task of the lane has run.
    fn run_one(pool: &Pool, lane: &Lane) -> mpsc::Receiver<()> {
        let (done, wait) = mpsc::channel();
        pool.submit(lane, Box::new(move || done.send(()).unwrap()))
            .unwrap();
        wait
    }

    #[test]
    fn a_plugin_that_holds_its_share_leaves_threads_to_others() {
        let pool = pool(3, 2, 10);
        let (greedy, modest) = (Lane::default(), Lane::default());
        let (release, hold) = mpsc::channel::<()>();
        let hold = Arc::new(Mutex::new(hold));
        for _ in 0..5 {
            let hold = Arc::clone(&hold);
            pool.submit(&greedy, Box::new(move || _ = hold.lock().recv()))
                .unwrap();
        }
        run_one(&pool, &modest).recv().unwrap();
        drop(release);
    }

    #[test]
    fn a_full_queue_refuses() {
        let pool = pool(1, 1, 2);
        let lane = Lane::default();
        let release = hold(&pool, &lane);
        pool.submit(&lane, Box::new(|| ())).unwrap();
        pool.submit(&lane, Box::new(|| ())).unwrap();
        assert_eq!(pool.submit(&lane, Box::new(|| ())), Err(Full));
        drop(release);
    }

    #[test]
    fn every_task_runs_once() {
        let pool = pool(2, 1, 1000);
        let lanes = [Lane::default(), Lane::default(), Lane::default()];
        let (done, wait) = mpsc::channel();
        for number in 0..300 {
            let done = done.clone();
            pool.submit(&lanes[number % 3], Box::new(move || done.send(number).unwrap()))
                .unwrap();
        }
        drop(done);
        let mut numbers: Vec<usize> = wait.iter().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..300).collect::<Vec<_>>());
    }

    #[test]
    fn a_task_that_panics_costs_no_thread() {
        let pool = pool(1, 1, 10);
        let lane = Lane::default();
        pool.submit(&lane, Box::new(|| panic!("as the test wants it")))
            .unwrap();
        run_one(&pool, &lane).recv_timeout(PATIENCE).unwrap();
    }

    #[test]
    fn short_calls_wait_for_a_processor() {
        let pool = narrow(4, Duration::MAX);
        let running = Arc::new(AtomicUsize::new(0));
        let (done, wait) = mpsc::channel();
        for _ in 0..100 {
            let (running, done) = (Arc::clone(&running), done.clone());
            let task = move || {
                let others = running.fetch_add(1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                done.send(others).unwrap();
            };
            pool.submit(&Lane::default(), Box::new(task)).unwrap();
            pool.ticker()();
        }
        drop(done);
        let others: Vec<usize> = wait.iter().collect();
        assert_eq!(others, [0; 100]);
    }

    #[test]
    fn a_call_that_lasts_holds_up_nobody() {
        let pool = narrow(2, Duration::ZERO);
        let release = hold(&pool, &Lane::default());
        run_one(&pool, &Lane::default()).recv_timeout(PATIENCE).unwrap();
        drop(release);
    }

    #[test]
    fn a_tick_notices_that_a_call_has_begun_to_last() {
        const LONG: Duration = Duration::from_hours(1);
        let pool = narrow(2, LONG);
        let release = hold(&pool, &Lane::default());
        let done = run_one(&pool, &Lane::default());
        pool.ticker()();
        assert_eq!(pool.shared.schedule.lock().idle.len(), 1, "it waits");
        for since in &mut pool.shared.schedule.lock().since {
            *since -= LONG;
        }
        pool.ticker()();
        done.recv_timeout(PATIENCE).unwrap();
        drop(release);
    }
}
