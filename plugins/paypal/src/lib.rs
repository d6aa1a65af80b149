//! PayPal as a gateway: the payer approves an order at PayPal, and coming back, or PayPal's notification, has it charged.
//!
//! - `orders`: made, charged, captured and given up
//! - `refunds`: money sent back, once
//! - `notify`: what PayPal tells by itself
//! - `model`: PayPal's JSON, as it is; `convert`: that JSON to ours and back; `units`: amounts as PayPal writes them
//! - `api`: calls, and what an answer means; `error`: every failure, and what is known after it

mod api;
mod convert;
mod error;
mod model;
mod notify;
mod orders;
mod refunds;
mod units;

use mooring_manifest::{Gateway as Offer, GatewayMethod};
use mooring_sdk::Info;
use mooring_sdk::gateway::{
    Gateway, GatewayError, News, Notification, NotificationError, Order, Progress, RefundOrder,
    RefundProgress, Subject,
};
use mooring_sdk::money::Amount;
use mooring_sdk::payments::AttemptState;

use error::Failure;

/// The gateway.
pub struct PayPal;

mooring_sdk::register_gateway!(PayPal);

/// Events of PayPal's are a few KiB.
const NOTIFICATION_BYTES_MAX: u32 = 256 * 1024;

impl Gateway for PayPal {
    fn info() -> Info {
        Info::new(
            "paypal",
            env!("CARGO_PKG_VERSION"),
            "PayPal accounts, through PayPal's orders.",
        )
        .boolean("paypal_enabled", false, "Whether payments may use PayPal.")
        .url_or(
            "paypal_url",
            "https://api-m.paypal.com",
            "PayPal's API; https://api-m.sandbox.paypal.com for its sandbox.",
        )
        .text("paypal_client_id", None, "Client id of the app at PayPal.")
        .secret("paypal_client_secret", "Secret of the app at PayPal.")
        .text(
            notify::WEBHOOK_ID,
            None,
            "PayPal's id of the app's webhook. Without it, notifications wait.",
        )
        .target_oauth2(
            api::TARGET,
            "paypal_url",
            "/v1/oauth2/token",
            "paypal_client_id",
            "paypal_client_secret",
        )
        .gateway(Offer {
            enabled_setting: "paypal_enabled".to_owned(),
            methods: vec![GatewayMethod {
                name: "paypal".to_owned(),
                label: "PayPal".to_owned(),
                crypto: false,
                currencies: units::CURRENCIES.map(str::to_owned).to_vec(),
            }],
            refunds: true,
            captures: true,
            test_mode: false,
            notification_bytes_max: NOTIFICATION_BYTES_MAX,
        })
    }

    fn start(order: Order) -> Result<Progress, GatewayError> {
        orders::create(&order).map_err(Failure::of_start)
    }

    fn look_up(order: Order) -> Result<Progress, GatewayError> {
        match order.gateway_ref.as_deref() {
            None => orders::create(&order).map_err(Failure::of_start),
            Some(id) => Ok(orders::settle(&order, id)?),
        }
    }

    fn abandon(order: Order) -> Result<Progress, GatewayError> {
        match order.gateway_ref.as_deref() {
            // The order's address is in PayPal's answer only, which never came or was not kept: nobody can approve it.
            None => Ok(Progress::new(AttemptState::Cancelled)),
            Some(id) => Ok(orders::abandon(&order, id)?),
        }
    }

    fn capture(order: Order, amount: Amount) -> Result<Progress, GatewayError> {
        Ok(orders::capture(&order, &amount)?)
    }

    fn refund(refund: RefundOrder) -> Result<RefundProgress, GatewayError> {
        Ok(refunds::create(&refund)?)
    }

    fn notify(notification: Notification) -> Result<Vec<(Subject, News)>, NotificationError> {
        notify::read(&notification)
    }
}
