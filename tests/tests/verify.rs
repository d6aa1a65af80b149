//! The host's webhooks, received and verified by the code that the Renovax document prints: in Node, PHP and Python.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mooring_tests::{Api, HostOptions, TestHost, eventually, skipped};
use reqwest::Method;
use serde_json::{Value, json};

const SECRET: &str = "secret-of-the-shop";

/// One of the provider's receivers, until it is dropped.
struct Receiver {
    child: Child,
    api: Api,
    /// Event types that it accepted, a line each.
    accepted: PathBuf,
}

impl Receiver {
    async fn start(name: &str, folder: &Path) -> Receiver {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify");
        let built = mooring_tests::host::profile_folder();
        let built = built.parent().expect("cargo's folder").join("verify");
        let port = free_port();
        let mut command = match name {
            "node" => {
                let mut node = Command::new("node");
                node.arg("receiver.mjs").current_dir(built.join("node"));
                node
            }
            "php" => {
                let mut php = Command::new("php");
                php.args(["-S", &format!("127.0.0.1:{port}")])
                    .arg(sources.join("php/receiver.php"));
                php
            }
            _ => {
                let mut python = Command::new(built.join("venv/bin/python"));
                python.arg(sources.join("python/receiver.py"));
                python
            }
        };
        let accepted = folder.join(name);
        let child = command
            .env("PORT", port.to_string())
            .env("RENOVAX_WEBHOOK_SECRET", SECRET)
            .env("ACCEPTED", &accepted)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the receiver starts");
        let api = Api::new(&format!("http://127.0.0.1:{port}"));
        eventually("the receiver answers", async || {
            api.try_send(Method::GET, "/", &[], "").await.ok()
        })
        .await;
        Receiver { child, api, accepted }
    }

    fn accepted(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.accepted).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // Both fail only when the child has already gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

/// Whether `cargo xtask test` could install what the receivers need.
fn installed() -> bool {
    let target = mooring_tests::host::profile_folder();
    let verify = target.parent().expect("cargo's folder").join("verify");
    let there = verify.join("node/node_modules/express").is_dir()
        && verify.join("venv/bin/flask").is_file()
        && Command::new("php").arg("--version").output().is_ok();
    if !there {
        skipped("Express, Flask or PHP is not installed");
    }
    there
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_own_code_accepts_what_the_host_signs_and_nothing_else() {
    if !installed() {
        return;
    }
    let host = HostOptions::new().allow_loopback().start();
    let tenant = host.demo_tenant();
    let field = |name: &str| host.demo_field("renovax", name);
    let merchant = Api::new(&field("base_url")).with_key(&field("merchant_token"));
    let admin = host.admin();
    for name in ["node", "php", "python"] {
        let receiver = Receiver::start(name, &host.data()).await;
        let url = format!("{}/webhooks/renovax", receiver.api.base());
        admin.set(&tenant, "renovax", "webhook_secret", SECRET).await;
        admin.set(&tenant, "renovax", "webhook_url", &url).await;

        let order = json!({ "amount": "49.90", "client_remote_id": name });
        let invoice = merchant.post("/merchant/invoices", &order).await.json();
        let id = invoice["id"].as_str().expect("an id");
        host.mooring_ok(&["payment", "simulate", id, "--outcome", "paid"]);
        eventually(&format!("{name} accepts the event"), async || {
            (receiver.accepted() == ["invoice.paid"]).then_some(())
        })
        .await;
        eventually(&format!("what {name} accepted is delivered"), async || {
            let delivery = newest_delivery(&host, &tenant);
            (delivery["state"] == "delivered" && delivery["attempts_made"] == 1).then_some(())
        })
        .await;

        let signature = format!("sha256={}", "0".repeat(64));
        let headers = [
            ("content-type", "application/json"),
            ("x-renovax-signature", signature.as_str()),
        ];
        let forged = receiver
            .api
            .send(Method::POST, "/webhooks/renovax", &headers, invoice.to_string())
            .await;
        assert_eq!(forged.status, 400, "{name}");
        assert_eq!(receiver.accepted().len(), 1, "{name}");

        admin
            .set(&tenant, "renovax", "webhook_secret", "not-the-shop's")
            .await;
        let order = json!({ "amount": "49.90", "client_remote_id": format!("{name}, wrongly signed") });
        let invoice = merchant.post("/merchant/invoices", &order).await.json();
        let id = invoice["id"].as_str().expect("an id");
        host.mooring_ok(&["payment", "simulate", id, "--outcome", "paid"]);
        let waits = eventually(
            &format!("{name} refuses another secret's signature"),
            async || {
                let delivery = newest_delivery(&host, &tenant);
                (delivery["state"] == "waiting" && delivery["attempts_made"] == 1).then_some(delivery)
            },
        )
        .await;
        assert!(
            waits["last_error"]
                .as_str()
                .is_some_and(|error| error.contains("400")),
            "{name}: {waits}"
        );
        assert!(waits["next_at"].is_string(), "it is tried again: {waits}");
        assert_eq!(receiver.accepted().len(), 1, "{name}");
    }
}

/// As the operator sees it.
fn newest_delivery(host: &TestHost, tenant: &str) -> Value {
    let listed = host.mooring_ok(&["webhook", "deliveries", "--tenant", tenant, "--json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    listed["items"][0].clone()
}
