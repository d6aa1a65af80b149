//! A thousand payments, and a host that is killed in the middle of them: nothing is lost, nothing is charged twice.
//!
//! Shops make invoices on the Renovax surface, payers pay them at a fake Stripe, whose notifications and the host's own
//! webhooks are on their way while the host is killed, again and again. Everybody does what the real ones do when they get no
//! answer: they ask again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use mooring_tests::fake::{Call, Fake, Service};
use mooring_tests::stripe::{Card, Signing, Stripe, session_of};
use mooring_tests::{Answer, Api, HostOptions, TestHost};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

const PAYMENTS: usize = 1_000;
const CLIENTS: usize = 8;
/// The host is killed each time so many more payments have been made.
const KILL_EVERY: usize = 240;
/// In all. A host that loses something never gets there.
const PATIENCE: Duration = Duration::from_mins(4);

const STRIPE_KEY: &str = "sk_test_kill";
const STRIPE_SECRET: &str = "whsec_kill";
const SHOP_SECRET: &str = "shop-secret-kill";

const LIMITS: &str = "[edge.checkout]\nviews_per_minute = 0\nforms_per_minute = 0";

/// Takes every webhook.
struct Receiver;

impl Service for Receiver {
    fn answer(&mut self, _: &Call) -> (u16, Value) {
        (200, json!({ "ok": true }))
    }
}

/// What the clients share.
struct World {
    /// Where the host is now; it moves when it is started again.
    base: RwLock<String>,
    token: String,
    stripe: Stripe,
    next: AtomicUsize,
    done: AtomicUsize,
    /// Invoice by the number of its payment.
    invoices: Mutex<BTreeMap<usize, String>>,
    deadline: Instant,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_amid_a_thousand_payments_loses_none_and_charges_none_twice() {
    let mut host = HostOptions::new().allow_loopback().config(LIMITS).start();
    let receiver = Fake::start(|_| Receiver).await;
    let world = Arc::new(World::new(&host, &receiver.url()).await);

    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(client(Arc::clone(&world))))
        .collect();
    for kill in 1..=(PAYMENTS - 1) / KILL_EVERY {
        until(&world, "payments are under way", || {
            world.done.load(Ordering::Relaxed) >= kill * KILL_EVERY
        })
        .await;
        host.kill();
        host.restart();
        *world.base.write().unwrap_or_else(PoisonError::into_inner) = format!("http://{}", host.address());
    }
    for client in clients {
        client.await.expect("a client ends when everything is paid");
    }

    let invoices = world.invoices();
    assert_eq!(invoices.len(), PAYMENTS);
    no_payment_is_charged_twice(&world);
    every_invoice_is_confirmed(&world, &invoices).await;
    every_invoice_is_announced(&world, &receiver, &invoices).await;
    host.admin().verify_ledgers().await;
}

impl World {
    async fn new(host: &TestHost, receiver: &str) -> World {
        let tenant = host.demo_tenant();
        let stripe = Stripe::start(STRIPE_KEY).await;
        let stripe_url = stripe.url();
        let admin = host.admin();
        for (plugin, name, value) in [
            ("sandbox", "enabled", "false"),
            ("stripe", "stripe_url", stripe_url.as_str()),
            ("stripe", "stripe_secret_key", STRIPE_KEY),
            ("stripe", "stripe_webhook_secret", STRIPE_SECRET),
            ("stripe", "stripe_enabled", "true"),
            ("renovax", "webhook_secret", SHOP_SECRET),
            ("renovax", "webhook_url", receiver),
        ] {
            admin.set(&tenant, plugin, name, value).await;
        }
        World {
            base: RwLock::new(format!("http://{}", host.address())),
            token: host.demo_field("renovax", "merchant_token"),
            stripe,
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            invoices: Mutex::default(),
            deadline: Instant::now() + PATIENCE,
        }
    }

