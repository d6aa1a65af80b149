//! The stripe plugin's requests, judged by a program that was written from Stripe's documents by others. It has no Checkout
//! Sessions, keeps no idempotency keys and says less of an intent than Stripe does, so this is about what it takes, and what
//! it does then; everything else is in the plugin's own tests and in `charges`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};

use mooring_plugin_stripe::Stripe;
use mooring_sdk::gateway::{Notification, Order};
use mooring_sdk::money::Amount;
use mooring_sdk::outbound::{Answer, Call, OutboundError};
use mooring_sdk::payments::{AttemptState, RefundState};
use mooring_sdk::testing::TestGateway;
use mooring_tests::fake::{self, Fake, Service};
use mooring_tests::localstripe::LocalStripe;
use serde_json::{Value, json};

const KEY: &str = "sk_test_localstripe";
const SECRET: &str = "whsec_localstripe";

/// The gateway, and the program that it calls.
struct Bench {
    gateway: TestGateway<Stripe>,
    world: Rc<World>,
    _server: LocalStripe,
}

struct World {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    url: String,
    statuses: RefCell<Vec<(String, u16)>>,
}

impl World {
    fn send(&self, call: &Call) -> Result<Answer, OutboundError> {
        let method = call.method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{}", self.url, call.path));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request.bearer_auth(KEY).body(call.body.clone());
        let answer = self.runtime.block_on(async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?.to_vec()))
        });
        let (status, body) = answer.map_err(|error| OutboundError::Unreachable(error.to_string()))?;
        self.statuses
            .borrow_mut()
            .push((format!("{} {}", call.method, call.path), status));
        Ok(Answer {
            status,
            headers: Vec::new(),
            body,
        })
    }

    /// What a payer's browser and the test itself ask.
    fn ask(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Value {
        let mut call = Call::new("stripe", method, path);
        call.headers.push((
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        ));
        call.body = serde_urlencoded::to_string(form).expect("a form").into_bytes();
        let answer = self.send(&call).expect("localstripe answers");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// An intent of ten dollars that a card has confirmed.
    fn intent(&self, capture: &str) -> String {
        let card = [
            ("type", "card"),
            ("card[number]", "4242424242424242"),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2034"),
            ("card[cvc]", "123"),
        ];
        let method = self.ask("POST", "/v1/payment_methods", &card)["id"].clone();
        let attempt = attempt();
        let form = [
            ("amount", "1000"),
            ("currency", "usd"),
            ("payment_method", method.as_str().expect("an id")),
            ("capture_method", capture),
            ("confirm", "true"),
            ("metadata[mooring_attempt]", &*attempt),
        ];
        let intent = self.ask("POST", "/v1/payment_intents", &form);
        intent["id"].as_str().expect("an id").to_owned()
    }
}

impl Bench {
    fn start() -> Option<Bench> {
        let mut gateway = TestGateway::<Stripe>::new();
        let server = LocalStripe::start(gateway.now() / 1000)?;
        for (name, value) in [
            ("stripe_url", server.url()),
            ("stripe_secret_key", KEY),
            ("stripe_webhook_secret", SECRET),
        ] {
            gateway.set(name, value);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let world = Rc::new(World {
            runtime: runtime.expect("a runtime"),
            client: mooring_tests::api::client(),
            url: server.url().to_owned(),
            statuses: RefCell::new(Vec::new()),
        });
        let answers = Rc::clone(&world);
        gateway.answer_from(move |call| answers.send(call));
        Some(Bench {
            gateway,
            world,
            _server: server,
        })
    }

    fn order(&self, intent: &str, state: AttemptState) -> Order {
        Order {
            state,
            gateway_ref: Some(intent.to_owned()),
            ..self.gateway.order("card", usd("10.00"))
        }
    }

    /// What the plugin called since this was last asked, and that localstripe understood all of it.
    fn understood(&self) -> Vec<String> {
        let statuses = self.world.statuses.take();
        assert!(statuses.iter().all(|(_, status)| *status == 200), "{statuses:#?}");
        statuses.into_iter().map(|(call, _)| call).collect()
    }
}

fn attempt() -> String {
    format!("att_{:0>22}", 1)
}

fn usd(text: &str) -> Amount {
    Amount::parse_decimal(text, "USD").expect("an amount")
}

#[test]
fn what_is_reserved_is_seen_captured_and_refunded_once() {
    let Some(mut bench) = Bench::start() else {
        return;
    };
    let intent = bench.world.intent("manual");
    bench.understood();

    let order = bench.order(&intent, AttemptState::Processing);
    let progress = bench.gateway.look_up(order).expect("localstripe tells");
    assert_eq!(
        (progress.state, progress.received),
        (AttemptState::Authorized, Some(usd("10.00")))
    );

    // It takes the money, and does not say how much it has: what is not known is not claimed.
    let order = bench.order(&intent, AttemptState::Authorized);
    let captured = bench.gateway.capture(order, usd("4.00"));
    assert!(captured.is_err(), "{captured:?}");
    let seen = bench.world.ask(
        "GET",
        &format!("/v1/payment_intents/{intent}?expand[]=latest_charge"),
        &[],
    );
    let charge = &seen["latest_charge"];
    assert_eq!(
        (&seen["status"], &charge["captured"]),
        (&json!("succeeded"), &json!(true))
    );
    assert_eq!(
        charge["amount_refunded"], 600,
        "four of ten dollars are kept: {charge}"
    );

    let paid = bench.order(&intent, AttemptState::Succeeded);
    let mut refund = bench.gateway.refund_order(paid, usd("1.00"));
    let progress = bench.gateway.refund(refund.clone()).expect("localstripe refunds");
    assert_eq!(progress.state, RefundState::Succeeded);
    // It keeps no keys, so only looking first keeps this from being sent twice.
    refund.attempt = 2;
    let again = bench.gateway.refund(refund).expect("it is found");
    assert_eq!(again.gateway_ref, progress.gateway_ref);
    let calls = bench.understood();
    let sent = calls.iter().filter(|call| *call == "POST /v1/refunds").count();
    assert_eq!(sent, 1, "{calls:#?}");
}

#[test]
fn what_is_reserved_is_released() {
    let Some(mut bench) = Bench::start() else {
        return;
    };
    let intent = bench.world.intent("manual");
    let order = bench.order(&intent, AttemptState::Authorized);
    let progress = bench.gateway.abandon(order).expect("localstripe cancels");
    assert_eq!(progress.state, AttemptState::Cancelled);
    bench.understood();
}

#[test]
fn what_is_not_there_is_unknown_and_not_declined() {
    let Some(mut bench) = Bench::start() else {
        return;
    };
    let order = bench.order("pi_nowhere", AttemptState::Processing);
    assert!(bench.gateway.look_up(order).is_err());
}

/// Notifications as somebody else signs them.
#[test]
fn its_notifications_are_verified_and_read() {
    let Some(mut bench) = Bench::start() else {
        return;
    };
    let (sink, arrived) = bench.world.runtime.block_on(sink());
    let hook = [("url", sink.url()), ("secret", SECRET.to_owned())];
    let hook = hook.each_ref().map(|(name, value)| (*name, value.as_str()));
    bench.world.ask("POST", "/_config/webhooks/mooring", &hook);
    let intent = bench.world.intent("automatic");
    // The sink lives on the same thread, so the wait runs it.
    let call = bench.world.runtime.block_on(async {
        mooring_tests::eventually("a notification has arrived", async || arrived.try_recv().ok()).await
    });
    let notification = |body: &str| Notification {
        body: body.as_bytes().to_vec(),
        headers: call.headers.clone(),
        query: String::new(),
    };
    let body: Value = serde_json::from_str(&call.body).expect("an event");
    assert_eq!(body["type"], "payment_intent.succeeded", "{body}");

    // Signed and understood, up to the amount, which localstripe leaves out and Stripe says.
    let result = bench.gateway.notify(notification(&call.body));
    let error = format!("{:?}", result.expect_err("no amount, no money"));
    assert!(error.contains("does not say how much"), "{error}");
    let changed = call.body.replace(&intent, "pi_another");
    let error = bench.gateway.notify(notification(&changed));
    assert!(format!("{error:?}").contains("Untrusted"), "{error:?}");
}

struct Sink(std::sync::mpsc::Sender<fake::Call>);

impl Service for Sink {
    fn answer(&mut self, call: &fake::Call) -> (u16, Value) {
        // Nobody listens any more once the test is over.
        let _ = self.0.send(call.clone());
        (200, Value::Null)
    }
}

async fn sink() -> (Fake<Sink>, Receiver<fake::Call>) {
    let (sender, arrived) = channel();
    (Fake::start(|_| Sink(sender)).await, arrived)
}
