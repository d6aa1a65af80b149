//! Bills for tests.

use mooring_core::ids::{AttemptId, PaymentId, PluginName, TenantId, TenantName};
use mooring_core::money::{Amount, Currency};
use mooring_core::payments::{AttemptState, Status};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;

use super::{Bill, Brand, Link, Try, Way};

/// A payment of 19 euros that nobody has tried to pay, with two ways to do so.
pub(super) fn bill() -> Bill {
    let euros = |minor| Amount::new(minor, Currency::parse("EUR").unwrap());
    Bill {
        link: Link {
            tenant: TenantRef {
                id: TenantId(1),
                name: TenantName::parse("acme").unwrap(),
            },
            plugin: PluginName::parse("shop").unwrap(),
            payment: PaymentId::parse("pay_0123456789abcdefghijAB").unwrap(),
        },
        status: Status::Pending,
        due: euros(1900),
        received: euros(0),
        refunded: euros(0),
        description: "Two hats".to_owned(),
        failure: None,
        expires_at: None,
        success_url: None,
        cancel_url: None,
        failure_url: None,
        locale: None,
        attempt: None,
        has_tries_left: true,
        ways: vec![way("stripe", "card", "Card"), way("paypal", "wallet", "PayPal")],
        brand: Brand {
            name: "Acme & Sons".to_owned(),
            ..Brand::default()
        },
        now: Timestamp(1_795_737_600_000),
    }
}

pub(super) fn attempt(gateway: &str, method: &str, state: AttemptState) -> Try {
    Try {
        id: AttemptId::parse("att_0123456789abcdefghijAB").unwrap(),
        number: 1,
        gateway: PluginName::parse(gateway).unwrap(),
        method: method.to_owned(),
        state,
        action: None,
        failure: None,
        abandoned: false,
        test_mode: false,
    }
}

pub(super) fn way(gateway: &str, method: &str, label: &str) -> Way {
    Way {
        gateway: PluginName::parse(gateway).unwrap(),
        method: method.to_owned(),
        label: label.to_owned(),
        test_mode: false,
    }
}
