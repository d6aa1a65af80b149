//! How far a host's clock was moved ahead of the machine's.
//!
//! For trying out what takes months: a trial that ends, a year of renewals. A moved clock is one of everything that the host
//! decides (when jobs are due, payments and keys expire, what time a plugin is told), and stays as it is when the host is
//! started again, because what is kept rests on it. It only goes forward.
//!
//! What is compared with another machine's clock, such as the timestamp of a signature, keeps to the machine's.

use std::time::Duration;

use mooring_store::{KeyBuilder, StoreError};

use crate::layout;
use crate::work::HostWork;

/// How far ahead a clock can be: a hundred years.
pub const AHEAD_MAX: Duration = Duration::from_hours(100 * 366 * 24);

/// Why a clock was not moved.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// It would be more than [`AHEAD_MAX`] ahead.
    #[error("the clock cannot be more than a hundred years ahead")]
    TooFar,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// How far the clock of this store's host is ahead; nothing unless it was moved.
pub fn ahead(work: &mut HostWork) -> Result<Duration, StoreError> {
    let millis: Option<u64> = layout::get_json(&mut work.transaction, &row())?;
    Ok(Duration::from_millis(millis.unwrap_or_default()))
}

/// Moves it forward by so much, and gives how far it is ahead then. The process goes by the new time only once
/// [`crate::time::set_ahead`] is told, which is for the host to do when this is durable. Not safe to repeat: every call moves it.
pub fn advance(work: &mut HostWork, by: Duration) -> Result<Duration, ClockError> {
    let ahead = ahead(work)?.saturating_add(by);
    if ahead > AHEAD_MAX {
        return Err(ClockError::TooFar);
    }
    let millis = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
    layout::put_json(&mut work.transaction, row(), &millis)?;
    Ok(ahead)
}

fn row() -> Vec<u8> {
    KeyBuilder::new(layout::CLOCK).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn a_clock_goes_forward_and_not_too_far() {
        let world = World::new();
        assert_eq!(world.host_run(ahead).unwrap(), Duration::ZERO);
        let day = Duration::from_hours(24);
        assert_eq!(world.host_run(|host| advance(host, day)).unwrap(), day);
        assert_eq!(world.host_run(|host| advance(host, day)).unwrap(), 2 * day);
        assert_eq!(world.host_run(ahead).unwrap(), 2 * day);
        let refused = world.host_run(|host| advance(host, AHEAD_MAX));
        assert!(matches!(refused, Err(ClockError::TooFar)));
        assert_eq!(world.host_run(ahead).unwrap(), 2 * day);
    }
}
