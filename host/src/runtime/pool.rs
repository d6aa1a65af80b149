//! The threads that run plugin calls.
//!
//! A call is synchronous and may take its whole deadline, so calls have threads of their own, a fixed number of them. To
//! keep one plugin from holding them all, each plugin has its own queue and may run only so many calls at a time; queues
//! with work take turns. A full queue refuses at once: waiting longer than the client does helps nobody.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};

use crate::config::PluginLimits;

/// Stack of a call thread beyond what a guest may use of it: the host functions' own frames, password hashing included.
const HOST_STACK_BYTES: usize = 1536 * 1024;

/// A call, ready to run.
pub(crate) type Task = Box<dyn FnOnce() + Send>;

/// The call threads. They end when the pool is dropped, after the calls they have.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    schedule: Mutex<Schedule>,
    work: Condvar,
    calls_per_plugin_max: usize,
    queue_per_plugin_max: usize,
}

#[derive(Default)]
struct Schedule {
    /// Queues that have a waiting task and may run one more, each at most once, in turn.
    ready: VecDeque<Lane>,
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
    /// Starts the threads. Each runs its whole life inside `around`, which must call what it is given.
    pub(crate) fn start(
        limits: &PluginLimits,
        around: impl Fn(&dyn Fn()) + Send + Sync + 'static,
    ) -> io::Result<Pool> {
        let shared = Arc::new(Shared {
            schedule: Mutex::default(),
            work: Condvar::new(),
            calls_per_plugin_max: limits.calls_per_plugin_max,
            queue_per_plugin_max: limits.queue_per_plugin_max,
        });
        let around = Arc::new(around);
        for index in 0..limits.call_threads {
            let (shared, around) = (Arc::clone(&shared), Arc::clone(&around));
            thread::Builder::new()
                .name(format!("mooring-call-{index}"))
                .stack_size(limits.stack_bytes_max + HOST_STACK_BYTES)
                .spawn(move || around(&|| shared.run()))?;
        }
        Ok(Pool { shared })
    }

    /// Queues a task of this lane.
    pub(crate) fn submit(&self, lane: &Lane, task: Task) -> Result<(), Full> {
        let mut schedule = self.shared.schedule.lock();
        let mut queue = lane.0.lock();
        if queue.waiting.len() >= self.shared.queue_per_plugin_max {
            return Err(Full);
        }
        queue.waiting.push_back(task);
        self.shared.offer(&mut schedule, lane, &mut queue);
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.schedule.lock().closed = true;
        self.shared.work.notify_all();
    }
}

impl Shared {
    fn run(&self) {
        while let Some((lane, task)) = self.next() {
            task();
            self.finished(&lane);
        }
    }

    fn next(&self) -> Option<(Lane, Task)> {
        let mut schedule = self.schedule.lock();
        loop {
            if let Some(lane) = schedule.ready.pop_front() {
                let mut queue = lane.0.lock();
                queue.is_ready = false;
                queue.running += 1;
                let task = queue
                    .waiting
                    .pop_front()
                    .expect("a lane is ready only while a task waits in it");
                self.offer(&mut schedule, &lane, &mut queue);
                drop(queue);
                return Some((lane, task));
            }
            if schedule.closed {
                return None;
            }
            self.work.wait(&mut schedule);
        }
    }

    fn finished(&self, lane: &Lane) {
        let mut schedule = self.schedule.lock();
        let mut queue = lane.0.lock();
        queue.running -= 1;
        self.offer(&mut schedule, lane, &mut queue);
    }

    /// Puts the lane at the end of the turn if it has work and may run it.
    fn offer(&self, schedule: &mut Schedule, lane: &Lane, queue: &mut Queue) {
        if !queue.is_ready && !queue.waiting.is_empty() && queue.running < self.calls_per_plugin_max {
            queue.is_ready = true;
            schedule.ready.push_back(lane.clone());
            self.work.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn pool(call_threads: usize, calls_per_plugin_max: usize, queue_per_plugin_max: usize) -> Pool {
        let limits = PluginLimits {
            call_threads,
            calls_per_plugin_max,
            queue_per_plugin_max,
            ..PluginLimits::default()
        };
        Pool::start(&limits, |run| run()).unwrap()
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
        let (done, wait) = mpsc::channel();
        pool.submit(&modest, Box::new(move || done.send(()).unwrap()))
            .unwrap();
        wait.recv().unwrap();
        drop(release);
    }

    #[test]
    fn a_full_queue_refuses() {
        let pool = pool(1, 1, 2);
        let lane = Lane::default();
        let (started, is_running) = mpsc::channel();
        let (release, hold) = mpsc::channel::<()>();
        pool.submit(
            &lane,
            Box::new(move || {
                started.send(()).unwrap();
                let _ = hold.recv();
            }),
        )
        .unwrap();
        is_running.recv().unwrap();
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
}
