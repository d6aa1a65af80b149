use mooring_sdk::jobs::JobFailure;
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::services::Status;
use serde_json::{Value, json};

use crate::{Host, PROVISION, SUSPEND, TERMINATE, UNSUSPEND, get, host_with_customer, order, post, refused};

/// A host with VirtFusion and an order on its way; nothing has been called yet.
fn ordered() -> (Host, String, Value) {
    let (mut host, key) = host_with_customer();
    host.set("virtfusion_url", "https://vf.example.com/api/v1");
    host.set("virtfusion_token", "secret");
    let answer = post(&mut host, &key, PROVISION, &order(Some("vps.example.com")));
    assert_eq!(
        (&answer["status"], &answer["driver"]),
        (&json!("building"), &json!("virtfusion"))
    );
    let service = json!({ "service_id": answer["service_id"] });
    (host, key, service)
}

/// A host with a server that runs: number 77.
fn built() -> (Host, String, Value) {
    let (mut host, key, service) = ordered();
    answer_user(&mut host);
    host.answer(
        "POST",
        "/servers",
        201,
        json!({ "data": { "id": 77, "uuid": "u" } }),
    );
    host.answer(
        "POST",
        "/servers/77/build",
        200,
        json!({ "data": { "id": 77, "state": "queued" } }),
    );
    assert!(host.run_jobs().iter().all(|run| run.result.is_ok()));
    (host, key, service)
}

fn answer_user(host: &mut Host) {
    host.answer(
        "GET",
        "/users/1/byExtRelation",
        200,
        json!({ "data": { "id": 9 } }),
    );
}

fn status(host: &mut Host, key: &str) -> Value {
    let id = host.services()[0].id.clone();
    get(host, key, &format!("/api/v1/services/{id}"))
}

fn body(host: &Host, call: usize) -> Value {
    serde_json::from_slice(&host.calls()[call].body).unwrap()
}

fn retry(after: Option<u32>, reason: &str) -> Result<(), JobFailure> {
    Err(JobFailure::Retry {
        after,
        reason: reason.to_owned(),
    })
}

#[test]
fn provisions_step_by_step() {
    let (mut host, key, _) = ordered();
    assert_eq!(status(&mut host, &key)["status"], "building");
    host.answer(
        "GET",
        "/users/1/byExtRelation",
        404,
        json!({ "msg": "user not found" }),
    );
    host.answer(
        "POST",
        "/users",
        201,
        json!({ "data": { "id": 9, "password": "p" } }),
    );
    host.answer(
        "POST",
        "/servers",
        201,
        json!({ "data": { "id": 77, "uuid": "u" } }),
    );
    host.answer(
        "POST",
        "/servers/77/build",
        200,
        json!({ "data": { "id": 77, "state": "queued" } }),
    );
    let runs = host.run_jobs();
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| run.result.is_ok() && run.attempt == 1));

    let customer = json!({ "name": "QA", "email": "qa@example.com", "extRelationId": 1, "sendMail": false });
    assert_eq!(body(&host, 1), customer);
    assert_eq!(
        body(&host, 2),
        json!({ "packageId": 3, "userId": 9, "hypervisorId": 1 })
    );
    let system = json!({ "operatingSystemId": 12, "name": "vps.example.com", "hostname": "vps.example.com" });
    assert_eq!(body(&host, 3), system);
    for call in host.calls() {
        assert!(
            call.headers.iter().all(|(name, _)| name != "authorization"),
            "the token is the host's"
        );
    }

    assert_eq!(host.services()[0].external_ref.as_deref(), Some("virtfusion:77"));
    let shown = status(&mut host, &key);
    assert_eq!(
        (&shown["status"], &shown["vf_id"]),
        (&json!("active"), &json!(77))
    );
    assert_eq!(shown["vf_data"], json!({ "id": 77, "state": "queued" }));
    assert_eq!(host.waiting(), []);
}

