//! One question at a time about an attempt.
//!
//! A look-up may be what charges: at some gateways an approved order is money only once it is captured, and asking about it
//! captures it. If the same attempt were taken back meanwhile, the gateway could truly say that nothing was charged, another
//! attempt could begin, and the capture would land all the same. So whoever asks about an attempt waits for its turn, and only
//! then reads where the attempt stands.

use std::collections::HashSet;

use mooring_core::ids::AttemptId;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Attempts that a gateway is being asked about.
#[derive(Default)]
pub(super) struct Turns {
    taken: Mutex<HashSet<AttemptId>>,
    /// Wakes everybody who waits, whenever a turn ends. Few ever wait.
    ended: Notify,
}

/// The right to ask about one attempt, until it is dropped.
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    attempt: AttemptId,
}

impl Turns {
    /// Waits until nobody else asks about this attempt.
    pub(super) async fn take(&self, attempt: &AttemptId) -> Turn<'_> {
        loop {
            // Before looking, so that a turn that ends in between is not missed.
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.taken.lock().insert(attempt.clone()) {
                return Turn {
                    turns: self,
                    attempt: attempt.clone(),
                };
            }
            ended.await;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.taken.lock().remove(&self.attempt);
        self.turns.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn attempt(letter: char) -> AttemptId {
        AttemptId::parse(&format!("att_{}", String::from(letter).repeat(22))).unwrap()
    }

    #[tokio::test]
    async fn one_asks_about_an_attempt_and_others_do_not_wait_for_it() {
        let turns = Arc::new(Turns::default());
        let (asking, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut askers = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (turns, asking, most) = (Arc::clone(&turns), Arc::clone(&asking), Arc::clone(&most));
            askers.spawn(async move {
                let _turn = turns.take(&attempt('a')).await;
                most.fetch_max(asking.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                asking.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let first = turns.take(&attempt('b')).await;
        askers.join_all().await;
        assert_eq!(most.load(Ordering::SeqCst), 1);
        drop(first);
        assert!(turns.taken.lock().is_empty());
    }
}
