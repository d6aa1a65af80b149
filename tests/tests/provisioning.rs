//! The panel behind the surface: what the host asks of VirtFusion, when, and how it keeps asking.

use std::time::Duration;

use mooring_tests::virtfusion::{Fault, VirtFusion};
use mooring_tests::{Api, TestHost, eventually};
use reqwest::Method;
use serde_json::json;

const TOKEN: &str = "vf-token-that-only-the-host-knows";

/// A host that is told of a panel.
async fn start() -> (TestHost, VirtFusion) {
    let panel = VirtFusion::start(TOKEN).await;
    let host = TestHost::start_with_loopback();
    configure(&host, &panel);
    (host, panel)
}

fn configure(host: &TestHost, panel: &VirtFusion) {
    let tenant = host.demo_tenant();
    let url = format!("virtfusion_url={}", panel.url());
    let token = format!("virtfusion_token={}", panel.token());
    host.mooring_ok(&[
        "settings",
        "set",
        "--tenant",
        &tenant,
        "--plugin",
        "paymenter",
        &url,
        &token,
    ]);
}

/// A user and a server of his.
async fn order(api: &Api) -> String {
    let (service, status) = ordered(api).await;
    assert_eq!(status, "building");
    service
}

async fn ordered(api: &Api) -> (String, String) {
    api.post(
        "/api/v1/paymenter/user.create",
        &json!({ "email": "vf@example.com", "name": "Vera" }),
    )
    .await
    .expect(200);
    let order = json!({
        "email": "vf@example.com", "package_id": 3, "group_id": 1, "os_id": 42, "hostname": "vm.example.com",
    });
    let answer = api
        .post("/api/v1/reseller/provision-server", &order)
        .await
        .expect(200);
    let text = |field: &str| answer[field].as_str().expect("a text").to_owned();
    (text("service_id"), text("status"))
}

async fn lifecycle(api: &Api, action: &str, service: &str) {
    let body = json!({ "service_id": service });
    api.post(&format!("/api/v1/paymenter/server.{action}"), &body)
        .await
        .expect(200);
}

