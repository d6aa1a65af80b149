//! End to end as the provider means it: the extension of its document, unchanged, on Laravel's HTTP client, against a
//! fresh host that drives a panel.

use mooring_tests::php::{self, Paymenter};
use mooring_tests::virtfusion::VirtFusion;
use mooring_tests::{TestHost, eventually};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_extension_drives_the_host() {
    if !php::available() {
        return;
    }
    let panel = VirtFusion::start("php").await;
    let host = TestHost::start_with_loopback();
    let tenant = host.demo_tenant();
    let url = format!("virtfusion_url={}", panel.url());
    host.mooring_ok(&[
        "settings",
        "set",
        "--tenant",
        &tenant,
        "--plugin",
        "paymenter",
        &url,
        "virtfusion_token=php",
    ]);
    let demo = host.demo().paymenter;
    let order = tempfile::tempdir().expect("a folder");
    let paymenter = Paymenter::new(&demo.base_url, &demo.key, &order.path().join("order.json"));
    let act = |action: &str, input: &Value| match paymenter.act(action, input) {
        Ok(answer) => answer,
        Err(exception) => panic!("{action} threw: {exception}"),
    };
    let customer =
        json!({ "email": "php@example.com", "name": "P. H. Pelican", "hostname": "php.example.com" });

    assert_eq!(act("settings", &json!({}))["result"]["name"], "Vpsctrl");

    let created = act("createServer", &customer);
    assert_eq!(created["result"], true);
    let service = created["external_id"]
        .as_str()
        .expect("the order row has our id")
        .to_owned();
    assert!(service.starts_with("svc_"), "{service}");
    let id = eventually("the server is built", async || {
        panel
            .servers()
            .into_iter()
            .find(|(_, server)| server.operating_system == Some(42))
            .map(|(id, _)| id)
    })
    .await;
    assert_eq!(panel.servers()[&id].hostname.as_deref(), Some("php.example.com"));

    for _ in 0..2 {
        assert_eq!(act("suspendServer", &customer)["result"], true);
    }
    eventually("it is suspended", async || {
        panel.servers()[&id].suspended.then_some(())
    })
    .await;
    for _ in 0..2 {
        assert_eq!(act("unsuspendServer", &customer)["result"], true);
    }
    eventually("it is back", async || {
        (!panel.servers()[&id].suspended).then_some(())
    })
    .await;

    // The listener runs again when Laravel's queue does.
    let paid = json!({ "email": "php@example.com", "invoice_id": 12, "total": "25.00" });
    for _ in 0..2 {
        assert_eq!(act("invoicePaid", &paid)["result"], true);
    }
    let items = json!([{ "price": "0.99", "quantity": 3 }, { "price": "0.11", "quantity": 3 }]);
    let sum = json!({ "email": "php@example.com", "invoice_id": 13, "items": items });
    assert_eq!(act("invoicePaid", &sum)["result"], true);
    let events = host.mooring_ok(&["event", "list", "--tenant", &tenant, "--json"]);
    let events: Value = serde_json::from_str(&events).expect("JSON");
    let credits = events["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|event| event["kind"] == "invoice.paid");
    assert_eq!(credits.count(), 2, "{events}");

    for _ in 0..2 {
        assert_eq!(act("terminateServer", &customer)["result"], true);
    }
    eventually("it is gone", async || panel.servers().is_empty().then_some(())).await;

    // What goes wrong reaches the extension as it expects it.
    let exception = paymenter
        .act("suspendServer", &customer)
        .expect_err("it is terminated");
    assert!(exception.contains("service not found"), "{exception}");
    let stranger = Paymenter::new(&demo.base_url, "vfc_live_wrong", &order.path().join("other.json"));
    let exception = stranger
        .act("createServer", &customer)
        .expect_err("the key is wrong");
    assert!(exception.contains("invalid API key"), "{exception}");
}
