//! Every route, job and webhook of the plugin, on a host in memory.

#![allow(clippy::unwrap_used, reason = "a test fails where it expects too much")]

mod ahead;
mod batch;
mod billing;
mod calendar;
mod cases;
mod credit;
mod dunning;
mod hosted;
mod input;
mod lifecycle;
mod payments;
mod proration;
mod reports;
mod told;
mod webhooks;
mod words;
mod year;

use std::collections::BTreeMap;

use mooring_plugin_central::Central;
use mooring_sdk::ledger::{self, Direction, Entry, NewPosting};
use mooring_sdk::money::Amount;
use mooring_sdk::records;
use mooring_sdk::testing::{Reply, TestHost};
use serde_json::{Value, json};

pub(crate) type Host = TestHost<Central>;

pub(crate) const API: &str = "/api/v1";
pub(crate) const DAY: u64 = 86_400_000;

/// A host with a key, and with plans that the operator has imported.
pub(crate) struct Shop {
    pub(crate) host: Host,
    pub(crate) key: String,
}

pub(crate) fn shop() -> Shop {
    let mut host = Host::new();
    let key = host.key(&["api"]);
    for (id, price, interval, count) in [
        ("plan_premium_monthly", "29.99", "month", 1),
        ("plan_basic_monthly", "10.00", "month", 1),
        ("plan_gold_monthly", "50.00", "month", 1),
        ("plan_yearly", "120.00", "year", 1),
        ("plan_daily", "1.00", "day", 1),
        ("plan_quarterly", "60.00", "month", 3),
        ("plan_free", "0", "month", 1),
    ] {
        let plan = json!({
            "name": if id == "plan_premium_monthly" { "Premium Monthly" } else { id },
            "price": price, "currency": "USD", "interval": interval, "interval_count": count, "status": "active",
        });
        host.act(|| records::create("plans", id, &plan)).expect("a plan");
    }
    Shop { host, key }
}

impl Shop {
    pub(crate) fn send(&mut self, method: &str, path: &str, body: &Value) -> Reply {
        let path = format!("{API}{path}");
        let request = self.host.request(method, &path).key(&self.key);
        if body.is_null() {
            request.send()
        } else {
            request.json(body).send()
        }
    }

    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Value {
        self.ok("GET", path, &Value::Null, 200)
    }

    #[track_caller]
    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Value {
        self.ok("POST", path, body, 200)
    }

