//! Background work: looking at it, and giving what was given up another chance.

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::ids::JobId;
use mooring_core::jobs::{self, JobError, JobFilter, JobState};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::audit;
use super::extract::{Listing, Paging, Path};
use super::problem::{Code, Problem};
use super::state::Admin;
use super::transact::find_tenant;
use super::wire::{Listed, Time};

/// A job.
#[derive(Serialize, ToSchema)]
pub(super) struct Job {
    id: String,
    tenant: String,
    /// Who scheduled it and runs it.
    plugin: String,
    /// What to do, in the plugin's words.
    kind: String,
    /// The plugin's own.
    #[schema(value_type = Object)]
    payload: serde_json::Value,
    state: Standing,
    /// Not before this time.
    run_at: Time,
    /// Tries begun since it was scheduled or retried.
    attempt: u32,
    /// Tries before it is dead.
    attempts_max: u32,
    /// While it waits or runs, no other job has this key.
    dedupe_key: Option<String>,
    /// Why the last try failed.
    last_error: Option<String>,
    /// The latest tries, oldest first; at most 20.
    attempts: Vec<Attempt>,
    created_at: Time,
    ended_at: Option<Time>,
}

/// Where a job stands.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename = "JobState", rename_all = "kebab-case")]
pub(super) enum Standing {
    /// For its time, or for somebody to run it.
    Waiting,
    /// It runs now.
    Running,
    /// As it should be.
    Done,
    /// Given up: look at `last_error`, mend the cause, then retry it.
    Dead,
    /// Taken back before it ran.
    Cancelled,
}

/// One try.
#[derive(Serialize, ToSchema)]
#[serde(rename = "JobAttempt")]
pub(super) struct Attempt {
    /// 1 for the first.
    number: u32,
    started_at: Time,
    /// Null while it runs.
    ended_at: Option<Time>,
    /// Null for one that did not fail.
    error: Option<String>,
}

impl From<jobs::Job> for Job {
    fn from(job: jobs::Job) -> Job {
        Job {
            id: job.id.to_string(),
            tenant: job.tenant.name.to_string(),
            plugin: job.plugin.to_string(),
            kind: job.kind,
            payload: job.payload.value(),
            state: job.state.into(),
            run_at: job.run_at.into(),
            attempt: job.attempt,
            attempts_max: job.attempts_max,
            dedupe_key: job.dedupe_key,
            last_error: job.last_error,
            attempts: job.history.into_iter().map(Attempt::from).collect(),
            created_at: job.created_at.into(),
            ended_at: job.ended_at.map(Time::from),
        }
    }
}

impl From<jobs::Attempt> for Attempt {
    fn from(attempt: jobs::Attempt) -> Attempt {
        Attempt {
            number: attempt.number,
            started_at: attempt.started_at.into(),
            ended_at: attempt.ended_at.map(Time::from),
            error: attempt.error,
        }
    }
}

impl From<JobState> for Standing {
    fn from(state: JobState) -> Standing {
        match state {
            JobState::Waiting => Standing::Waiting,
            JobState::Running => Standing::Running,
            JobState::Done => Standing::Done,
            JobState::Dead => Standing::Dead,
            JobState::Cancelled => Standing::Cancelled,
        }
    }
}

impl From<Standing> for JobState {
    fn from(state: Standing) -> JobState {
        match state {
            Standing::Waiting => JobState::Waiting,
            Standing::Running => JobState::Running,
            Standing::Done => JobState::Done,
            Standing::Dead => JobState::Dead,
            Standing::Cancelled => JobState::Cancelled,
        }
    }
}

/// Which jobs to give; what is given must hold.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// Those of this tenant.
    tenant: Option<String>,
    /// Those in this state.
    #[param(inline)]
    state: Option<Standing>,
}

/// Jobs
#[utoipa::path(
    get, path = "/jobs", tag = "jobs", operation_id = "job-list", params(Paging, Filter),
    responses((status = 200, description = "A part of them", body = Listed<Job>))
)]
pub(super) async fn list(
    admin: State<Admin>,
    listing: Listing<Filter>,
) -> Result<Answer<Listed<Job>>, Problem> {
    let page = listing.page();
    let Filter { tenant, state } = listing.filter;
    let found = admin.read(move |work| {
        let tenant = tenant.map(|tenant| find_tenant(work, &tenant)).transpose()?;
        let filter = JobFilter {
            tenant: tenant.map(|tenant| tenant.id),
            state: state.map(JobState::from),
        };
        Ok(jobs::list(work, filter, page)?)
    });
    Ok(Answer(found.await?.into()))
}

/// A job
#[utoipa::path(
    get, path = "/jobs/{job}", tag = "jobs", operation_id = "job-view", params(("job" = String, Path)),
    responses((status = 200, description = "Found", body = Job))
)]
pub(super) async fn view(admin: State<Admin>, Path(id): Path<String>) -> Result<Answer<Job>, Problem> {
    let id = parse(&id)?;
    Ok(Answer(
        admin.read(move |work| Ok(jobs::get(work, &id)?)).await?.into(),
    ))
}

/// Let a dead job run again, now, with all its tries
#[utoipa::path(
    post, path = "/jobs/{job}/retry", tag = "jobs", operation_id = "job-retry", params(("job" = String, Path)),
    responses((status = 200, description = "It waits to be run", body = Job))
)]
pub(super) async fn retry(admin: State<Admin>, Path(id): Path<String>) -> Result<Answer<Job>, Problem> {
    let id = parse(&id)?;
    let retried = admin.write(move |work| {
        let job = jobs::retry(work, &id)?;
        let details = json!({ "plugin": job.plugin.as_str(), "kind": job.kind });
        audit::note(work, "job.retry", Some(&job.tenant), id.as_str(), details)?;
        Ok(job)
    });
    Ok(Answer(retried.await?.into()))
}

fn parse(id: &str) -> Result<JobId, Problem> {
    JobId::parse(id).map_err(|_| JobError::NotFound.into())
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Problem {
        match error {
            JobError::NotFound => Problem::new(
                Code::NotFound,
                "There is no such job. See those there are: mooring job list",
            ),
            JobError::TooLate(state) => Problem::new(
                Code::WrongState,
                format!("The job is {}; only a dead one can be retried.", state.as_str()),
            ),
            JobError::LeaseLost => {
                Problem::new(Code::WrongState, "The job has been taken up by another run.")
            }
            JobError::DedupeKeyTaken(other) => Problem::new(
                Code::Conflict,
                format!("{other} does the same work already; wait for it to end."),
            ),
            JobError::Invalid(error) => error.into(),
            JobError::Store(error) => Problem::internal(&error),
        }
    }
}
