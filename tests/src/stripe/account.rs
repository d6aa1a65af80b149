//! What Stripe knows, and what it does with it.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Event;
use crate::fake::{Call, Service};

type Form = BTreeMap<String, String>;

/// How a payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// At once.
    Good,
    /// Not: the page stays open for another one.
    Declined,
    /// When the bank has said so ([`super::Stripe::settle`]).
    Late,
}

/// Money that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The attempt that it is for, by what the host wrote on it.
    pub attempt: String,
    /// The payment that it is for, likewise.
    pub payment: String,
    /// In Stripe's minor units.
    pub amount: i64,
}

/// Money that was sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Our id, by what the host wrote on it.
    pub refund: String,
    /// In Stripe's minor units.
    pub amount: i64,
    intent: String,
}

struct Session {
    form: Form,
    status: &'static str,
    intent: Option<String>,
    made: u64,
}

struct Intent {
    status: &'static str,
    amount: i64,
    received: i64,
    currency: String,
    metadata: Value,
}

/// A call that was executed, and what was said.
struct Kept {
    path: String,
    body: String,
    status: u16,
    answer: Value,
}

pub(super) struct Account {
    url: String,
    key: String,
    sessions: BTreeMap<String, Session>,
    order: Vec<String>,
    intents: BTreeMap<String, Intent>,
    charged: Vec<String>,
    refunds: Vec<Refund>,
    kept: BTreeMap<String, Kept>,
    events: Vec<Event>,
    events_made: usize,
}

/// Names that the host may send with a session; Stripe refuses what it does not know.
const SESSION_PARAMETERS: [&str; 20] = [
    "adaptive_pricing[enabled]",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "expires_at",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][product_data][name]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][quantity]",
    "locale",
    "metadata[mooring_attempt]",
    "metadata[mooring_payment]",
    "mode",
    "payment_intent_data[capture_method]",
    "payment_intent_data[description]",
    "payment_intent_data[metadata][mooring_attempt]",
    "payment_intent_data[metadata][mooring_payment]",
    "payment_method_types[0]",
    "payment_method_types[1]",
    "success_url",
];

impl Account {
    pub(super) fn new(url: &str, key: &str) -> Account {
        Account {
            url: url.to_owned(),
            key: key.to_owned(),
            sessions: BTreeMap::new(),
            order: Vec::new(),
            intents: BTreeMap::new(),
            charged: Vec::new(),
            refunds: Vec::new(),
            kept: BTreeMap::new(),
            events: Vec::new(),
            events_made: 0,
        }
    }

    pub(super) fn charges(&self) -> Vec<Charge> {
        let charge = |id: &String| {
            let intent = &self.intents[id];
            let written = |name: &str| intent.metadata[name].as_str().unwrap_or_default().to_owned();
            Charge {
                attempt: written("mooring_attempt"),
                payment: written("mooring_payment"),
                amount: intent.received,
            }
        };
        self.charged.iter().map(charge).collect()
    }

    pub(super) fn refunds(&self) -> Vec<Refund> {
        self.refunds.clone()
    }

