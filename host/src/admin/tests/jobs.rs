use std::time::Duration;

use mooring_core::ids::JobId;
use mooring_core::jobs::{self, Backoff, Failure, NewJob};
use mooring_core::time::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::{TestAdmin, answer, problem};

fn schedule(admin: &TestAdmin, kind: &str) -> JobId {
    admin.within("shop", "paymenter", |work| {
        let new = NewJob {
            kind: kind.into(),
            payload: "{\"service\":1}".into(),
            run_at: Timestamp(0),
            attempts_max: 1,
            dedupe_key: None,
        };
        jobs::schedule(work, new).expect("a job").id
    })
}

#[tokio::test]
async fn a_dead_job_is_found_and_retried() {
    let admin = TestAdmin::start().await;
    admin.tenant("shop").await;
    schedule(&admin, "other");
    let id = schedule(&admin, "suspend");
    let lease = admin.within("shop", "paymenter", |work| {
        jobs::claim(work, &id, Duration::from_mins(1))
            .expect("a claim")
            .lease
    });
    admin.within("shop", "paymenter", |work| {
        let failure = Failure::Fatal {
            reason: "the panel said no".into(),
        };
        jobs::fail(work, &lease, failure, Backoff::default()).expect("a failure");
    });

    let dead = admin.get("/admin/v1/jobs?tenant=shop&state=dead").await;
    let job = &dead["items"][0];
    assert_eq!(
        (&dead["total"], &job["kind"], &job["last_error"]),
        (&json!(1), &json!("suspend"), &json!("the panel said no"))
    );
    assert_eq!(
        (&job["payload"], &job["attempts"][0]["number"]),
        (&json!({"service": 1}), &json!(1))
    );
    let path = format!("/admin/v1/jobs/{id}");
    assert_eq!(admin.get(&path).await, *job);
    let retried = admin.send(Method::POST, &format!("{path}/retry"), None).await;
    assert_eq!(answer(retried, 200).await["state"], "waiting");
    let again = admin.send(Method::POST, &format!("{path}/retry"), None).await;
    assert!(problem(again, 409, "wrong-state").await.contains("waiting"));
    assert_eq!(admin.get("/admin/v1/jobs").await["total"], 2);
    assert_eq!(
        admin.get("/admin/v1/audit?limit=1").await["items"][0]["action"],
        "job.retry"
    );
    problem(
        admin.send(Method::GET, "/admin/v1/jobs/job_1", None).await,
        404,
        "not-found",
    )
    .await;
    problem(
        admin.send(Method::GET, "/admin/v1/jobs?tenant=none", None).await,
        404,
        "not-found",
    )
    .await;
}
