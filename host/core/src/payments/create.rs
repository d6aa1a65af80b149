//! Making a payment.

use url::Url;

use super::settle::fee_of;
use super::{
    Fee, FeePayer, JOB_EXPIRE, NewPayment, Payment, PaymentError, PaymentJob, Status, Tolerance, rows,
};
use crate::check::{self, InvalidField, chars};
use crate::ids::{PaymentId, PluginName};
use crate::jobs;
use crate::layout;
use crate::money::Amount;
use crate::time::Timestamp;
use crate::users;
use crate::work::Work;

/// Languages of the page.
const LOCALES: [&str; 6] = ["en", "es", "fr", "pt", "ru", "ar"];

/// Ways to pay that a payment can name.
const GATEWAYS_MAX: usize = 50;

const PARTS: u32 = 1_000_000;

/// Makes a payment, its link, and the job that ends it when its time is over.
pub fn create(work: &mut Work, new: NewPayment) -> Result<Payment, PaymentError> {
    check_new(&new, work.now())?;
    let metadata = check::object_or_empty("metadata", &new.metadata)?;
    let due = due(new.amount, new.fee)?;
    if let Some(user) = new.user
        && !users::exists(work, user)?
    {
        return Err(PaymentError::UnknownUser(user));
    }
    let now = work.now();
    let id = PaymentId::draw(&mut work.rng, now);
    let plugin = work.plugin().clone();
    let reference = new.reference.unwrap_or_else(|| id.as_str().to_owned());
    claim_link(work, &plugin, &reference, &id)?;
    let nothing = Amount::zero(new.amount.currency);
    let payment = Payment {
        id,
        plugin,
        reference,
        status: Status::Pending,
        amount: new.amount,
        due,
        user: new.user,
        description: new.description,
        metadata,
        success_url: new.success_url,
        cancel_url: new.cancel_url,
        failure_url: new.failure_url,
        expires_at: new.expires_at,
        gateways: new.gateways,
        fiat_only: new.fiat_only,
        crypto_only: new.crypto_only,
        capture: new.capture,
        locale: new.locale,
        fee_rule: new.fee,
        tolerance: new.tolerance.unwrap_or_default(),
        received: nothing,
        fee: nothing,
        refunded: nothing,
        settlement: None,
        failure: None,
        paid_at: None,
        created_at: now,
        updated_at: now,
        attempts: 0,
        open: None,
        paid_by: None,
        ordinal: rows::next_ordinal(work, layout::PAYMENTS)?,
    };
    rows::payments(work.tenant().id)
        .insert(&mut work.transaction, &payment)
        .map_err(layout::checked_before)?;
    if let Some(at) = payment.expires_at {
        let job = PaymentJob {
            payment: payment.id.clone(),
            asked: false,
        };
        jobs::schedule_for(work, &payment.plugin, JOB_EXPIRE, &job, at, None)?;
    }
    Ok(payment)
}

/// Writes the link, which no other payment of the plugin may have, whoever its tenant is: the link is all that a payer
/// presents.
fn claim_link(
    work: &mut Work,
    plugin: &PluginName,
    reference: &str,
    payment: &PaymentId,
) -> Result<(), PaymentError> {
    if let Some(other) = rows::link(work, plugin, reference)? {
        let own = other.tenant.id == work.tenant().id;
        return Err(PaymentError::ReferenceTaken(own.then_some(other.payment)));
    }
    let link = rows::Link {
        tenant: work.tenant().clone(),
        payment: payment.clone(),
    };
    let key = rows::link_key(plugin, reference);
    layout::put_json(&mut work.transaction, key, &link)?;
    Ok(())
}

/// What the payer has to pay.
fn due(amount: Amount, fee: Option<Fee>) -> Result<Amount, InvalidField> {
    match fee {
        Some(fee) if fee.paid_by == FeePayer::Payer => {
            let minor = i128::from(amount.minor) + fee_of(amount.minor, fee);
            let minor = i64::try_from(minor)
                .map_err(|_| InvalidField::new("fee", "makes the amount due larger than can be counted"))?;
            Ok(Amount::new(minor, amount.currency))
        }
        _ => Ok(amount),
    }
}

