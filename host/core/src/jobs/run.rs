//! The runner's side: what is due, who has it, how it went.

use std::time::Duration;

use mooring_store::{KeyBuilder, KeyRange, KeyReader, KeySpace, Order, StoreError};
use rand::RngExt;

use super::rows::{Owner, find, job_id, save};
use super::{Attempt, HISTORY_MAX, Job, JobError, JobState};
use crate::ids::{JobId, PluginName};
use crate::json::Json;
use crate::layout;
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::work::HostWork;

/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 2000;

/// Answers of one run that are given back; more calls than this no runner allows.
const ANSWERS_MAX: usize = 1000;

/// A job whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueJob {
    /// When it was due.
    pub run_at: Timestamp,
    /// Which.
    pub id: JobId,
    /// Whose.
    pub tenant: TenantRef,
    /// Who runs it.
    pub plugin: PluginName,
}

/// The right to say how a job went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Rises with every run of the job.
    pub number: u64,
}

/// A job to run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The job, [`Job::attempt`] included.
    pub job: Job,
    /// Needed to end it.
    pub lease: Lease,
}

/// How a try failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Try again: after this time, or by the host's back-off.
    Retry {
        /// How long to wait.
        after: Option<Duration>,
        /// For the operator.
        reason: String,
    },
    /// No retry can help.
    Fatal {
        /// For the operator.
        reason: String,
    },
}

/// How long to wait between tries: `min`, doubling each time up to `max`, a fifth more or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            min: Duration::from_secs(5),
            max: Duration::from_hours(1),
        }
    }
}

/// Jobs that are due, longest first, behind the given one; ask again with the last of them for more. Looks at due jobs
/// only, however many others there are. Meant for a reading work, which never conflicts.
pub fn due(
    work: &mut HostWork,
    now: Timestamp,
    behind: Option<&DueJob>,
    limit: usize,
) -> Result<Vec<DueJob>, StoreError> {
    let mut range = up_to(layout::JOBS_DUE, now);
    if let Some(DueJob { run_at, id, .. }) = behind {
        let key = KeyBuilder::new(layout::JOBS_DUE)
            .number(run_at.millis())
            .string(id.as_str())
            .build();
        range = range.after(&key);
    }
    timed_rows(work, range, limit)
}

/// When the next job that waits is due; perhaps in the past.
pub fn next_due(work: &mut HostWork) -> Result<Option<Timestamp>, StoreError> {
    let first = timed_rows(work, KeyRange::prefix([layout::JOBS_DUE]), 1)?;
    Ok(first.first().map(|job| job.run_at))
}

/// Takes a due job, for so long. Commit and wait until it is durable before running it; who loses the commit has not got
/// the job.
pub fn claim(work: &mut HostWork, id: &JobId, lease: Duration) -> Result<Claimed, JobError> {
    let now = work.now();
    let before = find(work, id)?;
    if before.state != JobState::Waiting || before.run_at > now {
        return Err(JobError::TooLate(before.state));
    }
    let mut job = before.clone();
    job.state = JobState::Running;
    job.attempt += 1;
    job.runs += 1;
    job.lease_until = Some(now.after(lease));
    if job.history.len() == HISTORY_MAX {
        job.history.remove(0);
    }
    job.history.push(Attempt {
        number: job.attempt,
        started_at: now,
        ended_at: None,
        error: None,
    });
    save(work, Some(&before), &job)?;
    let lease = Lease {
        job: job.id.clone(),
        number: job.runs,
    };
    Ok(Claimed { job, lease })
}

/// The job is done. Belongs into the work in which the job was run, so that both are true or neither.
pub fn complete(work: &mut HostWork, lease: &Lease) -> Result<(), JobError> {
    let before = leased(work, lease)?;
    let mut job = before.clone();
    job.close_attempt(work.now(), None);
    job.end(JobState::Done, work.now());
    forget_answers(work, lease)?;
    save(work, Some(&before), &job)
}

/// The try has failed: the job waits for the next one, or is dead. Gives it as it is now.
pub fn fail(work: &mut HostWork, lease: &Lease, failure: Failure, backoff: Backoff) -> Result<Job, JobError> {
    let before = leased(work, lease)?;
    let mut job = before.clone();
    let now = work.now();
    let (delay, reason) = match failure {
        Failure::Retry { after, reason } => {
            let pause = after.unwrap_or_else(|| backoff.pause(job.attempt, &mut work.rng));
            ((job.attempt < job.attempts_max).then_some(pause), reason)
        }
        Failure::Fatal { reason } => (None, reason),
    };
    let reason: String = reason.chars().take(ERROR_CHARS_MAX).collect();
    job.close_attempt(now, Some(reason));
    match delay {
        Some(delay) => {
            job.state = JobState::Waiting;
            job.lease_until = None;
            job.run_at = now.after(delay);
        }
        None => job.end(JobState::Dead, now),
    }
    forget_answers(work, lease)?;
    save(work, Some(&before), &job)?;
    Ok(job)
}

