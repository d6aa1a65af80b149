//! The operator's side over HTTP: closed without its token, described, and careful with what it shows.

use std::os::unix::fs::PermissionsExt;

use mooring_tests::{Api, TestHost};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn nothing_opens_without_the_token() {
    let host = TestHost::start();
    let demo = host.demo();
    let described = host.admin().api().get("/openapi.json").await.expect(200);
    let paths = described["paths"].as_object().expect("paths").clone();
    assert!(paths.len() > 10, "{:?}", paths.keys().collect::<Vec<_>>());
    for (path, operations) in paths
        .into_iter()
        .filter(|(path, _)| !path.ends_with("/openapi.json"))
    {
        let path = path.replace(['{', '}'], "");
        for method in ["get", "post", "put", "patch", "delete"] {
            if operations.get(method).is_none() {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            for key in [None, Some("wrong"), Some(demo.paymenter.key.as_str())] {
                let api = Api::new(&demo.admin);
                let api = key.map_or(api.clone(), |key| api.with_key(key));
                let answer = api
                    .send(
                        method.clone(),
                        &path,
                        &[("content-type", "application/json")],
                        "{}",
                    )
                    .await;
                assert_eq!(
                    answer.status,
                    401,
                    "{method} {path} with {key:?}: {}",
                    answer.text()
                );
                assert_eq!(answer.header("content-type"), "application/problem+json");
            }
        }
    }
    assert_eq!(
        host.public()
            .with_key(&demo.admin_token)
            .get("/admin/v1/plugins")
            .await
            .status,
        404,
        "its own listener"
    );
}

#[tokio::test]
async fn the_document_describes_what_is_there() {
    let host = TestHost::start();
    let admin = host.admin();
    let document = admin.api().get("/openapi.json").await.expect(200);
    assert!(
        document["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.")),
        "{document}"
    );
    assert!(document["components"]["securitySchemes"].is_object());
    let lists: Vec<&String> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .filter(|(path, operations)| operations.get("get").is_some() && !path.contains('{'))
        .map(|(path, _)| path)
        .collect();
    for path in lists {
        let path = path.strip_prefix("/admin/v1").expect("the base");
        let answer = admin.api().get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let host = TestHost::start();
    let api = host.admin().api().clone();
    let tenant = host.demo_tenant();
    let key = |changes: Value| {
        let mut key = json!({ "plugin": "paymenter", "label": "l", "scopes": ["user:read"] });
        for (name, value) in changes.as_object().expect("an object") {
            key[name] = value.clone();
        }
        key
    };
    let keys = format!("/tenants/{tenant}/keys");
    let settings = format!("/tenants/{tenant}/plugins/paymenter/settings");
    let table: Vec<(&str, Method, &str, String, u16)> = vec![
        ("no such path", Method::GET, "/nowhere", String::new(), 404),
        ("no such method", Method::DELETE, "/tenants", String::new(), 405),
        (
            "no such tenant",
            Method::GET,
            "/tenants/nobody/users",
            String::new(),
            404,
        ),
        (
            "a tenant twice",
            Method::POST,
            "/tenants",
            json!({ "name": tenant }).to_string(),
            409,
        ),
        (
            "a bad name",
            Method::POST,
            "/tenants",
            json!({ "name": "No Name" }).to_string(),
            422,
        ),
        (
            "an unknown field",
            Method::POST,
            "/tenants",
            json!({ "name": "a", "more": 1 }).to_string(),
            422,
        ),
        ("malformed JSON", Method::POST, "/tenants", "{".to_owned(), 400),
        (
            "a huge body",
            Method::POST,
            "/tenants",
            format!("\"{}\"", "x".repeat(1024 * 1024)),
            413,
        ),
        (
            "an unknown scope",
            Method::POST,
            &keys,
            key(json!({ "scopes": ["all"] })).to_string(),
            422,
        ),
        (
            "no scope",
            Method::POST,
            &keys,
            key(json!({ "scopes": [] })).to_string(),
            422,
        ),
        (
            "an unknown plugin",
            Method::POST,
            &keys,
            key(json!({ "plugin": "nothing" })).to_string(),
            404,
        ),
        (
            "an unknown user",
            Method::POST,
            &keys,
            key(json!({ "user": "nobody@example.com" })).to_string(),
            404,
        ),
        (
            "an unknown key",
            Method::DELETE,
            "/keys/key_0000000000000000000000",
            String::new(),
            404,
        ),
        (
            "an unknown setting",
            Method::PATCH,
            &settings,
            json!({ "values": { "no": "1" } }).to_string(),
            422,
        ),
        (
            "a setting of the wrong kind",
            Method::PATCH,
            &settings,
            json!({ "values": { "rate_limit_per_minute": "many" } }).to_string(),
            422,
        ),
        (
            "a URL that is none",
            Method::PATCH,
            &settings,
            json!({ "values": { "virtfusion_url": "ftp://x" } }).to_string(),
            422,
        ),
        (
            "an unknown plugin's removal",
            Method::DELETE,
            "/plugins/nothing",
            String::new(),
            404,
        ),
        (
            "a page too long",
            Method::GET,
            "/jobs?limit=501",
            String::new(),
            422,
        ),
        (
            "an unknown parameter",
            Method::GET,
            "/jobs?all=1",
            String::new(),
            400,
        ),
        (
            "an unknown job",
            Method::POST,
            "/jobs/job_0000000000000000000000/retry",
            "{}".to_owned(),
            404,
        ),
    ];
    let before = host.admin().counts().await;
    for (name, method, path, body, status) in table {
        let answer = api
            .send(method, path, &[("content-type", "application/json")], body)
            .await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{name}");
        for field in ["type", "title", "code", "detail"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty()),
                "{name} has no {field}: {problem}"
            );
        }
    }
    assert_eq!(host.admin().counts().await, before);
}

