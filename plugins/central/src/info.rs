//! What the plugin says about itself, apart from its routes.

use mooring_manifest::{
    Checkout, CheckoutAlias, Demo, DemoKey, DemoRecord, DemoSetting, SignatureEncoding, Webhook,
    WebhookHeader, WebhookValue,
};
use mooring_sdk::{Collection, Info};
use serde_json::json;

use crate::{
    customers, gateways, invoices, plans, policy, rates, schema, subscriptions, transactions, webhooks,
};

/// Scope of every key.
pub(crate) const API: &str = "api";

/// The document: older requests are rejected.
const TOLERANCE_SECONDS: u32 = 300;
const REQUESTS_PER_MINUTE: u32 = 60;

pub(crate) fn info() -> Info {
    let info = Info::new(
        "central",
        env!("CARGO_PKG_VERSION"),
        "The Central Payment API: hosted payments, subscriptions, invoices.",
    )
    .title("Central Payment API")
    .signed_requests("x-api-key", "x-timestamp", "x-signature", TOLERANCE_SECONDS)
    .requests_per(REQUESTS_PER_MINUTE, 60)
    .key_prefix("cpk_")
    .scope(API, "The whole API.")
    .errors(schema::failure)
    .webhook(webhook())
    .checkout(checkout())
    .demo(demo());
    settings(collections(info))
}

fn collections(info: Info) -> Info {
    info.collection(
        Collection::new(plans::COLLECTION)
            .index(plans::BY_STATUS, "/status")
            .operated(schema::stored_plan),
    )
    .collection(
        Collection::new(subscriptions::COLLECTION)
            .index(subscriptions::BY_USER, "/user")
            .index(subscriptions::BY_STATUS, "/status")
            .index(subscriptions::BY_PLAN, "/plan/id")
            .index(subscriptions::BY_DUE, "/due")
            .index(subscriptions::BY_RATE, "/rate")
            .index(subscriptions::BY_STARTED, "/started")
            .index(subscriptions::BY_ENDED, "/ended"),
    )
    .collection(
        Collection::new(invoices::COLLECTION)
            .index(invoices::BY_SUBSCRIPTION, "/subscription")
            .index(invoices::BY_USER, "/user")
            .index(invoices::BY_STATUS, "/status"),
    )
    .collection(
        Collection::new(transactions::COLLECTION)
            .index(transactions::BY_USER, "/user")
            .index(transactions::BY_STATUS, "/status")
            .index(transactions::BY_CURRENCY, "/currency")
            .index(transactions::BY_GATEWAY, "/gateway"),
    )
    .collection(Collection::new(customers::COLLECTION))
    .collection(Collection::new(rates::RATES))
    .collection(Collection::new(rates::CURRENCIES))
}

fn settings(info: Info) -> Info {
    info.url("webhook_url", "Where events are sent.")
        .secret("webhook_secret", "What their signatures are made with.")
        .text(
            policy::EVENT_NAMING,
            Some("documented"),
            "Names of events: documented (payment.completed), or transaction (transaction.completed), which known receivers read.",
        )
        .text(policy::NAME, None, "The application's name, shown on the page.")
        .text(
            policy::TIMEZONE,
            Some("UTC"),
            "Where days, months and years of subscriptions begin: Europe/Berlin.",
        )
        .integer(
            policy::DUE_DAYS,
            Some(3),
            "Days from an invoice to its due date; never later than the end of what it is for.",
        )
        .text(
            policy::DUNNING_DAYS,
            Some("3 7 14"),
            "Days after the due date on which an unpaid invoice is tried again; after the last it is given up.",
        )
        .text(
            policy::DUNNING_END,
            Some("cancelled"),
            "What becomes of a subscription whose invoice is given up: cancelled, expired or past_due.",
        )
        .text(
            gateways::SETTING,
            Some("stripe=Stripe paypal=PayPal"),
            "Gateways that answers name, with names for people.",
        )
        .text("brand_color", None, "Colour of the page's buttons, #rrggbb.")
        .url("logo_url", "Image above the name on the page.")
        .integer(
            "rate_limit_per_minute",
            None,
            "Requests per minute for each key and route, instead of 60 for each key; 0 for no limit.",
        )
}

/// The proposal's pauses: a minute, five, half an hour, two hours, twelve.
fn webhook() -> Webhook {
    let signature = |name: &str| WebhookHeader {
        name: name.to_owned(),
        value: WebhookValue::Signature {
            prefix: String::new(),
            message: "{body}".to_owned(),
            encoding: SignatureEncoding::Hex,
        },
    };
    Webhook {
        name: webhooks::WEBHOOK.to_owned(),
        url_setting: "webhook_url".to_owned(),
        secret_setting: Some("webhook_secret".to_owned()),
        kinds: Vec::new(),
        timeout_ms: 10_000,
        retry_seconds: vec![60, 300, 1800, 7200, 43_200],
        ordered: false,
        // Receivers look for the first and then for the second.
        headers: vec![
            signature("X-Central-Payment-Signature"),
            signature("X-Webhook-Signature"),
            WebhookHeader {
                name: "X-Webhook-Timestamp".to_owned(),
                value: WebhookValue::Timestamp,
            },
        ],
    }
}

fn checkout() -> Checkout {
    Checkout {
        path: "/hosted-payment/{reference}".to_owned(),
        name_setting: policy::NAME.to_owned(),
        color_setting: Some("brand_color".to_owned()),
        logo_setting: Some("logo_url".to_owned()),
        provider: "Central Payment".to_owned(),
        aliases: vec![CheckoutAlias {
            path: "/hosted-subscription/{reference}".to_owned(),
            from: "sub_".to_owned(),
            to: "tr_".to_owned(),
        }],
    }
}

/// The document's examples can be called as they are: their plan is there.
fn demo() -> Demo {
    let setting = |setting: &str, value: Option<&str>, field: Option<&str>| DemoSetting {
        setting: setting.to_owned(),
        value: value.map(str::to_owned),
        field: field.map(str::to_owned),
    };
    let plan = |id: &str, name: &str, price: &str, interval: &str| DemoRecord {
        collection: plans::COLLECTION.to_owned(),
        id: id.to_owned(),
        data: json!({
            "name": name, "price": price, "currency": "USD", "interval": interval, "interval_count": 1,
            "status": "active",
        }),
    };
    Demo {
        base_path: "/api/v1".to_owned(),
        keys: vec![DemoKey {
            field: "api_key".to_owned(),
            scopes: vec![API.to_owned()],
            user_role: None,
            secret_field: Some("secret_key".to_owned()),
        }],
        settings: vec![
            setting("webhook_secret", None, Some("webhook_secret")),
            setting(policy::NAME, Some("Acme Cloud"), None),
            setting(
                gateways::SETTING,
                Some("stripe=Stripe paypal=PayPal sandbox=Test_gateway"),
                None,
            ),
        ],
        postings: Vec::new(),
        records: vec![
            plan("plan_basic_monthly", "Basic Monthly", "9.99", "month"),
            plan("plan_premium_monthly", "Premium Monthly", "29.99", "month"),
            plan("plan_premium_yearly", "Premium Yearly", "299.90", "year"),
        ],
    }
}
