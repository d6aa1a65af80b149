//! Never two charges for one payment, whatever goes wrong between the host and those who move the money.
//!
//! A fake Stripe and a fake PayPal do what they are asked and then break, drop the line, or take too long; payers leave one
//! gateway for another; notifications come twice, backwards, late and forged. Every row ends with the same count.

use std::time::{Duration, Instant};

use mooring_tests::fake::Fault;
use mooring_tests::paypal::{Funding, PayPal, order_of};
use mooring_tests::stripe::{Card, Signing, Stripe, session_of};
use mooring_tests::{Answer, Api, HostOptions, TestHost};
use reqwest::Method;
use serde_json::{Value, json};

/// A time-out that a slow gateway runs into, and no other.
const LIMITS: &str = "[outbound]\ntimeout_ms = 700\n[jobs]\nbackoff_min_ms = 100\nbackoff_max_ms = 500\n\
                      [edge.checkout]\nviews_per_minute = 0\nforms_per_minute = 0";
/// As those, but nothing times out or is tried again for a while.
const UNHURRIED: &str = "[outbound]\ntimeout_ms = 9000\n[jobs]\nbackoff_min_ms = 9000\nbackoff_max_ms = 9000\n\
                         [edge.checkout]\nviews_per_minute = 0\nforms_per_minute = 0";
const SLOW: Fault = Fault::Slow(Duration::from_millis(1_500));
/// Longer than the second question about what is not known, which comes after half a minute.
const PATIENCE: Duration = Duration::from_secs(75);

const STRIPE_KEY: &str = "sk_test_charges";
const STRIPE_SECRET: &str = "whsec_charges";

/// A host whose payers choose between Stripe and PayPal.
struct Shop {
    host: TestHost,
    merchant: Api,
    page: Api,
    stripe: Stripe,
    paypal: PayPal,
}

impl Shop {
    async fn start() -> Shop {
        Shop::start_with(LIMITS).await
    }

    async fn start_with(limits: &str) -> Shop {
        let host = HostOptions::new().allow_loopback().config(limits).start();
        let (stripe, paypal) = (Stripe::start(STRIPE_KEY).await, PayPal::start().await);
        let (stripe_url, paypal_url) = (stripe.url(), paypal.url());
        let tenant = host.demo_tenant();
        for (plugin, name, value) in [
            ("sandbox", "enabled", "false"),
            ("stripe", "stripe_url", stripe_url.as_str()),
            ("stripe", "stripe_secret_key", STRIPE_KEY),
            ("stripe", "stripe_webhook_secret", STRIPE_SECRET),
            ("stripe", "stripe_enabled", "true"),
            ("paypal", "paypal_url", paypal_url.as_str()),
            ("paypal", "paypal_client_id", PayPal::CLIENT),
            ("paypal", "paypal_client_secret", PayPal::SECRET),
            ("paypal", "paypal_enabled", "true"),
        ] {
            host.admin().set(&tenant, plugin, name, value).await;
        }
        Shop {
            merchant: merchant_of(&host),
            page: page_of(&host),
            host,
            stripe,
            paypal,
        }
    }

    /// Kills the host, and starts it again on the same data.
    fn die(&mut self) {
        self.host.kill();
        self.host.restart();
        self.merchant = merchant_of(&self.host);
        self.page = page_of(&self.host);
    }

