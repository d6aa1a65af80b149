//! The provider's values to primitives and back.

use std::time::{Duration, UNIX_EPOCH};

use mooring_sdk::money::{self, Decimal};
use mooring_sdk::payments::{self, Payment, RefundState};
use mooring_sdk::prelude::*;
use mooring_sdk::{Order, context};
use serde_json::Number;

use crate::error::Error;
use crate::fx;
use crate::invoices::Terms;
use crate::model::{self, Meta, Status};

/// Items of a page that does not say how many.
const PER_PAGE: u32 = 20;
/// The documents' limit; who asks for more gets this many.
const PER_PAGE_MAX: u32 = 100;

/// Exact money of a field: more than zero, and less than a thousand million.
pub(crate) fn amount(decimal: &Decimal, field: &str, currency: &str) -> Result<Amount, Error> {
    let amount = decimal
        .not_negative(currency)
        .map_err(|error| Error::invalid(field, error.to_string()))?;
    let limit = 10_i64.pow(9 + u32::from(amount.exponent));
    match amount.minor {
        0 => Err(Error::invalid(field, "must be more than zero")),
        minor if minor >= limit => Err(Error::invalid(field, "is too large")),
        _ => Ok(amount),
    }
}

/// As the provider writes money: with two places, or more where the currency has them; coins with eight, rounded half up.
pub(crate) fn written(amount: &Amount) -> String {
    let exponent = u32::from(amount.exponent);
    let places = if money::is_asset(&amount.currency) {
        8
    } else {
        exponent.max(2)
    };
    let minor = i128::from(amount.minor);
    let units = if places >= exponent {
        minor * 10_i128.pow(places - exponent)
    } else {
        fx::half_up(minor, 10_i128.pow(exponent - places))
    };
    fx::decimal(units, places)
}

/// `2026-04-21T23:00:00+00:00`, as answers have it.
pub(crate) fn time(millis: u64) -> String {
    zulu(millis).replace('Z', "+00:00")
}

/// `2026-04-21T23:00:00Z`, as webhooks have it.
pub(crate) fn zulu(millis: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis)).to_string()
}

/// Where an invoice stands. One is refunded when all that it received has arrived back; refunds that are under way do not
/// count.
pub(crate) fn status(payment: &Payment) -> Result<Status, Error> {
    use payments::Status as Core;
    Ok(match payment.status {
        Core::Pending | Core::Processing | Core::Authorized => Status::Pending,
        Core::Failed => Status::Failed,
        Core::Expired => Status::Expired,
        Core::Cancelled => Status::Canceled,
        Core::Succeeded if payment.refunded.minor < payment.received.minor => Status::Confirmed,
        Core::Succeeded => {
            let refunds = payments::refunds(&payment.id)?;
            if refunds.iter().any(|refund| refund.state == RefundState::Pending) {
                Status::Confirmed
            } else {
                Status::Refunded
            }
        }
    })
}

/// An invoice as answers show it.
pub(crate) fn invoice(payment: &Payment) -> Result<model::Invoice, Error> {
    let terms: Terms = payment.read()?;
    let fiat = terms.fx.as_ref().filter(|_| payment.received.minor > 0);
    Ok(model::Invoice {
        id: payment.reference.clone(),
        merchant_id: terms.merchant_id,
        amount: written(&payment.amount),
        currency: payment.amount.currency.clone(),
        status: status(payment)?,
        client_remote_id: terms.client_remote_id,
        success_url: payment.success_url.clone(),
        cancel_url: payment.cancel_url.clone(),
        expires_at: payment.expires_at.map(time),
        paid_at: payment.paid_at.map(time),
        pay_url: payment.pay_url.clone(),
        created_at: time(payment.created_at),
        amount_received_fiat: fiat
            .and_then(|fx| fx.convert(&payment.received))
            .as_ref()
            .map(written),
        metadata: terms.metadata,
    })
}

/// A JSON number for what readers take for a floating-point number, written exactly.
pub(crate) fn number(amount: &Amount) -> Number {
    amount.to_json_number()
}

/// A password for somebody who sent none: 96 random bits.
pub(crate) fn password() -> String {
    hex::encode(context::random(12))
}

/// Which part of a list a query asks for.
pub(crate) struct Part {
    number: u64,
    size: u32,
}

impl Part {
    pub(crate) fn of(listing: &model::Listing) -> Result<Part, Error> {
        let whole = |field: &str, text: &str| -> Result<Option<u64>, Error> {
            if text.is_empty() {
                return Ok(None);
            }
            let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse()
                .ok()
                .filter(|number| is_digits && *number > 0)
                .map(Some)
                .ok_or_else(|| Error::invalid(field, "must be a whole number, 1 or more"))
        };
        let size = whole("per_page", &listing.per_page)?.unwrap_or(u64::from(PER_PAGE));
        Ok(Part {
            number: whole("page", &listing.page)?.unwrap_or(1),
            size: u32::try_from(size).unwrap_or(PER_PAGE_MAX).min(PER_PAGE_MAX),
        })
    }

    /// Newest first.
    pub(crate) fn page(&self) -> Page {
        Page::number(self.number, self.size, Order::NewestFirst)
    }

    pub(crate) fn meta(&self, total: u64) -> Meta {
        Meta {
            current_page: self.number,
            last_page: total.div_ceil(u64::from(self.size)).max(1),
            per_page: None,
            total,
        }
    }

    /// As invoices have it.
    pub(crate) fn meta_with_size(&self, total: u64) -> Meta {
        Meta {
            per_page: Some(self.size),
            ..self.meta(total)
        }
    }
}
