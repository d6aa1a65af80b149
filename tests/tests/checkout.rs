//! The hosted page as a person meets it: in a browser, on a desk and on a phone, with scripts and without.

use mooring_tests::browser::{self, Browser, Script};
use mooring_tests::hosted_page::{headline, look, pay_by_card};
use mooring_tests::{Api, TestHost, eventually};
use serde_json::{Value, json};

/// A host with one merchant, whose payments the sandbox takes.
struct Shop {
    host: TestHost,
    api: Api,
}

impl Shop {
    fn start() -> Shop {
        let host = TestHost::start();
        let field = |name: &str| host.demo_field("renovax", name);
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

/// Somebody who looks at the page of a new payment.
struct Visit {
    shop: Shop,
    browser: Browser,
    /// The payment's.
    id: String,
}

impl Visit {
    /// Nobody where there is no browser.
    async fn to_payment(script: Script, more: Value) -> Option<Visit> {
        if !browser::available() {
            return None;
        }
        let shop = Shop::start();
        let browser = Browser::start(script).await;
        let (url, id) = shop.payment(more).await;
        browser.open(&url).await;
        Some(Visit { shop, browser, id })
    }
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
    let Some(visit) = Visit::to_payment(Script::On, json!({})).await else {
        return;
    };
    let browser = &visit.browser;
    pay_by_card(browser, "4000 0000 0000 9995").await;
    let told = eventually("the decline is told", async || browser.text("[role=alert]").await).await;
    assert!(told.contains("Insufficient funds"), "{told}");
    look(browser, "declined").await;
    pay_by_card(browser, "4242 4242 4242 4242").await;
    headline(browser, "Paid. Thank you!").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_mistakes_says_where_and_keeps_nothing() {
    let Some(visit) = Visit::to_payment(Script::Off, json!({})).await else {
        return;
    };
    let browser = &visit.browser;
    pay_by_card(browser, "4242").await;
    let mistake = eventually("the mistake is told", async || {
        browser.text("#field_number_mistake").await
    })
    .await;
    assert_eq!(mistake, "Enter the 12 to 19 digits on the card.");
    assert_eq!(browser.attribute("#field_number", "value").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn arabic_runs_from_right_to_left_and_fits() {
    let Some(visit) = Visit::to_payment(Script::On, json!({ "locale": "ar" })).await else {
        return;
    };
    let browser = &visit.browser;
    assert_eq!(browser.attribute("html", "dir").await.as_deref(), Some("rtl"));
    assert_eq!(browser.attribute("html", "lang").await.as_deref(), Some("ar"));
    look(browser, "arabic").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_time_is_over_says_so() {
    let Some(visit) = Visit::to_payment(Script::On, json!({ "cancel_url": "http://127.0.0.1:9/cart" })).await
    else {
        return;
    };
    let browser = &visit.browser;
    let expire = ["payment", "simulate", &visit.id, "--outcome", "expired"];
    visit.shop.host.mooring_ok(&expire);
    browser.open(&browser.url().await).await;
    headline(browser, "The time for this payment is over").await;
    assert_eq!(
        browser.attribute("a.button", "href").await.as_deref(),
        Some("http://127.0.0.1:9/cart")
    );
    look(browser, "expired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_that_arrive_in_part_are_shown_as_what_they_are() {
    let Some(visit) = Visit::to_payment(Script::On, json!({ "amount": "20.11" })).await else {
        return;
    };
    let browser = &visit.browser;
    browser.click("input[value='sandbox/crypto:USDT:tron']").await;
    browser.click("form button").await;
    headline(browser, "Send the payment").await;
    look(browser, "coins").await;
    let shown = browser.text("main").await.expect("a page");
    assert!(shown.contains("20.11000000 USDT"), "{shown}");
    headline(browser, "Part of the amount has arrived").await;
    let shown = browser.text("main").await.expect("a page");
    assert!(
        shown.contains("Received: US$10.05"),
        "half of it has arrived: {shown}"
    );
    look(browser, "partial").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_who_gives_up_at_the_gateway_can_choose_again() {
    let Some(visit) = Visit::to_payment(Script::On, json!({})).await else {
        return;
    };
    let browser = &visit.browser;
    pay_by_card(browser, "4000 0000 0000 7007").await;
    headline(browser, "How would you like to pay?").await;
    look(browser, "given-up").await;
    pay_by_card(browser, "4242 4242 4242 4242").await;
    headline(browser, "Paid. Thank you!").await;
}
