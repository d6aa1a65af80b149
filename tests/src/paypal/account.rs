//! What PayPal knows, and what it does with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::PayPal;
use super::event::{self, Event};
use crate::fake::{Call, Service};

/// What stands behind a payer's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funding {
    /// Pays at once.
    Good,
    /// Is refused when it is charged.
    Declined,
    /// Pays when the bank has said so ([`PayPal::settle`]).
    Late,
}

/// Money that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The attempt that it is for, by what the host wrote on it.
    pub attempt: String,
    /// As PayPal writes it: `10.00`.
    pub amount: String,
}

/// Money that was sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Our id, by what the host wrote on it.
    pub refund: String,
    /// As PayPal writes it.
    pub amount: String,
    capture: String,
}

/// The app's id and secret, as HTTP has them.
const BASIC: &str = "Basic Y2xpZW50LW9mLXRoZS10ZXN0czpzZWNyZXQtb2YtdGhlLXRlc3Rz";

struct Order {
    made: Value,
    status: &'static str,
    funding: Funding,
    /// Id, status, amount.
    authorization: Option<(String, &'static str)>,
    capture: Option<(String, &'static str, Value)>,
}

/// A call that was executed, and what was said.
struct Kept {
    path: String,
    status: u16,
    answer: Value,
}

pub(super) struct Account {
    url: String,
    tokens: BTreeSet<String>,
    tokens_made: usize,
    orders: BTreeMap<String, Order>,
    charges: Vec<Charge>,
    refunds: Vec<Refund>,
    kept: BTreeMap<String, Kept>,
    events: Vec<Event>,
    events_made: usize,
}

impl Account {
    pub(super) fn new(url: &str) -> Account {
        Account {
            url: url.to_owned(),
            tokens: BTreeSet::new(),
            tokens_made: 0,
            orders: BTreeMap::new(),
            charges: Vec::new(),
            refunds: Vec::new(),
            kept: BTreeMap::new(),
            events: Vec::new(),
            events_made: 0,
        }
    }

    pub(super) fn charges(&self) -> Vec<Charge> {
        self.charges.clone()
    }

    pub(super) fn refunds(&self) -> Vec<Refund> {
        self.refunds.clone()
    }

    pub(super) fn order_ids(&self) -> Vec<String> {
        self.orders.keys().cloned().collect()
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn forget_ids(&mut self) {
        self.kept.clear();
    }

    pub(super) fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    pub(super) fn approve(&mut self, id: &str, funding: Funding) -> Result<(), String> {
        let order = self.orders.get_mut(id).ok_or("there is no such order")?;
        if order.status != "PAYER_ACTION_REQUIRED" {
            return Err(format!("the order is {}", order.status));
        }
        (order.status, order.funding) = ("APPROVED", funding);
        let resource = self.order_json(id);
        self.tell("CHECKOUT.ORDER.APPROVED", &resource);
        Ok(())
    }

    pub(super) fn settle(&mut self, id: &str, paid: bool) {
        let order = self.orders.get_mut(id).expect("an order");
        let (_, status, amount) = order.capture.as_mut().expect("a capture");
        assert_eq!(*status, "PENDING", "only what is on its way arrives");
        *status = if paid { "COMPLETED" } else { "DECLINED" };
        let amount = amount.clone();
        if paid {
            self.count(id, &amount);
        }
        self.tell_capture(id);
    }

    fn count(&mut self, id: &str, amount: &Value) {
        self.charges.push(Charge {
            attempt: text(&self.orders[id].made["purchase_units"][0]["custom_id"]),
            amount: text(&amount["value"]),
        });
    }

    fn tell_capture(&mut self, id: &str) {
        let resource = self.capture_json(id);
        let kind = match resource["status"].as_str() {
            Some("COMPLETED") => "PAYMENT.CAPTURE.COMPLETED",
            Some("PENDING") => "PAYMENT.CAPTURE.PENDING",
            _ => "PAYMENT.CAPTURE.DENIED",
        };
        self.tell(kind, &resource);
    }

    fn tell(&mut self, kind: &str, resource: &Value) {
        self.events_made += 1;
        self.events.push(Event::new(self.events_made, kind, resource));
    }

    fn order_json(&self, id: &str) -> Value {
        let order = &self.orders[id];
        let mut unit = order.made["purchase_units"][0].clone();
        unit["reference_id"] = json!("default");
        let mut payments = json!({});
        if order.authorization.is_some() {
            payments["authorizations"] = json!([self.authorization_json(id)]);
        }
        if let Some((capture, ..)) = &order.capture {
            payments["captures"] = json!([self.capture_json(id)]);
            let refunds = (0..)
                .zip(&self.refunds)
                .filter(|(_, refund)| refund.capture == *capture);
            payments["refunds"] = refunds
                .map(|(place, refund)| refund_json(place, refund))
                .collect();
        }
        unit["payments"] = payments;
        json!({
            "id": id, "status": order.status, "intent": order.made["intent"], "purchase_units": [unit],
            "links": [
                { "href": format!("{}/v2/checkout/orders/{id}", self.url), "rel": "self", "method": "GET" },
                { "href": format!("{}/checkoutnow?token={id}", self.url), "rel": "payer-action", "method": "GET" },
            ],
        })
    }

    fn authorization_json(&self, id: &str) -> Value {
        let order = &self.orders[id];
        let unit = &order.made["purchase_units"][0];
        let (authorization, status) = order.authorization.as_ref().expect("an authorization");
        json!({ "id": authorization, "status": status, "amount": unit["amount"], "custom_id": unit["custom_id"] })
    }

    fn capture_json(&self, id: &str) -> Value {
        let order = &self.orders[id];
        let (capture, status, amount) = order.capture.as_ref().expect("a capture");
        let authorization = order.authorization.as_ref().map(|(id, _)| id);
        json!({
            "id": capture, "status": status, "amount": amount, "final_capture": true,
            "custom_id": order.made["purchase_units"][0]["custom_id"],
            "supplementary_data": { "related_ids": { "order_id": id, "authorization_id": authorization } },
        })
    }

    fn token(&mut self, call: &Call) -> (u16, Value) {
        if call.header("authorization") != Some(BASIC) || !call.body.contains("grant_type=client_credentials")
        {
            return (401, json!({ "error": "invalid_client" }));
        }
        self.tokens_made += 1;
        let token = format!("A21AA{}", self.tokens_made);
        self.tokens.insert(token.clone());
        (
            200,
            json!({ "access_token": token, "token_type": "Bearer", "expires_in": 32_400 }),
        )
    }

    fn post(&mut self, call: &Call) -> (u16, Value) {
        if call.path == "/v1/notifications/verify-webhook-signature" {
            let status = if event::is_ours(&call.body, PayPal::WEBHOOK) {
                "SUCCESS"
            } else {
                "FAILURE"
            };
            return (200, json!({ "verification_status": status }));
        }
        let Some(request) = call.header("paypal-request-id") else {
            return refuse(400, "THE_HOST_SENDS_AN_ID_WITH_EVERY_POST");
        };
        if let Some(kept) = self.kept.get(request) {
            assert_eq!(kept.path, call.path, "an id is for one call");
            return (kept.status, kept.answer.clone());
        }
        let body: Value = serde_json::from_str(&call.body).unwrap_or(Value::Null);
        let segments: Vec<&str> = call.path.split('/').skip(2).collect();
        let (status, answer) = match segments.as_slice() {
            ["checkout", "orders"] => self.create(body),
            ["checkout", "orders", id, verb @ ("capture" | "authorize")] => self.charge(id, verb),
            ["payments", "authorizations", id, "capture"] => self.take(id, &body),
            ["payments", "authorizations", id, "void"] => self.void(id),
            ["payments", "captures", id, "refund"] => self.refund(id, &body),
            _ => refuse(404, "INVALID_RESOURCE_ID"),
        };
        if status < 400 {
            self.kept.insert(
                request.to_owned(),
                Kept {
                    path: call.path.clone(),
                    status,
                    answer: answer.clone(),
                },
            );
        }
        (status, answer)
    }

    fn create(&mut self, made: Value) -> (u16, Value) {
        let unit = &made["purchase_units"][0];
        let experience = &made["payment_source"]["paypal"]["experience_context"];
        let complete = matches!(made["intent"].as_str(), Some("CAPTURE" | "AUTHORIZE"))
            && unit["custom_id"].is_string()
            && unit["amount"]["value"]
                .as_str()
                .is_some_and(|value| value.parse::<f64>().is_ok_and(|value| value > 0.0))
            && unit["amount"]["currency_code"].is_string()
            && experience["return_url"].is_string()
            && experience["cancel_url"].is_string();
        if !complete {
            return refuse(400, "MISSING_REQUIRED_PARAMETER");
        }
        let id = format!("5O{}", self.orders.len() + 1);
        self.orders.insert(
            id.clone(),
            Order {
                made,
                status: "PAYER_ACTION_REQUIRED",
                funding: Funding::Good,
                authorization: None,
                capture: None,
            },
        );
        (200, self.order_json(&id))
    }

    fn charge(&mut self, id: &str, verb: &str) -> (u16, Value) {
        let Some(order) = self.orders.get_mut(id) else {
            return refuse(404, "INVALID_RESOURCE_ID");
        };
        match (order.status, order.funding) {
            ("APPROVED", Funding::Declined) => return refuse(422, "INSTRUMENT_DECLINED"),
            ("APPROVED", _) => {}
            ("COMPLETED", _) => return refuse(422, "ORDER_ALREADY_CAPTURED"),
            _ => return refuse(422, "ORDER_NOT_APPROVED"),
        }
        order.status = "COMPLETED";
        if verb == "authorize" {
            order.authorization = Some((format!("0AU{id}"), "CREATED"));
            let resource = self.authorization_json(id);
            self.tell("PAYMENT.AUTHORIZATION.CREATED", &resource);
            return (201, self.order_json(id));
        }
        let late = order.funding == Funding::Late;
        let amount = order.made["purchase_units"][0]["amount"].clone();
        let status = if late { "PENDING" } else { "COMPLETED" };
        order.capture = Some((format!("3C{id}"), status, amount.clone()));
        if !late {
            self.count(id, &amount);
        }
        self.tell_capture(id);
        (201, self.order_json(id))
    }

    /// The order of an authorization or a capture.
    fn owner(&self, of: &str) -> Option<String> {
        let owns = |order: &Order| {
            order.authorization.as_ref().is_some_and(|(id, _)| id == of)
                || order.capture.as_ref().is_some_and(|(id, ..)| id == of)
        };
        let found = self.orders.iter().find(|(_, order)| owns(order));
        found.map(|(id, _)| id.clone())
    }

    fn take(&mut self, authorization: &str, body: &Value) -> (u16, Value) {
        let Some(id) = self.owner(authorization) else {
            return refuse(404, "INVALID_RESOURCE_ID");
        };
        let order = self.orders.get_mut(&id).expect("it was found above");
        let (_, status) = order.authorization.as_mut().expect("it owns it");
        match *status {
            "CREATED" => *status = "CAPTURED",
            "VOIDED" => return refuse(422, "AUTHORIZATION_VOIDED"),
            _ => return refuse(422, "AUTHORIZATION_ALREADY_CAPTURED"),
        }
        let amount = body["amount"].clone();
        order.capture = Some((format!("3C{id}"), "COMPLETED", amount.clone()));
        self.count(&id, &amount);
        self.tell_capture(&id);
        (201, self.capture_json(&id))
    }

    fn void(&mut self, authorization: &str) -> (u16, Value) {
        let Some(id) = self.owner(authorization) else {
            return refuse(404, "INVALID_RESOURCE_ID");
        };
        let order = self.orders.get_mut(&id).expect("it was found above");
        let (_, status) = order.authorization.as_mut().expect("it owns it");
        match *status {
            "CREATED" => *status = "VOIDED",
            "VOIDED" => return refuse(422, "PREVIOUSLY_VOIDED"),
            _ => return refuse(422, "AUTHORIZATION_ALREADY_CAPTURED"),
        }
        let resource = self.authorization_json(&id);
        self.tell("PAYMENT.AUTHORIZATION.VOIDED", &resource);
        (204, Value::Null)
    }

    fn refund(&mut self, capture: &str, body: &Value) -> (u16, Value) {
        let Some(id) = self.owner(capture) else {
            return refuse(404, "INVALID_RESOURCE_ID");
        };
        let (_, _, taken) = self.orders[&id].capture.as_ref().expect("it owns it");
        let sent: i64 = (self.refunds.iter().filter(|refund| refund.capture == capture))
            .map(|refund| cents(&refund.amount))
            .sum();
        let left = cents(&text(&taken["value"])) - sent;
        let amount = text(&body["amount"]["value"]);
        if left == 0 {
            return refuse(422, "CAPTURE_FULLY_REFUNDED");
        }
        if cents(&amount) > left {
            return refuse(422, "REFUND_AMOUNT_EXCEEDED");
        }
        let refund = Refund {
            refund: text(&body["custom_id"]),
            amount,
            capture: capture.to_owned(),
        };
        let answer = refund_json(self.refunds.len(), &refund);
        self.refunds.push(refund);
        self.tell("PAYMENT.CAPTURE.REFUNDED", &answer);
        (201, answer)
    }
}

impl Service for Account {
    fn answer(&mut self, call: &Call) -> (u16, Value) {
        if call.path == "/v1/oauth2/token" {
            return self.token(call);
        }
        let bearer = call
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        if !bearer.is_some_and(|token| self.tokens.contains(token)) {
            return (401, json!({ "error": "invalid_token" }));
        }
        let order = call.path.strip_prefix("/v2/checkout/orders/");
        match (call.method.as_str(), order) {
            ("POST", _) => self.post(call),
            ("GET", Some(id)) if self.orders.contains_key(id) => (200, self.order_json(id)),
            _ => refuse(404, "INVALID_RESOURCE_ID"),
        }
    }

    fn broken(&mut self, _: &Call, _: u16) -> Value {
        json!({ "name": "INTERNAL_SERVER_ERROR", "details": [{ "issue": "INTERNAL_SERVICE_ERROR" }] })
    }
}

fn refund_json(place: usize, refund: &Refund) -> Value {
    json!({ "id": format!("1JU{place}"), "status": "COMPLETED", "custom_id": refund.refund,
            "amount": { "currency_code": "USD", "value": refund.amount } })
}

fn refuse(status: u16, issue: &str) -> (u16, Value) {
    let name = if status == 404 {
        "RESOURCE_NOT_FOUND"
    } else {
        "UNPROCESSABLE_ENTITY"
    };
    (
        status,
        json!({ "name": name, "details": [{ "issue": issue, "description": "As told." }] }),
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The tests pay in dollars.
fn cents(amount: &str) -> i64 {
    amount.replace('.', "").parse().unwrap_or_default()
}