    pub(super) fn session_ids(&self) -> Vec<String> {
        self.order.clone()
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn forget_keys(&mut self) {
        self.kept.clear();
    }

    pub(super) fn pay(&mut self, id: &str, card: Card) -> Result<(), String> {
        let session = self.sessions.get(id).ok_or("there is no such page")?;
        if session.status != "open" {
            return Err(format!("the page is {}", session.status));
        }
        let form = session.form.clone();
        let intent = session
            .intent
            .clone()
            .unwrap_or_else(|| format!("pi_{}", &id[3..]));
        let amount = number(&form, "line_items[0][price_data][unit_amount]").unwrap_or_default();
        let manual = form
            .get("payment_intent_data[capture_method]")
            .map(String::as_str)
            == Some("manual");
        let status = match card {
            Card::Declined => "requires_payment_method",
            Card::Late => "processing",
            Card::Good if manual => "requires_capture",
            Card::Good => "succeeded",
        };
        let metadata = json!({
            "mooring_attempt": form["payment_intent_data[metadata][mooring_attempt]"],
            "mooring_payment": form["payment_intent_data[metadata][mooring_payment]"],
        });
        self.intents.insert(
            intent.clone(),
            Intent {
                status,
                amount,
                received: 0,
                currency: form["line_items[0][price_data][currency]"].clone(),
                metadata,
            },
        );
        let session = self.sessions.get_mut(id).expect("it was found above");
        session.intent = Some(intent.clone());
        if card == Card::Declined {
            self.tell_intent("payment_intent.payment_failed", &intent);
            return Err("the card was declined".to_owned());
        }
        session.status = "complete";
        match status {
            "succeeded" => self.charge(&intent, amount),
            "requires_capture" => self.tell_intent("payment_intent.amount_capturable_updated", &intent),
            _ => self.tell_intent("payment_intent.processing", &intent),
        }
        self.tell_session("checkout.session.completed", id);
        Ok(())
    }

    pub(super) fn settle(&mut self, id: &str, paid: bool) {
        let intent = self.sessions[id].intent.clone().expect("somebody has paid");
        if paid {
            let amount = self.intents[&intent].amount;
            self.charge(&intent, amount);
            self.tell_session("checkout.session.async_payment_succeeded", id);
        } else {
            self.intent(&intent).status = "requires_payment_method";
            self.tell_intent("payment_intent.payment_failed", &intent);
            self.tell_session("checkout.session.async_payment_failed", id);
        }
    }

    pub(super) fn lapse(&mut self, id: &str) {
        let session = self.sessions.get_mut(id).expect("a session");
        assert_eq!(session.status, "open", "only an open page lapses");
        session.status = "expired";
        self.tell_session("checkout.session.expired", id);
    }

    fn charge(&mut self, intent: &str, amount: i64) {
        let charged = self.intent(intent);
        (charged.status, charged.received) = ("succeeded", amount);
        self.charged.push(intent.to_owned());
        self.tell_intent("payment_intent.succeeded", intent);
    }

    fn intent(&mut self, id: &str) -> &mut Intent {
        self.intents.get_mut(id).expect("an intent")
    }

    fn tell_session(&mut self, kind: &str, id: &str) {
        let object = self.session_json(id, false);
        self.tell(kind, &object);
    }

    fn tell_intent(&mut self, kind: &str, id: &str) {
        let object = self.intent_json(id, false);
        self.tell(kind, &object);
    }

    fn tell(&mut self, kind: &str, object: &Value) {
        self.events_made += 1;
        self.events.push(Event::new(self.events_made, kind, object));
    }

    fn session_json(&self, id: &str, expanded: bool) -> Value {
        let session = &self.sessions[id];
        let intent = match &session.intent {
            Some(intent) if expanded => self.intent_json(intent, true),
            Some(intent) => json!(intent),
            None => Value::Null,
        };
        let paid = (session.intent.as_ref()).is_some_and(|intent| self.intents[intent].status == "succeeded");
        let open = session.status == "open";
        json!({
            "id": id, "object": "checkout.session", "status": session.status, "created": session.made,
            "payment_status": if paid { "paid" } else { "unpaid" },
            "url": if open { json!(format!("{}/c/pay/{id}", self.url)) } else { Value::Null },
            "amount_total": number(&session.form, "line_items[0][price_data][unit_amount]"),
            "currency": session.form["line_items[0][price_data][currency]"],
            "client_reference_id": session.form.get("client_reference_id"),
            "metadata": {
                "mooring_attempt": session.form["metadata[mooring_attempt]"],
                "mooring_payment": session.form["metadata[mooring_payment]"],
            },
            "payment_intent": intent,
        })
    }

    fn intent_json(&self, id: &str, expanded: bool) -> Value {
        let intent = &self.intents[id];
        let charge = json!({
            "id": format!("ch_{}", &id[3..]), "amount_captured": intent.received,
            "payment_method_details": { "type": "card", "card": {
                "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "country": "US",
            } },
        });
        let failed = intent.status == "requires_payment_method";
        json!({
            "id": id, "object": "payment_intent", "status": intent.status, "amount": intent.amount,
            "amount_received": intent.received, "currency": intent.currency, "metadata": intent.metadata,
            "amount_capturable": if intent.status == "requires_capture" { intent.amount } else { 0 },
            "latest_charge": if expanded { charge } else { json!(format!("ch_{}", &id[3..])) },
            "last_payment_error": if failed { json!({
                "type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds",
                "message": "Your card has insufficient funds.",
            }) } else { Value::Null },
        })
    }

    fn post(&mut self, call: &Call) -> (u16, Value) {
        let Some(key) = call.header("idempotency-key") else {
            return refuse("the_host_sends_a_key_with_every_post", "idempotency-key");
        };
        if let Some(kept) = self.kept.get(key) {
            if (&kept.path, &kept.body) != (&call.path, &call.body) {
                return error(400, "idempotency_error", "idempotency_key_reused", "");
            }
            return (kept.status, kept.answer.clone());
        }
        let form: Form = serde_urlencoded::from_str(&call.body).unwrap_or_default();
        let segments: Vec<&str> = call.path.split('/').skip(2).collect();
        let (status, answer) = match segments.as_slice() {
            ["checkout", "sessions"] => self.create_session(form),
            ["checkout", "sessions", id, "expire"] => self.expire(id),
            ["payment_intents", id, "capture"] => self.capture(id, &form),
            ["payment_intents", id, "cancel"] => self.cancel(id),
            ["refunds"] => self.refund(&form),
            _ => error(404, "invalid_request_error", "", ""),
        };
        // What Stripe refuses before it acts, it does not keep.
        if status < 400 {
            self.kept.insert(
                key.to_owned(),
                Kept {
                    path: call.path.clone(),
                    body: call.body.clone(),
                    status,
                    answer: answer.clone(),
                },
            );
        }
        (status, answer)
    }

    fn get(&self, call: &Call) -> (u16, Value) {
        let segments: Vec<&str> = call.path.split('/').skip(2).collect();
        let query: Vec<(String, String)> = serde_urlencoded::from_str(&call.query).unwrap_or_default();
        let asked = |name: &str| {
            query
                .iter()
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.as_str())
        };
        let expanded = asked("expand[]").is_some();
        match segments.as_slice() {
            ["checkout", "sessions"] => {
                let all = self.order.iter().rev().map(|id| self.session_json(id, false));
                (
                    200,
                    json!({ "object": "list", "data": all.collect::<Vec<_>>(), "has_more": false }),
                )
            }
            ["checkout", "sessions", id] if self.sessions.contains_key(*id) => {
                (200, self.session_json(id, expanded))
            }
            ["payment_intents", id] if self.intents.contains_key(*id) => {
                (200, self.intent_json(id, expanded))
            }
            ["refunds"] => {
                let of = asked("payment_intent").unwrap_or_default();
                let all = (0..).zip(&self.refunds).filter(|(_, refund)| refund.intent == of);
                let all: Vec<Value> = all.map(|(place, refund)| refund_json(place, refund)).collect();
                (200, json!({ "object": "list", "data": all, "has_more": false }))
            }
            _ => error(404, "invalid_request_error", "resource_missing", "id"),
        }
    }