/// The rules for single values, in the order of the fields.
fn check_new(new: &NewPayment, now: Timestamp) -> Result<(), InvalidField> {
    if let Some(reference) = &new.reference {
        check_reference(reference)?;
    }
    if new.amount.minor <= 0 {
        return Err(InvalidField::new("amount", "must be more than zero"));
    }
    check::length("description", &new.description, chars(0, 500))?;
    let urls = [
        ("success-url", &new.success_url),
        ("cancel-url", &new.cancel_url),
        ("failure-url", &new.failure_url),
    ];
    for (field, url) in urls {
        if let Some(url) = url {
            check_url(field, url)?;
        }
    }
    if new.expires_at.is_some_and(|at| at <= now) {
        return Err(InvalidField::new("expires-at", "must be in the future"));
    }
    check_gateways(&new.gateways)?;
    if new.fiat_only && new.crypto_only {
        return Err(InvalidField::new(
            "crypto-only",
            "leaves no way to pay beside fiat-only",
        ));
    }
    if let Some(locale) = &new.locale
        && !LOCALES.contains(&locale.as_str())
    {
        let reason = format!("must be one of {}", LOCALES.join(", "));
        return Err(InvalidField::new("locale", reason));
    }
    check_fee(new.fee)?;
    check_tolerance(new.tolerance)
}

fn check_reference(reference: &str) -> Result<(), InvalidField> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (16..=64).contains(&reference.len()) && reference.bytes().all(legal) {
        return Ok(());
    }
    Err(InvalidField::new(
        "reference",
        "must be 16 to 64 of a-z, A-Z, 0-9, _ and -",
    ))
}

/// An absolute URL that a browser can be sent to.
pub(super) fn check_url(field: &str, url: &str) -> Result<(), InvalidField> {
    check::text(field, url, chars(1, 2000))?;
    let known = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if known {
        return Ok(());
    }
    Err(InvalidField::new(field, "must be an absolute http or https URL"))
}

fn check_gateways(gateways: &[String]) -> Result<(), InvalidField> {
    if gateways.len() > GATEWAYS_MAX {
        let reason = format!("must be at most {GATEWAYS_MAX}");
        return Err(InvalidField::new("gateways", reason));
    }
    for entry in gateways {
        let (gateway, method) = match entry.split_once('/') {
            Some((gateway, method)) => (gateway, Some(method)),
            None => (entry.as_str(), None),
        };
        PluginName::parse(gateway).map_err(|error| InvalidField::new("gateways", error.to_string()))?;
        if let Some(method) = method {
            check::text("gateways", method, chars(1, 100))?;
        }
    }
    Ok(())
}

fn check_fee(fee: Option<Fee>) -> Result<(), InvalidField> {
    let Some(fee) = fee else { return Ok(()) };
    if fee.parts_per_million > PARTS {
        let reason = format!("parts-per-million must be at most {PARTS}");
        return Err(InvalidField::new("fee", reason));
    }
    if fee.fixed_minor < 0 {
        return Err(InvalidField::new("fee", "fixed-minor must not be negative"));
    }
    Ok(())
}

fn check_tolerance(tolerance: Option<Tolerance>) -> Result<(), InvalidField> {
    let tolerance = tolerance.unwrap_or_default();
    if tolerance.short_minor < 0 {
        return Err(InvalidField::new("tolerance", "short-minor must not be negative"));
    }
    if tolerance.short_ppm > PARTS || tolerance.partial_min_ppm > PARTS {
        let reason = format!("short-ppm and partial-min-ppm must be at most {PARTS}");
        return Err(InvalidField::new("tolerance", reason));
    }
    Ok(())
}
