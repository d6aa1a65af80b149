//! Which job does what is due, and when.

use mooring_sdk::jobs::{self, NewJob};

use super::{JOB_DUE, turn};
use crate::error::Error;

/// What is due in one minute is done by so many jobs side by side.
const SHARDS: u32 = 8;

const MINUTE_MS: u64 = 60_000;

/// Which jobs a run has scheduled already, so that a batch asks once.
#[derive(Default)]
pub(crate) struct Scheduled(Vec<String>);

/// The minute in which something is due, rounded up, and the shard: minutes since the epoch, `30000480/3`.
pub(super) fn bucket(at: u64, id: &str) -> String {
    let shard = id.bytes().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    }) % SHARDS;
    format!("{}/{shard}", at.div_ceil(MINUTE_MS))
}

/// When a bucket is due.
fn bucket_at(bucket: &str) -> u64 {
    let minute: Option<u64> = bucket.split_once('/').and_then(|(minute, _)| minute.parse().ok());
    minute.unwrap_or(0).saturating_mul(MINUTE_MS)
}

impl Scheduled {
    /// For a run that sees to this bucket itself.
    pub(super) fn but(bucket: &str) -> Scheduled {
        Scheduled(vec![bucket.to_owned()])
    }

    /// Sees that a job does what is in a bucket. A bucket whose minute is over gets one at once.
    pub(super) fn see_to(&mut self, bucket: &str, now: u64) -> Result<(), Error> {
        if self.0.iter().any(|seen| seen == bucket) {
            return Ok(());
        }
        let at = bucket_at(bucket);
        // A job that runs has its key until it ends, and what falls into its bucket meanwhile needs another one.
        let key = if at <= now {
            format!("late {bucket}")
        } else {
            bucket.to_owned()
        };
        jobs::schedule(
            NewJob::new(JOB_DUE, &turn::Due::first(bucket))
                .at(at)
                .once(key)
                .attempts(turn::ATTEMPTS),
        )?;
        self.0.push(bucket.to_owned());
        Ok(())
    }
}
