//! Starting and stopping a machine.

use mooring_sdk::jobs::JobFailure;
use serde_json::{Value, json};

use super::{built, fails_for_now, ordered};
use crate::{SUSPEND, post, refused};

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
