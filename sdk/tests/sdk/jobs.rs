use mooring_sdk::jobs::{self, Job, JobError, JobFailure, NewJob};
use mooring_sdk::outbound::{Call, OutboundError};
use mooring_sdk::testing::TestHost;
use mooring_sdk::{context, outbound, users};
use serde_json::{Value, json};

use crate::surface::Shown;

pub(crate) fn run(job: &Job) -> Result<(), JobFailure> {
    let payload: Value = job.read()?;
    let email = format!("{}@example.com", job.attempt);
    let made = users::create(users::NewUser {
        email,
        ..users::NewUser::default()
    });
    made.map_err(mooring_sdk::Problem::from)?;
    match job.kind.as_str() {
        "fail" if u64::from(job.attempt) <= payload["times"].as_u64().unwrap_or(0) => {
            Err(JobFailure::retry("not yet"))
        }
        "fail" => Ok(()),
        "call" => match Call::new("peer", "POST", "/x").json(&payload).send() {
            Ok(answer) if answer.status < 400 => Ok(()),
            Ok(answer) => Err(JobFailure::retry_after(7, answer.status.to_string())),
            Err(error) => Err(JobFailure::fatal(error.to_string())),
        },
        kind => Err(JobFailure::fatal(kind)),
    }
}

fn schedule(host: &mut TestHost<Shown>, job: NewJob) -> jobs::Scheduled {
    host.act(|| jobs::schedule(job))
        .expect("a job that keeps the rules")
}

#[test]
fn a_job_is_tried_again_and_only_its_success_writes() {
    let mut host = TestHost::<Shown>::new();
    schedule(&mut host, NewJob::new("fail", &json!({ "times": 2 })));
    for (attempt, pause) in [(1, 5_000), (2, 10_000)] {
        let run = host.run_job().unwrap();
        assert_eq!(
            (run.attempt, run.result),
            (attempt, Err(JobFailure::retry("not yet")))
        );
        assert_eq!(host.users(), []);
        host.advance(pause - 1);
        assert_eq!(host.run_job(), None);
        host.advance(1);
    }
    assert_eq!(host.run_job().unwrap().result, Ok(()));
    assert_eq!(host.users()[0].email, "3@example.com");
    assert_eq!(host.run_jobs(), []);
}

#[test]
fn a_job_ends_dead() {
    let mut host = TestHost::<Shown>::new();
    schedule(&mut host, NewJob::new("unknown", &json!(null)));
    schedule(&mut host, NewJob::new("fail", &json!({ "times": 9 })).attempts(2));
    host.run_jobs();
    host.advance(60_000);
    host.run_jobs();
    assert_eq!(host.dead(), ["unknown", "fail"]);
    assert_eq!(host.waiting(), []);
}

#[test]
fn a_job_waits_can_be_taken_back_and_is_not_doubled() {
    let mut host = TestHost::<Shown>::new();
    let later = host.now() + 1000;
    let job = || NewJob::new("fail", &json!({})).at(later).once("key");
    let first = schedule(&mut host, job());
    let second = schedule(&mut host, job());
    assert_eq!(
        (first.repeated, second.repeated, &first.id),
        (false, true, &second.id)
    );
    assert_eq!(host.run_jobs(), []);
    host.act(|| jobs::cancel(&first.id)).unwrap();
    assert_eq!(host.act(|| jobs::cancel(&first.id)), Err(JobError::NotFound));

    let third = schedule(&mut host, job());
    host.advance(1000);
    assert_eq!(host.run_jobs().len(), 1);
    assert_eq!(host.act(|| jobs::cancel(&third.id)), Err(JobError::TooLate));
    assert!(!schedule(&mut host, job()).repeated);
}

#[test]
fn only_jobs_call_out() {
    let mut host = TestHost::<Shown>::new();
    assert_eq!(
        host.act(|| Call::new("peer", "GET", "/").send()),
        Err(OutboundError::NotInAJob)
    );
    assert_eq!(host.act(|| outbound::is_configured("peer")), Ok(false));
    assert_eq!(
        host.act(|| outbound::is_configured("other")),
        Err(OutboundError::UnknownTarget("other".to_owned()))
    );

    schedule(&mut host, NewJob::new("call", &json!({ "a": 1 })));
    assert_eq!(
        host.run_job().unwrap().result,
        Err(JobFailure::fatal("setting `peer_url` is not set"))
    );
    host.set("peer_url", "https://peer.example.com");
    host.set("token", "secret");
    assert_eq!(host.act(|| outbound::is_configured("peer")), Ok(true));
    schedule(&mut host, NewJob::new("call", &json!({ "a": 1 })));
    host.answer("POST", "/x", 500, Value::Null);
    assert_eq!(
        host.run_job().unwrap().result,
        Err(JobFailure::retry_after(7, "500"))
    );
    host.advance(7_000);
    host.answer("POST", "/x", 200, json!({}));
    assert_eq!(host.run_jobs()[0].result, Ok(()));
    assert_eq!(host.calls().len(), 2);
    assert_eq!(host.calls()[1].body, br#"{"a":1}"#);
}

#[test]
fn clock_and_chance_are_the_hosts() {
    let mut host = TestHost::<Shown>::new();
    let now = host.now();
    assert_eq!(host.act(context::now), now);
    assert_eq!(host.act(|| context::random(5000)).len(), 1024);
    let first = host.act(|| context::random(16));
    assert_ne!(first, host.act(|| context::random(16)));
}
