//! Subscriptions.

use serde_json::{Value, json};

use super::{
    answer, count, currency, decimal, email, filled, id, interval, maybe_time, metadata, money, nullable,
    object, page, query, string, text, time, url, whole, with_example, yes,
};
use super::{customers, invoices, plans};

pub(crate) fn new_subscription() -> Value {
    let schema = object(
        json!({
            "customer_email": email(),
            "customer_name": text(200),
            "customer_phone": text(40),
            "plan_id": filled(64),
            "start_date": {
                "type": "string",
                "description": "A day, 2025-01-01, or a time, within five years from now; now unless given.",
            },
            "trial_days": count(0, 1095),
            "metadata": metadata(),
        }),
        &["customer_email", "plan_id"],
    );
    let example = json!({
        "customer_email": "customer@example.com", "customer_name": "John Doe", "plan_id": "plan_premium_monthly",
        "trial_days": 14, "metadata": { "source": "website", "campaign": "winter_sale" },
    });
    with_example(schema, example)
}

pub(super) fn subscription() -> Value {
    whole(json!({
        "id": id("sub_"),
        "subscription_hash": id("sub_"),
        "status": status(),
        "customer": customers::brief(),
        "plan": plans::brief(),
        "next_plan": { "anyOf": [plans::brief(), { "type": "null" }] },
        "trial_end": maybe_time(),
        "current_period_start": time(),
        "current_period_end": time(),
        "billing_cycle_count": { "type": "integer" },
        "cancel_at_period_end": { "type": "boolean" },
        "cancel_reason": nullable("string"),
        "cancelled_at": maybe_time(),
        "ended_at": maybe_time(),
        "paused_at": maybe_time(),
        "open_invoice": nullable("string"),
        "service_id": string(),
        "metadata": { "type": "object" },
        "provider_metadata": { "type": "object" },
        "created_at": time(),
    }))
}

fn status() -> Value {
    json!({ "enum": ["pending", "trialing", "active", "past_due", "paused", "cancelled", "expired"] })
}

pub(crate) fn subscription_answer() -> Value {
    answer("subscription", subscription())
}

/// The same under the names that clients look at.
pub(crate) fn subscription_view() -> Value {
    whole(json!({
        "success": yes(), "subscription": subscription(), "data": subscription(),
        "provider_metadata": { "type": "object" },
    }))
}

pub(crate) fn subscriptions() -> Value {
    page(subscription())
}

pub(crate) fn subscription_filters() -> Value {
    query(json!({ "status": status(), "plan_id": string(), "customer_email": string() }))
}

pub(crate) fn hosted_inline() -> Value {
    let plan = object(
        json!({
            "name": filled(200),
            "description": text(500),
            "amount": decimal(),
            "currency": currency(),
            "interval": interval(),
            "interval_count": count(1, 1095),
            "trial_period_days": count(0, 1095),
        }),
        &["name", "amount", "currency", "interval"],
    );
    let schema = object(
        json!({
            "inline_plan": plan,
            "customer_email": email(),
            "customer_name": text(200),
            "customer_phone": text(40),
            "return_url": url(),
            "webhook_url": url(),
            "metadata": metadata(),
        }),
        &["inline_plan", "customer_email"],
    );
    let example = json!({
        "inline_plan": {
            "name": "Pro", "description": "Pro, monthly", "amount": "19.00", "currency": "USD", "interval": "month",
            "interval_count": 1,
        },
        "customer_email": "user@example.com",
    });
    with_example(schema, example)
}

pub(crate) fn hosted_subscription() -> Value {
    let links = json!({ "subscription_hash": id("sub_"), "hosted_checkout_url": string() });
    let mut properties = links.clone();
    properties["success"] = yes();
    properties["data"] = whole(links);
    whole(properties)
}

pub(crate) fn subscription_changes() -> Value {
    let properties = json!({
        "metadata": metadata(), "customer_name": text(200), "customer_email": email(), "customer_phone": text(40),
    });
    with_example(object(properties, &[]), json!({ "metadata": { "seats": 5 } }))
}

pub(crate) fn cancellation() -> Value {
    let properties = json!({
        "at_period_end": { "type": "boolean", "description": "True unless `prorate` is." },
        "prorate": { "type": "boolean", "default": false, "description": "Credits the time that is not used." },
        "reason": text(500),
    });
    with_example(
        object(properties, &[]),
        json!({ "at_period_end": true, "reason": "Too expensive" }),
    )
}

pub(crate) fn plan_change() -> Value {
    let schema = object(
        json!({
            "plan_id": filled(64),
            "prorate": { "type": "boolean", "default": true },
            "effective": { "enum": ["now", "period_end"], "default": "now" },
        }),
        &["plan_id"],
    );
    with_example(
        schema,
        json!({ "plan_id": "plan_basic_monthly", "effective": "period_end" }),
    )
}

pub(crate) fn plan_changed() -> Value {
    let proration = whole(json!({
        "effective": { "enum": ["now", "period_end"] }, "credit": money(), "charge": money(), "amount": money(),
        "currency": string(),
    }));
    whole(json!({
        "success": yes(), "subscription": subscription(), "proration": proration,
        "invoice": { "anyOf": [invoices::invoice(), { "type": "null" }] },
    }))
}

pub(crate) fn trial_extension() -> Value {
    with_example(
        object(json!({ "days": count(1, 1095) }), &["days"]),
        json!({ "days": 7 }),
    )
}