    fn invoices(&self) -> BTreeMap<usize, String> {
        self.invoices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks until the host answers with something that is not about its own trouble.
    async fn ask(
        &self,
        api: &Api,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        loop {
            assert!(
                Instant::now() < self.deadline,
                "no answer to {method} {path} in time"
            );
            let base = self.base.read().unwrap_or_else(PoisonError::into_inner).clone();
            let answer = api
                .at(&base)
                .try_send(method.clone(), path, headers, body.to_owned())
                .await;
            match answer {
                Ok(answer) if answer.status < 500 => return answer,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

/// Pays one invoice after the other.
async fn client(world: Arc<World>) {
    let api = Api::new("http://unused");
    let shop = api.clone().with_key(&world.token);
    loop {
        let number = world.next.fetch_add(1, Ordering::Relaxed);
        if number >= PAYMENTS {
            return;
        }
        let invoice = make(&world, &shop, number).await;
        world
            .invoices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, invoice.clone());
        let session = begin(&world, &api, &invoice).await;
        world.stripe.pay(&session, Card::Good).expect("the card is good");
        notify(&world, &api).await;
        world.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// The shop's own number makes asking again safe.
async fn make(world: &World, shop: &Api, number: usize) -> String {
    let order = json!({ "amount": "10.00", "client_remote_id": format!("order-{number}") }).to_string();
    let headers = [("content-type", "application/json")];
    let answer = world
        .ask(
            shop,
            Method::POST,
            "/renovax/api/merchant/invoices",
            &headers,
            &order,
        )
        .await;
    assert!(answer.status < 300, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// Picks Stripe on the page, and waits until the page leads there.
async fn begin(world: &World, api: &Api, invoice: &str) -> String {
    let page = format!("/renovax/pay/{invoice}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let choice = "do=pay&after=0&way=stripe/card";
    world.ask(api, Method::POST, &page, &form, choice).await;
    loop {
        let shown = world
            .ask(api, Method::GET, &format!("{page}?go=1"), &[], "")
            .await
            .text();
        let start = shown.find(&world.stripe.url()).map(|at| &shown[at..]);
        if let Some(url) = start.and_then(|rest| rest.split('"').next()) {
            return session_of(url).to_owned();
        }
        assert!(
            Instant::now() < world.deadline,
            "the page never leads to Stripe: {shown}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Stripe tells what has happened, until the host has taken it.
async fn notify(world: &World, api: &Api) {
    for event in world.stripe.events() {
        let signature = Signing::with(STRIPE_SECRET).header(&event.body);
        let headers = [
            ("stripe-signature", signature.as_str()),
            ("content-type", "application/json"),
        ];
        let answer = world
            .ask(
                api,
                Method::POST,
                "/stripe/notifications/demo",
                &headers,
                &event.body,
            )
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn no_payment_is_charged_twice(world: &World) {
    let charges = world.stripe.charges();
    let payments: BTreeSet<&str> = charges.iter().map(|charge| charge.payment.as_str()).collect();
    assert_eq!(charges.len(), PAYMENTS, "one charge for each payment");
    assert_eq!(payments.len(), PAYMENTS, "and each payment has one");
    assert!(
        world.stripe.refunds().is_empty(),
        "so nothing had to be sent back"
    );
}

async fn every_invoice_is_confirmed(world: &World, invoices: &BTreeMap<usize, String>) {
    let shop = Api::new("http://unused").with_key(&world.token);
    for invoice in invoices.values() {
        let path = format!("/renovax/api/merchant/invoices/{invoice}");
        loop {
            let told = world.ask(&shop, Method::GET, &path, &[], "").await.json();
            if told["status"] == "confirmed" {
                break;
            }
            assert!(Instant::now() < world.deadline, "never confirmed: {told}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// At least once, signed, and under one id however often.
async fn every_invoice_is_announced(
    world: &World,
    receiver: &Fake<Receiver>,
    invoices: &BTreeMap<usize, String>,
) {
    let wanted: BTreeSet<String> = invoices.values().cloned().collect();
    let announced = || {
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for call in receiver.calls() {
            let body: Value = serde_json::from_str(&call.body).expect("JSON");
            if body["event_type"] == "invoice.paid" {
                assert_eq!(
                    call.header("x-renovax-signature"),
                    Some(signature(&call.body).as_str())
                );
                let id = call.header("x-renovax-event-id").expect("an id").to_owned();
                let invoice = body["invoice_id"].as_str().expect("an invoice").to_owned();
                ids.entry(invoice).or_default().insert(id);
            }
        }
        ids
    };
    until(world, "every invoice is announced", || {
        announced().len() >= wanted.len()
    })
    .await;
    let announced = announced();
    assert_eq!(announced.keys().cloned().collect::<BTreeSet<_>>(), wanted);
    let ids: BTreeSet<&String> = announced.values().flatten().collect();
    assert_eq!(ids.len(), PAYMENTS, "one event for each invoice");
}

fn signature(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SHOP_SECRET.as_bytes()).expect("any key will do");
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

async fn until(world: &World, what: &str, holds: impl Fn() -> bool) {
    while !holds() {
        assert!(Instant::now() < world.deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
