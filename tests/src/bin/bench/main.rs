//! The numbers of BENCHMARKS.md, made by `cargo xtask bench`.
//!
//! Every claim is a ratio of two measurements of the same run on the same machine, or a bound that any machine should
//! keep; a number without its neighbour says more about the machine than about the host. Each measurement is bounded in
//! time, the clients run in this process on the same processors, and what is printed is the median of three rounds. Plugin and
//! native handler take turns, five rounds each, so that what a shared machine does meanwhile is done to both.

mod bills;
mod deliver;
mod load;
mod native;
mod no_till;
mod primitives;
mod renewals;
mod report;
mod seed;
mod store;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mooring_tests::api::NewKey;
use mooring_tests::host::component;
use mooring_tests::paymenter::{lifecycle, provision, user};
use mooring_tests::{Api, HostOptions, TestHost};
use serde_json::json;
use tempfile::TempDir;

use load::{Load, Request};
use report::Report;

/// The host's: what runs without a sandbox, in this program, is to have the same.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const HELP: &str = "bench [--only NAME] [--seconds N] [--users N] [--subscriptions N]

  --only NAME    read, write, invoice, central, renewals, store, start, load, deliver or scale
  --seconds N    how long each measurement takes (2)
  --users N      how many users the large host of `scale` has (1000000)
  --subscriptions N  how many fall due at once in `renewals` (100000)";

/// How this program starts itself as the server without a sandbox.
const NATIVE: &str = "--serve-native";

struct Options {
    only: Option<String>,
    round: Duration,
    users: u64,
    subscriptions: u64,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(NATIVE) {
        let data = arguments.next().expect("a data folder");
        let plugin = arguments.next().expect("a plugin");
        return native::serve(Path::new(&data), &plugin).await;
    }
    let options = Options::parse().unwrap_or_else(|| {
        eprintln!("{HELP}");
        std::process::exit(2);
    });
    let mut report = Report::default();
    if options.wants("start") {
        start(&mut report).await;
    }
    if options.wants("load") {
        load_plugin(&mut report).await;
    }
    if options.wants("read") {
        read(&options, &mut report).await;
    }
    if options.wants("write") {
        write(&options, &mut report).await;
    }
    if options.wants("invoice") {
        invoice(&options, &mut report).await;
    }
    if options.wants("central") {
        renewals::read(&options, &mut report).await;
    }
    if options.wants("renewals") {
        renewals::run(&options, &mut report).await;
    }
    if options.wants("store") {
        store::run(&options, &mut report).await;
    }
    if options.wants("deliver") {
        deliver::run(options.round, &mut report).await;
    }
    if options.wants("scale") {
        scale(&options, &mut report).await;
    }
    report.print();
    if report.missed() {
        std::process::exit(1);
    }
}

impl Options {
    fn parse() -> Option<Options> {
        let mut options = Options {
            only: None,
            round: Duration::from_secs(2),
            users: 1_000_000,
            subscriptions: 100_000,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments.next()?;
            match argument.as_str() {
                "--only" => options.only = Some(value),
                "--seconds" => options.round = Duration::from_secs(value.parse().ok()?),
                "--subscriptions" => options.subscriptions = value.parse().ok()?,
                "--users" => options.users = value.parse().ok()?,
                _ => return None,
            }
        }
        Some(options)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == name)
    }
}

/// A host that logs no requests, whose demo key has no rate limit.
async fn quiet_host() -> TestHost {
    let host = HostOptions::new().environment("RUST_LOG", "warn").start();
    host.admin()
        .set(&host.demo_tenant(), "paymenter", "rate_limit_per_minute", "0")
        .await;
    host
}

/// How soon a host answers, and what it holds while nobody asks.
async fn start(report: &mut Report) {
    let mut host = quiet_host().await;
    let mut times = Vec::new();
    for _ in 0..3 {
        host.terminate();
        host.wait();
        let started = Instant::now();
        host.restart();
        times.push(started.elapsed());
    }
    times.sort();
    report.at_most(
        "start until ready, plugins compiled before",
        seconds(times[1]),
        1.0,
        "s",
    );
    let mib = host.resident_bytes() as f64 / 1024.0 / 1024.0;
    report.at_most("memory at rest with the bundled plugins", mib, 64.0, "MiB");
}