    fn create_session(&mut self, form: Form) -> (u16, Value) {
        if let Some(name) = form
            .keys()
            .find(|name| !SESSION_PARAMETERS.contains(&name.as_str()))
        {
            return refuse("parameter_unknown", name);
        }
        let amount = number(&form, "line_items[0][price_data][unit_amount]");
        if amount.is_none_or(|amount| amount <= 0) {
            return refuse(
                "parameter_invalid_integer",
                "line_items[0][price_data][unit_amount]",
            );
        }
        for name in [
            "mode",
            "success_url",
            "line_items[0][quantity]",
            "line_items[0][price_data][currency]",
            "line_items[0][price_data][product_data][name]",
            "payment_intent_data[metadata][mooring_attempt]",
            "payment_intent_data[metadata][mooring_payment]",
            "metadata[mooring_attempt]",
            "metadata[mooring_payment]",
        ] {
            if form.get(name).is_none_or(String::is_empty) {
                return refuse("parameter_missing", name);
            }
        }
        let now = now();
        let end = form.get("expires_at").map(|end| end.parse::<u64>().unwrap_or(0));
        if end.is_some_and(|end| end < now + 30 * 60 || end > now + 24 * 60 * 60) {
            return refuse("", "expires_at");
        }
        let id = format!("cs_test_{}", self.sessions.len() + 1);
        self.sessions.insert(
            id.clone(),
            Session {
                form,
                status: "open",
                intent: None,
                made: now,
            },
        );
        self.order.push(id.clone());
        (200, self.session_json(&id, false))
    }

