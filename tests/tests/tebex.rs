//! The Tebex surface over HTTP, against the real host: a game server that polls the demo's store, and the edge as its clients
//! know it.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

use mooring_tests::api::NewKey;
use mooring_tests::{Answer, Api, TestHost, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const MISSING: &str =
    r#"{"error_code":403,"error_message":"Please specify a secret key via the X-Tebex-Secret header."}"#;
const WRONG: &str =
    r#"{"error_code":403,"error_message":"No server could be found with the specified secret key."}"#;

/// The demo's store, and a secret of its server.
struct Store {
    host: TestHost,
    api: Api,
    secret: String,
}

impl Store {
    fn start() -> Store {
        let host = TestHost::start();
        let field = |name: &str| host.demo_field("tebex", name);
        assert!(field("base_url").ends_with("/tebex"));
        Store {
            api: Api::new(&field("base_url")),
            secret: field("secret"),
            host,
        }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [
            ("x-tebex-secret", self.secret.as_str()),
            ("content-type", "application/json"),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.api.send(method, path, &headers, body).await
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, &Value::Null).await.expect(200)
    }

    /// The commands of an answer, run and deleted as a game server does it. What they were.
    async fn run(&self, path: &str) -> Vec<String> {
        let commands = self.get(path).await["commands"].clone();
        let commands = commands.as_array().expect("commands");
        let ids: Vec<&Value> = commands.iter().map(|command| &command["id"]).collect();
        let done = self.call(Method::DELETE, "/queue", &json!({ "ids": ids })).await;
        nothing(&done);
        let text = |command: &Value| command["command"].as_str().expect("text").to_owned();
        commands.iter().map(text).collect()
    }
}

/// 204, and neither a body nor a type of one.
#[track_caller]
fn nothing(answer: &Answer) {
    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert_eq!(answer.header("content-type"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_server_fetches_and_deletes_what_was_paid_on_the_page() {
    let store = Store::start();
    let order = json!({ "package_id": "11", "username": "Notch" });
    let sold = store.call(Method::POST, "/checkout", &order).await.expect(201);
    let page = sold["url"].as_str().expect("an address");
    let (_, reference) = page
        .rsplit_once("/tebex/checkout/")
        .expect("the page is below the mount");
    let shown = Api::new(page).get("").await;
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("Block Harbour") && shown.text().contains("9.99"));
    let queue = store.get("/queue").await;
    assert_eq!(
        queue["meta"],
        json!({ "execute_offline": false, "next_check": 90, "more": false })
    );

    store
        .host
        .mooring_ok(&["payment", "simulate", reference, "--outcome", "paid"]);
    let queue = eventually("the payment is delivered", async || {
        let queue = store.get("/queue").await;
        (queue["meta"]["execute_offline"] == true).then_some(queue)
    })
    .await;
    let player = queue["players"][0]["id"].as_u64().expect("a player");
    assert_eq!(
        store.run("/queue/offline-commands").await,
        ["lp user {uuid} parent add vip"]
    );
    let online = format!("/queue/online-commands/{player}");
    assert_eq!(store.run(&online).await, ["give {name} cookie 8"]);
    let queue = store.get("/queue").await;
    assert_eq!(
        (&queue["meta"]["execute_offline"], &queue["players"]),
        (&json!(false), &json!([]))
    );

    // Charged back: what was given is taken away, and the ledger says so.
    let payments = store.get("/payments").await;
    let number = payments[0]["id"].as_u64().expect("a number");
    let change = json!({ "status": "chargeback" });
    for _ in 0..2 {
        nothing(
            &store
                .call(Method::PUT, &format!("/payments/{number}"), &change)
                .await,
        );
    }
    assert_eq!(
        store.run("/queue/offline-commands").await,
        ["lp user {uuid} parent remove vip"]
    );
    assert_eq!(
        store.get(&format!("/payments/{number}")).await["status"],
        "Chargeback"
    );
    assert!(store.host.admin().verify_ledgers().await > 0);
    store.host.no_job_is_dead().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_read_where_clients_put_them() {
    let store = Store::start();
    let secret = store.secret.as_str();
    for (headers, status, body) in [
        (vec![("x-tebex-secret", secret)], 200, None),
        (vec![("x-buycraft-secret", secret)], 200, None),
        (
            vec![("x-tebex-secret", secret), ("x-buycraft-secret", "other")],
            200,
            None,
        ),
        (
            vec![("x-tebex-secret", ""), ("x-buycraft-secret", secret)],
            200,
            None,
        ),
        (
            vec![("x-tebex-secret", "other"), ("x-buycraft-secret", secret)],
            403,
            Some(WRONG),
        ),
        (vec![("x-tebex-secret", "")], 403, Some(MISSING)),
        (vec![], 403, Some(MISSING)),
    ] {
        let answer = store.api.send(Method::GET, "/information", &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(
            answer.header("content-type"),
            "application/json",
            "without a charset"
        );
        if let Some(body) = body {
            assert_eq!(answer.text(), body, "{headers:?}");
        }
    }
    for path in ["/rpc/", "/rpc"] {
        let call = |secret: &str| json!({ "method": "GET", "params": { "SecretKey": secret, "Path": "/information", "Body": {} } });
        let answer = store.api.post(path, &call(secret)).await.expect(200);
        assert_eq!(answer, store.get("/information").await);
        assert_eq!(store.api.post(path, &call("other")).await.text(), WRONG);
        assert_eq!(store.api.post(path, &json!({})).await.text(), MISSING);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_forms_are_read_as_clients_write_them() {
    let store = Store::start();
    for path in [
        "/coupons/",
        "//information",
        "/package//11",
        "/packages/%31%31",
        "/gift-cards/lookup/1234567890",
    ] {
        store.get(path).await;
    }
    let headers = [("x-buycraft-secret", store.secret.as_str())];
    for path in ["/queue?ids[]=101&ids[]=102", "//queue?ids%5B%5D=101"] {
        nothing(&store.api.send(Method::DELETE, path, &headers, "").await);
    }
    let form = [headers[0], ("content-type", "application/json")];
    let banned = store
        .api
        .send(Method::POST, "/bans/", &form, "user=Griefer&ip=1.2.3.4&reason=r")
        .await;
    assert_eq!(banned.expect(200)["data"]["user"]["ign"], "Griefer");
    let answer = store.api.send(Method::GET, "/coupons/1", &form, "{}").await;
    assert_eq!(answer.expect(200)["data"]["code"], "WELCOME10");
    let too_large = "x".repeat(256 * 1024 + 1);
    let answer = store.api.send(Method::POST, "/events", &form, too_large).await;
    assert_eq!(answer.expect(413)["error_code"], 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_has_500_requests_in_five_minutes() {
    let store = Store::start();
    let tenant = store.host.demo_tenant();
    let key = NewKey {
        tenant: &tenant,
        plugin: "tebex",
        scopes: &["server"],
        expires_in_seconds: None,
    };
    let other = store.host.admin().mint(&key).await.secret;
    let ask = async |secret: &str| {
        let headers = [("x-tebex-secret", secret)];
        store.api.send(Method::GET, "/sales", &headers, "").await
    };
    // The bucket fills again while it is emptied, so a few more get through.
    let mut answered = 0;
    let refused = loop {
        let answer = ask(&other).await;
        if answer.status != 200 {
            break answer;
        }
        answered += 1;
        assert!(answered < 1000, "there is no limit");
    };
    assert!(answered >= 500, "only {answered}");
    assert_eq!(refused.expect(429)["error_code"], 429);
    assert!(!refused.header("retry-after").is_empty());
    // Another secret has its own.
    assert_eq!(ask(&store.secret).await.status, 200);
}
