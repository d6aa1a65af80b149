//! Stripe as a gateway: the payer pays on Stripe's own page (Checkout), and what is charged, reserved and sent back is
//! Stripe's word.
//!
//! - `sessions`: the page, made and closed
//! - `intents`: the money, looked at, captured and released
//! - `refunds`: the money, sent back once
//! - `notify`: what Stripe tells by itself
//! - `model`: Stripe's JSON, as it is; `convert`: that JSON to ours and back; `units`: amounts as Stripe counts them
//! - `api`: calls, and what an answer means; `error`: every failure, and what is known after it

mod api;
mod convert;
mod error;
mod intents;
mod model;
mod notify;
mod refunds;
mod sessions;
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
pub struct Stripe;

mooring_sdk::register_gateway!(Stripe);

/// Events of Stripe's are a few KiB.
const NOTIFICATION_BYTES_MAX: u32 = 256 * 1024;

impl Gateway for Stripe {
    fn info() -> Info {
        Info::new(
            "stripe",
            env!("CARGO_PKG_VERSION"),
            "Cards and more, through Stripe Checkout.",
        )
        .boolean("stripe_enabled", false, "Whether payments may use Stripe.")
        .url_or("stripe_url", "https://api.stripe.com", "Stripe's API.")
        .secret("stripe_secret_key", "Secret or restricted key: sk_live_... or rk_live_...")
        .secret(
            notify::SECRET,
            "Secret of the webhook endpoint at Stripe, whsec_ included. Without it, notifications wait.",
        )
        .text(
            sessions::METHODS,
            Some("card"),
            "What Stripe's page offers, by Stripe's names: card,sepa_debit. Or automatic: what is switched on at Stripe.",
        )
        .target_bearer(api::TARGET, "stripe_url", "stripe_secret_key")
        .gateway(Offer {
            enabled_setting: "stripe_enabled".to_owned(),
            methods: vec![GatewayMethod {
                name: "card".to_owned(),
                label: "Card".to_owned(),
                crypto: false,
                currencies: Vec::new(),
            }],
            refunds: true,
            captures: true,
            test_mode: false,
            notification_bytes_max: NOTIFICATION_BYTES_MAX,
        })
    }

    fn start(order: Order) -> Result<Progress, GatewayError> {
        sessions::create(&order).map_err(Failure::of_start)
    }

    fn look_up(order: Order) -> Result<Progress, GatewayError> {
        let progress = match order.gateway_ref.as_deref() {
            None => return sessions::resume(&order).map_err(Failure::of_start),
            Some(id) if intents::is_intent(id) => convert::intent_progress(&intents::view(id)?)?,
            Some(id) => convert::session_progress(&sessions::view(id)?)?,
        };
        Ok(progress)
    }

    fn abandon(order: Order) -> Result<Progress, GatewayError> {
        let progress = match order.gateway_ref.as_deref() {
            // The page's address is in Stripe's answer only, which never came or was not kept: nobody can pay there.
            None => Progress::new(AttemptState::Cancelled),
            Some(id) if intents::is_intent(id) => intents::release(&order, &intents::view(id)?)?,
            Some(id) => sessions::expire(&order, id)?,
        };
        Ok(progress)
    }

    fn capture(order: Order, amount: Amount) -> Result<Progress, GatewayError> {
        let intent = sessions::intent_id(&order)?;
        Ok(intents::capture(&order, &intent, &amount)?)
    }

    fn refund(refund: RefundOrder) -> Result<RefundProgress, GatewayError> {
        Ok(refunds::create(&refund)?)
    }

    fn notify(notification: Notification) -> Result<Vec<(Subject, News)>, NotificationError> {
        notify::read(&notification)
    }
}
