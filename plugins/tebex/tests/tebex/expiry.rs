use mooring_sdk::services::Status;
use serde_json::{Value, json};

use crate::{buy, call, get, host, offline, online, write};

const DAY: u64 = 24 * 3_600_000;

#[test]
fn what_has_a_time_is_taken_away_when_that_is_over() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    call(
        &mut host,
        &secret,
        "DELETE",
        "/queue",
        &json!({ "ids": [1, 2] }),
        204,
    );
    host.advance(30 * DAY - 1);
    host.run_jobs();
    assert_eq!(offline(&mut host, &secret), [""; 0]);
    assert_eq!(
        get(&mut host, &secret, "/player/1/packages")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    host.advance(1);
    host.run_jobs();
    assert_eq!(offline(&mut host, &secret), ["lp user {uuid} parent remove vip"]);
    assert_eq!(get(&mut host, &secret, "/player/1/packages"), json!([]));
    assert_eq!(host.services()[0].status, Status::Terminated);
    // The money stays, and a refund has nothing left to take away.
    assert_eq!(get(&mut host, &secret, "/payments")[0]["status"], "Complete");
    let path = format!("/payments/{transaction}");
    call(
        &mut host,
        &secret,
        "DELETE",
        "/queue",
        &json!({ "ids": [3] }),
        204,
    );
    call(
        &mut host,
        &secret,
        "PUT",
        &path,
        &json!({ "status": "refund" }),
        204,
    );
    assert_eq!(offline(&mut host, &secret), [""; 0]);
}

#[test]
fn what_takes_away_what_has_expired_waits_through_a_refund_and_is_not_queued_again() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    host.advance(30 * DAY);
    host.run_jobs();
    assert_eq!(
        offline(&mut host, &secret),
        [
            "lp user {uuid} parent add vip",
            "lp user {uuid} parent remove vip"
        ]
    );
    let path = format!("/payments/{transaction}");
    for status in ["refund", "chargeback"] {
        call(
            &mut host,
            &secret,
            "PUT",
            &path,
            &json!({ "status": status }),
            204,
        );
        assert_eq!(offline(&mut host, &secret), ["lp user {uuid} parent remove vip"]);
    }
}

#[test]
fn what_takes_away_stays_with_the_player_who_had_it() {
    let (mut host, secret) = host();
    let removal = |online: bool| json!({ "command": "unkit", "require_online": online });
    let package = json!({
        "name": "Kit", "price": "1", "category": 1, "expiry_length": 1, "expiry_period": "hour",
        "removal_commands": [removal(false), removal(true)],
    });
    write(&mut host, "packages", "15", &package);
    let transaction = buy(&mut host, &secret, 15, "Notch");
    host.advance(3_600_000);
    host.run_jobs();
    let path = format!("/payments/{transaction}");
    let body = json!({ "username": "jeb_" });
    call(&mut host, &secret, "PUT", &path, &body, 204);
    let commands = get(&mut host, &secret, "/queue/offline-commands");
    assert_eq!(commands["commands"][0]["player"]["name"], "Notch");
    assert_eq!(online(&mut host, &secret, 1), ["unkit"]);
    assert_eq!(online(&mut host, &secret, 2), [""; 0]);
    assert_eq!(get(&mut host, &secret, "/queue")["players"][0]["name"], "Notch");
}

#[test]
fn what_was_taken_back_and_delivered_again_ends_when_it_would_have_ended() {
    let (mut host, secret) = host();
    let transaction = buy(&mut host, &secret, 11, "Notch");
    let path = format!("/payments/{transaction}");
    host.advance(10 * DAY);
    for status in ["chargeback", "complete"] {
        call(
            &mut host,
            &secret,
            "PUT",
            &path,
            &json!({ "status": status }),
            204,
        );
    }
    host.advance(20 * DAY - 1);
    host.run_jobs();
    let owned = get(&mut host, &secret, "/player/1/packages");
    assert_eq!(owned.as_array().map(Vec::len), Some(1));
    host.advance(1);
    host.run_jobs();
    assert_eq!(get(&mut host, &secret, "/player/1/packages"), json!([]));
    // Nor is anything delivered of what is over.
    let ids: Vec<u64> = (1..20).collect();
    call(
        &mut host,
        &secret,
        "DELETE",
        "/queue",
        &json!({ "ids": ids }),
        204,
    );
    for status in ["chargeback", "complete"] {
        call(
            &mut host,
            &secret,
            "PUT",
            &path,
            &json!({ "status": status }),
            204,
        );
    }
    assert_eq!(offline(&mut host, &secret), [""; 0]);
    assert_eq!(get(&mut host, &secret, "/player/1/packages"), json!([]));
}

#[test]
fn removal_commands_are_those_of_the_day_it_was_bought() {
    let (mut host, secret) = host();
    let mut package = json!({
        "name": "Kit", "price": "1", "category": 1, "expiry_length": 1, "expiry_period": "hour",
        "fields": [{ "name": "color", "type": "alpha" }],
        "removal_commands": [{ "command": "unkit {name} {color}" }],
    });
    write(&mut host, "packages", "15", &package);
    let body = json!({ "packages": [{ "id": 15, "options": { "color": "red" } }], "ign": "Notch" });
    call(&mut host, &secret, "POST", "/payments", &body, 204);
    package["removal_commands"] = Value::Array(Vec::new());
    write(&mut host, "packages", "15", &package);
    host.advance(3_600_000);
    host.run_jobs();
    assert_eq!(offline(&mut host, &secret), ["unkit {name} red"]);
}

#[test]
fn what_has_expired_counts_for_limits_unless_the_package_says_so() {
    for limit_expires in [false, true] {
        let (mut host, secret) = host();
        let package = json!({
            "name": "Kit", "price": "1", "category": 1, "user_limit": 1, "limit_expires": limit_expires,
            "expiry_length": 1, "expiry_period": "hour",
        });
        write(&mut host, "packages", "15", &package);
        buy(&mut host, &secret, 15, "Notch");
        host.advance(3_600_000);
        host.run_jobs();
        let body = json!({ "package_id": 15, "username": "Notch" });
        let status = if limit_expires { 201 } else { 422 };
        call(&mut host, &secret, "POST", "/checkout", &body, status);
    }
}