/// What bringing in a plugin costs that this host has compiled before.
async fn load_plugin(report: &mut Report) {
    let host = quiet_host().await;
    let bytes = std::fs::read(component("paymenter")).expect("the component");
    let mut times = Vec::new();
    for round in 0..7 {
        let name = format!("again-{round}");
        let started = Instant::now();
        let answer = host
            .admin()
            .load(&format!("name={name}&grant=*"), bytes.clone())
            .await;
        times.push(started.elapsed());
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    times.sort();
    report.at_most(
        "load of a plugin from the compile cache",
        times[3].as_secs_f64() * 1000.0,
        20.0,
        "ms",
    );
}

/// Requests that only read: one service, looked up by its id.
async fn read(options: &Options, report: &mut Report) {
    let mut host = quiet_host().await;
    let api = host.panel().await;
    user(&api, "read@example.com").await;
    let service = provision(&api, "read@example.com").await;
    let path = format!("{}/api/v1/services/{service}", prefix(&api, &host));
    let request = Request::get(&path, Some(api.key()));
    let load = |address: &str| Load::new(address, 16, options.round);
    let edge = load(host.address()).run(Request::get("/healthz", None)).await;
    let native = NativeServer::beside(&mut host, "paymenter");
    let turns = load(host.address())
        .in_turns(request.clone(), &load(&native.address), request)
        .await;
    let (sandboxed, bare) = (&turns.this, &turns.other);
    report.note(
        "answers that need no plugin (/healthz), 16 connections",
        edge.per_second(),
        "requests/s",
    );
    report.note("reads natively", bare.per_second(), "requests/s");
    report.note(
        "reads through a plugin, a fresh instance each",
        sandboxed.per_second(),
        "requests/s",
    );
    report.note(
        "p99 of a read through a plugin",
        sandboxed.p99().as_secs_f64() * 1000.0,
        "ms",
    );
    report.at_least("read through a plugin against natively", turns.ratio(), 0.65, "x");
}

/// Requests that write and are on the disk before they are answered: one paid invoice each.
async fn write(options: &Options, report: &mut Report) {
    let mut host = quiet_host().await;
    let api = host.panel().await;
    let path = format!("{}/api/v1/paymenter/invoice.paid", prefix(&api, &host));
    // Numbers of two measurements on the same data must not meet: an invoice that is known writes nothing.
    let request = |series: &'static str| {
        Request::post(&path, api.key(), move |number| {
            let id = format!("{series}-{number}");
            json!({ "invoice_id": id, "amount": "1.00", "user_email": "bench@example.com" }).to_string()
        })
    };
    let one = Load::new(host.address(), 1, options.round)
        .run(request("one"))
        .await;
    let native = NativeServer::beside(&mut host, "paymenter");
    let load = |address: &str| Load::new(address, 32, options.round);
    let turns = load(host.address())
        .in_turns(request("many"), &load(&native.address), request("native"))
        .await;
    let (sandboxed, bare) = (&turns.this, &turns.other);
    host.admin().verify_ledgers().await;
    report.note(
        "durable writes through a plugin, 1 connection",
        one.per_second(),
        "requests/s",
    );
    report.note(
        "durable writes through a plugin, 32 connections",
        sandboxed.per_second(),
        "requests/s",
    );
    report.note(
        "durable writes natively, 32 connections",
        bare.per_second(),
        "requests/s",
    );
    report.at_least(
        "durable write through a plugin against natively",
        turns.ratio(),
        0.9,
        "x",
    );
}

/// Payment links of Renovax: a payment, what it is found by, the job that ends it, and the row of its event.
async fn invoice(options: &Options, report: &mut Report) {
    let mut host = quiet_host().await;
    let tenant = host.demo_tenant();
    let key = host
        .admin()
        .mint(&NewKey {
            tenant: &tenant,
            plugin: "renovax",
            scopes: &["merchant"],
            expires_in_seconds: None,
        })
        .await;
    let request = |series: &'static str| {
        Request::post("/renovax/api/merchant/invoices", &key.secret, move |number| {
            json!({ "amount": 25, "currency": "USD", "client_remote_id": format!("{series}-{number}") })
                .to_string()
        })
    };
    let native = NativeServer::beside(&mut host, "renovax");
    let load = |address: &str| Load::new(address, 32, options.round);
    let turns = load(host.address())
        .in_turns(request("sandboxed"), &load(&native.address), request("native"))
        .await;
    let (sandboxed, bare) = (&turns.this, &turns.other);
    report.note(
        "Renovax invoices through the plugin, 32 connections",
        sandboxed.per_second(),
        "requests/s",
    );
    report.note(
        "Renovax invoices natively, 32 connections",
        bare.per_second(),
        "requests/s",
    );
    report.at_least(
        "Renovax invoice through the plugin against natively",
        turns.ratio(),
        0.85,
        "x",
    );
}