    async fn invoice(&self, name: &str) -> String {
        let order = json!({ "amount": "10.00", "client_remote_id": name });
        let answer = self.merchant.post("/merchant/invoices", &order).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    async fn told(&self, invoice: &str) -> Value {
        self.merchant
            .get(&format!("/merchant/invoices/{invoice}"))
            .await
            .json()
    }

    /// Sends one of the page's own forms.
    async fn act(&self, invoice: &str, form: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.page
            .send(Method::POST, &format!("/{invoice}"), &headers, form.to_owned())
            .await
    }

    /// Sends a form that is about the attempt that the page shows; nothing if it shows none.
    async fn act_on_attempt(&self, invoice: &str, verb: &str) {
        let shown = self.page.get(&format!("/{invoice}")).await.text();
        let named = shown.split("name=\"attempt\" value=\"").nth(1);
        if let Some(attempt) = named.and_then(|rest| rest.split('"').next()) {
            self.act(invoice, &format!("do={verb}&attempt={attempt}")).await;
        }
    }

    async fn pick(&self, invoice: &str, way: &str, after: u32) {
        self.act(invoice, &format!("do=pay&after={after}&way={way}"))
            .await;
    }

    /// The page of a gateway that the payer is sent to, once there is one; asks for news until then.
    async fn way_out(&self, invoice: &str, gateway: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let shown = self.page.get(&format!("/{invoice}?go=1")).await.text();
            let start = shown.find(gateway).map(|at| &shown[at..]);
            if let Some(url) = start.and_then(|rest| rest.split('"').next()) {
                return url.to_owned();
            }
            assert!(
                Instant::now() < deadline,
                "the page never leads to {gateway}: {shown}"
            );
            self.act_on_attempt(invoice, "check").await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Comes back from a gateway, and looks again until the invoice is paid.
    async fn is_confirmed(&self, invoice: &str, case: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.page.get(&format!("/{invoice}?returned=1")).await;
            let told = self.told(invoice).await;
            if told["status"] == "confirmed" {
                return;
            }
            assert!(Instant::now() < deadline, "{case}: never confirmed: {told}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn charges(&self) -> (usize, usize) {
        (self.stripe.charges().len(), self.paypal.charges().len())
    }
}

fn merchant_of(host: &TestHost) -> Api {
    let field = |name: &str| host.demo_field("renovax", name);
    Api::new(&field("base_url")).with_key(&field("merchant_token"))
}

fn page_of(host: &TestHost) -> Api {
    Api::new(&format!("http://{}/renovax/pay", host.address()))
}

fn faults() -> [(&'static str, Fault); 5] {
    [
        ("refused", Fault::Refuse(500)),
        ("dropped", Fault::Drop),
        ("done and broken", Fault::Break(500)),
        ("done and vanished", Fault::Vanish),
        ("done and slow", SLOW),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_making_goes_wrong_is_made_once_and_nobody_else_is_asked_meanwhile() {
    let shop = Shop::start().await;
    for (number, (case, fault)) in (1..).zip(faults()) {
        let invoice = shop.invoice(case).await;
        shop.stripe.fail(Method::POST, "/v1/checkout/sessions", fault, 1);
        shop.pick(&invoice, "stripe/card", 0).await;
        // The payer is impatient. Whether the first attempt has begun is not known, so the second one may not.
        shop.pick(&invoice, "paypal/paypal", 1).await;
        assert!(
            shop.paypal.orders().is_empty(),
            "{case}: another gateway was asked"
        );
        let session = session_of(&shop.way_out(&invoice, &shop.stripe.url()).await).to_owned();
        assert_eq!(shop.stripe.sessions().len(), number, "{case}: one session");
        shop.stripe.pay(&session, Card::Good).expect("the card is good");
        shop.is_confirmed(&invoice, case).await;
        assert_eq!(shop.charges(), (number, 0), "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_in_any_order_and_number_charge_nothing_and_forged_ones_are_refused() {
    let shop = Shop::start().await;
    let invoice = shop.invoice("notified").await;
    shop.pick(&invoice, "stripe/card", 0).await;
    let session = session_of(&shop.way_out(&invoice, &shop.stripe.url()).await).to_owned();
    shop.stripe.pay(&session, Card::Good).expect("the card is good");
    let mut events = shop.stripe.events();
    assert!(events.len() > 1, "several things have happened: {events:?}");
    events.reverse();
    let host = shop.page.base().trim_end_matches("/renovax/pay").to_owned();
    let to = format!("{host}/stripe/notifications/demo");

    let old = Signing::with(STRIPE_SECRET).aged(Duration::from_secs(301));
    for (case, signing) in [("another secret", Signing::with("whsec_other")), ("too old", old)] {
        for event in &events {
            assert_eq!(event.deliver(&to, &signing).await, 400, "{case}");
        }
        assert_eq!(shop.told(&invoice).await["status"], "pending", "{case}");
    }
    let doubly = Signing::with("whsec_new").and(STRIPE_SECRET);
    for signing in [&doubly, &Signing::with(STRIPE_SECRET), &doubly] {
        for event in &events {
            assert_eq!(event.deliver(&to, signing).await, 200, "{}", event.kind);
        }
    }
    assert_eq!(shop.told(&invoice).await["status"], "confirmed");
    assert_eq!(shop.charges(), (1, 0));
    assert!(shop.stripe.refunds().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_gateway_is_tried_once_the_first_one_cannot_charge_any_more() {
    let shop = Shop::start().await;
    for (number, (case, fault)) in (1..).zip(faults()) {
        let invoice = shop.invoice(case).await;
        shop.pick(&invoice, "stripe/card", 0).await;
        let session = session_of(&shop.way_out(&invoice, &shop.stripe.url()).await).to_owned();
        assert!(shop.stripe.pay(&session, Card::Declined).is_err());
        shop.stripe
            .fail(Method::POST, "/v1/checkout/sessions/*/expire", fault, 1);
        shop.act_on_attempt(&invoice, "switch").await;
        let deadline = Instant::now() + PATIENCE;
        let order = loop {
            shop.pick(&invoice, "paypal/paypal", 1).await;
            if shop.paypal.orders().len() == number {
                break order_of(&shop.way_out(&invoice, &shop.paypal.url()).await).to_owned();
            }
            assert!(
                Instant::now() < deadline,
                "{case}: PayPal is never asked: {}",
                shop.page.get(&format!("/{invoice}")).await.text()
            );
            shop.act_on_attempt(&invoice, "check").await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        assert!(
            shop.stripe.pay(&session, Card::Good).is_err(),
            "{case}: the old tab takes money"
        );
        shop.paypal
            .approve(&order, Funding::Good)
            .expect("a good account");
        shop.is_confirmed(&invoice, case).await;
        assert_eq!(shop.charges(), (0, number), "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_paid_at_the_first_gateway_is_not_sent_to_the_second() {
    let shop = Shop::start().await;
    let invoice = shop.invoice("paid in another tab").await;
    shop.pick(&invoice, "stripe/card", 0).await;
    let session = session_of(&shop.way_out(&invoice, &shop.stripe.url()).await).to_owned();
    shop.stripe.pay(&session, Card::Good).expect("the card is good");
    shop.act_on_attempt(&invoice, "switch").await;
    shop.pick(&invoice, "paypal/paypal", 1).await;
    shop.is_confirmed(&invoice, "switched").await;
    assert!(shop.paypal.orders().is_empty());
    assert_eq!(shop.charges(), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_goes_wrong_charges_once_even_if_the_payer_walks_away() {
    let shop = Shop::start().await;
    let mut cases = Vec::new();
    for (case, fault) in faults() {
        for leaves in [false, true] {
            cases.push((format!("{case}, leaves: {leaves}"), fault, leaves));
        }
    }
    for (number, (case, fault, leaves)) in (1..).zip(cases) {
        let invoice = shop.invoice(&case).await;
        shop.pick(&invoice, "paypal/paypal", 0).await;
        let order = order_of(&shop.way_out(&invoice, &shop.paypal.url()).await).to_owned();
        shop.paypal
            .approve(&order, Funding::Good)
            .expect("a good account");
        shop.paypal
            .fail(Method::POST, "/v2/checkout/orders/*/capture", fault, 1);
        if leaves {
            let back = format!("/{invoice}?returned=1");
            tokio::join!(shop.page.get(&back), shop.act_on_attempt(&invoice, "switch"));
            shop.pick(&invoice, "stripe/card", 1).await;
            settle_somewhere(&shop, &invoice).await;
        }
        shop.is_confirmed(&invoice, &case).await;
        let (stripe, paypal) = shop.charges();
        assert_eq!(
            stripe + paypal,
            number,
            "{case}: {stripe} at Stripe, {paypal} at PayPal"
        );
        shop.paypal.mend();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_lands_after_the_host_died_charges_once_though_the_payer_walks_away() {
    // What was cut off is not asked again by itself before the payer has left, nor does the first question time out.
    let mut shop = Shop::start_with(UNHURRIED).await;
    let invoice = shop.invoice("the host dies").await;
    shop.pick(&invoice, "paypal/paypal", 0).await;
    let order = order_of(&shop.way_out(&invoice, &shop.paypal.url()).await).to_owned();
    shop.paypal
        .approve(&order, Funding::Good)
        .expect("a good account");
    let late = Fault::Late(Duration::from_secs(15));
    shop.paypal
        .fail(Method::POST, "/v2/checkout/orders/*/capture", late, 1);

    let back = shop.page.clone();
    let looked = format!("/{invoice}?returned=1");
    let visit = tokio::spawn(async move { back.send(Method::GET, &looked, &[], String::new()).await });
    // The fault is used up when the capture has arrived.
    shop.paypal.until_all_faults_are_used().await;
    visit.abort();
    shop.die();

    // PayPal has not charged yet, and says so. Whoever believed that would let the payer pay at Stripe.
    assert_eq!(shop.charges(), (0, 0));
    shop.act_on_attempt(&invoice, "switch").await;
    shop.pick(&invoice, "stripe/card", 1).await;
    settle_somewhere(&shop, &invoice).await;
    shop.is_confirmed(&invoice, "the host dies").await;
    let captures = || {
        shop.paypal
            .calls_of(&Method::POST, "/v2/checkout/orders/*/capture")
    };
    let deadline = Instant::now() + PATIENCE;
    while captures().len() < 2 {
        assert!(Instant::now() < deadline, "the first capture never lands");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(shop.charges(), (0, 1), "at Stripe and at PayPal");
    assert!(shop.paypal.refunds().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_goes_wrong_is_sent_back_once() {
    let shop = Shop::start().await;
    let shop = &shop;
    for (case, fault) in faults() {
        let (at_stripe, at_paypal) = (
            shop.invoice(&format!("stripe {case}")).await,
            shop.invoice(&format!("paypal {case}")).await,
        );
        shop.pick(&at_stripe, "stripe/card", 0).await;
        let session = session_of(&shop.way_out(&at_stripe, &shop.stripe.url()).await).to_owned();
        shop.stripe.pay(&session, Card::Good).expect("the card is good");
        shop.is_confirmed(&at_stripe, case).await;
        shop.pick(&at_paypal, "paypal/paypal", 0).await;
        let order = order_of(&shop.way_out(&at_paypal, &shop.paypal.url()).await).to_owned();
        shop.paypal
            .approve(&order, Funding::Good)
            .expect("a good account");
        shop.is_confirmed(&at_paypal, case).await;

        let asked = || {
            (
                shop.stripe.calls_of(&Method::POST, "/v1/refunds").len(),
                shop.paypal
                    .calls_of(&Method::POST, "/v2/payments/captures/*/refund")
                    .len(),
            )
        };
        let before = asked();
        shop.stripe.fail(Method::POST, "/v1/refunds", fault, 1);
        shop.paypal
            .fail(Method::POST, "/v2/payments/captures/*/refund", fault, 1);
        for invoice in [&at_stripe, &at_paypal] {
            let path = format!("/merchant/invoices/{invoice}/refund");
            let part = json!({ "amount": "4.00" });
            let (merchant, path) = (shop.merchant.clone(), path);
            tokio::spawn(async move { merchant.post(&path, &part).await });
        }
        // The next row's refunds must not meet this row's faults.
        let deadline = Instant::now() + PATIENCE;
        while asked().0 == before.0 || asked().1 == before.1 {
            assert!(Instant::now() < deadline, "{case}: never taken to the gateways");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let deadline = Instant::now() + PATIENCE;
    let done = || (shop.stripe.refunds().len(), shop.paypal.refunds().len());
    while done() != (5, 5) {
        assert!(Instant::now() < deadline, "not sent back in time: {:?}", done());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Long enough for a question that was under way to do harm.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(done(), (5, 5), "nothing is sent back twice");
}

/// Some providers give the payer a link for each gateway.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_a_gateway_offers_that_one_first() {
    let shop = Shop::start().await;
    let invoice = shop.invoice("a link for each").await;
    for gateway in ["paypal", "stripe", "paypal"] {
        let shown = shop
            .page
            .get(&format!("/{invoice}?gateway={gateway}"))
            .await
            .text();
        let ways: Vec<&str> = shown.split("name=\"way\" value=\"").skip(1).collect();
        assert!(ways.len() >= 2, "both stay open: {shown}");
        assert!(ways[0].starts_with(&format!("{gateway}/")), "{gateway}: {shown}");
        let in_spanish = format!("href=\"?lang=es&amp;gateway={gateway}\"");
        assert!(shown.contains(&in_spanish), "another language keeps it: {shown}");
        assert!(
            ways[0]
                .split('>')
                .next()
                .is_some_and(|input| input.contains("checked"))
        );
    }
}

/// Pays at Stripe, if the payer was sent there.
async fn settle_somewhere(shop: &Shop, invoice: &str) {
    let shown = shop.page.get(&format!("/{invoice}?go=1")).await.text();
    let stripe = shop.stripe.url();
    if let Some(at) = shown.find(&stripe) {
        let url = shown[at..].split('"').next().unwrap_or_default();
        shop.stripe
            .pay(session_of(url), Card::Good)
            .expect("the card is good");
    }
}
