//! The payx surface over HTTP, route by route, against the real host: what a reseller is promised, and that the key in the path
//! is in no line that the host prints.

use mooring_tests::api::NewKey;
use mooring_tests::{Answer, Api, TestHost};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

const WRONG_KEY: &str = "Not correct secret key reseller";

/// The reseller 2 of the demo tenant.
struct Reseller {
    mount: Api,
    key: String,
}

impl Reseller {
    async fn of(host: &TestHost) -> Reseller {
        let tenant = host.demo_tenant();
        host.mooring_ok(&[
            "settings",
            "set",
            "--tenant",
            &tenant,
            "--plugin",
            "payx",
            "id_reseller=2",
        ]);
        let wish = NewKey {
            tenant: &tenant,
            plugin: "payx",
            scopes: &["reseller"],
            expires_in_seconds: None,
        };
        Reseller {
            mount: Api::new(&format!("http://{}/payx", host.address())),
            key: host.admin().mint(&wish).await.secret,
        }
    }

    fn path(&self, below: &str) -> String {
        format!("/api/v1/2/{}/{below}", self.key)
    }

    async fn get(&self, below: &str) -> Answer {
        self.mount.get(&self.path(below)).await
    }

    async fn post(&self, below: &str, body: &Value) -> Answer {
        self.mount.post(&self.path(below), body).await
    }

    async fn form(&self, below: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.mount
            .send(Method::POST, &self.path(below), &headers, body.to_owned())
            .await
    }
}

#[track_caller]
fn data(answer: &Answer) -> Value {
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("content-type"), "application/json");
    answer.expect(200)["data"].take()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, message: &str) {
    assert_eq!(answer.expect(status), json!({ "error": { "message": message } }));
}

#[tokio::test]
async fn every_route_answers() {
    let host = TestHost::start();
    let reseller = Reseller::of(&host).await;
    let (tenant, set) = (
        host.demo_tenant(),
        ["settings", "set", "--plugin", "payx", "--tenant"],
    );

    let options = data(&reseller.get("options").await);
    assert_eq!(options["reseller"], 2);
    assert!(
        options["key"].as_str().is_some_and(|key| key.starts_with("key_")),
        "{options}"
    );
    assert_eq!(
        data(&reseller.get("countries").await).as_array().map(Vec::len),
        Some(249)
    );
    let systems = data(&reseller.get("payment-systems").await);
    assert_eq!(
        systems,
        json!({ "reseller": 2, "payment_systems": [{ "id_payment_system": 1, "name": "Default" }] })
    );

    let order = json!({ "name": "Test Test", "id_country": 102, "e_mail": "client@example.com" });
    let client = data(&reseller.post("clients/create", &order).await);
    let id = client["id_client"].as_u64().expect("an integer id");
    assert_eq!(
        data(&reseller.get(&format!("clients?id_client={id}")).await),
        client
    );
    assert_eq!(
        data(
            &reseller
                .get("clients/find/email?email=CLIENT%40example.com")
                .await
        ),
        client
    );
    let changed = data(
        &reseller
            .form("clients/update", &format!("id_client={id}&city=Oslo"))
            .await,
    );
    assert_eq!(
        (&changed["city"], &changed["name"]),
        (&json!("Oslo"), &client["name"])
    );

    let order = json!({ "id_client": id, "price": 290, "period": 12, "description": "test info" });
    let payment = data(&reseller.post("payments/create", &order).await);
    assert_eq!(payment["id_payment"], 1);
    assert_eq!(
        (&payment["price"], &payment["success"]),
        (&json!("290.00"), &json!(0))
    );
    let uuid = payment["uuid_payment"].as_str().expect("a uuid").to_owned();
    let second = data(
        &reseller
            .form("payments/create", &format!("id_client={id}&price=1.50&period=1"))
            .await,
    );
    assert_eq!(
        (&second["id_payment"], &second["price"]),
        (&json!(2), &json!("1.50"))
    );
    let listed = data(&reseller.get(&format!("payments?id_client={id}")).await);
    assert_eq!(listed, json!([payment, second]));
    assert_eq!(data(&reseller.get("payments/id?id_payment=1").await), payment);
    assert_eq!(
        data(&reseller.get(&format!("payments/uuid?uuid_payment={uuid}")).await),
        payment
    );

    data(
        &reseller
            .post("payments/delete", &json!({ "id_payment": 2 }))
            .await,
    );
    refused(
        &reseller.get("payments/id?id_payment=2").await,
        404,
        "Payment not found",
    );
    refused(
        &reseller.get("webhook/test/success").await,
        422,
        "No webhook address is set (webhook_success)",
    );
    for (kind, setting) in [("success", "webhook_success"), ("error", "webhook_error")] {
        let value = format!("{setting}=https://mysite.example/{kind}");
        host.mooring_ok(&[&set[..], &[&tenant, &value]].concat());
        assert_eq!(
            data(&reseller.get(&format!("webhook/test/{kind}")).await),
            json!({ "sent": 1 })
        );
    }
    data(&reseller.post("clients/delete", &json!({ "id_client": id })).await);
    refused(
        &reseller.get("payments/id?id_payment=1").await,
        404,
        "Payment not found",
    );
}

