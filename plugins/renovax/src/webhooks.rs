//! What merchants are told. Each event is written in the transaction of what it reports, its bytes are made once, and those
//! bytes are the body of every delivery.

use mooring_sdk::money;
use mooring_sdk::payments::{
    self, Attempt, AttemptState, EventKind, Payment, PaymentEvent, Settlement, Status as Core,
};
use mooring_sdk::prelude::*;
use mooring_sdk::webhooks::{self, NewEvent};
use serde::Deserialize;

use crate::convert::{written, zulu};
use crate::error::Error;
use crate::invoices::{self, Terms};
use crate::model::{Fiat, News, Status};
use crate::personal::{self, net};
use crate::{convert, fx};

/// What gateways tell beside.
#[derive(Default, Deserialize)]
struct Details {
    tx_hash: Option<String>,
    network: Option<String>,
    confirmations: Option<u64>,
    provider_id: Option<String>,
}

/// Something has happened to an invoice: it is filed under its new status, and its merchant told.
pub(crate) fn on_event(event: PaymentEvent) -> Result<(), Error> {
    let terms: Terms = event.payment.read()?;
    let personal = terms.owner.user();
    if let Some(user) = personal {
        personal::settle(&event, user)?;
    }
    let PaymentEvent {
        kind,
        payment,
        attempt,
        ..
    } = event;
    let Some((name, once)) = name(&kind, &payment)? else {
        return Ok(());
    };
    // What is told again later is about the payment as it was; it is filed as it is.
    let newest = payments::get(&payment.id)?;
    invoices::file(&newest, &terms, convert::status(&newest)?)?;
    let status = convert::status(&payment)?;
    let attempt = match attempt {
        Some(attempt) => Some(attempt),
        None => paid_by(&payment)?,
    };
    let body = body(name, &payment, &terms, status, attempt.as_ref())?;
    let event =
        NewEvent::new(name, &payment.reference, &body).once(format!("{name}:{}:{once}", payment.reference));
    // The endpoint is the merchant's, and so is the secret: it is not for users to say what is signed with it.
    let event = if personal.is_some() { event.silent() } else { event };
    webhooks::emit(event)?;
    Ok(())
}

/// The provider's name for it, if it has one, and what makes it unique among those of the invoice. Money that is reserved or
/// under way, an attempt that failed and a part that was sent back are no news to it.
fn name<'k>(kind: &'k EventKind, payment: &Payment) -> Result<Option<(&'static str, &'k str)>, Error> {
    Ok(Some(match kind {
        EventKind::AttemptFailed | EventKind::Processing | EventKind::Authorized => return Ok(None),
        EventKind::Succeeded => match payment.settlement {
            Some(Settlement::Partial) => ("invoice.partial", ""),
            Some(Settlement::Overpaid) => ("invoice.overpaid", ""),
            Some(Settlement::Exact) | None => ("invoice.paid", ""),
        },
        EventKind::Failed => ("invoice.failed", ""),
        EventKind::Expired => ("invoice.expired", ""),
        EventKind::Cancelled => ("invoice.canceled", ""),
        EventKind::Refunded(_) => {
            if convert::status(payment)? != Status::Refunded {
                return Ok(None);
            }
            ("invoice.refunded", "")
        }
        EventKind::RefundFailed(refund) => ("invoice.refund_failed", refund),
    }))
}

fn paid_by(payment: &Payment) -> Result<Option<Attempt>, Error> {
    if payment.status != Core::Succeeded {
        return Ok(None);
    }
    let attempts = payments::attempts(&payment.id)?;
    Ok(attempts
        .into_iter()
        .rev()
        .find(|attempt| attempt.state == AttemptState::Succeeded))
}

