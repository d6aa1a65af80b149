//! Nothing acknowledged is lost, nothing is half there: the host is killed under load, again and again.
//!
//! Clients note what they ask before they ask it and what was acknowledged after. After every kill the host is started
//! on what is left of its data, and everything is compared with the notes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mooring_tests::{Api, TestHost, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const ROUNDS: u64 = 5;
const CLIENTS: u64 = 6;
/// A round is killed once it has acknowledged this much more: under way, and never at the same moment.
const ACKNOWLEDGED_PER_ROUND: u64 = 120;
/// Whom all servers belong to.
const OWNER: &str = "owner@example.com";

/// What clients asked for and what they were told.
#[derive(Default)]
struct Notes {
    /// E-mail to id, for every user that was acknowledged.
    users: BTreeMap<String, u64>,
    /// Service to the state that was last acknowledged, and whether a later change was asked for and not answered.
    services: BTreeMap<String, (&'static str, bool)>,
    /// Invoices that were acknowledged, with the event's id.
    invoices: BTreeMap<String, String>,
    /// Invoices that were asked for.
    invoices_asked: BTreeSet<String>,
}

#[derive(Clone, Default)]
struct Shared {
    notes: Arc<Mutex<Notes>>,
    acknowledged: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Shared {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_has_kept_every_acknowledged_write() {
    let mut host = TestHost::start();
    let tenant = host.demo_tenant();
    host.admin()
        .set(&tenant, "paymenter", "rate_limit_per_minute", "0")
        .await;
    let shared = Shared::default();
    ask(
        &host.paymenter(),
        &shared,
        "/api/v1/paymenter/user.create",
        &json!({ "email": OWNER }),
    )
    .await
    .expect("it runs");

    for round in 0..ROUNDS {
        shared.stop.store(false, Ordering::Relaxed);
        let before = shared.acknowledged.load(Ordering::Relaxed);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| tokio::spawn(load(host.paymenter(), shared.clone(), round, client)))
            .collect();
        let goal = before + ACKNOWLEDGED_PER_ROUND + 7 * round;
        let under_way = async || (shared.acknowledged.load(Ordering::Relaxed) >= goal).then_some(());
        eventually("enough is under way", under_way).await;
        host.kill();
        shared.stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.expect("a client ends with the host");
        }
        host.restart();
        compare(&host, &tenant, &shared).await;
    }
}

/// One client: asks until the host is gone.
async fn load(api: Api, shared: Shared, round: u64, client: u64) {
    for number in 0..u64::MAX {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let name = format!("r{round}c{client}n{number}");
        let more = match client % 3 {
            0 => create_user(&api, &shared, &name).await,
            1 => pay_invoice(&api, &shared, &name).await,
            _ => provision_and_suspend(&api, &shared).await,
        };
        if more.is_none() {
            return;
        }
    }
}

async fn create_user(api: &Api, shared: &Shared, name: &str) -> Option<()> {
    let email = format!("{name}@example.com");
    let answer = ask(
        api,
        shared,
        "/api/v1/paymenter/user.create",
        &json!({ "email": email }),
    )
    .await?;
    shared
        .notes()
        .users
        .insert(email, answer["id"].as_u64().expect("an id"));
    Some(())
}

async fn pay_invoice(api: &Api, shared: &Shared, name: &str) -> Option<()> {
    shared.notes().invoices_asked.insert(name.to_owned());
    let invoice = json!({ "invoice_id": name, "amount": "1.25", "user_email": "payer@example.com" });
    let answer = ask(api, shared, "/api/v1/paymenter/invoice.paid", &invoice).await?;
    let event = answer["id"]
        .as_str()
        .expect("a new invoice has a new event")
        .to_owned();
    shared.notes().invoices.insert(name.to_owned(), event);
    Some(())
}

async fn provision_and_suspend(api: &Api, shared: &Shared) -> Option<()> {
    let answer = ask(api, shared, "/api/v1/reseller/provision-server", &order()).await?;
    let service = answer["service_id"].as_str().expect("a service").to_owned();
    shared.notes().services.insert(service.clone(), ("made", false));
    for (action, state) in [
        ("suspend", "suspended"),
        ("unsuspend", "made"),
        ("terminate", "terminated"),
    ] {
        shared.notes().services.entry(service.clone()).or_default().1 = true;
        let body = json!({ "service_id": service });
        ask(api, shared, &format!("/api/v1/paymenter/server.{action}"), &body).await?;
        shared.notes().services.insert(service.clone(), (state, false));
    }
    Some(())
}

fn order() -> Value {
    json!({ "email": OWNER, "package_id": 3, "group_id": 1, "os_id": 42, "hostname": "kill.example.com" })
}

/// Nothing when the host is gone; a host that is there must say 200.
async fn ask(api: &Api, shared: &Shared, path: &str, body: &Value) -> Option<Value> {
    let headers = [("content-type", "application/json")];
    let answer = api
        .try_send(Method::POST, path, &headers, body.to_string())
        .await
        .ok()?;
    let answer = answer.expect(200);
    shared.acknowledged.fetch_add(1, Ordering::Relaxed);
    Some(answer)
}

async fn compare(host: &TestHost, tenant: &str, shared: &Shared) {
    let admin = host.admin();
    let users = admin.all(tenant, "users").await;
    let services = admin.all(tenant, "services").await;
    let events = admin.all(tenant, "events").await;
    let postings = admin.all(tenant, "ledger/postings").await;
    let verified = admin.verify_ledgers().await;
    let notes = shared.notes();

    let ids: Vec<u64> = users
        .iter()
        .map(|user| user["id"].as_u64().expect("an id"))
        .collect();
    let gapless: Vec<u64> = (1..=ids.len() as u64).collect();
    assert_eq!(ids, gapless, "user ids run from 1 without a gap");
    let by_email: BTreeMap<&str, u64> = users
        .iter()
        .zip(&ids)
        .map(|(user, id)| (user["email"].as_str().expect("an e-mail"), *id))
        .collect();
    assert_eq!(by_email.len(), users.len(), "an e-mail is there once");
    for (email, id) in &notes.users {
        assert_eq!(by_email.get(email.as_str()), Some(id), "{email} was acknowledged");
    }

    let states: BTreeMap<&str, &str> = services
        .iter()
        .map(|service| {
            (
                service["id"].as_str().expect("an id"),
                service["status"].as_str().expect("a status"),
            )
        })
        .collect();
    for (service, (state, more_asked)) in &notes.services {
        let found = states.get(service.as_str()).copied().unwrap_or("lost");
        let as_noted = match *state {
            "made" => matches!(found, "pending" | "active"),
            state => found == state,
        };
        assert!(
            found != "lost" && (as_noted || *more_asked),
            "{service} was acknowledged as {state}, it is {found}"
        );
    }

    let invoice_of = |item: &Value| -> Option<String> {
        let text = item.to_string();
        notes
            .invoices_asked
            .iter()
            .find(|name| text.contains(&format!("{name}\"")))
            .cloned()
    };
    let credited: Vec<String> = events.iter().filter_map(&invoice_of).collect();
    let posted: Vec<String> = postings.iter().filter_map(&invoice_of).collect();
    let (credited_once, posted_once): (BTreeSet<&String>, BTreeSet<&String>) =
        (credited.iter().collect(), posted.iter().collect());
    assert_eq!(
        (credited.len(), posted.len()),
        (credited_once.len(), posted_once.len()),
        "each invoice counts once"
    );
    assert_eq!(
        credited_once, posted_once,
        "an invoice has both its event and its posting, or neither"
    );
    for (invoice, event) in &notes.invoices {
        assert!(credited_once.contains(invoice), "{invoice} was acknowledged");
        assert!(
            events.iter().any(|found| found["id"] == json!(event)),
            "{event} of {invoice}"
        );
    }
    assert!(
        verified >= postings.len() as u64,
        "{verified} postings of {} were verified",
        postings.len()
    );
}