#[tokio::test]
async fn numbers_are_given_once_however_many_ask() {
    let host = TestHost::start();
    let reseller = Reseller::of(&host).await;
    let order = json!({ "name": "N", "id_country": 1, "e_mail": "many@example.com" });
    let id = data(&reseller.post("clients/create", &order).await)["id_client"].take();
    let order = json!({ "id_client": id, "price": 1, "period": 1 });
    let mut asked = JoinSet::new();
    for _ in 0..8 {
        let (mount, path, order) = (
            reseller.mount.clone(),
            reseller.path("payments/create"),
            order.clone(),
        );
        asked.spawn(async move { mount.post(&path, &order).await });
    }
    let mut numbers = Vec::new();
    while let Some(answer) = asked.join_next().await {
        let payment = data(&answer.expect("no request panics"));
        numbers.push(payment["id_payment"].as_u64().expect("a number"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn the_key_is_in_no_line_that_the_host_prints() {
    let host = TestHost::start();
    let reseller = Reseller::of(&host).await;
    let key = reseller.key.clone();
    let good = reseller.path("options");
    let encoded = good.replace("payx_", "%70ayx%5F");
    for (method, path, status) in [
        (Method::GET, good.clone(), 200),
        (Method::GET, encoded, 200),
        (Method::GET, good.replace("/2/", "/3/"), 401),
        (Method::GET, reseller.path("optionz"), 404),
        (Method::GET, reseller.path("options/"), 404),
        (Method::GET, reseller.path(""), 404),
        (Method::POST, good.clone(), 405),
        (Method::DELETE, reseller.path("clients/create"), 405),
        (Method::GET, format!("/{key}/api/v1/2/options"), 404),
        (Method::GET, format!("/api/v1/2//{key}/options"), 404),
        (Method::GET, format!("/api/v1/2/{key}x/options"), 401),
        (Method::GET, format!("/api/v1/2/{}/options", key.repeat(6)), 401),
        (Method::GET, format!("/api/v1/2/{key}%00/options"), 400),
        (Method::POST, reseller.path("clients/create"), 422),
        (
            Method::GET,
            reseller.path(&format!("clients?id_client={key}")),
            422,
        ),
    ] {
        let answer = reseller.mount.send(method.clone(), &path, &[], "").await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(
            !answer.text().contains(&key),
            "{method} {path}: {}",
            answer.text()
        );
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{method} {path}");
    }
    let short = reseller.mount.get("/api/v1/2/Vw32papADe/options").await;
    refused(&short, 401, WRONG_KEY);
    let mistyped = reseller.mount.get("/api/v1/2/Vw32papADe/optionz").await;
    refused(&mistyped, 404, "Not found");

    let printed = host.output();
    assert!(printed.contains("/payx/api/v1/2/***/options"), "{printed}");
    let secret = key.strip_prefix("payx_").expect("the surface's prefix");
    for hidden in [secret, "Vw32papADe"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
}

#[tokio::test]
async fn the_demo_is_the_reseller_of_the_documents() {
    let host = TestHost::start();
    assert_eq!(host.demo_file()["payx"]["id_reseller"], 2);
    let path = format!("/api/v1/2/{}/options", host.demo_field("payx", "secret_key"));
    let options = data(&Api::new(&host.demo_field("payx", "base_url")).get(&path).await);
    assert_eq!(
        (&options["reseller"], &options["name"]),
        (&json!(2), &json!("testSite"))
    );
}
