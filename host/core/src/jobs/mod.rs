//! Jobs: work for later or outside the transaction, done at least once.
//!
//! ```text
//! schedule ─> waiting ──claim──> running ──complete──> done ──7 days──> (purged)
//!              │  ^                 │
//!            cancel └──fail, lease expired──┤
//!              v                            └──fatal, or too often──> dead ──retry──> waiting
//!          cancelled
//! ```
//!
//! Actors: a plugin schedules and cancels (this file); the host's runner claims, completes and fails (`run`); the
//! operator looks and retries (`operate`). Whoever runs a job holds a [`Lease`]: its number rises with every run, and
//! nothing can be said about a job with an old one. So a runner that was thought dead can neither complete nor fail what
//! another one is doing.
//!
//! Beside a job's row lie the rows that its state asks for (when it is due, when its lease ends, when it ended, which
//! dedupe key it holds). They are worked out from the row alone and written with it, in one function (`rows`).

mod operate;
mod rows;
mod run;

use mooring_store::StoreError;
use serde::{Deserialize, Serialize};

pub use self::operate::{DONE_KEPT, JobFilter, get, list, purge, retry};
use self::rows::{dedupe_row, find, holder, save};
pub use self::run::{
    Backoff, Claimed, DueJob, Failure, Lease, answers, claim, complete, cut_off, due, fail, is_idle,
    is_settled, keep_answers, next_due, take_back,
};
use crate::check::{self, InvalidField, chars};
use crate::ids::{JobId, PluginName};
use crate::json::Json;
use crate::layout;
use crate::tenants::TenantRef;
use crate::time::Timestamp;
use crate::work::Work;

/// Tries of a job that asks for no number of its own.
pub const ATTEMPTS_DEFAULT: u32 = 20;

/// Most tries that a job can ask for.
pub const ATTEMPTS_MAX: u32 = 100;

/// Kinds and dedupe keys of the host's own jobs begin with this; plugins cannot schedule them.
pub const HOST_PREFIX: &str = "mooring.";

/// Tries that are remembered with a job; older ones are forgotten.
const HISTORY_MAX: usize = 20;

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// `job_` and 22 characters.
    pub id: JobId,
    /// Whose it is.
    pub tenant: TenantRef,
    /// Who scheduled it and runs it.
    pub plugin: PluginName,
    /// What to do, in the plugin's words.
    pub kind: String,
    /// JSON.
    pub payload: Json,
    /// Where it stands.
    pub state: JobState,
    /// Not before this time.
    pub run_at: Timestamp,
    /// Tries begun since it was scheduled or retried by the operator.
    pub attempt: u32,
    /// Tries before it is dead.
    pub attempts_max: u32,
    /// While it waits or runs, no other job has this key.
    pub dedupe_key: Option<String>,
    /// When whoever runs it is taken for dead. Set while running.
    pub lease_until: Option<Timestamp>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// The latest tries, oldest first; at most 20.
    pub history: Vec<Attempt>,
    /// When it was scheduled.
    pub created_at: Timestamp,
    /// When it was done, cancelled or given up.
    pub ended_at: Option<Timestamp>,
    /// Runs ever begun; the number of the newest lease.
    runs: u64,
    ordinal: u64,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// For its time, or for somebody to run it.
    Waiting,
    /// Somebody holds its lease.
    Running,
    /// As it should be.
    Done,
    /// Given up; the operator has to look.
    Dead,
    /// Taken back before it ran.
    Cancelled,
}

impl JobState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Waiting => "waiting",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Dead => "dead",
            JobState::Cancelled => "cancelled",
        }
    }
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; absent while it runs.
    pub ended_at: Option<Timestamp>,
    /// Why it failed; absent for one that did not.
    pub error: Option<String>,
}

/// What a job is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What to do, in the plugin's words; 1 to 100 characters.
    pub kind: String,
    /// JSON, at most 64 KiB.
    pub payload: String,
    /// Not before this time; 0 or the past means at once, after the commit.
    pub run_at: Timestamp,
    /// Tries before the job is parked as dead; 1 to [`ATTEMPTS_MAX`], 0 means [`ATTEMPTS_DEFAULT`].
    pub attempts_max: u32,
    /// 1 to 200 characters.
    pub dedupe_key: Option<String>,
}

/// What scheduling did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// The job, or the one that holds the dedupe key.
    pub id: JobId,
    /// True when a job that waits or runs had this dedupe key: nothing was written.
    pub repeated: bool,
}

/// Why nothing was done to a job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// There is no such job.
    #[error("there is no such job")]
    NotFound,
    /// It is not in a state in which that can be done; the state is given.
    #[error("the job is {}", .0.as_str())]
    TooLate(JobState),
    /// Another run has begun since this lease was given.
    #[error("the lease is an old one")]
    LeaseLost,
    /// Another job, whose id is given, holds the dedupe key now.
    #[error("the job {0} holds the dedupe key")]
    DedupeKeyTaken(JobId),
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Schedules a job; it exists only if the work commits. Safe to repeat with a dedupe key. Kinds and dedupe keys that begin
/// with [`HOST_PREFIX`] are the host's own and refused.
pub fn schedule(work: &mut Work, new: NewJob) -> Result<Scheduled, JobError> {
    check::text("kind", &new.kind, chars(1, 100))?;
    refuse_host_prefix("kind", &new.kind)?;
    let payload = check::json("payload", &new.payload)?;
    if new.attempts_max > ATTEMPTS_MAX {
        return Err(InvalidField::new("attempts-max", format!("must be at most {ATTEMPTS_MAX}")).into());
    }
    if let Some(dedupe_key) = &new.dedupe_key {
        check::text("dedupe-key", dedupe_key, chars(1, 200))?;
        refuse_host_prefix("dedupe-key", dedupe_key)?;
    }
    let plugin = work.plugin().clone();
    insert(work, plugin, new, payload)
}

