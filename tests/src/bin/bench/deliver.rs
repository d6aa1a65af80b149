//! Deliveries of webhooks: how many, how soon, what a receiver that hangs costs the others, and what waiting ones cost.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use mooring_tests::api::NewKey;
use mooring_tests::host::component;
use mooring_tests::sink::Sink;
use mooring_tests::{Api, HostOptions, TestHost};
use reqwest::Method;
use serde_json::{Value, json};

use crate::report::Report;

/// Deliveries of one round.
const ROUND: u64 = 10_000;

/// Events of one request: so many fit into a transaction with room to spare.
const BATCH: u64 = 100;

/// Requests in a second, one event each, while latency is measured.
const PACE: u64 = 500;

/// Deliveries that wait while a host starts.
const WAITING: u64 = 100_000;

/// Nothing here takes longer on a machine that is worth measuring.
const PATIENCE: Duration = Duration::from_mins(3);

const MIB: f64 = 1024.0 * 1024.0;

/// A host with the component that emits what it is told.
struct Announcer {
    host: TestHost,
    tenant: String,
    key: String,
    /// Numbers used so far; each is emitted once and for ever.
    emitted: u64,
}

pub(crate) async fn run(round: Duration, report: &mut Report) {
    let hangs = Sink::start_hanging().await;
    let (alone, p99, whole) = measure(None, round).await;
    let (beside, p99_beside, _) = measure(Some(&hangs), round).await;
    report.at_least("deliveries to one receiver, each recorded", alone, 3000.0, "/s");
    report.at_most(
        &format!("p99 from commit to receipt at {PACE} events/s"),
        p99,
        50.0,
        "ms",
    );
    report.note("the same from the request, commit included", whole, "ms");
    report.at_least(
        "deliveries beside a receiver that hangs against alone",
        beside / alone,
        0.9,
        "x",
    );
    report.at_most(
        "p99 from commit to receipt beside a receiver that hangs",
        p99_beside,
        50.0,
        "ms",
    );
    waiting(&hangs, report).await;
}

/// Rate and latencies of one receiver on a host of its own, alone or beside one that hangs.
async fn measure(beside: Option<&Sink>, round: Duration) -> (f64, f64, f64) {
    let mut announcer = Announcer::start().await;
    let sink = Sink::start().await;
    announcer.set("hook", &sink.url()).await;
    if let Some(other) = beside {
        announcer.set("other_hook", &other.url()).await;
    }
    let rate = announcer.rate().await;
    let (p99, whole) = announcer.latency(&sink, round).await;
    (rate, p99, whole)
}

/// What a host that starts pays for deliveries that wait.
async fn waiting(hangs: &Sink, report: &mut Report) {
    let mut announcer = Announcer::start().await;
    announcer.set("hook", &hangs.url()).await;
    announcer.emit(1).await;
    announcer.wait_for_waiting(1).await;
    let (start, memory) = announcer.restarted();
    announcer.emit(WAITING).await;
    announcer.wait_for_waiting(WAITING).await;
    let (start_full, memory_full) = announcer.restarted();
    report.note("start until ready, no deliveries wait", start, "s");
    report.at_most(
        &format!("start until ready, {WAITING} deliveries wait: longer by"),
        start_full - start,
        1.0,
        "s",
    );
    report.note("memory of that host without", memory / MIB, "MiB");
    report.at_most(
        &format!("memory with {WAITING} waiting deliveries: more by"),
        (memory_full - memory) / MIB,
        64.0,
        "MiB",
    );
}

impl Announcer {
    async fn start() -> Announcer {
        let host = HostOptions::new()
            .allow_loopback()
            .environment("RUST_LOG", "warn")
            .start();
        let bytes = std::fs::read(component("announcer")).expect("the component");
        let loaded = host.admin().load("name=announcer&grant=*", bytes).await;
        assert_eq!(loaded.status, 201, "{}", loaded.text());
        let tenant = host.demo_tenant();
        let key = host
            .admin()
            .mint(&NewKey {
                tenant: &tenant,
                plugin: "announcer",
                scopes: &["announce"],
                expires_in_seconds: None,
            })
            .await;
        Announcer {
            host,
            tenant,
            key: key.secret,
            emitted: 0,
        }
    }

    async fn set(&self, name: &str, value: &str) {
        self.host
            .admin()
            .set(&self.tenant, "announcer", name, value)
            .await;
    }

    fn api(&self) -> Api {
        Api::new(&format!("{}/announcer", self.host.public().base())).with_key(&self.key)
    }

