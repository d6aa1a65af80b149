//! From the order to a server that runs, and what is lost on the way.

use mooring_sdk::outbound::OutboundError;
use mooring_sdk::services::Status;
use serde_json::{Value, json};

use super::{
    answer_built, answer_created, answer_servers, answer_user, complete, fails_for_now, ordered, status,
};
use crate::{PROVISION, SUSPEND, TERMINATE, UNSUSPEND, order, post, refused};

#[test]
fn a_refused_order_fails_and_says_why() {
    let (mut host, key, service) = ordered();
    answer_user(&mut host);
    host.answer("POST", "/servers", 422, json!({ "errors": ["no such package"] }));
    assert!(host.run_jobs().iter().all(|run| run.result.is_ok()));
    let shown = status(&mut host, &key);
    assert_eq!(shown["status"], "failed");
    let error = r#"VirtFusion, POST /servers: answered 422: {"errors":["no such package"]}"#;
    assert_eq!(shown["error"], error);
    let event = &host.events()[0];
    assert_eq!(
        (event.kind.as_str(), event.subject.as_str()),
        ("service.failed", service["service_id"].as_str().unwrap())
    );
    assert!(host.log().iter().any(|line| line.starts_with("error: svc_")));

    // Its customer need not know what VirtFusion says.
    let own = host.key_of(1, &["user:read"]);
    assert_eq!(
        status(&mut host, &own)["error"],
        "the server could not be set up or changed"
    );

    // Only whoever asks again has it tried again, with another job.
    post(&mut host, &key, SUSPEND, &service);
    assert_eq!(host.waiting(), []);
    post(&mut host, &key, UNSUSPEND, &service);
    assert_eq!(status(&mut host, &key)["status"], "building");
    answer_servers(&mut host, &[70]);
    answer_created(&mut host);
    answer_built(&mut host);
    host.run_jobs();
    assert_eq!(status(&mut host, &key)["status"], "active");
}

#[test]
fn the_end_of_a_failed_order_looks_for_a_server_that_nobody_knows_of() {
    for (servers, found) in [(&[70, 77][..], true), (&[70], false)] {
        let (mut host, key, service) = ordered();
        answer_user(&mut host);
        host.answer("POST", "/servers", 201, json!({ "message": "created" }));
        host.run_jobs();
        assert_eq!(status(&mut host, &key)["status"], "failed");
        post(&mut host, &key, TERMINATE, &service);
        answer_servers(&mut host, servers);
        assert_eq!(host.run_jobs().len(), 1);
        host.advance(5000);
        if found {
            host.answer("DELETE", "/servers/77?delay=0", 204, Value::Null);
        }
        assert_eq!(host.run_jobs().len(), usize::from(found));
        assert_eq!(host.waiting(), []);
    }
}

#[test]
fn a_server_whose_answer_was_lost_is_taken_over() {
    let (mut host, key, _) = ordered();
    answer_user(&mut host);
    host.run_job().unwrap();
    host.fail("POST", "/servers", OutboundError::TimedOut);
    fails_for_now(&mut host);
    host.advance(5000);
    answer_servers(&mut host, &[78, 70, 77]);
    answer_built(&mut host);
    assert!(host.run_jobs().iter().all(|run| run.result.is_ok()));
    assert_eq!(status(&mut host, &key)["vf_id"], 77);
    assert_eq!(host.services()[0].external_ref.as_deref(), Some("virtfusion:77"));

    // The other order's server is its own.
    post(&mut host, &key, PROVISION, &order(None));
    answer_user(&mut host);
    host.run_job().unwrap();
    host.fail("POST", "/servers", OutboundError::TimedOut);
    fails_for_now(&mut host);
    host.advance(5000);
    answer_servers(&mut host, &[70, 77]);
    host.answer("POST", "/servers", 201, json!({ "data": { "id": 80 } }));
    host.run_job().unwrap();
    assert_eq!(host.services()[1].external_ref.as_deref(), Some("virtfusion:80"));
}

#[test]
fn two_orders_do_not_share_a_server_that_one_took_over() {
    let (mut host, key, _) = ordered();
    post(&mut host, &key, PROVISION, &order(None));
    answer_user(&mut host);
    host.run_job().unwrap();
    answer_user(&mut host);
    host.run_job().unwrap();
    host.fail("POST", "/servers", OutboundError::TimedOut);
    fails_for_now(&mut host);
    // The second order's server is made; before its job is done, the first one's second try takes it for its own.
    let mut state = 0;
    answer_created(&mut host);
    host.run_job_meanwhile(|host| {
        host.advance(5000);
        answer_servers(host, &[70, 77]);
        state = host.run_job().unwrap().attempt;
    });
    assert_eq!(state, 2);
    let servers: Vec<_> = host
        .services()
        .iter()
        .map(|service| service.external_ref.clone())
        .collect();
    assert_eq!(servers, [Some("virtfusion:77".to_owned()), None]);
}

#[test]
fn ended_while_a_lost_answer_is_tried_again_no_server_is_left() {
    let (mut host, key, service) = ordered();
    answer_user(&mut host);
    host.run_job().unwrap();
    host.fail("POST", "/servers", OutboundError::TimedOut);
    fails_for_now(&mut host);
    post(&mut host, &key, TERMINATE, &service);
    host.advance(5000);
    answer_servers(&mut host, &[70, 77]);
    host.answer("DELETE", "/servers/77?delay=0", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 2);
    assert_eq!(host.waiting(), []);
}

