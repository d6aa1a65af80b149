//! The thread that makes commits last: group commit.
//!
//! It waits until the engine has been given something, waits for a barrier, and only then says `durable`, for everything that
//! the [`writer`](crate::writer) had written when the barrier began. While it waits for the disk the next group gathers, so
//! the slower the disk, the larger the groups. What has become large is applied meanwhile.
//!
//! After any failure of the engine, in either thread, both stop for good. What is on the disk is unknown then, and guessing
//! is how databases lose data; opening anew checks.

use crate::error::StoreError;
use crate::limits::SENTINEL_INTERVAL;
use crate::log::{ToSync, Waiting, Written};
use crate::sentinel::SentinelFile;
use crate::store::Shared;
use crate::versions;

/// Runs until the writer has ended and what it wrote is durable, or the engine fails.
pub(crate) fn run(shared: &Shared, mut sentinel: Option<SentinelFile>) {
    shared.or_fail(|shared| serve(shared, sentinel.as_mut()));
    // Whichever thread failed says so itself.
    if !shared.log.lock().has_failed() {
        shared.progress.fail(StoreError::Closed);
    }
}

fn serve(shared: &Shared, mut sentinel: Option<&mut SentinelFile>) -> Result<(), StoreError> {
    loop {
        let overdue = sentinel
            .as_ref()
            .is_some_and(|sentinel| sentinel.lags(shared.progress.durable()));
        let idle = overdue.then_some(SENTINEL_INTERVAL);
        let work = shared.log.lock().wait_to_sync(shared, idle);
        match work {
            ToSync::Written(written) => {
                make_durable(shared, written)?;
                if let Some(sentinel) = sentinel.as_deref_mut() {
                    sentinel.follow(shared.progress.durable())?;
                }
            }
            ToSync::Idle => {
                if let Some(sentinel) = sentinel.as_deref_mut() {
                    sentinel.write(shared.progress.durable())?;
                }
            }
            ToSync::Ended => {
                if let Some(sentinel) = sentinel {
                    sentinel.write(shared.progress.durable())?;
                }
                return Ok(());
            }
        }
    }
}

fn make_durable(shared: &Shared, written: Written) -> Result<(), StoreError> {
    shared.engine.sync()?;
    shared.log.lock().settle(shared, written);
    let watermark = shared.publish_durable(written.last);
    versions::collect(&shared.versions, watermark);
    Ok(())
}