#[test]
fn suspends_and_lifts_once() {
    let (mut host, key, service) = built();
    post(&mut host, &key, SUSPEND, &service);
    post(&mut host, &key, SUSPEND, &service);
    assert_eq!(host.services()[0].status, Status::Suspended);
    host.answer("POST", "/servers/77/suspend", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 1);
    post(&mut host, &key, SUSPEND, &service);
    assert_eq!(host.waiting(), []);

    post(&mut host, &key, UNSUSPEND, &service);
    host.answer("POST", "/servers/77/unsuspend", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 1);
    assert_eq!(host.services()[0].status, Status::Active);
}

#[test]
fn a_suspension_that_is_lifted_meanwhile_is_lifted_there_too() {
    let (mut host, key, service) = built();
    post(&mut host, &key, SUSPEND, &service);
    host.answer("POST", "/servers/77/suspend", 204, Value::Null);
    let run = host.run_job_meanwhile(|host| {
        post(host, &key, UNSUSPEND, &service);
    });
    assert_eq!(run.unwrap().result, Ok(()));
    host.answer("POST", "/servers/77/unsuspend", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 1);
    assert_eq!(host.services()[0].status, Status::Active);
}

#[test]
fn deletes_five_seconds_after_the_end() {
    let (mut host, key, service) = built();
    post(&mut host, &key, TERMINATE, &service);
    post(&mut host, &key, TERMINATE, &service);
    assert_eq!(host.waiting().len(), 1);
    assert_eq!(host.waiting()[0].run_at, host.now() + 5000);
    host.advance(4999);
    assert_eq!(host.run_jobs(), []);
    host.advance(1);
    host.answer("DELETE", "/servers/77?delay=0", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 1);
    post(&mut host, &key, TERMINATE, &service);
    assert_eq!(host.waiting(), []);
    assert_eq!(status(&mut host, &key)["status"], "terminated");
}

#[test]
fn a_server_that_is_gone_is_deleted() {
    let (mut host, key, service) = built();
    post(&mut host, &key, TERMINATE, &service);
    host.advance(5000);
    host.answer(
        "DELETE",
        "/servers/77?delay=0",
        404,
        json!({ "msg": "server not found" }),
    );
    assert_eq!(host.run_jobs()[0].result, Ok(()));
    assert_eq!(host.events(), []);
}

#[test]
fn tries_again_what_may_get_better() {
    let (mut host, key, service) = built();
    post(&mut host, &key, SUSPEND, &service);
    let what = "VirtFusion, POST /servers/77/suspend:";
    let mut attempt = 0;
    let mut try_again = |host: &mut Host, expected| {
        attempt += 1;
        let run = host.run_job().unwrap();
        assert_eq!((run.attempt, run.result), (attempt, expected));
        host.advance(3_600_000);
    };
    for (answered, after, why) in [
        (423, Some(10), "the server is busy (423)"),
        (429, None, "too many requests (429)"),
        (500, None, "answered 500"),
        (503, None, "answered 503"),
        (
            401,
            Some(300),
            "refused the token (401); check the setting `virtfusion_token`",
        ),
        (302, Some(300), "redirects; check the setting `virtfusion_url`"),
    ] {
        host.answer("POST", "/servers/77/suspend", answered, Value::Null);
        try_again(&mut host, retry(after, &format!("{what} {why}")));
    }
    for (error, after, why) in [
        (OutboundError::TimedOut, None, "no answer in time"),
        (
            OutboundError::Unreachable("refused".to_owned()),
            None,
            "unreachable: refused",
        ),
        (
            OutboundError::Refused("private".to_owned()),
            Some(300),
            "refused: private",
        ),
        (
            OutboundError::NotConfigured("virtfusion_token".to_owned()),
            Some(300),
            "setting `virtfusion_token` is not set",
        ),
    ] {
        host.fail("POST", "/servers/77/suspend", error);
        try_again(&mut host, retry(after, &format!("{what} {why}")));
    }
    host.answer("POST", "/servers/77/suspend", 204, Value::Null);
    try_again(&mut host, Ok(()));
}

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

    // Nothing was made, so nothing has to be deleted.
    for path in [SUSPEND, UNSUSPEND, TERMINATE] {
        post(&mut host, &key, path, &service);
        assert_eq!(host.waiting(), []);
    }
}

