//! The one thread that writes to the engine: group commit.
//!
//! It takes what has been committed since the last barrier, puts the engine's old values below the version chains of the
//! rows concerned, applies the group in one atomic batch, waits for the barrier, and only then says `durable`. While it
//! waits for the disk the next group gathers, so the slower the disk, the larger the groups: nothing to tune.
//!
//! After any failure of the engine it stops for good. What is on the disk is unknown then, and guessing is how databases
//! lose data; opening anew checks.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::commit::Committed;
use crate::engine::Write;
use crate::error::StoreError;
use crate::limits::SENTINEL_INTERVAL;
use crate::log::{Group, Waiting, Work};
use crate::meta;
use crate::sentinel::SentinelFile;
use crate::store::{Sequence, Shared};
use crate::versions;

/// Runs until the store is closed or the engine fails.
pub(crate) fn run(shared: Arc<Shared>, mut sentinel: Option<SentinelFile>) {
    let work = AssertUnwindSafe(|| serve(&shared, sentinel.as_mut()));
    // A panic in the engine must not leave callers waiting for an answer that never comes.
    let outcome = catch_unwind(work).unwrap_or_else(|panic| Err(crate::engine::panicked(panic.as_ref())));
    let reason = match outcome {
        Ok(()) => StoreError::Closed,
        Err(error) => {
            tracing::error!(%error, "the store stopped taking writes; restart the process once the disk is well");
            StoreError::Poisoned {
                reason: error.to_string(),
            }
        }
    };
    shared.log.lock().stop(&shared, reason.clone());
    shared.progress.fail(reason);
}

fn serve(shared: &Shared, mut sentinel: Option<&mut SentinelFile>) -> Result<(), StoreError> {
    loop {
        let overdue = sentinel
            .as_ref()
            .is_some_and(|sentinel| sentinel.lags(shared.progress.durable()));
        let idle = overdue.then_some(SENTINEL_INTERVAL);
        let bytes_max = shared.engine.unsynced_bytes_max();
        let work = shared.log.lock().wait_for_work(shared, bytes_max, idle);
        match work {
            Work::Group(group) => {
                make_durable(shared, group)?;
                if let Some(sentinel) = sentinel.as_deref_mut() {
                    sentinel.follow(shared.progress.durable())?;
                }
            }
            Work::Idle => {
                if let Some(sentinel) = sentinel.as_deref_mut() {
                    sentinel.write(shared.progress.durable())?;
                }
            }
            Work::Stopped => {
                if let Some(sentinel) = sentinel {
                    sentinel.write(shared.progress.durable())?;
                }
                return Ok(());
            }
        }
    }
}

fn make_durable(shared: &Shared, group: Group) -> Result<(), StoreError> {
    let Some(last) = group.commits.last().map(|committed| committed.sequence) else {
        return Ok(());
    };
    let mut batch = coalesce(group.commits);
    keep_old_values(shared, &batch)?;
    batch.push(meta::sequence_row(last));
    shared.engine.apply(&batch)?;
    shared.engine.sync()?;
    shared.log.lock().settle(shared, group.bytes);
    let watermark = shared.publish_durable(last);
    versions::collect(&shared.versions, watermark);
    Ok(())
}

/// One write per key, the last one.
fn coalesce(commits: Vec<Committed>) -> Vec<Write> {
    let mut rows = BTreeMap::new();
    for committed in commits {
        rows.extend(committed.writes);
    }
    rows.into_iter().collect()
}

/// Saves for older snapshots what the batch is about to overwrite. Nothing else writes to the engine, so what is read
/// here is what the batch replaces.
fn keep_old_values(shared: &Shared, batch: &[Write]) -> Result<(), StoreError> {
    let durable: Sequence = shared.progress.durable();
    let missing: Vec<_> = {
        let versions = shared.versions.read();
        batch
            .iter()
            .map(|(key, _)| key)
            .filter(|key| versions.needs_base(key, durable))
            .collect()
    };
    let mut bases = Vec::with_capacity(missing.len());
    for key in missing {
        bases.push((key.clone(), shared.engine.get(key)?));
    }
    shared.versions.write().insert_bases(bases);
    Ok(())
}
