//! Jobs that fail in every way a job can.

use std::hint::black_box;

use mooring_sdk::jobs::{self, NewJob};
use mooring_sdk::outbound::Call;
use mooring_sdk::prelude::*;
use mooring_sdk::users::NewUser;
use mooring_sdk::{context, outbound, records, users, webhooks};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What to schedule, and the job's own payload.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    /// `ok`, `fail`, `fatal`, `panic`, `loop`, `allocate`, `outbound` or `outbound-twice`.
    kind: String,
    /// Under which the job counts its successes, and names its user.
    #[serde(default)]
    name: String,
    /// `fail`: how many attempts fail before one succeeds.
    #[serde(default)]
    times: u32,
    /// Seconds to ask for between attempts; absent for the host's own back-off.
    #[serde(default)]
    after: Option<u32>,
    /// Milliseconds from now.
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    attempts_max: u32,
    #[serde(default)]
    dedupe_key: Option<String>,
    /// `outbound`: what to call.
    #[serde(default)]
    method: String,
    #[serde(default)]
    path: String,
}

pub(crate) fn schedule(Json(order): Json<Order>) -> Result<Json<Value>, Problem> {
    let mut job = NewJob::new(&order.kind, &order).attempts(order.attempts_max);
    if order.delay_ms > 0 {
        job = job.at(context::now() + order.delay_ms);
    }
    job.dedupe_key.clone_from(&order.dedupe_key);
    let scheduled = jobs::schedule(job)?;
    Ok(Json(
        json!({ "id": scheduled.id, "repeated": scheduled.repeated }),
    ))
}

pub(crate) fn outbound_now() -> Result<Json<Value>, Problem> {
    let refused = Call::new("peer", "GET", "/").send();
    Ok(Json(json!({ "refused": format!("{refused:?}") })))
}

pub(crate) fn run(job: &Job) -> Result<(), JobFailure> {
    let order: Order = job.read()?;
    // Every attempt writes first: only what a successful one wrote may stay.
    let email = format!("{}-{}@jobs.example.com", job.id, job.attempt).to_lowercase();
    users::create(NewUser {
        email,
        ..NewUser::default()
    })
    .map_err(Problem::from)?;
    match job.kind.as_str() {
        "ok" => {}
        "fail" if job.attempt <= order.times => {
            return Err(JobFailure::Retry {
                after: order.after,
                reason: format!("attempt {} fails", job.attempt),
            });
        }
        "fail" => {}
        "fatal" => return Err(JobFailure::fatal("asked to fail for good")),
        "panic" => panic!("asked to panic in a job"),
        "loop" => loop {
            black_box(job.attempt);
        },
        "allocate" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(black_box(vec![0xA5; 1024 * 1024]));
            }
        }
        "outbound" => call(&order, job)?,
        "outbound-twice" => {
            call(&order, job)?;
            call(&order, job)?;
        }
        kind => return Err(JobFailure::fatal(format!("no misbehaviour called `{kind}`"))),
    }
    let done = json!({ "kind": job.kind, "attempt": job.attempt });
    records::put("attempts", &job.id, &done).map_err(Problem::from)?;
    let event = webhooks::NewEvent::new("job.done", &job.id, &done);
    webhooks::emit(event).map_err(Problem::from)?;
    Ok(())
}

fn call(order: &Order, job: &Job) -> Result<(), JobFailure> {
    let method = if order.method.is_empty() {
        "POST"
    } else {
        &order.method
    };
    let path = if order.path.is_empty() { "/" } else { &order.path };
    let answer = Call::new("peer", method, path)
        .json(&json!({ "job": job.id, "attempt": job.attempt }))
        .send()
        .map_err(|error| JobFailure::retry_after(order.after.unwrap_or(1), error.to_string()))?;
    if answer.status >= 400 {
        let reason = format!("the peer answered {}", answer.status);
        return Err(JobFailure::Retry {
            after: order.after,
            reason,
        });
    }
    let result = json!({ "status": answer.status, "body": String::from_utf8_lossy(&answer.body) });
    outbound::is_configured("peer").map_err(|error| JobFailure::fatal(error.to_string()))?;
    records::put("attempts", &format!("{}-call", job.id), &result).map_err(Problem::from)?;
    Ok(())
}
