//! Subscriptions as answers and events show them.

use mooring_sdk::prelude::*;
use mooring_sdk::records::Document;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::calendar::seconds;
use crate::customers::{self, Brief};
use crate::error::Error;
use crate::input::amount;
use crate::invoices::Invoice;
use crate::listing::Part;
use crate::plans::Shown;
use crate::subscriptions::{Held, Status};

/// `{"id","status","customer","plan","trial_end","current_period_start",…}`.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "these are the provider's names")]
pub(crate) struct Subscription<'h> {
    id: &'h str,
    subscription_hash: &'h str,
    status: Status,
    customer: Brief,
    plan: Shown,
    next_plan: Option<Shown>,
    trial_end: Option<String>,
    current_period_start: String,
    current_period_end: String,
    billing_cycle_count: u32,
    cancel_at_period_end: bool,
    cancel_reason: Option<&'h str>,
    cancelled_at: Option<String>,
    ended_at: Option<String>,
    paused_at: Option<String>,
    open_invoice: Option<&'h str>,
    service_id: &'h str,
    metadata: &'h Map<String, Value>,
    pub(crate) provider_metadata: ProviderMetadata<'h>,
    created_at: String,
}

/// The same, as events tell it: nothing that would have to be looked up.
#[derive(Serialize)]
pub(crate) struct Told<'h> {
    id: &'h str,
    subscription_hash: &'h str,
    status: Status,
    customer_id: u64,
    plan: Shown,
    billing_cycle_count: u32,
    amount: String,
    currency: &'h str,
    trial_end: Option<String>,
    current_period_start: String,
    current_period_end: String,
    metadata: &'h Map<String, Value>,
}

/// Where clients look for the gateway's own id. Gateways of the host know single payments, so it is the newest one's.
#[derive(Default, Serialize)]
pub(crate) struct ProviderMetadata<'h> {
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<&'h str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_response: Option<GatewayResponse<'h>>,
    /// Left out where it is another gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    stripe_subscription_id: Option<GatewayId<'h>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paypal_subscription_id: Option<GatewayId<'h>>,
}

#[derive(Serialize)]
struct GatewayResponse<'h> {
    provider_subscription_id: GatewayId<'h>,
}

/// Null where the gateway gave none.
#[derive(Clone, Copy, Serialize)]
struct GatewayId<'h>(Option<&'h str>);

pub(crate) fn subscription(held: &Held) -> Result<Subscription<'_>, Error> {
    let it = &held.it;
    Ok(Subscription {
        id: &held.id,
        subscription_hash: &held.id,
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
        cancel_reason: it.cancel_reason.as_deref(),
        cancelled_at: it.cancelled_at.map(seconds),
        ended_at: it.ended_at.map(seconds),
        paused_at: it.paused_at.map(seconds),
        open_invoice: it.open.as_ref().map(|open| open.invoice.as_str()),
        service_id: &it.service,
        metadata: &it.metadata,
        provider_metadata: provider_metadata(held),
        created_at: seconds(held.created_at),
    })
}

fn provider_metadata(held: &Held) -> ProviderMetadata<'_> {
    let Some(paid_by) = &held.it.paid_by else {
        return ProviderMetadata::default();
    };
    let id = GatewayId(paid_by.reference.as_deref());
    let of = |gateway: &str| (paid_by.gateway == gateway).then_some(id);
    ProviderMetadata {
        gateway: Some(&paid_by.gateway),
        gateway_response: Some(GatewayResponse {
            provider_subscription_id: id,
        }),
        stripe_subscription_id: of("stripe"),
        paypal_subscription_id: of("paypal"),
    }
}

/// A part of a list of them.
pub(crate) fn list(part: Part, documents: &[Document], total: u64) -> Result<Response, Error> {
    let held: Vec<Held> = documents.iter().map(Held::of).collect::<Result<_, _>>()?;
    let shown: Vec<Subscription<'_>> = held.iter().map(subscription).collect::<Result<_, _>>()?;
    Ok(Response::json(200, &part.answer(shown, total)))
}

/// With an invoice, its cycle and its period: receivers deliver by these, and it may have been made ahead of them.
pub(crate) fn told<'h>(held: &'h Held, invoice: Option<&Invoice>) -> Result<Told<'h>, Error> {
    let it = &held.it;
    let (cycle, period_start, period_end) = match invoice.filter(|invoice| invoice.cycle > 0) {
        Some(invoice) if invoice.begins => (invoice.cycle, invoice.period_start, invoice.period_end),
        Some(invoice) => (invoice.cycle, it.period_start, it.period_end),
        None => (it.cycles, it.period_start, it.period_end),
    };
    let rate = &it.plan.rate;
    Ok(Told {
        id: &held.id,
        subscription_hash: &held.id,
        status: it.status,
        customer_id: it.user,
        plan: it.plan.shown()?,
        billing_cycle_count: cycle,
        amount: amount(rate.price, &rate.currency)?.to_string(),
        currency: &rate.currency,
        trial_end: it.trial_end.map(seconds),
        current_period_start: seconds(period_start),
        current_period_end: seconds(period_end),
        metadata: &it.metadata,
    })
}
