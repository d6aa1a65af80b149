//! Wakes the runner of jobs, when it would come too late by itself.
//!
//! Nearly every payment schedules the job that ends it minutes later. If each of them woke the runner, it would look at the
//! store for nothing as often as payments are made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mooring_core::time::Timestamp;
use tokio::sync::Notify;

/// Shared by the one who looks at what is due and by those who schedule.
pub(super) struct Alarm {
    /// When the runner looks by itself, in milliseconds. As late as can be while it is looking: it may have seen what is
    /// scheduled meanwhile, or not.
    looks_at: AtomicU64,
    rung: Notify,
}

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm {
            looks_at: AtomicU64::new(u64::MAX),
            rung: Notify::new(),
        }
    }
}

impl Alarm {
    /// To be called before the runner looks.
    pub(super) fn looking(&self) {
        self.looks_at.store(u64::MAX, Ordering::SeqCst);
    }

    /// Waits until it is worth looking again: after `pause`, or when it rings. What rang since [`Alarm::looking`] counts.
    pub(super) async fn wait(&self, pause: Duration) {
        let looks_at = Timestamp::now().after(pause);
        self.looks_at.store(looks_at.millis(), Ordering::SeqCst);
        tokio::select! {
            () = self.rung.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }

    /// Wakes the runner if it would look after `due` only. To be called when what is due then can be seen in the store.
    pub(super) fn ring_for(&self, due: Timestamp) {
        if due.millis() < self.looks_at.load(Ordering::SeqCst) {
            self.ring();
        }
    }

    /// Wakes the runner.
    pub(super) fn ring(&self) {
        self.rung.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn after(pause: Duration) -> Timestamp {
        Timestamp::now().after(pause)
    }

    /// A runner that waits for an hour from now on.
    async fn waiting(alarm: &Arc<Alarm>) -> tokio::task::JoinHandle<()> {
        alarm.looking();
        let runner = tokio::spawn({
            let alarm = Arc::clone(alarm);
            async move { alarm.wait(HOUR).await }
        });
        while alarm.looks_at.load(Ordering::SeqCst) == u64::MAX {
            tokio::task::yield_now().await;
        }
        runner
    }

    #[tokio::test]
    async fn what_is_due_after_the_next_look_wakes_nobody() {
        let alarm = Arc::new(Alarm::default());
        let runner = waiting(&alarm).await;
        alarm.ring_for(after(HOUR * 2));
        let quiet = tokio::time::timeout(Duration::from_millis(50), alarm.rung.notified());
        assert!(quiet.await.is_err(), "nothing has rung");
        assert!(!runner.is_finished());
        alarm.ring_for(after(HOUR / 2));
        runner.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_scheduled_while_the_runner_looks_is_looked_at() {
        let alarm = Alarm::default();
        alarm.looking();
        alarm.ring_for(after(HOUR * 2));
        alarm.wait(HOUR).await;
    }

    #[tokio::test]
    async fn the_pause_ends() {
        Alarm::default().wait(Duration::from_millis(1)).await;
    }
}
