use mooring_sdk::services::{self, Status, Suspender};
use serde_json::{Value, json};

use crate::{
    Host, PROVISION, SUSPEND, TERMINATE, UNSUSPEND, USER_CREATE, failed, get, host_with_customer, order,
    post, refused,
};

/// A service of `qa@example.com`, tracked locally.
fn local_service(host: &mut Host, key: &str) -> Value {
    let answer = post(host, key, PROVISION, &order(None));
    json!({ "service_id": answer["service_id"] })
}

#[test]
fn without_virtfusion_a_service_is_active_at_once_and_says_so() {
    let (mut host, key) = host_with_customer();
    let answer = post(&mut host, &key, PROVISION, &order(Some("vps.example.com")));
    assert!(answer["service_id"].as_str().unwrap().starts_with("svc_"));
    assert_eq!(
        (&answer["status"], &answer["driver"]),
        (&json!("active"), &json!("local"))
    );
    assert_eq!(host.services()[0].label, "vps.example.com");
    assert_eq!(host.waiting(), []);
}

#[test]
fn a_lifecycle_without_virtfusion() {
    let (mut host, key) = host_with_customer();
    let service = local_service(&mut host, &key);
    for (path, status) in [
        (SUSPEND, Status::Suspended),
        (SUSPEND, Status::Suspended),
        (UNSUSPEND, Status::Active),
        (UNSUSPEND, Status::Active),
        (SUSPEND, Status::Suspended),
        (TERMINATE, Status::Terminated),
        (TERMINATE, Status::Terminated),
    ] {
        assert_eq!(post(&mut host, &key, path, &service), json!({ "ok": true }));
        assert_eq!(host.services()[0].status, status);
        assert_eq!(host.waiting(), []);
    }
    for path in [SUSPEND, UNSUSPEND] {
        refused(
            &mut host,
            &key,
            path,
            &service.to_string(),
            404,
            "service not found",
        );
    }
}

#[test]
fn the_shop_suspends_as_the_operator() {
    let (mut host, key) = host_with_customer();
    let service = local_service(&mut host, &key);
    let id = host.services()[0].id.clone();
    host.act(|| services::suspend(&id, Suspender::User)).unwrap();
    post(&mut host, &key, SUSPEND, &service);
    assert_eq!(host.services()[0].suspended_by, Some(Suspender::Operator));

    // What dunning has suspended, the operator may lift.
    post(&mut host, &key, UNSUSPEND, &service);
    host.act(|| services::suspend(&id, Suspender::System)).unwrap();
    post(&mut host, &key, UNSUSPEND, &service);
    assert_eq!(host.services()[0].status, Status::Active);
}

#[test]
fn refuses_services_that_are_not_there() {
    let (mut host, key) = host_with_customer();
    for path in [SUSPEND, UNSUSPEND, TERMINATE] {
        for body in [
            r#"{"service_id":"svc_abc123"}"#,
            r#"{"service_id":""}"#,
            r#"{"service_id":"../etc"}"#,
        ] {
            refused(&mut host, &key, path, body, 404, "service not found");
        }
        refused(&mut host, &key, path, "{}", 422, "service_id: is required");
        refused(
            &mut host,
            &key,
            path,
            r#"{"service_id":7}"#,
            422,
            "service_id: must be a string, not integer `7`",
        );
        refused(
            &mut host,
            &key,
            path,
            r#"{"service_id":null}"#,
            422,
            "service_id: must be a string, not null",
        );
    }
}

#[test]
fn takes_numbers_as_text_and_no_hostname() {
    let (mut host, key) = host_with_customer();
    let body = json!({ "email": "QA@example.com", "package_id": "3", "group_id": " 1", "os_id": 12 });
    post(&mut host, &key, PROVISION, &body);
    assert_eq!(
        (
            host.services()[0].product.as_str(),
            host.services()[0].label.as_str()
        ),
        ("3", "")
    );
}

#[test]
fn refuses_bad_orders() {
    let (mut host, key) = host_with_customer();
    for (field, value, error) in [
        ("email", json!("nobody@example.com"), "email: unknown user"),
        ("email", json!(null), "email: must be a string, not null"),
        ("package_id", json!(0), "package_id: must be more than zero"),
        (
            "package_id",
            json!(-3),
            "package_id: must be a whole number that is not negative",
        ),
        (
            "package_id",
            json!(3.5),
            "package_id: must be a whole number that is not negative",
        ),
        (
            "group_id",
            json!("one"),
            "group_id: must be a whole number that is not negative",
        ),
        (
            "group_id",
            json!(""),
            "group_id: must be a whole number that is not negative",
        ),
        ("os_id", json!(null), "os_id: must be a whole number"),
        ("os_id", json!("99999999999999999999"), "os_id: is too large"),
        ("hostname", json!("bad host"), "hostname: is not a host name"),
        (
            "hostname",
            json!("-bad.example.com"),
            "hostname: is not a host name",
        ),
        ("hostname", json!("a..b"), "hostname: is not a host name"),
        (
            "hostname",
            json!(7),
            "hostname: must be a string, not integer `7`",
        ),
        (
            "hostname",
            json!("x".repeat(254)),
            "hostname: is longer than 253 characters",
        ),
    ] {
        let mut body = order(Some("vps.example.com"));
        body[field] = value;
        refused(&mut host, &key, PROVISION, &body.to_string(), 422, error);
    }
    refused(
        &mut host,
        &key,
        PROVISION,
        r#"{"email":"qa@example.com"}"#,
        422,
        "package_id: is required",
    );
}

