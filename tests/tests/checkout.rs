//! The hosted page as a person meets it: in a browser, on a desk and on a phone, with scripts and without.

use std::path::Path;

use mooring_tests::browser::{self, Browser, Script};
use mooring_tests::{Api, TestHost, eventually};
use serde_json::{Value, json};

const DESK: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);

/// A host with one merchant, whose payments the sandbox takes.
struct Shop {
    host: TestHost,
    api: Api,
}

impl Shop {
    fn start() -> Shop {
        let host = TestHost::start();
        let demo = std::fs::read_to_string(host.data().join("demo.json")).expect("demo.json");
        let demo: Value = serde_json::from_str(&demo).expect("JSON");
        let field = |name: &str| demo["renovax"][name].as_str().expect("a text").to_owned();
        let api = Api::new(&field("base_url")).with_key(&field("merchant_token"));
        Shop { host, api }
    }

    /// A new payment; gives its page's address and its id.
    async fn payment(&self, more: Value) -> (String, String) {
        let mut wish = json!({ "amount": "1290.50", "currency": "USD" });
        let fields = more.as_object().expect("an object").clone();
        wish.as_object_mut().expect("an object").extend(fields);
        let made = self.api.post("/merchant/invoices", &wish).await.json();
        let field = |name: &str| made[name].as_str().expect("a text").to_owned();
        (field("pay_url"), field("id"))
    }
}

/// Waits until the page's headline says so; pages that wait look again by themselves.
async fn headline(browser: &Browser, text: &str) {
    eventually(text, async || {
        let shown = browser.text("h1").await?;
        (shown == text).then_some(())
    })
    .await;
}

async fn pay_by_card(browser: &Browser, number: &str) {
    browser.click("input[value='sandbox/card']").await;
    browser.click("form button").await;
    headline(browser, "Card details").await;
    browser.fill("#field_number", number).await;
    browser.fill("#field_expiry", "12/39").await;
    browser.fill("#field_code", "123").await;
    browser.click("form button").await;
}

/// Looks at the page in both sizes, keeps a picture of each, and checks what a person would be annoyed by.
async fn look(browser: &Browser, name: &str) {
    for (place, (width, height)) in [("desk", DESK), ("phone", PHONE)] {
        browser.resize(width, height).await;
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(
            browser.evaluate(overflow).await,
            0,
            "{name} scrolls sideways on a {place}"
        );
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("checkout");
        browser
            .picture(&pictures.join(format!("{name}-{place}.png")))
            .await;
    }
    browser.resize(DESK.0, DESK.1).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{name}: {complaints:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_pays_with_scripts_and_without() {
    if !browser::available() {
        return;
    }
    let shop = Shop::start();
    for script in [Script::On, Script::Off] {
        let browser = Browser::start(script).await;
        let (url, id) = shop
            .payment(json!({ "client_remote_id": format!("{script:?}") }))
            .await;
        browser.open(&url).await;
        look(&browser, &format!("choose-{script:?}").to_lowercase()).await;
        pay_by_card(&browser, "4242 4242 4242 4242").await;
        headline(&browser, "Paid. Thank you!").await;
        look(&browser, &format!("paid-{script:?}").to_lowercase()).await;
        let shown = browser.text("main").await.expect("a page");
        assert!(shown.contains("Test mode: no real money is moved."), "{shown}");
        assert!(
            !shown.contains("Amount to pay"),
            "nothing is to be paid any more: {shown}"
        );
        let invoice = shop.api.get(&format!("/merchant/invoices/{id}")).await.json();
        assert_eq!(invoice["status"], "confirmed", "{invoice}");
    }
    let said = shop.host.output();
    assert!(!said.contains("4242424242424242"), "a card number is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_decline_the_payer_tries_again_and_pays() {
    if !browser::available() {
        return;
    }
    let shop = Shop::start();
    let browser = Browser::start(Script::On).await;
    let (url, _) = shop.payment(json!({})).await;
    browser.open(&url).await;
    pay_by_card(&browser, "4000 0000 0000 9995").await;
    let told = eventually("the decline is told", async || browser.text("[role=alert]").await).await;
    assert!(told.contains("Insufficient funds"), "{told}");
    look(&browser, "declined").await;
    pay_by_card(&browser, "4242 4242 4242 4242").await;
    headline(&browser, "Paid. Thank you!").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_mistakes_says_where_and_keeps_nothing() {
    if !browser::available() {
        return;
    }
    let shop = Shop::start();
    let browser = Browser::start(Script::Off).await;
    let (url, _) = shop.payment(json!({})).await;
    browser.open(&url).await;
    pay_by_card(&browser, "4242").await;
    let mistake = eventually("the mistake is told", async || {
        browser.text("#field_number_mistake").await
    })
    .await;
    assert_eq!(mistake, "Enter the 12 to 19 digits on the card.");
    assert_eq!(browser.attribute("#field_number", "value").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn arabic_runs_from_right_to_left_and_fits() {
    if !browser::available() {
        return;
    }
    let shop = Shop::start();
    let browser = Browser::start(Script::On).await;
    let (url, _) = shop.payment(json!({ "locale": "ar" })).await;
    browser.open(&url).await;
    assert_eq!(browser.attribute("html", "dir").await.as_deref(), Some("rtl"));
    assert_eq!(browser.attribute("html", "lang").await.as_deref(), Some("ar"));
    look(&browser, "arabic").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_time_is_over_says_so() {
    if !browser::available() {
        return;
    }
    let shop = Shop::start();
    let browser = Browser::start(Script::On).await;
    let (url, id) = shop
        .payment(json!({ "cancel_url": "http://127.0.0.1:9/cart" }))
        .await;
    shop.host
        .mooring_ok(&["payment", "simulate", &id, "--outcome", "expired"]);
    browser.open(&url).await;
    headline(&browser, "The time for this payment is over").await;
    assert_eq!(
        browser.attribute("a.button", "href").await.as_deref(),
        Some("http://127.0.0.1:9/cart")
    );
    look(&browser, "expired").await;
}
