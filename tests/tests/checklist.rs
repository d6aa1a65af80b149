//! The provider's own testing checklist, step by step, with curl as it is printed there.

use std::process::Command;

use mooring_tests::virtfusion::VirtFusion;
use mooring_tests::{TestHost, available, eventually};
use serde_json::{Value, json};

/// `curl` with these arguments; status and body.
fn curl(arguments: &[&str]) -> (u16, Value) {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            "20",
            "--write-out",
            "\n%{http_code}",
        ])
        .args(arguments)
        .output()
        .expect("curl runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (body, status) = text.rsplit_once('\n').expect("curl writes the status last");
    // With `-i` the head comes first.
    let body = body.rsplit_once("\r\n\r\n").map_or(body, |(_, body)| body);
    let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("not JSON ({error}): {body}"));
    (status.parse().expect("a status"), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_testing_checklist_passes() {
    if !available("curl") {
        return;
    }
    let panel = VirtFusion::start("checklist").await;
    let host = TestHost::start_with_loopback();
    let tenant = host.demo_tenant();
    let url = format!("virtfusion_url={}", panel.url());
    let set = [
        "settings",
        "set",
        "--tenant",
        &tenant,
        "--plugin",
        "paymenter",
        &url,
        "virtfusion_token=checklist",
    ];
    host.mooring_ok(&set);
    let demo = host.demo().paymenter;
    let authorization = format!("Authorization: Bearer {}", demo.key);
    let post = |path: &str, body: &Value| {
        let (url, body) = (format!("{}{path}", demo.base_url), body.to_string());
        curl(&[
            "-X",
            "POST",
            &url,
            "-H",
            &authorization,
            "-H",
            "Content-Type: application/json",
            "-d",
            &body,
        ])
    };

    // "Auth probe."
    let me = format!("{}/api/v1/me", demo.base_url);
    let (status, account) = curl(&["-i", "-H", &authorization, &me]);
    assert_eq!(status, 200);
    assert!(account.get("email").is_some(), "your account JSON: {account}");
    let (status, _) = curl(&["-i", "-H", "Authorization: Bearer vfc_live_wrong", &me]);
    assert_eq!(status, 401, "a 401 means the key is wrong or revoked");

    // "user.create."
    let qa = json!({ "email": "qa@example.com", "name": "QA" });
    let (status, first) = post("/api/v1/paymenter/user.create", &qa);
    assert_eq!((status, &first["ok"]), (200, &json!(true)));
    assert!(first["id"].is_u64(), "{first}");
    let (status, second) = post("/api/v1/paymenter/user.create", &qa);
    assert_eq!(
        (status, second),
        (200, json!({ "ok": true, "duplicate": true, "id": first["id"] }))
    );

    // "Lifecycle."
    let order =
        json!({ "email": "qa@example.com", "package_id": 3, "group_id": 1, "os_id": 42, "hostname": null });
    let (status, order) = post("/api/v1/reseller/provision-server", &order);
    assert_eq!(status, 200);
    let service = json!({ "service_id": order["service_id"] });
    let server = eventually("the server is built", async || {
        panel
            .servers()
            .into_iter()
            .find(|(_, server)| server.operating_system.is_some())
            .map(|(id, _)| id)
    })
    .await;
    assert_eq!(post("/api/v1/paymenter/server.suspend", &service).0, 200);
    let in_admin = || {
        let listed = host.mooring_ok(&["service", "list", "--tenant", &tenant, "--json"]);
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        listed["items"][0]["status"]
            .as_str()
            .expect("a status")
            .to_owned()
    };
    assert_eq!(in_admin(), "suspended");
    eventually("the VM is suspended", async || {
        panel.servers()[&server].suspended.then_some(())
    })
    .await;
    assert_eq!(post("/api/v1/paymenter/server.unsuspend", &service).0, 200);
    assert_ne!(in_admin(), "suspended");
    eventually("the VM is restored", async || {
        (!panel.servers()[&server].suspended).then_some(())
    })
    .await;

    // "invoice.paid."
    let invoice = json!({ "invoice_id": "INV-123", "amount": 25.00, "user_email": "qa@example.com" });
    let (status, event) = post("/api/v1/paymenter/invoice.paid", &invoice);
    assert_eq!(status, 200);
    let events = host.mooring_ok(&["event", "list", "--tenant", &tenant, "--json"]);
    let id = event["id"].as_str().expect("an event id");
    assert!(
        events.contains(id) && events.contains("INV-123"),
        "recent credit events: {events}"
    );
    assert_eq!(
        post("/api/v1/paymenter/invoice.paid", &invoice),
        (200, json!({ "ok": true, "duplicate": true }))
    );
}
