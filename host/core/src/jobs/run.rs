//! The runner's side: what is due, who has it, how it went.

use std::time::Duration;

use mooring_store::{KeyBuilder, KeyRange, KeyReader, KeySpace, Order, StoreError};
use rand::RngExt;

use super::rows::{Owner, find, job_id, save};
use super::{Attempt, HISTORY_MAX, Job, JobError, JobState};
use crate::ids::{JobId, PluginName};
use crate::json::Json;
use crate::layout;
use crate::leases::Gone;
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::work::HostWork;

/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 2000;

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

impl Claimed {
    /// The newest run of a job.
    fn of(job: Job) -> Claimed {
        let lease = Lease {
            job: job.id.clone(),
            number: job.runs,
        };
        Claimed { job, lease }
    }
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
/// only, however many others there are. Meant for a work that commits nothing, and so never conflicts.
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

/// Whether nothing is due and nothing runs.
pub fn is_settled(work: &mut HostWork, now: Timestamp) -> Result<bool, StoreError> {
    Ok(timed_rows(work, up_to(layout::JOBS_DUE, now), 1)?.is_empty() && is_idle(work)?)
}

/// Whether nothing runs.
pub fn is_idle(work: &mut HostWork) -> Result<bool, StoreError> {
    Ok(timed_rows(work, KeyRange::prefix([layout::JOBS_LEASED]), 1)?.is_empty())
}

/// Takes a due job, for so long. Commit before running it, and wait until that is durable before the run acts on anything but
/// the store; who loses the commit has not got the job.
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
    Ok(Claimed::of(job))
}

/// The job is done. Belongs into the work in which the job was run, so that both are true or neither.
pub fn complete(work: &mut HostWork, lease: &Lease) -> Result<(), JobError> {
    let before = leased(work, lease)?;
    let mut job = before.clone();
    job.close_attempt(work.now(), None);
    job.end(JobState::Done, work.now());
    forget_answers(work, &job.id)?;
    save(work, Some(&before), &job)
}

/// The try has failed: the job waits for the next one, or is dead. Gives it as it is now.
pub fn fail(work: &mut HostWork, lease: &Lease, failure: Failure, backoff: Backoff) -> Result<Job, JobError> {
    let before = leased(work, lease)?;
    forget_answers(work, &before.id)?;
    give_back(work, &before, failure, backoff)
}

/// Ends the running try of a job.
fn give_back(work: &mut HostWork, before: &Job, failure: Failure, backoff: Backoff) -> Result<Job, JobError> {
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
    save(work, Some(before), &job)?;
    Ok(job)
}

/// The first `limit` runs whose runner is gone.
pub fn cut_off(work: &mut HostWork, gone: Gone, limit: usize) -> Result<Vec<Claimed>, StoreError> {
    let until = gone.until(work.now());
    let rows = timed_rows(work, up_to(layout::JOBS_LEASED, until), limit)?;
    let claimed = |row: &DueJob| {
        let job = find(work, &row.id).map_err(|error| match error {
            JobError::Store(error) => error,
            other => StoreError::Corrupt {
                key: row.id.as_str().into(),
                reason: format!("a job has a lease: {other}"),
            },
        })?;
        Ok(Claimed::of(job))
    };
    rows.iter().map(claimed).collect()
}

/// Takes a job away from a runner that is gone. That counts as a failed try; the answers that it had are kept for the next one.
pub fn take_back(work: &mut HostWork, lease: &Lease, backoff: Backoff) -> Result<Job, JobError> {
    let before = leased(work, lease)?;
    let reason = String::from("its runner was not heard of until the end of its lease");
    give_back(work, &before, Failure::Retry { after: None, reason }, backoff)
}

/// Keeps the answers to the outbound calls of the running try, as one JSON array, instead of those kept before: so that no
/// call is made again when the host restarts. In a work of its own, committed before the plugin sees the answers.
pub fn keep_answers(work: &mut HostWork, lease: &Lease, answers: &Json) -> Result<(), JobError> {
    leased(work, lease)?;
    layout::put_json(&mut work.transaction, answers_key(&lease.job), answers)?;
    Ok(())
}

/// The answers that a try before this one left behind because its runner vanished.
pub fn answers(work: &mut HostWork, job: &JobId) -> Result<Option<Json>, StoreError> {
    layout::get_json(&mut work.transaction, &answers_key(job))
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

fn forget_answers(work: &mut HostWork, job: &JobId) -> Result<(), StoreError> {
    work.transaction.delete(answers_key(job))
}

fn answers_key(job: &JobId) -> mooring_store::Key {
    KeyBuilder::new(layout::JOB_ANSWERS).string(job.as_str()).build()
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