/// This program again, as the server without a sandbox.
struct NativeServer {
    child: Child,
    address: String,
    /// Its copy of the data.
    _data: TempDir,
}

impl NativeServer {
    /// On a copy of a host's data, which is stopped for that.
    fn beside(host: &mut TestHost, plugin: &str) -> NativeServer {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let data = folder.path().join("data");
        host.terminate();
        host.wait();
        let copied = Command::new("cp").arg("-r").arg(host.data()).arg(&data).status();
        assert!(
            copied.is_ok_and(|status| status.success()),
            "the data can be copied"
        );
        host.restart();
        let mut child = Command::new(std::env::current_exe().expect("a program has a path"))
            .arg(NATIVE)
            .arg(&data)
            .arg(plugin)
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim().rsplit('/').next().unwrap_or_default().to_owned();
        NativeServer {
            child,
            address,
            _data: folder,
        }
    }
}

impl Drop for NativeServer {
    fn drop(&mut self) {
        // Both fail only when it has gone by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a host with many users is as quick as one with few.
async fn scale(options: &Options, report: &mut Report) {
    const SMALL: u64 = 1000;
    let mut small = quiet_host().await;
    seed::users(&mut small, SMALL);
    let mut large = quiet_host().await;
    seed::users(&mut large, options.users);
    for route in [
        "me",
        "services",
        "service",
        "user.create again",
        "suspend and unsuspend",
        "invoice.paid",
    ] {
        let few = latency(&small, route, options.round).await;
        let many = latency(&large, route, options.round).await;
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        report.note(
            &format!("p99 of {route} with {SMALL} users"),
            few.as_secs_f64() * 1000.0,
            "ms",
        );
        report.at_most(
            &format!("p99 of {route} with {} users against {SMALL}", options.users),
            ratio,
            2.0,
            "x",
        );
    }
}

/// The slowest but one in a hundred, at four connections.
async fn latency(host: &TestHost, route: &str, round: Duration) -> Duration {
    let api = host.panel().await;
    let prefix = prefix(&api, host);
    let load = Load::new(host.address(), 4, round);
    let known = user(&api, &seed::email(seed::SOMEWHERE)).await;
    assert_eq!(known["duplicate"], true, "the users are there");
    let service = provision(&api, &seed::email(seed::SOMEWHERE)).await;
    lifecycle(&api, "suspend", &service).await.expect(200);
    let key = api.key();
    let paymenter = format!("{prefix}/api/v1/paymenter");
    let request = match route {
        "me" => Request::get(&format!("{prefix}/api/v1/me"), Some(key)),
        "services" => Request::get(&format!("{prefix}/api/v1/services"), Some(key)),
        "service" => Request::get(&format!("{prefix}/api/v1/services/{service}"), Some(key)),
        "user.create again" => Request::post(&format!("{paymenter}/user.create"), key, |number| {
            json!({ "email": seed::email(number % seed::SOMEWHERE) }).to_string()
        }),
        "suspend and unsuspend" => Request::post(&format!("{paymenter}/server.suspend"), key, move |_| {
            json!({ "service_id": service }).to_string()
        }),
        _ => Request::post(&format!("{paymenter}/invoice.paid"), key, |number| {
            json!({ "invoice_id": format!("S-{number}"), "amount": 1, "user_email": seed::email(number) })
                .to_string()
        }),
    };
    load.run(request).await.p99()
}

/// The mount's path.
fn prefix(api: &Api, host: &TestHost) -> String {
    api.base()
        .split_once(host.address())
        .map(|(_, prefix)| prefix.to_owned())
        .unwrap_or_default()
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
