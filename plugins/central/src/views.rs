//! Subscriptions as answers and events show them.

use mooring_sdk::records::Document;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::calendar::seconds;
use crate::customers::{self, Brief};
use crate::error::Error;
use crate::input::amount;
use crate::plans::Shown;
use crate::subscriptions::{Held, Status};

/// `{"id","status","customer","plan","trial_end","current_period_start",…}`.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "these are the provider's names")]
pub(crate) struct Subscription {
    id: String,
    subscription_hash: String,
    status: Status,
    customer: Brief,
    plan: Shown,
    next_plan: Option<Shown>,
    trial_end: Option<String>,
    current_period_start: String,
    current_period_end: String,
    billing_cycle_count: u32,
    cancel_at_period_end: bool,
    cancel_reason: Option<String>,
    cancelled_at: Option<String>,
    ended_at: Option<String>,
    paused_at: Option<String>,
    open_invoice: Option<String>,
    service_id: String,
    metadata: Map<String, Value>,
    provider_metadata: Value,
    created_at: String,
}

/// The same, as events tell it: nothing that would have to be looked up.
#[derive(Serialize)]
pub(crate) struct Told {
    id: String,
    subscription_hash: String,
    status: Status,
    customer_id: u64,
    plan: Shown,
    billing_cycle_count: u32,
    amount: String,
    currency: String,
    trial_end: Option<String>,
    current_period_start: String,
    current_period_end: String,
    metadata: Map<String, Value>,
}

pub(crate) fn subscription(held: &Held, created_at: u64) -> Result<Subscription, Error> {
    let it = &held.it;
    Ok(Subscription {
        id: held.id.clone(),
        subscription_hash: held.id.clone(),
        status: it.status,
        customer: customers::brief_of(it.user)?,
        plan: it.plan.shown()?,
        next_plan: it
            .next_plan
            .as_ref()
            .map(crate::plans::Terms::shown)
            .transpose()?,
        trial_end: it.trial_end.map(seconds),
        current_period_start: seconds(it.period_start),
        current_period_end: seconds(it.period_end),
        billing_cycle_count: it.cycles,
        cancel_at_period_end: it.cancel_at_period_end,
        cancel_reason: it.cancel_reason.clone(),
        cancelled_at: it.cancelled_at.map(seconds),
        ended_at: it.ended_at.map(seconds),
        paused_at: it.paused_at.map(seconds),
        open_invoice: it.open.as_ref().map(|open| open.invoice.clone()),
        service_id: it.service.clone(),
        metadata: it.metadata.clone(),
        provider_metadata: provider_metadata(held),
        created_at: seconds(created_at),
    })
}

/// Where clients look for the gateway's own id. Gateways of the host know single payments, so it is the newest one's.
fn provider_metadata(held: &Held) -> Value {
    let Some(paid_by) = &held.it.paid_by else {
        return json!({});
    };
    let id = &paid_by.reference;
    let mut metadata = json!({
        "gateway": paid_by.gateway,
        "gateway_response": { "provider_subscription_id": id },
    });
    if ["stripe", "paypal"].contains(&paid_by.gateway.as_str()) {
        metadata[format!("{}_subscription_id", paid_by.gateway)] = json!(id);
    }
    metadata
}

pub(crate) fn subscription_of(document: &Document) -> Result<Subscription, Error> {
    subscription(&Held::of(document)?, document.created_at)
}

pub(crate) fn told(held: &Held) -> Result<Told, Error> {
    let it = &held.it;
    let rate = &it.plan.rate;
    Ok(Told {
        id: held.id.clone(),
        subscription_hash: held.id.clone(),
        status: it.status,
        customer_id: it.user,
        plan: it.plan.shown()?,
        billing_cycle_count: it.cycles,
        amount: amount(rate.price, &rate.currency)?.to_string(),
        currency: rate.currency.clone(),
        trial_end: it.trial_end.map(seconds),
        current_period_start: seconds(it.period_start),
        current_period_end: seconds(it.period_end),
        metadata: it.metadata.clone(),
    })
}
