//! Payments between the SDK's types and the core's, for a plugin that runs natively.

use mooring_core::ids::UserId;
use mooring_core::money::{self, Currency};
use mooring_core::payments as core;
use mooring_core::time::Timestamp;
use mooring_core::work::Work;
use mooring_sdk::money::Amount;
use mooring_sdk::payments::{
    CaptureMode, Failure, FeePayer, NewPayment, Payment, PaymentError, Settlement, Status,
};

/// As the host's binding does it; only the link leads nowhere.
pub(crate) fn create(work: &mut Work, new: NewPayment) -> Result<Payment, PaymentError> {
    let internal = |error: &dyn std::fmt::Display| PaymentError::Internal(error.to_string());
    let currency = Currency::parse_with_exponent(&new.amount.currency, new.amount.exponent)
        .map_err(|error| internal(&error))?;
    let new = core::NewPayment {
        reference: new.reference,
        amount: money::Amount::new(new.amount.minor, currency),
        user: new.user.map(UserId),
        description: new.description,
        metadata: new.metadata,
        success_url: new.success_url,
        cancel_url: new.cancel_url,
        failure_url: new.failure_url,
        expires_at: new.expires_at.map(Timestamp),
        gateways: new.gateways,
        fiat_only: new.fiat_only,
        crypto_only: new.crypto_only,
        capture: match new.capture {
            CaptureMode::Automatic => core::CaptureMode::Automatic,
            CaptureMode::Manual => core::CaptureMode::Manual,
        },
        locale: new.locale,
        fee: new.fee.map(|fee| core::Fee {
            parts_per_million: fee.parts_per_million,
            fixed_minor: fee.fixed_minor,
            paid_by: match fee.paid_by {
                FeePayer::Merchant => core::FeePayer::Merchant,
                FeePayer::Payer => core::FeePayer::Payer,
            },
        }),
        tolerance: new.tolerance.map(|tolerance| core::Tolerance {
            short_minor: tolerance.short_minor,
            short_ppm: tolerance.short_ppm,
            partial_min_ppm: tolerance.partial_min_ppm,
        }),
    };
    core::create(work, new)
        .map(payment)
        .map_err(|error| internal(&error))
}

fn payment(made: core::Payment) -> Payment {
    Payment {
        pay_url: format!("http://127.0.0.1/{}/pay/{}", made.plugin, made.reference),
        id: made.id.to_string(),
        reference: made.reference,
        status: match made.status {
            core::Status::Pending => Status::Pending,
            core::Status::Processing => Status::Processing,
            core::Status::Authorized => Status::Authorized,
            core::Status::Succeeded => Status::Succeeded,
            core::Status::Failed => Status::Failed,
            core::Status::Expired => Status::Expired,
            core::Status::Cancelled => Status::Cancelled,
        },
        amount: amount(made.amount),
        due: amount(made.due),
        user: made.user.map(|user| user.0),
        description: made.description,
        metadata: made.metadata.as_str().to_owned(),
        success_url: made.success_url,
        cancel_url: made.cancel_url,
        failure_url: made.failure_url,
        expires_at: made.expires_at.map(Timestamp::millis),
        locale: made.locale,
        received: amount(made.received),
        fee: amount(made.fee),
        refunded: amount(made.refunded),
        settlement: made.settlement.map(|settlement| match settlement {
            core::Settlement::Exact => Settlement::Exact,
            core::Settlement::Partial => Settlement::Partial,
            core::Settlement::Overpaid => Settlement::Overpaid,
        }),
        failure: made
            .failure
            .map(|failure| Failure::new(failure.code, failure.message)),
        paid_at: made.paid_at.map(Timestamp::millis),
        created_at: made.created_at.millis(),
        updated_at: made.updated_at.millis(),
    }
}

fn amount(amount: money::Amount) -> Amount {
    Amount {
        minor: amount.minor,
        currency: amount.currency.code().to_owned(),
        exponent: amount.currency.exponent(),
    }
}
