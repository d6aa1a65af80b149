//! The host's clock, for hosts that were started with `--movable-clock`.

use std::time::{Duration, Instant};

use axum::Json as Answer;
use axum::extract::State;
use mooring_core::clock::{self, ClockError};
use mooring_core::jobs;
use mooring_core::time::{self, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::audit;
use super::extract::Json;
use super::problem::{Code, Problem};
use super::state::Admin;
use super::wire::Time;

/// How long running jobs are waited for before the clock is moved, and how often they are looked at.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What time it is for this host.
#[derive(Serialize, ToSchema)]
pub(super) struct Clock {
    /// By which jobs are due, and payments and keys expire.
    now: Time,
    /// How far it is ahead of the machine's clock.
    ahead_seconds: u64,
    /// Whether it can be moved: the host was started with `--movable-clock`.
    movable: bool,
    /// Whether all that is due by now has been worked off: no job is due or runs.
    settled: bool,
}

/// How far the clock is to go; one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    /// By so much.
    seconds: Option<u64>,
    /// To this moment, RFC 3339, which is not before now.
    to: Option<Time>,
}

/// What time it is for this host
#[utoipa::path(
    get, path = "/clock", tag = "clock", operation_id = "clock-view",
    responses((status = 200, description = "As of now", body = Clock))
)]
pub(super) async fn view(admin: State<Admin>) -> Result<Answer<Clock>, Problem> {
    Ok(Answer(read(&admin).await?))
}

/// Move the clock forward; it never goes back
#[utoipa::path(
    post, path = "/clock/advance", tag = "clock", operation_id = "clock-advance", request_body = Advance,
    responses((status = 200, description = "What is due by the new time is being worked off", body = Clock))
)]
pub(super) async fn advance(
    admin: State<Admin>,
    Json(advance): Json<Advance>,
) -> Result<Answer<Clock>, Problem> {
    if !admin.movable_clock {
        return Err(Problem::new(
            Code::WrongState,
            "The clock of this host stands fast. Start it with --movable-clock, for trying things out.",
        ));
    }
    until_no_job_runs(&admin).await?;
    let moved = admin.write(move |work| {
        // As it is kept, not as this work began: another one may have moved it meanwhile.
        let now = Timestamp::machine().after(clock::ahead(work)?);
        let by = distance(&advance, now)?;
        if !jobs::is_idle(work)? {
            return Err(Problem::new(
                Code::Busy,
                "A job runs, and would be run a second time. Ask again once it is done: mooring clock show",
            ));
        }
        let ahead = clock::advance(work, by)?;
        audit::note(
            work,
            "clock.advance",
            None,
            "clock",
            json!({ "seconds": by.as_secs() }),
        )?;
        Ok(ahead)
    });
    time::set_ahead(moved.await?);
    admin.operations.clock_moved();
    Ok(Answer(read(&admin).await?))
}

/// A lease that ends under a running job has its calls to the world made again. So it is waited for, but not for ever.
async fn until_no_job_runs(admin: &Admin) -> Result<(), Problem> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end && !admin.read(|work| Ok(jobs::is_idle(work)?)).await? {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn read(admin: &Admin) -> Result<Clock, Problem> {
    let movable = admin.movable_clock;
    let read = admin.read(move |work| {
        let now = Timestamp::now();
        Ok(Clock {
            now: now.into(),
            ahead_seconds: clock::ahead(work)?.as_secs(),
            movable,
            settled: jobs::is_settled(work, now)?,
        })
    });
    read.await
}

fn distance(advance: &Advance, now: Timestamp) -> Result<Duration, Problem> {
    match (advance.seconds, advance.to) {
        (Some(seconds), None) => Ok(Duration::from_secs(seconds)),
        (None, Some(to)) => match to.0.checked_sub(now.millis()) {
            Some(millis) => Ok(Duration::from_millis(millis)),
            None => Err(Problem::invalid(
                "to",
                "is in the past: the clock never goes back",
            )),
        },
        _ => Err(Problem::invalid(
            "seconds",
            "is needed, or else `to`, and not both",
        )),
    }
}

impl From<ClockError> for Problem {
    fn from(error: ClockError) -> Problem {
        match error {
            ClockError::TooFar => Problem::invalid("seconds", error.to_string()),
            ClockError::Store(error) => Problem::internal(&error),
        }
    }
}