#[tokio::test]
async fn secrets_are_kept_from_others() {
    let host = TestHost::start();
    let mut secret_files = 0;
    for entry in std::fs::read_dir(host.data()).expect("the data folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("its mode").permissions().mode() & 0o777;
        if entry.file_type().expect("its type").is_file() && entry.file_name() != "lock" {
            secret_files += 1;
            assert_eq!(mode, 0o600, "{}", entry.path().display());
        }
    }
    assert!(secret_files >= 3, "key, token and addresses");
    let mode = std::fs::metadata(host.data())
        .expect("the folder")
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o700);

    let demo = host.demo();
    let tenant = host.demo_tenant();
    let keys = host.admin().api().get(&format!("/tenants/{tenant}/keys")).await;
    assert_eq!(keys.status, 200);
    assert!(!keys.text().contains(&demo.paymenter.key), "a key is shown once");
    let log = host.output();
    let printed = log.matches(&demo.paymenter.key).count();
    assert!(
        printed <= 1,
        "the banner of a demo shows the key, the log never does:\n{log}"
    );
}

#[tokio::test]
async fn changes_are_in_the_audit_log() {
    let host = TestHost::start();
    let (admin, tenant) = (host.admin(), host.demo_tenant());
    admin.create_tenant("audited").await;
    let key = admin
        .mint(&mooring_tests::api::NewKey {
            tenant: "audited",
            plugin: "paymenter",
            scopes: &["user:read"],
            expires_in_seconds: None,
        })
        .await;
    admin.revoke(&key).await;
    admin
        .set(&tenant, "paymenter", "virtfusion_token", "not in the log")
        .await;
    let log = admin.api().get("/audit?limit=50").await;
    let text = log.text();
    let lines = log.json()["items"].as_array().expect("a list").clone();
    for wanted in ["audited", key.id.as_str(), "virtfusion_token"] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
    assert!(
        !text.contains("not in the log") && !text.contains(&key.secret),
        "{text}"
    );
    for line in &lines {
        for field in ["number", "at", "who", "action", "subject"] {
            assert!(line.get(field).is_some(), "{field}: {line}");
        }
    }
}
