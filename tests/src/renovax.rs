//! The Renovax surface of a demo host, as its tests call it.

use reqwest::Method;
use serde_json::Value;

use crate::{Answer, Api, TestHost, eventually};

/// The demo's merchant and reseller.
pub struct Demo {
    /// The host.
    pub host: TestHost,
    /// The surface with the merchant's token.
    pub merchant: Api,
    /// The surface with the reseller's token.
    pub reseller: Api,
}

impl Demo {
    /// A demo host with nothing special.
    pub fn start() -> Demo {
        Demo::of(TestHost::start())
    }

    /// The demo of a host that runs.
    pub fn of(host: TestHost) -> Demo {
        let field = |name: &str| host.demo_field("renovax", name);
        let api = Api::new(&field("base_url"));
        assert!(field("base_url").ends_with("/renovax/api"));
        assert_eq!(field("webhook_secret").len(), 64);
        Demo {
            merchant: api.clone().with_key(&field("merchant_token")),
            reseller: api.with_key(&field("user_token")),
            host,
        }
    }

    /// Makes an invoice, and gives its id.
    pub async fn invoice(&self, order: Value) -> String {
        let made = self.merchant.post("/merchant/invoices", &order).await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Has it paid, declined or expired without money.
    pub fn simulate(&self, invoice: &str, outcome: &str) {
        self.host
            .mooring_ok(&["payment", "simulate", invoice, "--outcome", outcome]);
    }

    /// As the surface tells it.
    pub async fn status(&self, invoice: &str) -> Value {
        let path = format!("/merchant/invoices/{invoice}");
        self.merchant.get(&path).await.expect(200)["status"].take()
    }

    /// `refund`, `cancel`, `capture` or `void`.
    pub async fn act(&self, invoice: &str, what: &str, body: Value) -> Answer {
        let path = format!("/merchant/invoices/{invoice}/{what}");
        self.merchant.post(&path, &body).await
    }

    /// Pays with a card of the sandbox on the invoice's page.
    pub async fn pay_by_card(&self, invoice: &str, number: &str) {
        self.pay_by_card_after(invoice, 0, number).await;
    }

    /// As [`Demo::pay_by_card`], after so many attempts that have ended.
    pub async fn pay_by_card_after(&self, invoice: &str, attempts: u32, number: &str) {
        let page = Api::new(&format!("http://{}/renovax/pay", self.host.address()));
        let path = format!("/{invoice}");
        let form = async |body: String| {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            page.send(Method::POST, &path, &headers, body).await
        };
        form(format!("do=pay&after={attempts}&way=sandbox/card")).await;
        let attempt = eventually("the card's form is shown", async || {
            let shown = page.get(&path).await.text();
            let (_, rest) = shown.split_once("name=\"attempt\" value=\"")?;
            shown.contains("field_number").then_some(())?;
            Some(rest.split('"').next()?.to_owned())
        })
        .await;
        form(format!(
            "do=submit&attempt={attempt}&field_number={number}&field_expiry=12/39&field_code=123"
        ))
        .await;
    }
}

/// Credits as the surface writes them, to the cent.
pub fn credits(text: &str) -> Value {
    serde_json::from_str(text).expect("a number")
}

/// Panics unless it was refused in the provider's words, with this status and code.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, error: &str) {
    let body = answer.expect(status);
    assert_eq!(body["error"], error, "{body}");
    assert!(
        body["message"].as_str().is_some_and(|text| !text.is_empty()),
        "{body}"
    );
}
