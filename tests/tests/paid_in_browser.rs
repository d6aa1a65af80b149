//! What a person pays in a browser, from the front-end's order to what it gets for it, on the surfaces of payx and Tebex. That of
//! Renovax is in `checkout`.

use mooring_tests::browser::{self, Browser, Script};
use mooring_tests::hosted_page::{headline, look, pay_by_card};
use mooring_tests::sink::Sink;
use mooring_tests::{Api, TestHost, eventually};
use serde_json::{Value, json};

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn payx_sends_the_payer_back_in_both_forms_and_tells_of_it() {
    if !browser::available() {
        return;
    }
    let host = TestHost::start_with_loopback();
    let sink = Sink::start().await;
    let tenant = host.demo_tenant();
    // Any page will do for the shop's. One address has a place for the payment's id, one has none.
    let shop = format!("http://{}/payx/openapi.json", host.address());
    let settings = [
        format!("callback_success={shop}?thanks={{UUID}}&lang=en"),
        format!("callback_error={shop}?sorry=1"),
        format!("webhook_success={}", sink.url()),
    ];
    let mut set = vec!["settings", "set", "--tenant", &tenant, "--plugin", "payx"];
    set.extend(settings.iter().map(String::as_str));
    host.mooring_ok(&set);

    let [base, key] = ["base_url", "secret_key"].map(|name| host.demo_field("payx", name));
    let mount = Api::new(&base);
    let path = |below: &str| format!("/api/v1/2/{key}/{below}");
    let client = json!({ "name": "Test Test", "id_country": 102, "e_mail": "payer@example.com" });
    let client = mount.post(&path("clients/create"), &client).await.expect(200);
    let order = json!({ "id_client": client["data"]["id_client"], "price": 290, "period": 12 });
    for (card, back) in [
        ("4242 4242 4242 4242", format!("{shop}?thanks=UUID&lang=en")),
        ("4000 0000 0000 9995", format!("{shop}?sorry=1&ppuuid=UUID")),
    ] {
        let made = mount.post(&path("payments/create"), &order).await.expect(200);
        let uuid = text(&made["data"], "uuid_payment");
        let browser = Browser::start(Script::On).await;
        browser.open(&format!("{base}/pay/{uuid}")).await;
        look(&browser, "payx").await;
        pay_by_card(&browser, card).await;
        let back = back.replace("UUID", uuid);
        eventually("the payer is back at the shop", async || {
            (browser.url().await == back).then_some(())
        })
        .await;
        let asked = path(&format!("payments/uuid?uuid_payment={uuid}"));
        let paid = mount.get(&asked).await.expect(200)["data"]["success"].take();
        assert_eq!(paid, u8::from(card.starts_with("4242")), "{card}");
    }
    eventually("the shop's server is told of the one that was paid", async || {
        (sink.count() == 1).then_some(())
    })
    .await;
    host.no_job_is_dead().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_server_runs_and_deletes_the_commands_of_a_purchase() {
    if !browser::available() {
        return;
    }
    let host = TestHost::start();
    let [base, secret] = ["base_url", "secret"].map(|name| host.demo_field("tebex", name));
    let headers = [
        ("x-tebex-secret", secret.as_str()),
        ("content-type", "application/json"),
    ];
    let store = Api::new(&base);
    let call = async |method: reqwest::Method, path: &str, body: &Value| {
        store.send(method, path, &headers, body.to_string()).await
    };
    let order = json!({ "package_id": "11", "username": "Notch" });
    let sold = call(reqwest::Method::POST, "/checkout", &order).await.expect(201);

    let browser = Browser::start(Script::On).await;
    browser.open(text(&sold, "url")).await;
    look(&browser, "tebex").await;
    pay_by_card(&browser, "4242 4242 4242 4242").await;
    headline(&browser, "Paid. Thank you!").await;
    look(&browser, "tebex-paid").await;

    // As a server's plugin does it: ask what is due, run it, say what was run.
    let path = "/queue/offline-commands";
    let due = eventually("the purchase is in the queue", async || {
        let due = call(reqwest::Method::GET, path, &Value::Null).await.expect(200);
        due["commands"]
            .as_array()
            .filter(|commands| !commands.is_empty())
            .cloned()
    })
    .await;
    assert_eq!(due[0]["command"], "lp user {uuid} parent add vip", "{due:?}");
    let ids: Vec<&Value> = due.iter().map(|command| &command["id"]).collect();
    let deleted = call(reqwest::Method::DELETE, "/queue", &json!({ "ids": ids })).await;
    assert_eq!((deleted.status, deleted.text().as_str()), (204, ""));
    let left = call(reqwest::Method::GET, path, &Value::Null).await.expect(200);
    assert_eq!(left["commands"], json!([]));
    host.no_job_is_dead().await;
}