#[test]
fn a_server_is_active_once_virtfusion_has_built_it() {
    let (mut host, key, _) = ordered();
    answer_user(&mut host);
    answer_created(&mut host);
    host.answer("POST", "/servers/77/build", 200, json!({ "data": { "id": 77 } }));
    let queued = json!({ "data": { "id": 77, "state": "queued", "buildFailed": false } });
    host.answer("GET", "/servers/77", 200, queued.clone());
    host.run_jobs();
    assert_eq!(status(&mut host, &key)["status"], "building");
    host.advance(10_000);
    host.answer("GET", "/servers/77", 200, queued);
    assert_eq!(fails_for_now(&mut host), Some(20));
    host.advance(20_000);
    host.answer("GET", "/servers/77", 200, json!({ "data": complete() }));
    host.run_jobs();
    assert_eq!(status(&mut host, &key)["status"], "active");
}

#[test]
fn a_build_that_never_ends_is_looked_at_again_when_somebody_asks() {
    let (mut host, key, service) = ordered();
    answer_user(&mut host);
    answer_created(&mut host);
    host.answer("POST", "/servers/77/build", 200, json!({ "data": { "id": 77 } }));
    for _ in 0..3 {
        host.run_job().unwrap();
    }
    for _ in 0..100 {
        host.answer(
            "GET",
            "/servers/77",
            200,
            json!({ "data": { "state": "queued" } }),
        );
        host.run_job().unwrap();
        host.advance(3_600_000);
    }
    assert_eq!(status(&mut host, &key)["status"], "failed");
    post(&mut host, &key, UNSUSPEND, &service);
    host.answer("GET", "/servers/77", 200, json!({ "data": complete() }));
    host.run_jobs();
    assert_eq!(status(&mut host, &key)["status"], "active");
}

#[test]
fn a_build_that_fails_is_told_and_made_again_when_somebody_asks() {
    let (mut host, key, service) = ordered();
    answer_user(&mut host);
    answer_created(&mut host);
    host.answer("POST", "/servers/77/build", 200, json!({ "data": { "id": 77 } }));
    let failed = json!({ "data": { "id": 77, "state": "queued", "buildFailed": true } });
    host.answer("GET", "/servers/77", 200, failed);
    host.run_jobs();
    let shown = status(&mut host, &key);
    assert_eq!(
        (&shown["status"], &shown["error"]),
        (&json!("failed"), &json!("VirtFusion could not build the server"))
    );
    assert_eq!(shown["vf_data"]["buildFailed"], true);
    assert_eq!(host.events()[0].kind, "service.failed");
    let path = format!(
        "/api/v1/services/{}/power",
        service["service_id"].as_str().unwrap()
    );
    let start = r#"{"action":"start"}"#;
    refused(&mut host, &key, &path, start, 422, "service: could not be set up");

    post(&mut host, &key, UNSUSPEND, &service);
    answer_built(&mut host);
    host.run_jobs();
    assert_eq!(status(&mut host, &key)["status"], "active");
}

#[test]
fn suspended_while_building_it_is_suspended_once_built() {
    let (mut host, key, service) = ordered();
    post(&mut host, &key, SUSPEND, &service);
    answer_user(&mut host);
    answer_created(&mut host);
    answer_built(&mut host);
    host.answer("POST", "/servers/77/suspend", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 5);
    assert_eq!(host.services()[0].status, Status::Suspended);
    post(&mut host, &key, UNSUSPEND, &service);
    host.answer("POST", "/servers/77/unsuspend", 204, Value::Null);
    host.run_jobs();
    assert_eq!(host.services()[0].status, Status::Active);
}

#[test]
fn ended_before_anything_was_made_nothing_is_called() {
    let (mut host, key, service) = ordered();
    post(&mut host, &key, TERMINATE, &service);
    host.advance(10_000);
    assert_eq!(host.run_jobs(), []);
    assert_eq!(host.calls(), []);
}

#[test]
fn ended_while_the_server_is_made_no_server_is_lost() {
    let (mut host, key, service) = ordered();
    answer_user(&mut host);
    host.run_job().unwrap();
    host.answer("POST", "/servers", 201, json!({ "data": { "id": 77 } }));
    let run = host.run_job_meanwhile(|host| {
        post(host, &key, TERMINATE, &service);
        answer_servers(host, &[70, 77]);
    });
    assert_eq!(run.unwrap().result, Ok(()));
    assert_eq!(host.services()[0].external_ref.as_deref(), Some("virtfusion:77"));
    host.advance(5000);
    host.answer("DELETE", "/servers/77?delay=0", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 1);
}

#[test]
fn ended_while_it_is_built_the_server_is_deleted() {
    let (mut host, key, service) = ordered();
    answer_user(&mut host);
    host.run_job().unwrap();
    host.answer("POST", "/servers", 201, json!({ "data": { "id": 77 } }));
    host.run_job().unwrap();
    // The build waits, so the end takes its place.
    post(&mut host, &key, TERMINATE, &service);
    assert_eq!(host.waiting().len(), 1);
    host.advance(5000);
    host.answer("DELETE", "/servers/77?delay=0", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 1);
    assert_eq!(host.services()[0].status, Status::Terminated);
}

#[test]
fn an_answer_that_cannot_be_read_is_no_server() {
    let (mut host, key, _) = ordered();
    answer_user(&mut host);
    host.answer("POST", "/servers", 201, json!({ "message": "created" }));
    host.run_jobs();
    let error = status(&mut host, &key)["error"].as_str().unwrap().to_owned();
    assert!(
        error.starts_with("VirtFusion's answer cannot be read: missing field `data`"),
        "{error}"
    );
}