    /// So many events, a batch a request.
    async fn emit(&mut self, count: u64) {
        let api = self.api();
        let end = self.emitted + count;
        while self.emitted < end {
            let batch = BATCH.min(end - self.emitted);
            announce(&api, self.emitted, batch).await;
            self.emitted += batch;
        }
    }

    /// The endpoint of the webhook `main`.
    async fn endpoint(&self) -> Value {
        let listed = self
            .host
            .admin()
            .api()
            .get("/webhooks/endpoints")
            .await
            .expect(200);
        let items = listed["items"].as_array().expect("a list");
        let main = items
            .iter()
            .find(|one| one["webhook"] == "main" && one["plugin"] == "announcer");
        main.expect("the webhook has an address").clone()
    }

    /// Until so many deliveries wait, those under way included.
    async fn wait_for_waiting(&self, count: u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let waiting = self.endpoint().await["waiting"].as_u64().expect("a number");
            if (count == 0 && waiting == 0) || (count > 0 && waiting >= count) {
                return;
            }
            assert!(Instant::now() < deadline, "{waiting} instead of {count} wait");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn switch(&self, endpoint: &str, how: &str) {
        let path = format!("/webhooks/endpoints/{endpoint}/{how}");
        self.host.admin().api().post(&path, &json!({})).await.expect(200);
    }

    /// Deliveries in a second, from the first attempt until all are written down as delivered; the median of three.
    async fn rate(&mut self) -> f64 {
        let mut rates = Vec::new();
        for _ in 0..3 {
            let endpoint = self.endpoint().await["id"].as_str().expect("an id").to_owned();
            self.switch(&endpoint, "disable").await;
            self.emit(ROUND).await;
            self.wait_for_waiting(ROUND).await;
            let started = Instant::now();
            self.switch(&endpoint, "enable").await;
            self.wait_for_waiting(0).await;
            rates.push(ROUND as f64 / started.elapsed().as_secs_f64());
        }
        rates.sort_by(f64::total_cmp);
        rates[1]
    }

    /// Milliseconds: the p99 from an answer, which comes after the commit, to the receipt; and that from the request on.
    async fn latency(&mut self, sink: &Sink, round: Duration) -> (f64, f64) {
        let count = PACE * round.as_secs().max(1) * 2;
        let first = self.emitted;
        self.emitted += count;
        let mut clock = tokio::time::interval(Duration::from_micros(1_000_000 / PACE));
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
        let api = self.api();
        let mut requests = Vec::new();
        for number in first..first + count {
            clock.tick().await;
            let api = api.clone();
            requests.push(tokio::spawn(async move {
                let asked = Instant::now();
                announce(&api, number, 1).await;
                (number, asked, Instant::now())
            }));
        }
        let mut times = HashMap::new();
        for request in requests {
            let (number, asked, answered) = request.await.expect("a client does not panic");
            times.insert(number, (asked, answered));
        }
        self.wait_for_waiting(0).await;
        let (mut from_answer, mut from_request) = (Vec::new(), Vec::new());
        for arrival in sink.arrived().into_values() {
            let body: Value = serde_json::from_str(&arrival.body).expect("JSON");
            let number = body["number"].as_u64().expect("a number");
            if let Some((asked, answered)) = times.get(&number) {
                from_answer.push(arrival.at.saturating_duration_since(*answered));
                from_request.push(arrival.at.saturating_duration_since(*asked));
            }
        }
        assert_eq!(from_answer.len(), times.len(), "every event has arrived");
        (p99(from_answer), p99(from_request))
    }

    /// Seconds until it is ready again, the median of three, and the most memory that it holds in the second after.
    fn restarted(&mut self) -> (f64, f64) {
        let mut times = Vec::new();
        for _ in 0..3 {
            self.host.terminate();
            self.host.wait();
            let started = Instant::now();
            self.host.restart();
            times.push(started.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let (started, mut most) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_secs(1) {
            most = most.max(self.host.resident_bytes());
            std::thread::sleep(Duration::from_millis(20));
        }
        (times[1], most as f64)
    }
}

/// Panics unless they are emitted.
async fn announce(api: &Api, number: u64, count: u64) {
    let body = json!({ "number": number, "count": count }).to_string();
    let headers = [("content-type", "application/json")];
    let answer = api.send(Method::POST, "/announcements", &headers, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn p99(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() * 99 / 100].as_secs_f64() * 1000.0
}