/// Waits until the only server there has been is built; gives its id.
async fn built(panel: &VirtFusion) -> u64 {
    eventually("the server is built", async || {
        panel
            .servers()
            .into_iter()
            .find(|(_, server)| server.operating_system.is_some())
            .map(|(id, _)| id)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_becomes_a_server_and_follows_its_service() {
    let (host, panel) = start().await;
    let api = host.panel().await;
    let service = order(&api).await;
    let id = built(&panel).await;

    let server = panel.servers()[&id].clone();
    assert_eq!(
        (server.package, server.group, server.operating_system),
        (3, 1, Some(42))
    );
    assert_eq!(server.hostname.as_deref(), Some("vm.example.com"));
    let user = panel.users()[&server.user].clone();
    assert_eq!(
        (&user["email"], &user["name"]),
        (&json!("vf@example.com"), &json!("Vera"))
    );
    assert!(user["extRelationId"].is_u64(), "{user}");
    eventually("the service knows its server", async || {
        let seen = api.get(&format!("/api/v1/services/{service}")).await.expect(200);
        seen.to_string()
            .contains(&format!("\"vf_id\":{id}"))
            .then_some(())
    })
    .await;

    lifecycle(&api, "suspend", &service).await;
    eventually("it is suspended", async || {
        panel.servers()[&id].suspended.then_some(())
    })
    .await;
    lifecycle(&api, "suspend", &service).await;
    lifecycle(&api, "unsuspend", &service).await;
    eventually("it is back", async || {
        (!panel.servers()[&id].suspended).then_some(())
    })
    .await;
    let suspended = panel.calls_of(&Method::POST, "/servers/*/suspend");
    assert_eq!(
        suspended.len(),
        1,
        "a service that is suspended already is not suspended again: {suspended:?}"
    );

    let asked = std::time::Instant::now();
    lifecycle(&api, "terminate", &service).await;
    lifecycle(&api, "terminate", &service).await;
    eventually("it is gone", async || panel.servers().is_empty().then_some(())).await;
    let deletes = panel.calls_of(&Method::DELETE, "/servers/*");
    assert_eq!(deletes.len(), 1, "{deletes:?}");
    assert!(
        matches!(deletes[0].query.as_str(), "" | "delay=0"),
        "minutes, not seconds: {}",
        deletes[0].query
    );
    let waited = deletes[0].at - asked;
    assert!(
        waited >= Duration::from_millis(4900),
        "five seconds to change one's mind, not {waited:?}"
    );

    assert!(
        panel
            .calls()
            .iter()
            .all(|call| call.status < 400 || call.status == 404),
        "{:#?}",
        panel.calls()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_is_the_same_users() {
    let (host, panel) = start().await;
    let api = host.panel().await;
    order(&api).await;
    order(&api).await;
    eventually("both are built", async || {
        (panel
            .servers()
            .values()
            .filter(|server| server.operating_system.is_some())
            .count()
            == 2)
            .then_some(())
    })
    .await;
    assert_eq!(panel.users().len(), 1, "{:?}", panel.users());
}

/// Two orders of a new customer at the same time: the second looks before the first has made the user, and is then refused
/// another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_another_order_has_made_meanwhile_is_found() {
    let (host, panel) = start().await;
    let api = host.panel().await;
    let built = async |count: usize| {
        eventually("they are built", async || {
            let servers = panel.servers();
            let built = servers
                .values()
                .filter(|server| server.operating_system.is_some());
            (built.count() == count).then_some(())
        })
        .await;
    };
    order(&api).await;
    built(1).await;
    panel.fail(Method::GET, "/users/*/byExtRelation", Fault::Status(404), 1);
    order(&api).await;
    built(2).await;
    assert_eq!(panel.users().len(), 1, "{:?}", panel.users());
}

/// Whatever is only for now is tried again: a task holds the server, the panel is down, restarts, or hangs up.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_for_now_is_tried_again() {
    let (host, panel) = start().await;
    let api = host.panel().await;
    panel.fail(Method::GET, "/users/*/byExtRelation", Fault::Status(500), 1);
    panel.fail(Method::POST, "/servers", Fault::Status(503), 1);
    panel.fail(Method::POST, "/servers/*/build", Fault::Status(423), 1);
    let faults = [
        Fault::Status(423),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(503),
        Fault::Vanish,
        Fault::Slow(Duration::from_millis(300)),
    ];
    let mut services = Vec::new();
    for _ in faults {
        services.push(order(&api).await);
    }
    eventually("every server is built", async || {
        let built = panel
            .servers()
            .values()
            .filter(|server| server.operating_system.is_some())
            .count();
        (built == faults.len()).then_some(())
    })
    .await;
    for (id, fault) in panel.servers().into_keys().zip(faults) {
        panel.fail(Method::POST, &format!("/servers/{id}/suspend"), fault, 1);
    }
    for service in &services {
        lifecycle(&api, "suspend", service).await;
    }
    eventually("every server is suspended", async || {
        panel
            .servers()
            .values()
            .all(|server| server.suspended)
            .then_some(())
    })
    .await;
    assert_eq!(
        panel.servers().len(),
        faults.len(),
        "one order, one server, whatever happens: {:#?}",
        panel.calls()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_needs_no_deletion() {
    let (host, panel) = start().await;
    let api = host.panel().await;
    let service = order(&api).await;
    let id = built(&panel).await;
    panel.remove_server(id);
    lifecycle(&api, "terminate", &service).await;
    let call = eventually("it is asked for once", async || {
        panel.calls_of(&Method::DELETE, "/servers/*").into_iter().next()
    })
    .await;
    assert_eq!(call.status, 404);
    host.jobs_have_ended().await;
    host.no_job_is_dead().await;
}

/// A server whose answer was lost is found again: one order, one server.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_makes_no_second_server() {
    let (host, panel) = start().await;
    let api = host.panel().await;
    panel.fail(Method::POST, "/servers", Fault::Vanish, 1);
    let service = order(&api).await;
    let id = built(&panel).await;
    eventually("it is active", async || {
        let seen = api.get(&format!("/api/v1/services/{service}")).await.expect(200);
        (seen["status"] == "active" && seen["vf_id"] == id).then_some(())
    })
    .await;
    assert_eq!(panel.servers().len(), 1, "{:#?}", panel.calls());
}

/// An order that is taken back at once must not leave a server behind, whichever job runs first.
#[tokio::test(flavor = "multi_thread")]
async fn terminating_what_is_not_built_yet_leaves_nothing() {
    let (host, panel) = start().await;
    let api = host.panel().await;
    panel.fail(Method::POST, "/servers", Fault::Slow(Duration::from_secs(1)), 1);
    let service = order(&api).await;
    lifecycle(&api, "terminate", &service).await;
    host.jobs_have_ended().await;
    assert!(panel.servers().is_empty(), "{:?}", panel.servers());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panels_token_is_the_hosts_alone() {
    let (host, panel) = start().await;
    let api = host.panel().await;
    let service = order(&api).await;
    built(&panel).await;
    assert!(
        panel.calls().iter().all(|call| call.status != 401),
        "the host sends the token"
    );

    // Neither the surface, nor the operator's side, nor the log, nor the data folder shows it again.
    let tenant = host.demo_tenant();
    let shown = host.mooring_ok(&[
        "settings",
        "get",
        "--tenant",
        &tenant,
        "--plugin",
        "paymenter",
        "--json",
    ]);
    let service = api.get(&format!("/api/v1/services/{service}")).await.text();
    let listed = host.mooring_ok(&["service", "list", "--tenant", &tenant, "--json"]);
    let audit = host.mooring_ok(&["audit", "list", "--json"]);
    let jobs = host.mooring_ok(&["job", "list", "--tenant", &tenant, "--json"]);
    for text in [shown, service, listed, audit, jobs, host.output()] {
        assert!(!text.contains(TOKEN), "{text}");
    }
    let mut files = vec![host.data()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(&path)
                    .expect("a folder")
                    .map(|entry| entry.expect("an entry").path()),
            );
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes
                .windows(TOKEN.len())
                .any(|window| window == TOKEN.as_bytes());
            assert!(!found, "{} holds the token", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_shown_to_the_operator() {
    let (host, panel) = start().await;
    let tenant = host.demo_tenant();
    host.mooring_ok(&[
        "settings",
        "set",
        "--tenant",
        &tenant,
        "--plugin",
        "paymenter",
        "virtfusion_token=wrong",
    ]);
    order(&host.panel().await).await;
    let error = host.a_job_error().await;
    assert!(error.contains("401"), "{error}");
    assert!(panel.servers().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused_unless_allowed() {
    let panel = VirtFusion::start(TOKEN).await;
    let host = TestHost::start();
    configure(&host, &panel);
    let service = order(&host.panel().await).await;
    let error = host.a_job_error().await;
    assert!(
        error.contains("private") || error.contains("loopback") || error.contains("refused"),
        "{error}"
    );
    assert!(panel.calls().is_empty(), "{:?}", panel.calls());
    // The surface goes on: what the panel does not hear yet is kept here.
    lifecycle(&host.panel().await, "suspend", &service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_panel_services_are_kept_here() {
    let host = TestHost::start();
    let api = host.panel().await;
    let (service, status) = ordered(&api).await;
    assert_eq!(status, "active");
    for action in ["suspend", "unsuspend", "terminate"] {
        lifecycle(&api, action, &service).await;
    }
    host.no_job_is_dead().await;
}

/// A job that was waiting when the host died runs after the restart.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_outlive_the_host() {
    let (mut host, panel) = start().await;
    let service = order(&host.panel().await).await;
    let id = built(&panel).await;
    lifecycle(&host.panel().await, "terminate", &service).await;
    host.kill();
    assert!(panel.servers().contains_key(&id), "five seconds have not passed");
    host.restart();
    eventually("the server is deleted after the restart", async || {
        panel.servers().is_empty().then_some(())
    })
    .await;
}