/// Takes jobs away from runners whose lease has ended: whoever held it crashed or hangs. Each counts as a failed try.
/// Gives how many there were; as many as `limit` means that there may be more.
pub fn release_expired(work: &mut HostWork, limit: usize, backoff: Backoff) -> Result<usize, JobError> {
    let expired = timed_rows(work, up_to(layout::JOBS_LEASED, work.now()), limit)?;
    for row in &expired {
        let lease = Lease {
            job: row.id.clone(),
            number: find(work, &row.id)?.runs,
        };
        let reason = String::from("its runner was not heard of until the end of its lease");
        fail(work, &lease, Failure::Retry { after: None, reason }, backoff)?;
    }
    Ok(expired.len())
}

/// Keeps the answer to an outbound call of the running try, so that it need not be made again when the job loses a
/// conflict or the host restarts. In a work of its own, committed before the plugin sees the answer. Gives the answer's
/// place, 0 for the first.
pub fn record_answer(work: &mut HostWork, lease: &Lease, answer: &Json) -> Result<u64, JobError> {
    leased(work, lease)?;
    let last = work
        .transaction
        .scan(answers_range(lease), Order::Descending, 1)?;
    let place = match last.first() {
        Some((key, _)) => place_of(lease, key)? + 1,
        None => 0,
    };
    let key = answers_key(lease).number(place).build();
    layout::put_json(&mut work.transaction, key, answer)?;
    Ok(place)
}

/// The answers kept of this lease's run, in their order.
pub fn answers(work: &mut HostWork, lease: &Lease) -> Result<Vec<Json>, StoreError> {
    let rows = work
        .transaction
        .scan(answers_range(lease), Order::Ascending, ANSWERS_MAX)?;
    rows.iter()
        .map(|(key, value)| layout::from_json(key, value))
        .collect()
}

impl Backoff {
    /// The pause after the `attempt`-th failure.
    fn pause(self, attempt: u32, rng: &mut impl RngExt) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let pause = self.min.saturating_mul(1 << doublings).min(self.max);
        // A fifth more or less, so that what failed together does not come back together.
        pause.saturating_mul(rng.random_range(800..=1200)) / 1000
    }
}

impl Job {
    fn close_attempt(&mut self, now: Timestamp, error: Option<String>) {
        if let Some(attempt) = self.history.last_mut() {
            attempt.ended_at = Some(now);
            attempt.error.clone_from(&error);
        }
        if error.is_some() {
            self.last_error = error;
        }
    }
}

/// The job that this lease is for, if it still is the newest.
fn leased(work: &mut HostWork, lease: &Lease) -> Result<Job, JobError> {
    let job = find(work, &lease.job)?;
    if job.state == JobState::Running && job.runs == lease.number {
        Ok(job)
    } else {
        Err(JobError::LeaseLost)
    }
}

/// Removes a run's answers at the commit. Reading them earlier would make the job conflict with its own calls, whose
/// answers are written while it runs.
fn forget_answers(work: &mut HostWork, lease: &Lease) -> Result<(), StoreError> {
    let range = answers_range(lease);
    work.transaction.at_commit(Box::new(move |space| {
        for (key, _) in space.scan(range, Order::Ascending, ANSWERS_MAX)? {
            space.delete(key)?;
        }
        Ok(())
    }))
}

fn answers_key(lease: &Lease) -> KeyBuilder {
    KeyBuilder::new(layout::JOB_ANSWERS)
        .string(lease.job.as_str())
        .number(lease.number)
}

fn answers_range(lease: &Lease) -> KeyRange {
    KeyRange::prefix(answers_key(lease).build())
}

fn place_of(lease: &Lease, key: &[u8]) -> Result<u64, StoreError> {
    let behind = key.get(answers_key(lease).build().len()..).unwrap_or_default();
    KeyReader::new(behind)
        .number()
        .ok_or_else(|| StoreError::Corrupt {
            key: key.to_vec(),
            reason: String::from("not the place of an answer"),
        })
}

/// All rows of a time index up to a moment, included.
pub(super) fn up_to(tag: u8, now: Timestamp) -> KeyRange {
    KeyRange::new(
        vec![tag],
        KeyBuilder::new(tag)
            .number(now.millis().saturating_add(1))
            .build(),
    )
}

/// Rows of a time index, earliest first.
pub(super) fn timed_rows(
    work: &mut HostWork,
    range: KeyRange,
    limit: usize,
) -> Result<Vec<DueJob>, StoreError> {
    let rows = work.transaction.scan(range, Order::Ascending, limit)?;
    let row = |(key, value): &(Vec<u8>, mooring_store::Value)| {
        let mut reader = KeyReader::new(key);
        reader.byte();
        let (at, id) = reader.number().zip(reader.string()).unwrap_or_default();
        let Owner { tenant, plugin } = layout::from_json(key, value)?;
        Ok(DueJob {
            run_at: Timestamp(at),
            id: job_id(key, &id)?,
            tenant,
            plugin,
        })
    };
    rows.iter().map(row).collect()
}
