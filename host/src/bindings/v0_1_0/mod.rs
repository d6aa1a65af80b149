//! `mooring:plugin@0.1.0`.

mod context;
mod endpoints;
mod exchange;
mod gateways;
mod jobs;
mod keys;
mod ledger;
mod outbound;
mod payments;
mod records;
mod services;
mod settings;
mod signatures;
mod users;
mod webhooks;

pub(crate) use self::exchange::{from_answer, from_job_end, to_job, to_request};
pub(crate) use self::gateway_wit::{Gateway, GatewayPre};
pub(crate) use self::gateways::{
    from_news, from_progress, from_refund_progress, to_amount, to_notification, to_order, to_refund_order,
};
pub(crate) use self::outbound::Suspended;
pub(crate) use self::payments::to_event;
pub(crate) use self::wit::{Provider, ProviderPre};

/// Generated from the WIT. Nothing outside this folder names what is in here.
mod wit {
    wasmtime::component::bindgen!({
        path: "../wit/v0.1.0",
        world: "provider",
        imports: {
            // May end the run: the call is made outside of it.
            "mooring:plugin/outbound.send": trappable,
        },
    });
}

/// The other world, on the same types.
mod gateway_wit {
    wasmtime::component::bindgen!({
        path: "../wit/v0.1.0",
        world: "gateway",
        with: {
            "mooring:plugin/types": super::wit::mooring::plugin::types,
            "mooring:plugin/context": super::wit::mooring::plugin::context,
            "mooring:plugin/log": super::wit::mooring::plugin::log,
            "mooring:plugin/settings": super::wit::mooring::plugin::settings,
            "mooring:plugin/outbound": super::wit::mooring::plugin::outbound,
            "mooring:plugin/payments": super::wit::mooring::plugin::payments,
        },
    });
}

use mooring_core::check::InvalidField;
use mooring_core::money::{Amount, Currency};
use mooring_core::page::{Order, Page};

use self::wit::mooring::plugin::types;
use super::desk::Denial;

impl From<Denial> for types::Denial {
    fn from(denial: Denial) -> types::Denial {
        match denial {
            Denial::Anonymous => types::Denial::Anonymous,
            Denial::ReadOnly => types::Denial::ReadOnly,
            Denial::OverBudget => types::Denial::OverBudget,
        }
    }
}

impl types::Host for super::Desk {}

/// Gives an interface's error type the cases that every interface has.
macro_rules! common_errors {
    ($error:ty) => {
        impl From<crate::bindings::Denial> for $error {
            fn from(denial: crate::bindings::Denial) -> $error {
                <$error>::Denied(denial.into())
            }
        }

        impl From<mooring_core::check::InvalidField> for $error {
            fn from(invalid: mooring_core::check::InvalidField) -> $error {
                <$error>::Invalid(invalid.into())
            }
        }

        impl From<mooring_store::StoreError> for $error {
            fn from(error: mooring_store::StoreError) -> $error {
                <$error>::Internal(super::internal(&error))
            }
        }
    };
}
use common_errors;

/// A plugin is told that the host failed, the operator how.
fn internal(error: &mooring_store::StoreError) -> String {
    tracing::error!(%error, "a primitive failed");
    "the store failed".to_owned()
}

impl From<InvalidField> for types::InvalidField {
    fn from(invalid: InvalidField) -> types::InvalidField {
        types::InvalidField {
            field: invalid.field,
            reason: invalid.reason,
        }
    }
}

impl From<types::Page> for Page {
    fn from(page: types::Page) -> Page {
        let order = match page.order {
            types::Order::OldestFirst => Order::OldestFirst,
            types::Order::NewestFirst => Order::NewestFirst,
        };
        Page {
            offset: page.offset,
            limit: page.limit,
            order,
        }
    }
}

/// An amount as the contract spells it; `field` is what it is called there.
fn amount(field: &str, given: types::Amount) -> Result<Amount, InvalidField> {
    let currency = Currency::parse_with_exponent(&given.currency, given.exponent)
        .map_err(|error| InvalidField::new(field, error.to_string()))?;
    Ok(Amount::new(given.minor, currency))
}

impl From<Amount> for types::Amount {
    fn from(amount: Amount) -> types::Amount {
        types::Amount {
            minor: amount.minor,
            currency: amount.currency.code().to_owned(),
            exponent: amount.currency.exponent(),
        }
    }
}