    #[track_caller]
    pub(crate) fn ok(&mut self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let reply = self.send(method, path, body);
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.text());
        let answer = reply.json();
        assert_eq!(answer["success"], true, "{answer}");
        answer
    }

    /// A request that must fail so, and leave nothing behind.
    #[track_caller]
    pub(crate) fn refused(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
        status: u16,
        error: &str,
    ) -> Value {
        let before = self.host.fingerprint();
        let reply = self.send(method, path, body);
        let answer = reply.json();
        assert_eq!(
            (reply.status, &answer["error"], &answer["success"]),
            (status, &json!(error), &json!(false)),
            "{method} {path} {body}: {answer}"
        );
        assert!(
            answer["message"].as_str().is_some_and(|text| !text.is_empty()),
            "{answer}"
        );
        assert_eq!(
            before,
            self.host.fingerprint(),
            "a failure must leave nothing behind"
        );
        answer
    }

    /// A subscription to a plan, with what is given beside; its id.
    #[track_caller]
    pub(crate) fn subscribe(&mut self, plan: &str, more: &Value) -> String {
        let mut body = json!({ "customer_email": "customer@example.com", "plan_id": plan });
        for (field, value) in more.as_object().expect("an object") {
            body[field] = value.clone();
        }
        let made = self.ok("POST", "/subscriptions", &body, 201);
        made["subscription"]["id"].as_str().expect("an id").to_owned()
    }

    #[track_caller]
    pub(crate) fn subscription(&mut self, id: &str) -> Value {
        self.get(&format!("/subscriptions/{id}"))["subscription"].clone()
    }

    /// Invoices of a subscription, oldest first.
    #[track_caller]
    pub(crate) fn invoices(&mut self, subscription: &str) -> Vec<Value> {
        let path = format!("/subscription-invoices?subscription_id={subscription}&per_page=100");
        let mut list = self.get(&path)["data"].as_array().expect("a list").clone();
        list.reverse();
        list
    }

    /// The customer pays an invoice on its page.
    #[track_caller]
    pub(crate) fn pay(&mut self, invoice: &str) {
        let paying = self.post(&format!("/subscription-invoices/{invoice}/payment"), &Value::Null);
        let reference = paying["transaction"]["id"].as_str().expect("an id").to_owned();
        self.pay_transaction(&reference);
    }

    #[track_caller]
    pub(crate) fn pay_transaction(&mut self, reference: &str) {
        let payments = self.host.payments();
        let payment = payments
            .iter()
            .find(|payment| payment.reference == reference)
            .expect("a payment");
        let id = payment.id.clone();
        self.host.pay(&id, mooring_sdk::testing::AttemptDone::default());
    }

    /// Pays whatever the subscription has open.
    #[track_caller]
    pub(crate) fn pay_open(&mut self, subscription: &str) {
        let open = self.subscription(subscription)["open_invoice"].clone();
        self.pay(open.as_str().expect("an open invoice"));
    }

    /// Moves the clock, and lets everything happen on the way that is due, in steps of a day.
    pub(crate) fn pass(&mut self, millis: u64) {
        let mut left = millis;
        while left > 0 {
            let step = left.min(DAY);
            self.host.advance(step);
            left -= step;
            self.jobs();
        }
    }

    /// Does what is due, without a failure.
    #[track_caller]
    pub(crate) fn jobs(&mut self) {
        for run in self.host.run_jobs() {
            assert_eq!(run.result, Ok(()), "{}", run.kind);
        }
    }

    /// Moves the clock to a time, `2027-02-01T00:00:00Z`.
    pub(crate) fn pass_to(&mut self, time: &str) {
        let time: jiff::Timestamp = time.parse().expect("a time");
        let time = u64::try_from(time.as_millisecond()).expect("after the epoch");
        self.pass(time.checked_sub(self.host.now()).expect("a time to come"));
    }

    /// Kinds of events that were told of a subject, oldest first.
    pub(crate) fn told(&self, subject: &str) -> Vec<String> {
        let events = self.host.events().into_iter();
        events
            .filter(|event| event.subject == subject)
            .map(|event| event.kind)
            .collect()
    }

    /// Money that the operator gives to a customer.
    pub(crate) fn top_up(&mut self, user: u64, minor: i64) {
        let amount = Amount::from_minor(minor, "USD").expect("an amount");
        let posting = NewPosting {
            idempotency_key: format!("top-up:{}", self.host.postings().len()),
            description: "top-up".to_owned(),
            entries: vec![
                Entry::debit("bank", amount.clone()),
                Entry::credit(format!("central:credit:{user}"), amount),
            ],
            metadata: String::new(),
        };
        self.host.act(|| ledger::post(posting)).expect("a posting");
    }

    /// Balances of all accounts in dollars, credits less debits; those that are zero left out.
    pub(crate) fn balances(&self) -> BTreeMap<String, i64> {
        let mut balances = BTreeMap::new();
        for entry in self.host.postings().iter().flat_map(|posting| &posting.entries) {
            let minor = match entry.direction {
                Direction::Credit => entry.amount.minor,
                Direction::Debit => -entry.amount.minor,
            };
            *balances.entry(entry.account.clone()).or_insert(0) += minor;
        }
        balances.retain(|_, minor| *minor != 0);
        balances
    }

    /// The sum of the balances of accounts that begin so.
    pub(crate) fn sum(&self, prefix: &str) -> i64 {
        let balances = self.balances();
        let wanted = balances.iter().filter(|(account, _)| account.starts_with(prefix));
        wanted.map(|(_, minor)| minor).sum()
    }
}
