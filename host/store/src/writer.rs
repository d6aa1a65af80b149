//! The one thread that writes to the engine.
//!
//! It takes what has been committed, puts the engine's old values below the version chains of the rows concerned, and applies
//! all of it as one atomic batch. Making it last is the business of the [`syncer`](crate::syncer), which waits for the disk on a
//! thread of its own: under load the next group is applied meanwhile.

use std::collections::BTreeMap;

use crate::commit::Committed;
use crate::engine::Write;
use crate::error::StoreError;
use crate::log::{Group, Waiting};
use crate::meta;
use crate::store::Shared;

/// Runs until the store is closed or the engine fails.
pub(crate) fn run(shared: &Shared) {
    shared.or_fail(|shared| {
        loop {
            let group = shared.log.lock().wait_to_write(shared);
            match group {
                Some(group) => write(shared, group)?,
                None => return Ok(()),
            }
        }
    });
    shared.log.lock().note_writer_ended(shared);
}

fn write(shared: &Shared, group: Group) -> Result<(), StoreError> {
    let Some(last) = group.commits.last().map(|committed| committed.sequence) else {
        return Ok(());
    };
    let mut batch = coalesce(group.commits);
    keep_old_values(shared, &batch)?;
    batch.push(meta::sequence_row(last));
    shared.engine.apply(&batch)?;
    shared.log.lock().note_written(shared, last, group.bytes);
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
    let missing: Vec<_> = {
        let versions = shared.versions.read();
        // Read behind the lock: no chain has been cut further than this.
        let durable = shared.progress.durable();
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