    fn expire(&mut self, id: &str) -> (u16, Value) {
        match self.sessions.get(id).map(|session| session.status) {
            Some("open") => {
                self.lapse(id);
                (200, self.session_json(id, false))
            }
            Some(_) => refuse("", ""),
            None => error(404, "invalid_request_error", "resource_missing", "id"),
        }
    }

    fn capture(&mut self, id: &str, form: &Form) -> (u16, Value) {
        let Some(intent) = self.intents.get(id) else {
            return error(404, "invalid_request_error", "resource_missing", "id");
        };
        let amount = number(form, "amount_to_capture").unwrap_or(intent.amount);
        match intent.status {
            "requires_capture" if amount > intent.amount => refuse("amount_too_large", "amount_to_capture"),
            "requires_capture" => {
                self.charge(id, amount);
                (200, self.intent_json(id, true))
            }
            _ => refuse("payment_intent_unexpected_state", ""),
        }
    }

    fn cancel(&mut self, id: &str) -> (u16, Value) {
        match self.intents.get(id).map(|intent| intent.status) {
            Some("requires_capture" | "requires_payment_method") => {
                self.intent(id).status = "canceled";
                self.tell_intent("payment_intent.canceled", id);
                (200, self.intent_json(id, true))
            }
            Some(_) => refuse("payment_intent_unexpected_state", ""),
            None => error(404, "invalid_request_error", "resource_missing", "id"),
        }
    }

    fn refund(&mut self, form: &Form) -> (u16, Value) {
        let id = form.get("payment_intent").cloned().unwrap_or_default();
        let Some(intent) = self.intents.get(&id) else {
            return error(404, "invalid_request_error", "resource_missing", "payment_intent");
        };
        let sent: i64 = (self.refunds.iter().filter(|refund| refund.intent == id))
            .map(|refund| refund.amount)
            .sum();
        let left = intent.received - sent;
        let amount = number(form, "amount").unwrap_or(left);
        if amount <= 0 || amount > left {
            return refuse("charge_already_refunded", "amount");
        }
        let refund = Refund {
            refund: form.get("metadata[mooring_refund]").cloned().unwrap_or_default(),
            amount,
            intent: id,
        };
        let answer = refund_json(self.refunds.len(), &refund);
        self.refunds.push(refund);
        self.tell("refund.created", &answer);
        (200, answer)
    }
}

impl Service for Account {
    fn answer(&mut self, call: &Call) -> (u16, Value) {
        if call.header("authorization") != Some(&*format!("Bearer {}", self.key)) {
            return error(401, "invalid_request_error", "", "");
        }
        match call.method.as_str() {
            "POST" => self.post(call),
            "GET" => self.get(call),
            _ => error(405, "invalid_request_error", "", ""),
        }
    }

    /// Stripe keeps failures too.
    fn broken(&mut self, call: &Call, status: u16) -> Value {
        let (_, answer) = error(status, "api_error", "", "");
        let kept = call
            .header("idempotency-key")
            .and_then(|key| self.kept.get_mut(key));
        if let Some(kept) = kept {
            (kept.status, kept.answer) = (status, answer.clone());
        }
        answer
    }
}

fn refund_json(place: usize, refund: &Refund) -> Value {
    json!({
        "id": format!("re_{place}"), "object": "refund", "status": "succeeded", "amount": refund.amount,
        "payment_intent": refund.intent, "metadata": { "mooring_refund": refund.refund },
    })
}

fn number(form: &Form, name: &str) -> Option<i64> {
    form.get(name)?.parse().ok()
}

fn refuse(code: &str, param: &str) -> (u16, Value) {
    error(400, "invalid_request_error", code, param)
}

fn error(status: u16, kind: &str, code: &str, param: &str) -> (u16, Value) {
    (
        status,
        json!({ "error": { "type": kind, "code": code, "param": param, "message": "As told." } }),
    )
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is set").as_secs()
}
