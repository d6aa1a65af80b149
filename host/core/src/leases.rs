//! What jobs and deliveries have in common: whoever does one holds a lease of it, and may be gone before it is done.

use crate::time::Timestamp;

/// Whose holders are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Those whose lease has ended: whoever held it crashed or hangs.
    LeaseEnded,
    /// All of them: for a host that starts on a store which nobody else has.
    All,
}

impl Gone {
    /// Leases that end up to here have no holder.
    pub(crate) fn until(self, now: Timestamp) -> Timestamp {
        match self {
            Gone::LeaseEnded => now,
            Gone::All => Timestamp(u64::MAX - 1),
        }
    }
}