#[test]
fn shows_services_to_their_users() {
    let (mut host, key) = host_with_customer();
    host.set("package_names", r#"{"3":"VPS S"}"#);
    post(
        &mut host,
        &key,
        USER_CREATE,
        &json!({ "email": "other@example.com" }),
    );
    for hostname in [Some("one.example.com"), Some("two.example.com"), None] {
        post(&mut host, &key, PROVISION, &order(hostname));
    }
    let ids: Vec<String> = host.services().iter().map(|service| service.id.clone()).collect();
    post(&mut host, &key, TERMINATE, &json!({ "service_id": ids[1] }));
    let (own, others) = (host.key_of(1, &["user:read"]), host.key_of(2, &["user:read"]));

    let listed = get(&mut host, &own, "/api/v1/services");
    let shown = json!({
        "id": ids[2], "hostname": null, "status": "active", "pkg_id": 3, "pkg_name": "VPS S",
        "expires_at": null, "vf_id": null, "driver": "local",
    });
    assert_eq!(listed[0], shown);
    assert_eq!(listed[1]["id"], ids[0].as_str());
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(
        get(&mut host, &own, "/api/v1/services?offset=1&limit=1")[0]["id"],
        ids[0].as_str()
    );
    assert_eq!(
        get(&mut host, &key, "/api/v1/services").as_array().unwrap().len(),
        2
    );
    assert_eq!(get(&mut host, &others, "/api/v1/services"), json!([]));

    let one = get(&mut host, &own, &format!("/api/v1/services/{}", ids[1]));
    assert_eq!(
        (&one["status"], &one["vf_data"], &one["hostname"]),
        (&json!("terminated"), &json!(null), &json!("two.example.com"))
    );
    failed(
        &host
            .get(&format!("/api/v1/services/{}", ids[0]))
            .key(&others)
            .send(),
        404,
        "service not found",
    );
    failed(
        &host.get("/api/v1/services/7").key(&own).send(),
        404,
        "service not found",
    );
}

#[test]
fn package_names_that_cannot_be_read_are_left_out() {
    let (mut host, key) = host_with_customer();
    host.set("package_names", "VPS S");
    post(&mut host, &key, PROVISION, &order(None));
    assert_eq!(
        get(&mut host, &key, "/api/v1/services")[0]["pkg_name"],
        json!(null)
    );
    assert!(host.log()[0].starts_with("warn: the setting `package_names`"));
}

#[test]
fn a_local_service_has_no_power_switch() {
    let (mut host, key) = host_with_customer();
    let service = local_service(&mut host, &key);
    let path = format!("/api/v1/services/{}/power", host.services()[0].id);
    let start = r#"{"action":"start"}"#;
    refused(
        &mut host,
        &key,
        &path,
        start,
        422,
        "service: is tracked locally only: it has no server to switch",
    );
    refused(
        &mut host,
        &key,
        &path,
        r#"{"action":"explode"}"#,
        422,
        "action: must be `start`, `stop`, `restart` or `poweroff`",
    );
    refused(
        &mut host,
        &key,
        "/api/v1/services/svc_x/power",
        start,
        404,
        "service not found",
    );
    post(&mut host, &key, SUSPEND, &service);
    refused(&mut host, &key, &path, start, 403, "forbidden");
    post(&mut host, &key, TERMINATE, &service);
    refused(&mut host, &key, &path, start, 403, "forbidden");
}

#[test]
fn services_that_somebody_else_made_are_left_as_they_are() {
    let (mut host, key) = host_with_customer();
    let id = host.act(|| {
        let metadata = json!({ "theirs": true }).to_string();
        services::create(services::NewService {
            user: 1,
            metadata,
            ..services::NewService::default()
        })
        .unwrap()
        .id
    });
    assert_eq!(get(&mut host, &key, "/api/v1/services")[0]["pkg_id"], json!(null));
    post(&mut host, &key, SUSPEND, &json!({ "service_id": id }));
    post(&mut host, &key, TERMINATE, &json!({ "service_id": id }));
    assert_eq!(host.services()[0].status, Status::Terminated);
    assert_eq!(host.services()[0].metadata, r#"{"theirs":true}"#);
}