/// Schedules a job of the host's own for a plugin of the tenant, with as many tries as there can be. Safe to repeat with a
/// dedupe key, to which [`HOST_PREFIX`] is added.
pub(crate) fn schedule_for(
    work: &mut Work,
    plugin: &PluginName,
    kind: &str,
    payload: &impl Serialize,
    run_at: Timestamp,
    dedupe_key: Option<&str>,
) -> Result<Scheduled, StoreError> {
    debug_assert!(kind.starts_with(HOST_PREFIX), "a plugin could schedule it");
    let value = serde_json::value::to_raw_value(payload).expect("payloads are plain structs");
    let payload = Json::from_raw(value);
    let new = NewJob {
        kind: kind.to_owned(),
        payload: String::new(),
        run_at,
        attempts_max: ATTEMPTS_MAX,
        dedupe_key: dedupe_key.map(|key| format!("{HOST_PREFIX}{key}")),
    };
    insert(work, plugin.clone(), new, payload).map_err(only_the_store)
}

fn refuse_host_prefix(field: &str, text: &str) -> Result<(), InvalidField> {
    if text.starts_with(HOST_PREFIX) {
        return Err(InvalidField::new(
            field,
            format!("must not begin with {HOST_PREFIX}"),
        ));
    }
    Ok(())
}

fn insert(work: &mut Work, plugin: PluginName, new: NewJob, payload: Json) -> Result<Scheduled, JobError> {
    let tenant = work.tenant().clone();
    if let Some(dedupe_key) = &new.dedupe_key
        && let Some(id) = holder(work, &dedupe_row(tenant.id, &plugin, dedupe_key))?
    {
        return Ok(Scheduled { id, repeated: true });
    }
    let now = work.now();
    let job = Job {
        id: JobId::draw(&mut work.rng, now),
        tenant,
        plugin,
        kind: new.kind,
        payload,
        state: JobState::Waiting,
        run_at: new.run_at.max(now),
        attempt: 0,
        attempts_max: if new.attempts_max == 0 {
            ATTEMPTS_DEFAULT
        } else {
            new.attempts_max
        },
        dedupe_key: new.dedupe_key,
        lease_until: None,
        last_error: None,
        history: Vec::new(),
        created_at: now,
        ended_at: None,
        runs: 0,
        ordinal: work.next_ordinal(&[layout::JOBS])?,
    };
    save(work, None, &job)?;
    Ok(Scheduled {
        id: job.id,
        repeated: false,
    })
}

/// Takes back a job of the work's plugin, as long as it waits.
pub fn cancel(work: &mut Work, id: &JobId) -> Result<(), JobError> {
    let before = find(work, id)?;
    let theirs = before.tenant == *work.tenant() && before.plugin == *work.plugin();
    if !theirs || before.kind.starts_with(HOST_PREFIX) {
        return Err(JobError::NotFound);
    }
    if before.state != JobState::Waiting {
        return Err(JobError::TooLate(before.state));
    }
    let mut job = before.clone();
    job.end(JobState::Cancelled, work.now());
    save(work, Some(&before), &job)
}

/// What became of a job that was to be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withdrawn {
    /// Nobody has ever run it, and nobody will.
    Untouched,
    /// A run of it failed, and there will be no other.
    Tried,
    /// Somebody runs it.
    Running,
    /// It had ended already.
    Ended,
}

/// Takes back a job of the host's own, as long as it waits. A run that begins meanwhile conflicts with this.
pub(crate) fn withdraw(work: &mut Work, id: &JobId) -> Result<Withdrawn, StoreError> {
    let before = find(work, id).map_err(only_the_store)?;
    match before.state {
        JobState::Waiting => {}
        JobState::Running => return Ok(Withdrawn::Running),
        JobState::Done | JobState::Dead | JobState::Cancelled => return Ok(Withdrawn::Ended),
    }
    let mut job = before.clone();
    job.end(JobState::Cancelled, work.now());
    save(work, Some(&before), &job).map_err(only_the_store)?;
    Ok(if job.runs == 0 {
        Withdrawn::Untouched
    } else {
        Withdrawn::Tried
    })
}

/// As [`withdraw`], but one that was run before stays: it may have done what only its next run will tell.
pub(crate) fn withdraw_untouched(work: &mut Work, id: &JobId) -> Result<(), StoreError> {
    if find(work, id).map_err(only_the_store)?.runs == 0 {
        withdraw(work, id)?;
    }
    Ok(())
}

/// What is left of an error where the host itself schedules: its values break no rule, and its jobs exist.
fn only_the_store(error: JobError) -> StoreError {
    match error {
        JobError::Store(error) => error,
        other => StoreError::Corrupt {
            key: Vec::new(),
            reason: other.to_string(),
        },
    }
}

impl Job {
    fn end(&mut self, state: JobState, now: Timestamp) {
        self.state = state;
        self.lease_until = None;
        self.ended_at = Some(now);
    }
}

#[cfg(test)]
mod tests;
