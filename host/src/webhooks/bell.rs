//! The signal without data by which a commit wakes the deliverer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mooring_core::work::Committed;
use tokio::sync::Notify;

/// Rung by whoever commits, heard by the deliverer. Clones are the same bell.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    notify: Notify,
    /// Set by whoever changed deliveries or endpoints, taken by the deliverer, which then looks at all of them again.
    changed: AtomicBool,
}

impl Bell {
    /// Wakes the deliverer if the commit left something for it.
    pub fn ring(&self, committed: &Committed) {
        if committed.deliveries_changed {
            self.0.changed.store(true, Ordering::Release);
        }
        if committed.deliveries_changed || committed.events_emitted {
            self.0.notify.notify_one();
        }
    }

    /// Wakes the deliverer and has it look at every endpoint: a plugin has come or gone.
    pub fn ring_for_all(&self) {
        self.0.changed.store(true, Ordering::Release);
        self.0.notify.notify_one();
    }

    pub(super) async fn rung(&self) {
        self.0.notify.notified().await;
    }

    pub(super) fn take_changed(&self) -> bool {
        self.0.changed.swap(false, Ordering::Acquire)
    }
}
