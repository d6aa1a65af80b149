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
fn the_newest_switch_counts() {
    let (mut host, key, service) = built();
    let path = format!(
        "/api/v1/services/{}/power",
        service["service_id"].as_str().unwrap()
    );
    post(&mut host, &key, &path, &json!({ "action": "start" }));
    host.answer("POST", "/servers/77/power/boot", 423, Value::Null);
    fails_for_now(&mut host);
    post(&mut host, &key, &path, &json!({ "action": "stop" }));
    host.answer("POST", "/servers/77/power/shutdown", 200, Value::Null);
    host.run_job().unwrap();
    host.advance(3_600_000);
    assert_eq!(host.run_jobs()[0].result, Ok(()));
}

#[test]
fn a_switch_is_a_word() {
    let (mut host, key, service) = built();
    let path = format!(
        "/api/v1/services/{}/power",
        service["service_id"].as_str().unwrap()
    );
    for (action, error) in [
        ("null", "action: must be a string, not null"),
        ("5", "action: must be a string, not integer `5`"),
        (r#"["start"]"#, "action: must be a string, not an array"),
        (r#"{"start":null}"#, "action: must be a string, not an object"),
        (
            r#""Start""#,
            "action: must be `start`, `stop`, `restart` or `poweroff`",
        ),
    ] {
        refused(
            &mut host,
            &key,
            &path,
            &format!(r#"{{"action":{action}}}"#),
            422,
            error,
        );
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
    for pause in [10, 20, 40, 80, 160] {
        host.answer("POST", "/servers/77/power/boot", 423, Value::Null);
        assert_eq!(fails_for_now(&mut host), Some(pause));
        host.advance(u64::from(pause) * 1000);
    }
    host.answer("POST", "/servers/77/power/boot", 423, Value::Null);
    assert!(matches!(
        host.run_job().unwrap().result,
        Err(JobFailure::Fatal(_))
    ));
    assert_eq!(host.dead(), ["virtfusion-power"]);
}
