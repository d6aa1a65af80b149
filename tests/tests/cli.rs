//! The command line: each command does its work, prints JSON when asked, and says what is wrong and what to do.

use std::process::{Command, Output};

use mooring_tests::TestHost;
use mooring_tests::host::{component, executable};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
}

fn failed(output: &Output, code: i32) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(!error.contains("panicked"), "{error}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_day() {
    let host = TestHost::start();
    let run = |line: &str| host.mooring_ok(&line.split(' ').collect::<Vec<_>>());

    assert!(run("plugin list").contains("paymenter"));
    let plugins = json(&run("plugin list --json"));
    let plugins = plugins["items"].as_array().unwrap();
    let paymenter = plugins
        .iter()
        .find(|plugin| plugin["name"] == "paymenter")
        .unwrap();
    assert_eq!(paymenter["world"], "provider");
    let gateway = run("plugin inspect sandbox");
    assert!(gateway.contains("gateway\n"), "{gateway}");
    let inspected = json(&run("plugin inspect paymenter --json"));
    assert_eq!(inspected["world"], "provider");
    assert!(
        inspected["imports"]
            .as_array()
            .is_some_and(|imports| imports.iter().any(|name| name == "users"))
    );

    run("tenant create shop");
    run("user create --tenant shop --email owner@shop.example --name Owner --role owner");
    assert!(run("user list --tenant shop").contains("owner@shop.example"));
    let key = json(&run(
        "key create --tenant shop --plugin paymenter --label till --scope paymenter:provision,user:read \
         --expires-in 90d --user owner@shop.example --json",
    ));
    let (id, secret) = (
        key["key"]["id"].as_str().expect("an id"),
        key["secret"].as_str().expect("a key"),
    );
    assert!(secret.starts_with("vfc_live_"), "{secret}");
    let api = host.paymenter().with_key(secret);
    assert_eq!(
        api.get("/api/v1/me").await.expect(200)["email"],
        "owner@shop.example"
    );

    // The new key works while the old one still does, then the old one ends.
    let rotated = json(&run(&format!("key rotate {id} --overlap 1h --json")));
    let successor = api.clone().with_key(rotated["secret"].as_str().expect("a key"));
    assert_eq!(successor.get("/api/v1/me").await.status, 200);
    assert_eq!(api.get("/api/v1/me").await.status, 200);
    run(&format!("key revoke {id}"));
    assert_eq!(api.get("/api/v1/me").await.status, 401);
    assert!(run("key list --tenant shop").contains("till"));

    // A tenant can be closed and opened again.
    run("tenant disable shop");
    assert_eq!(successor.get("/api/v1/me").await.status, 401);
    run("tenant enable shop");
    assert_eq!(successor.get("/api/v1/me").await.status, 200);

    run("settings set --tenant shop --plugin paymenter rate_limit_per_minute=1000");
    let settings = json(&run("settings get --tenant shop --plugin paymenter --json"));
    assert!(settings.to_string().contains("1000"), "{settings}");
    run("settings set --tenant shop --plugin paymenter --unset rate_limit_per_minute");

    let order = serde_json::json!({ "email": "c@shop.example" });
    successor
        .post("/api/v1/paymenter/user.create", &order)
        .await
        .expect(200);
    let paid = serde_json::json!({ "invoice_id": "S-1", "amount": 3, "user_email": "c@shop.example" });
    successor
        .post("/api/v1/paymenter/invoice.paid", &paid)
        .await
        .expect(200);
    assert_eq!(json(&run("event list --tenant shop --json"))["total"], 1);
    assert_eq!(json(&run("ledger list --tenant shop --json"))["total"], 1);
    assert!(run("ledger verify --tenant shop").contains("yes"));
    assert_eq!(json(&run("service list --tenant shop --json"))["total"], 0);
    assert!(json(&run("job list --tenant shop --json"))["items"].is_array());
    assert!(run("plugin usage paymenter").contains("user-create"));
    assert!(run("audit list").contains("shop"));

    let hello = component("hello-plugin");
    let hello = hello.to_str().expect("a path in UTF-8");
    run(&format!(
        "plugin add {hello} --name hello --prefix /hello --grant-all"
    ));
    assert!(run("plugin list").contains("hello"));
    run("plugin remove hello");
    assert!(!run("plugin list").contains("hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_explained() {
    let host = TestHost::start();
    let tenant = host.demo_tenant();
    let table: &[(&str, i32, &[&str])] = &[
        ("plugin remove nothing", 1, &["nothing", "mooring plugin list"]),
        ("plugin add /no/such/file.wasm", 1, &["/no/such/file.wasm"]),
        ("plugin add nothing-bundled", 1, &["nothing-bundled", "paymenter"]),
        ("plugin add paymenter --name again --prefix /again", 1, &["grant"]),
        (
            "plugin add paymenter --name again --prefix /paymenter --grant-all",
            1,
            &["paymenter", "--prefix"],
        ),
        ("tenant create TENANT", 1, &["already"]),
        ("tenant create No", 1, &["name"]),
        ("user list --tenant nobody", 1, &["nobody", "mooring tenant list"]),
        ("user create --tenant TENANT --email nonsense", 1, &["email"]),
        (
            "key create --tenant TENANT --plugin paymenter --label l --scope everything",
            1,
            &["everything"],
        ),
        (
            "key create --tenant TENANT --plugin none --label l --scope user:read",
            1,
            &["none"],
        ),
        (
            "key create --tenant TENANT --plugin paymenter --label l --scope user:read --user no@example.com",
            1,
            &["mooring user list"],
        ),
        (
            "key create --tenant TENANT --plugin paymenter --label l",
            2,
            &["--scope"],
        ),
        ("key revoke key_nothing", 1, &["mooring key list"]),
        (
            "settings set --tenant TENANT --plugin paymenter nothing=1",
            1,
            &["nothing"],
        ),
        (
            "settings set --tenant TENANT --plugin paymenter rate_limit_per_minute=many",
            1,
            &["rate_limit_per_minute"],
        ),
        (
            "settings set --tenant TENANT --plugin paymenter secret",
            2,
            &["NAME=VALUE"],
        ),
        ("job retry job_nothing", 1, &["mooring job list"]),
        ("job list --state asleep", 1, &["asleep"]),
        ("service list --tenant TENANT --status asleep", 1, &["asleep"]),
        ("event list --tenant TENANT --limit 0", 2, &["--limit"]),
        ("ledger verify --tenant nobody", 1, &["nobody"]),
        ("no-such-command", 2, &["no-such-command"]),
    ];
    let mut wrong = Vec::new();
    for (line, code, wanted) in table {
        let line = line.replace("TENANT", &tenant);
        let output = host.mooring(&line.split(' ').collect::<Vec<_>>());
        let error = failed(&output, *code);
        let missing = wanted
            .iter()
            .find(|word| !error.contains(&word.replace("TENANT", &tenant)));
        if let Some(word) = missing {
            wrong.push(format!("`mooring {line}` does not say {word}: {error}"));
        }
        assert!(output.stdout.is_empty(), "mistakes go to standard error");
        if *code == 1 {
            let output = host.mooring(&line.split(' ').chain(["--json"]).collect::<Vec<_>>());
            failed(&output, 1);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_host_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(executable())
        .args(["tenant", "list", "--data"])
        .arg(folder.path().join("nothing"))
        .output()
        .expect("the executable runs");
    let error = failed(&output, 1);
    assert!(
        error.contains("mooring serve") && error.contains("nothing"),
        "{error}"
    );

    let output = Command::new(executable())
        .args(["tenant", "list", "--admin", "http://127.0.0.1:9", "--token", "t"])
        .output()
        .expect("the executable runs");
    assert!(failed(&output, 1).contains("127.0.0.1:9"));
}

#[test]
fn a_host_that_cannot_start_says_why() {
    let serve = |arguments: &[&str]| {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("bad.toml");
        std::fs::write(&config, "[plugin]\nfuel = 1\n").expect("a file");
        let output = Command::new(executable())
            .arg("serve")
            .args(
                arguments
                    .iter()
                    .map(|argument| argument.replace("CONFIG", config.to_str().expect("UTF-8"))),
            )
            .arg("--data")
            .arg(folder.path().join("data"))
            .output();
        output.expect("the executable runs")
    };
    let error = failed(&serve(&["--config", "CONFIG"]), 2);
    assert!(error.contains("bad.toml:2") && error.contains("fuel"), "{error}");
    failed(&serve(&["--config", "/no/such/file"]), 2);
    failed(&serve(&["--listen", "nowhere"]), 2);
    // The same address for both; one on which nobody can listen.
    failed(
        &serve(&["--listen", "127.0.0.1:45454", "--admin", "127.0.0.1:45454"]),
        2,
    );
    let error = failed(&serve(&["--listen", "192.0.2.1:80", "--admin", "127.0.0.1:0"]), 1);
    assert!(
        error.contains("192.0.2.1:80") && error.contains("--listen"),
        "{error}"
    );
}

#[tokio::test]
async fn a_data_folder_has_one_host() {
    let host = TestHost::start();
    let output = Command::new(executable())
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(host.data())
        .output()
        .expect("the executable runs");
    let error = failed(&output, 1);
    assert!(error.contains("in use"), "{error}");
    assert_eq!(host.paymenter().get("/api/v1/me").await.status, 200);
}

#[tokio::test]
async fn what_is_damaged_on_the_disk_is_made_again_or_refused() {
    let mut host = TestHost::start();
    host.terminate();
    host.wait();
    let data = host.data();
    let files = |folder: &str, ending: &str| {
        let entries = std::fs::read_dir(data.join(folder)).expect("a folder of the host");
        let paths = entries.map(|entry| entry.expect("a file").path());
        paths
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .collect::<Vec<_>>()
    };
    // Holes in machine code that wasmtime would map and run.
    for compiled in files("cache", ".cwasm") {
        let mut code = std::fs::read(&compiled).expect("the compiled plugin");
        let middle = code.len() / 2;
        code[middle..middle + 4096].fill(0);
        std::fs::write(&compiled, code).expect("it can be written");
    }
    host.restart();
    assert_eq!(host.paymenter().get("/api/v1/me").await.status, 200);

    host.terminate();
    host.wait();
    let installed = files("plugins", ".wasm");
    let of_tebex = installed
        .iter()
        .find(|file| std::fs::read(file).ok() == std::fs::read(component("tebex")).ok());
    std::fs::copy(component("payx"), of_tebex.expect("tebex is installed")).expect("it can be exchanged");
    host.restart();
    // It is not served as Tebex; a demo's host has the bundled one, and puts it back.
    assert!(
        host.output().contains("is not what was installed"),
        "{}",
        host.output()
    );
    assert_eq!(host.public().get("/tebex/information").await.status, 403);

    host.terminate();
    host.wait();
    std::fs::write(data.join("master.key"), "ab".repeat(32)).expect("another key");
    let output = Command::new(executable())
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(host.data())
        .output()
        .expect("the executable runs");
    let error = failed(&output, 1);
    assert!(
        error.contains("master.key") && error.contains("backup"),
        "{error}"
    );
}

#[test]
fn help_and_version_are_there() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["serve", "--help"],
        &["key", "create", "--help"],
    ] {
        let output = Command::new(executable())
            .args(arguments)
            .output()
            .expect("the executable runs");
        assert!(
            output.status.success() && !output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
}
