//! Gateways, and the signatures that they check.

use super::{Convert, cases, record};
use crate::gateway::{
    Action, FieldKind, FormField, GatewayError, News, Notification, NotificationError, Order, Progress,
    RefundOrder, RefundProgress, Subject,
};
use crate::payments::RefundState;
use crate::signatures::{Algorithm, SignatureError};
use crate::wasm::gateway_bindings::mooring::plugin as wit;

cases!(Algorithm => wit::signatures::Algorithm { HmacSha256, HmacSha512, HmacSha1 });
cases!(wit::signatures::SignatureError => SignatureError { ; Undeclared, NotConfigured, Denied, Internal });

record!(in wit::gateways::Order => Order {
    attempt, number, method, state, gateway_ref, memo, payment, reference, due, description, capture, payer_email,
    payer_ip, return_url, cancel_url, notify_url, expires_at, locale, created_at
});
cases!(FieldKind => wit::gateways::FieldKind { Text, CardNumber, CardExpiry, CardCode });
record!(in FormField => wit::gateways::FormField { name, kind });
record!(out Progress => wit::gateways::Progress {
    state, gateway_ref, memo, action, received, credited, failure, details
});
cases!(RefundState => wit::gateways::RefundOutcome { Pending, Succeeded, Failed });
record!(out RefundProgress => wit::gateways::RefundProgress { state, gateway_ref, failure });
cases!(GatewayError => wit::gateways::GatewayError { ; Refused, Unknown });
cases!(NotificationError => wit::gateways::NotificationError { ; Untrusted, Malformed, Retry });
cases!(Subject => wit::gateways::Subject { ; Attempt, GatewayRef, Refund, RefundGatewayRef });
cases!(News => wit::gateways::News { ; Attempt, Refund });

impl Convert<wit::gateways::Action> for Action {
    fn convert(self) -> wit::gateways::Action {
        use wit::gateways::Action as To;
        match self {
            Action::Redirect(url) => To::Redirect(url),
            Action::Form(fields) => To::Form(fields.convert()),
            Action::Instructions(lines) => To::Instructions(lines),
        }
    }
}

impl Convert<RefundOrder> for wit::gateways::RefundOrder {
    fn convert(self) -> RefundOrder {
        RefundOrder {
            refund: self.refund,
            amount: self.amount.convert(),
            reason: self.reason,
            order: self.order.convert(),
            attempt: self.try_,
        }
    }
}

impl Convert<Notification> for wit::gateways::Notification {
    fn convert(self) -> Notification {
        Notification {
            body: self.body,
            headers: self.headers,
            query: self.query,
        }
    }
}

impl Convert<(wit::gateways::Subject, wit::gateways::News)> for (Subject, News) {
    fn convert(self) -> (wit::gateways::Subject, wit::gateways::News) {
        (self.0.convert(), self.1.convert())
    }
}
