//! Moments, as the store and the contract know them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How far the clock of this process is ahead of the machine's. One for the process, as the machine has one.
static AHEAD_MS: AtomicU64 = AtomicU64::new(0);

/// Has the clock of this process go by what is kept ([`crate::clock::ahead`]). Never sets it back.
pub fn set_ahead(by: Duration) {
    let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    AHEAD_MS.fetch_max(millis, Ordering::AcqRel);
}

/// Milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// What time it is: the machine's, and as much later as the host's clock was moved ([`crate::clock`]).
    pub fn now() -> Timestamp {
        Timestamp::machine().after(Duration::from_millis(AHEAD_MS.load(Ordering::Acquire)))
    }

    /// What the machine's clock says; for what is compared with another machine's. A clock set before 1970 counts as 1970.
    pub fn machine() -> Timestamp {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }

    /// So much later; the end of time if that is beyond it.
    #[must_use]
    pub fn after(self, duration: Duration) -> Timestamp {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.0.saturating_add(millis))
    }

    /// So much earlier; the epoch if that is before it.
    #[must_use]
    pub fn before(self, duration: Duration) -> Timestamp {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.0.saturating_sub(millis))
    }

    /// Milliseconds since the epoch.
    pub fn millis(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
