mod build;
mod switch;

use mooring_sdk::jobs::JobFailure;
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::services::Status;
use serde_json::{Value, json};

use crate::{Host, PROVISION, SUSPEND, TERMINATE, UNSUSPEND, get, host_with_customer, order, post};

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
    answer_created(&mut host);
    answer_built(&mut host);
    assert!(host.run_jobs().iter().all(|run| run.result.is_ok()));
    (host, key, service)
}

/// The customer is known already, and has the server 70.
fn answer_user(host: &mut Host) {
    let user = json!({ "data": { "id": 9 } });
    host.answer("GET", "/users/1/byExtRelation", 200, user);
    answer_servers(host, &[70]);
}

fn answer_servers(host: &mut Host, ids: &[u64]) {
    let servers: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    host.answer("GET", "/servers/user/9", 200, json!({ "data": servers }));
}

fn answer_created(host: &mut Host) {
    let server = json!({ "data": { "id": 77, "uuid": "u" } });
    host.answer("POST", "/servers", 201, server);
}

fn answer_built(host: &mut Host) {
    host.answer("POST", "/servers/77/build", 200, json!({ "data": { "id": 77 } }));
    host.answer("GET", "/servers/77", 200, json!({ "data": complete() }));
}

fn complete() -> Value {
    json!({ "id": 77, "state": "complete", "suspended": false, "buildFailed": false })
}

/// Runs the next job, which must fail for now; gives the seconds until the next try.
fn fails_for_now(host: &mut Host) -> Option<u32> {
    match host.run_job().expect("a job is due").result {
        Err(JobFailure::Retry { after, .. }) => after,
        other => panic!("{other:?}"),
    }
}

fn status(host: &mut Host, key: &str) -> Value {
    let id = host.services()[0].id.clone();
    get(host, key, &format!("/api/v1/services/{id}"))
}

fn body(host: &Host, call: usize) -> Value {
    serde_json::from_slice(&host.calls()[call].body).expect("a body of JSON")
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
    answer_built(&mut host);
    let runs = host.run_jobs();
    assert_eq!(runs.len(), 4);
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
    assert_eq!(shown["vf_data"], complete());
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
            Some(3600),
            "refused the token (401); check the setting `virtfusion_token`",
        ),
        (302, Some(3600), "redirects; check the setting `virtfusion_url`"),
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
            Some(3600),
            "refused: private",
        ),
        (
            OutboundError::NotConfigured("virtfusion_token".to_owned()),
            Some(3600),
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
fn a_setting_is_waited_for_during_days() {
    let (mut host, key, _) = ordered();
    let ordered_at = host.now();
    let mut pauses = Vec::new();
    for _ in 1..100 {
        host.answer("GET", "/users/1/byExtRelation", 401, Value::Null);
        let pause = fails_for_now(&mut host).unwrap();
        pauses.push(pause);
        host.advance(u64::from(pause) * 1000);
    }
    assert_eq!(pauses[..5], [300, 600, 1200, 2400, 3600]);
    assert!(host.now() - ordered_at > 3 * 24 * 3_600_000);
    assert_eq!(status(&mut host, &key)["status"], "building");
}

#[test]
fn a_locked_server_is_deleted_however_long_that_takes() {
    let (mut host, key, service) = built();
    post(&mut host, &key, TERMINATE, &service);
    host.advance(5000);
    let ended_at = host.now();
    for _ in 1..100 {
        host.answer("DELETE", "/servers/77?delay=0", 423, Value::Null);
        let pause = fails_for_now(&mut host).unwrap();
        host.advance(u64::from(pause) * 1000);
    }
    assert!(host.now() - ended_at > 3 * 24 * 3_600_000);
    host.answer("DELETE", "/servers/77?delay=0", 423, Value::Null);
    assert_eq!(host.run_jobs()[0].result, Ok(()));
    assert_eq!(host.events()[0].kind, "service.failed");

    // It is given up for a day only.
    assert_eq!(host.waiting()[0].run_at, host.now() + 24 * 3_600_000);
    host.advance(24 * 3_600_000);
    host.answer("DELETE", "/servers/77?delay=0", 204, Value::Null);
    assert_eq!(host.run_jobs()[0].result, Ok(()));
    assert_eq!(host.waiting(), []);
}

#[test]
fn a_suspension_that_has_lost_its_point_is_not_carried_out() {
    let (mut host, key, service) = built();
    post(&mut host, &key, SUSPEND, &service);
    host.answer("POST", "/servers/77/suspend", 423, Value::Null);
    fails_for_now(&mut host);
    // A try may have got through all the same, so the opposite is asked for.
    post(&mut host, &key, UNSUSPEND, &service);
    host.answer("POST", "/servers/77/unsuspend", 204, Value::Null);
    assert_eq!(host.run_jobs().len(), 1);
    host.advance(3_600_000);
    assert_eq!(host.run_jobs(), []);
    assert_eq!(host.services()[0].status, Status::Active);
}

#[test]
fn a_wrong_path_is_a_setting_to_mend() {
    let (mut host, _, _) = ordered();
    host.answer("GET", "/users/1/byExtRelation", 404, Value::Null);
    host.answer("POST", "/users", 404, Value::Null);
    let reason = "VirtFusion, POST /users: answered 404; check the setting `virtfusion_url`";
    assert_eq!(host.run_job().unwrap().result, retry(Some(300), reason));
    host.advance(300_000);
    answer_user(&mut host);
    host.run_job().unwrap();
    host.answer("POST", "/servers", 404, Value::Null);
    let reason = "VirtFusion, POST /servers: answered 404; check the setting `virtfusion_url`";
    assert_eq!(host.run_job().unwrap().result, retry(Some(300), reason));
}

#[test]
fn half_of_the_settings_is_no_local_service() {
    for (setting, value, missing) in [
        (
            "virtfusion_url",
            "https://vf.example.com/api/v1",
            "virtfusion_token",
        ),
        ("virtfusion_token", "secret", "virtfusion_url"),
    ] {
        let (mut host, key) = host_with_customer();
        host.set(setting, value);
        let answer = post(&mut host, &key, PROVISION, &order(None));
        assert_eq!(
            (&answer["status"], &answer["driver"]),
            (&json!("building"), &json!("virtfusion"))
        );
        let reason = format!("VirtFusion, GET /users/1/byExtRelation: setting `{missing}` is not set");
        assert_eq!(host.run_job().unwrap().result, retry(Some(300), &reason));
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

    assert_eq!(host.run_jobs(), []);
    post(&mut host, &key, TERMINATE, &service);
    host.answer("DELETE", "/servers/77?delay=0", 204, Value::Null);
    assert_eq!(host.run_jobs()[0].result, Ok(()));
    assert_eq!(host.waiting(), []);
    assert_eq!(status(&mut host, &key)["error"], Value::Null);
}