#[test]
fn gives_up_in_the_end_and_a_repeated_end_tries_again() {
    let (mut host, key, service) = built();
    post(&mut host, &key, TERMINATE, &service);
    for attempt in 1..=100 {
        host.advance(3_600_000);
        host.answer("DELETE", "/servers/77?delay=0", 500, Value::Null);
        let run = host.run_job().unwrap();
        assert_eq!((run.attempt, run.result.is_ok()), (attempt, attempt == 100));
    }
    let error = status(&mut host, &key)["error"].as_str().unwrap().to_owned();
    assert_eq!(
        error,
        "gave up: VirtFusion, DELETE /servers/77?delay=0: answered 500"
    );

    post(&mut host, &key, TERMINATE, &service);
    host.answer("DELETE", "/servers/77?delay=0", 204, Value::Null);
    assert_eq!(host.run_jobs()[0].result, Ok(()));
    assert_eq!(status(&mut host, &key)["error"], Value::Null);
}

#[test]
fn suspended_while_building_it_is_suspended_once_built() {
    let (mut host, key, service) = ordered();
    post(&mut host, &key, SUSPEND, &service);
    answer_user(&mut host);
    host.answer("POST", "/servers", 201, json!({ "data": { "id": 77 } }));
    host.answer("POST", "/servers/77/build", 200, json!({ "data": { "id": 77 } }));
    host.answer("POST", "/servers/77/suspend", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 4);
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

#[test]
fn switches_servers() {
    let (mut host, key, service) = built();
    let path = format!(
        "/api/v1/services/{}/power",
        service["service_id"].as_str().unwrap()
    );
    for (action, verb) in [
        ("start", "boot"),
        ("stop", "shutdown"),
        ("restart", "restart"),
        ("poweroff", "poweroff"),
    ] {
        post(&mut host, &key, &path, &json!({ "action": action }));
        host.answer(
            "POST",
            &format!("/servers/77/power/{verb}"),
            200,
            json!({ "data": { "queueId": 5 } }),
        );
        assert_eq!(host.run_jobs()[0].result, Ok(()));
    }

    // Suspended before the job runs: the wish has lost its point.
    post(&mut host, &key, &path, &json!({ "action": "start" }));
    post(&mut host, &key, SUSPEND, &service);
    host.answer("POST", "/servers/77/suspend", 204, Value::Null);
    assert!(host.run_jobs().iter().all(|run| run.result.is_ok()));
    refused(&mut host, &key, &path, r#"{"action":"start"}"#, 403, "forbidden");
}

#[test]
fn a_server_that_is_being_built_cannot_be_switched() {
    let (mut host, key, service) = ordered();
    let path = format!(
        "/api/v1/services/{}/power",
        service["service_id"].as_str().unwrap()
    );
    refused(
        &mut host,
        &key,
        &path,
        r#"{"action":"start"}"#,
        422,
        "service: is still being built",
    );
}

#[test]
fn a_switch_that_fails_for_good_is_given_up() {
    let (mut host, key, service) = built();
    let path = format!(
        "/api/v1/services/{}/power",
        service["service_id"].as_str().unwrap()
    );
    post(&mut host, &key, &path, &json!({ "action": "start" }));
    for _ in 0..5 {
        host.answer("POST", "/servers/77/power/boot", 423, Value::Null);
        assert!(matches!(
            host.run_job().unwrap().result,
            Err(JobFailure::Retry { after: Some(10), .. })
        ));
        host.advance(10_000);
    }
    host.answer("POST", "/servers/77/power/boot", 423, Value::Null);
    assert!(matches!(
        host.run_job().unwrap().result,
        Err(JobFailure::Fatal(_))
    ));
    assert_eq!(host.dead(), ["virtfusion-power"]);
}
