//! What `register_gateway!` puts into a gateway.

use super::convert::Convert as _;
pub use super::gateway_bindings as bindings;
use crate::dispatch;
use crate::gateway::Gateway;
use bindings::{
    Amount, GatewayError, News, Notification, NotificationError, Order, Progress, RefundOrder,
    RefundProgress, Subject,
};

/// Exports a gateway as the world `gateway`.
#[doc(hidden)]
#[macro_export]
macro_rules! __gateway {
    ($gateway:ty) => {
        use $crate::macros::export_gateway::bindings;

        struct Export;

        impl bindings::Guest for Export {
            fn describe() -> String {
                $crate::macros::export_gateway::describe::<$gateway>()
            }

            fn start(order: bindings::Order) -> Result<bindings::Progress, bindings::GatewayError> {
                $crate::macros::export_gateway::start::<$gateway>(order)
            }

            fn submit(
                order: bindings::Order,
                fields: Vec<(String, String)>,
            ) -> Result<bindings::Progress, bindings::GatewayError> {
                $crate::macros::export_gateway::submit::<$gateway>(order, fields)
            }

            fn look_up(order: bindings::Order) -> Result<bindings::Progress, bindings::GatewayError> {
                $crate::macros::export_gateway::look_up::<$gateway>(order)
            }

            fn abandon(order: bindings::Order) -> Result<bindings::Progress, bindings::GatewayError> {
                $crate::macros::export_gateway::abandon::<$gateway>(order)
            }

            fn capture(
                order: bindings::Order,
                amount: bindings::Amount,
            ) -> Result<bindings::Progress, bindings::GatewayError> {
                $crate::macros::export_gateway::capture::<$gateway>(order, amount)
            }

            fn refund(
                refund: bindings::RefundOrder,
            ) -> Result<bindings::RefundProgress, bindings::GatewayError> {
                $crate::macros::export_gateway::refund::<$gateway>(refund)
            }

            fn notify(
                notification: bindings::Notification,
            ) -> Result<Vec<(bindings::Subject, bindings::News)>, bindings::NotificationError> {
                $crate::macros::export_gateway::notify::<$gateway>(notification)
            }
        }

        $crate::macros::export_gateway::bindings::export_gateway!(Export);
    };
}

pub use crate::__gateway as gateway;

/// The export `describe`.
pub fn describe<G: Gateway>() -> String {
    dispatch::describe_gateway::<G>()
}

/// The export `start`.
pub fn start<G: Gateway>(order: Order) -> Result<Progress, GatewayError> {
    G::start(order.convert()).convert()
}

/// The export `submit`.
pub fn submit<G: Gateway>(order: Order, fields: Vec<(String, String)>) -> Result<Progress, GatewayError> {
    G::submit(order.convert(), fields).convert()
}

/// The export `look-up`.
pub fn look_up<G: Gateway>(order: Order) -> Result<Progress, GatewayError> {
    G::look_up(order.convert()).convert()
}

/// The export `abandon`.
pub fn abandon<G: Gateway>(order: Order) -> Result<Progress, GatewayError> {
    G::abandon(order.convert()).convert()
}

/// The export `capture`.
pub fn capture<G: Gateway>(order: Order, amount: Amount) -> Result<Progress, GatewayError> {
    G::capture(order.convert(), amount.convert()).convert()
}

/// The export `refund`.
pub fn refund<G: Gateway>(refund: RefundOrder) -> Result<RefundProgress, GatewayError> {
    G::refund(refund.convert()).convert()
}

/// The export `notify`.
pub fn notify<G: Gateway>(notification: Notification) -> Result<Vec<(Subject, News)>, NotificationError> {
    G::notify(notification.convert()).convert()
}