fn body<'e>(
    name: &'e str,
    payment: &'e Payment,
    terms: &Terms,
    status: Status,
    attempt: Option<&Attempt>,
) -> Result<News<'e>, Error> {
    let attempt = attempt.filter(|_| payment.status == Core::Succeeded);
    let details: Details = attempt.map(Attempt::read).transpose()?.unwrap_or_default();
    let received = attempt.map(|attempt| Received::of(payment, attempt));
    let is_coin = received
        .as_ref()
        .is_some_and(|received| money::is_asset(&received.currency));
    let paid_at = payment.paid_at.map(zulu);
    let fiat = attempt
        .zip(received.as_ref())
        .and_then(|(attempt, received)| fiat(payment, terms, attempt, &received.currency));
    let (mut amount_received, mut currency, mut fee, mut amount_net) = (None, None, None, None);
    if let Some(received) = received {
        amount_received = Some(received.amount);
        currency = Some(received.currency);
        fee = Some(received.fee);
        amount_net = Some(received.net);
    }
    Ok(News {
        event_type: name,
        invoice_id: &payment.reference,
        merchant_id: terms.merchant_id,
        status,
        invoice_amount: written(&payment.amount),
        invoice_currency: &payment.amount.currency,
        fiat,
        customer_paid_fee: terms.customer_pays_fee && attempt.is_some(),
        driver: attempt.map(driver),
        tx_hash: details.tx_hash.filter(|_| is_coin),
        network: details.network.filter(|_| is_coin),
        confirmations: details.confirmations.filter(|_| is_coin),
        provider_id: details.provider_id.filter(|_| !is_coin),
        confirmed_at: paid_at.clone(),
        paid_at,
        amount_received,
        currency,
        fee,
        amount_net,
        metadata: terms.metadata.clone(),
    })
}

/// `stripe`, `crypto:USDT:ethereum`.
fn driver(attempt: &Attempt) -> String {
    if attempt.method.starts_with("crypto:") {
        attempt.method.clone()
    } else {
        attempt.gateway.clone()
    }
}

/// What was received and what of it is the merchant's, in the currency that it came in.
struct Received {
    amount: String,
    currency: String,
    fee: String,
    net: String,
}

impl Received {
    fn of(payment: &Payment, attempt: &Attempt) -> Received {
        attempt
            .received
            .as_ref()
            .filter(|coins| coins.currency != payment.received.currency)
            .and_then(|coins| Received::elsewhere(payment, coins))
            .unwrap_or_else(|| Received::here(payment))
    }

    /// In the invoice's currency, as the ledger has it.
    fn here(payment: &Payment) -> Received {
        Received {
            amount: written(&payment.received),
            currency: payment.received.currency.clone(),
            fee: written(&payment.fee),
            net: written(&net(payment)),
        }
    }

    /// In the currency that it came in, of which the fee is the same part as it is in the ledger. The net amount is the rest,
    /// so the three always add up.
    fn elsewhere(payment: &Payment, came: &Amount) -> Option<Received> {
        let places = if money::is_asset(&came.currency) {
            8
        } else {
            u32::from(came.exponent).max(2)
        };
        let credited = i128::from(payment.received.minor);
        if credited <= 0 {
            return None;
        }
        let unit = 10_i128.pow(u32::from(came.exponent));
        let scaled = i128::from(came.minor).checked_mul(10_i128.pow(places))?;
        let amount = fx::half_up(scaled, unit);
        let fee = scaled.checked_mul(i128::from(payment.fee.minor))?;
        let fee = fx::half_up(fee, unit.checked_mul(credited)?);
        Some(Received {
            amount: fx::decimal(amount, places),
            currency: came.currency.clone(),
            fee: fx::decimal(fee, places),
            net: fx::decimal(amount - fee, places),
        })
    }
}

/// What it comes to in the merchant's currency, where something else was `received`.
fn fiat(payment: &Payment, terms: &Terms, attempt: &Attempt, received: &str) -> Option<Fiat> {
    let Some(fx) = &terms.fx else {
        return worth(payment, attempt);
    };
    if received == fx.currency {
        return None;
    }
    Some(Fiat {
        amount_received_fiat: written(&fx.convert(&payment.received)?),
        amount_net_fiat: written(&fx.convert(&net(payment))?),
        fx_rate_used: fx.exact()?.shown(6),
        fx_pair: format!("{}/{}", payment.amount.currency, fx.currency),
    })
}

/// The invoice is in the merchant's currency, and the driver took another one: as much as it says that was worth.
fn worth(payment: &Payment, attempt: &Attempt) -> Option<Fiat> {
    let came = attempt.received.as_ref()?;
    if came.currency == payment.received.currency {
        return None;
    }
    Some(Fiat {
        amount_received_fiat: written(&payment.received),
        amount_net_fiat: written(&net(payment)),
        fx_rate_used: fx::rate(came, &payment.received)?,
        fx_pair: format!("{}/{}", came.currency, payment.received.currency),
    })
}
