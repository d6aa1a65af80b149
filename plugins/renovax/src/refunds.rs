//! What is done to an invoice after it was made: money sent back, taken or released, and an end before its time.
//!
//! Refunds, captures and releases are calls to whoever moves the money, which only jobs can make. The first run of such a
//! request schedules the job and waits for it; the second words what came of it.

use mooring_sdk::json;
use mooring_sdk::payments::{
    self, Failure, NewRefund, Payment, PaymentError, Refund, RefundState, Status as Core,
};
use mooring_sdk::prelude::*;
use mooring_sdk::records::{self, RecordError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::convert;
use crate::error::Error;
use crate::invoices;
use crate::merchant::{self, Account, MerchantToken};
use crate::model::{Invoice, Part, Refunded, Status};

/// The newest capture that was asked for, by its payment's id.
pub(crate) const CAPTURES: &str = "captures";

/// Of a refund's reason, what is kept.
const REASON_CHARS_MAX: usize = 500;

/// A capture, and the job that makes it.
#[derive(Serialize, Deserialize)]
struct Capture {
    job: String,
    minor: i64,
}

/// `POST merchant/invoices/{id}/refund`: of what was received, all that is left or a part of it.
pub(crate) fn refund(
    token: MerchantToken,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let invoice = open(&token, &id)?;
    if let Some(job) = &request.resumed {
        let refunds = payments::refunds(&invoice.id)?;
        let refund = refunds.into_iter().find(|refund| refund.job == *job);
        return refunded(&refund.ok_or_else(|| lost(job))?);
    }
    let Part { amount, reason } = part(&request.body)?;
    let currency = &invoice.amount.currency;
    let amount = amount
        .map(|amount| convert::amount(&amount, "amount", currency))
        .transpose()?;
    let status = convert::status(&invoice)?;
    if status != Status::Confirmed {
        return Err(Error::NotRefundable(status));
    }
    let asked = payments::refund(NewRefund {
        payment: invoice.id,
        amount,
        // What nobody but people reads is no reason to refuse a refund.
        reason: reason
            .unwrap_or_default()
            .trim()
            .chars()
            .take(REASON_CHARS_MAX)
            .collect(),
        idempotency_key: None,
    });
    match asked {
        Ok(refund) => Ok(Response::resume_after(refund.job)),
        Err(PaymentError::WrongStatus(_)) => Err(Error::NotRefundable(status)),
        Err(PaymentError::TooMuch(left)) => Err(Error::RefundTooLarge(left)),
        Err(PaymentError::NotSupported(driver)) => Err(Error::RefundNotSupported(driver)),
        Err(error) => Err(error.into()),
    }
}

/// What came of a refund. One that is accepted and not done yet is no failure: a shop that took it for one would ask again.
fn refunded(refund: &Refund) -> Result<Response, Error> {
    let (status, message) = match refund.state {
        RefundState::Succeeded => ("success", "Refunded successfully"),
        RefundState::Pending => ("pending", "The refund is under way"),
        RefundState::Failed => {
            let why = why(refund.failure.as_ref(), || {
                "the driver gives no reason".to_owned()
            });
            return Err(Error::RefundFailed(why));
        }
    };
    let id = &refund.gateway_ref;
    Ok(Response::json(
        200,
        &Refunded {
            status,
            provider_refund_id: id.clone(),
            refund_id: id.clone(),
            id: id.clone(),
            amount: convert::written(&refund.amount),
            currency: refund.amount.currency.clone(),
            message,
        },
    ))
}

/// `POST merchant/invoices/{id}/cancel`. Repeating it changes nothing.
pub(crate) fn cancel(token: MerchantToken, Path(id): Path<String>) -> Result<Json<Invoice>, Error> {
    let invoice = open(&token, &id)?;
    match payments::cancel(&invoice.id) {
        Ok(canceled) => convert::invoice(&canceled).map(Json),
        Err(PaymentError::WrongStatus(_)) => Err(Error::NotCancelable(convert::status(&invoice)?)),
        Err(error) => Err(error.into()),
    }
}

/// `POST merchant/invoices/{id}/capture`: all that is reserved, or a part of it.
pub(crate) fn capture(
    token: MerchantToken,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let invoice = open(&token, &id)?;
    if request.resumed.is_some() {
        return ended(&invoice, Core::Succeeded, Error::CaptureFailed);
    }
    let currency = &invoice.amount.currency;
    let amount = part(&request.body)?
        .amount
        .map(|amount| convert::amount(&amount, "amount", currency))
        .transpose()?;
    match payments::capture(&invoice.id, amount.clone()) {
        Ok(job) => {
            refuse_another(&invoice, amount, &job)?;
            Ok(Response::resume_after(job))
        }
        Err(PaymentError::WrongStatus(_)) => Err(Error::NotCapturable(convert::status(&invoice)?)),
        Err(PaymentError::TooMuch(left)) => Err(Error::CaptureTooLarge(left)),
        Err(PaymentError::NotSupported(driver)) => Err(Error::CaptureNotSupported(driver)),
        Err(error) => Err(error.into()),
    }
}

/// A capture that is asked for again is the one under way, which takes the amount that was asked for first: whoever asks for
/// another one must not be told that this is what is captured.
fn refuse_another(invoice: &Payment, amount: Option<Amount>, job: &str) -> Result<(), Error> {
    let amount = match amount {
        Some(amount) => amount,
        None => reserved(invoice)?,
    };
    let under_way = match records::get(CAPTURES, &invoice.id) {
        Ok(document) => Some(document.read::<Capture>()?).filter(|capture| capture.job == job),
        Err(RecordError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    match under_way {
        Some(capture) if capture.minor == amount.minor => Ok(()),
        Some(capture) => Err(Error::CaptureUnderWay(Amount {
            minor: capture.minor,
            ..amount
        })),
        None => {
            let capture = Capture {
                job: job.to_owned(),
                minor: amount.minor,
            };
            records::put(CAPTURES, &invoice.id, &capture)?;
            Ok(())
        }
    }
}

/// All that can be captured.
fn reserved(invoice: &Payment) -> Result<Amount, Error> {
    let newest = payments::attempts(&invoice.id)?.pop();
    Ok(newest
        .and_then(|attempt| attempt.received)
        .filter(|reserved| reserved.currency == invoice.due.currency)
        .unwrap_or_else(|| invoice.due.clone()))
}

/// `POST merchant/invoices/{id}/void`: releases what is reserved, which ends the invoice.
pub(crate) fn void(
    token: MerchantToken,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let invoice = open(&token, &id)?;
    if request.resumed.is_some() {
        return ended(&invoice, Core::Cancelled, Error::VoidFailed);
    }
    match payments::void(&invoice.id) {
        Ok(job) => Ok(Response::resume_after(job)),
        Err(PaymentError::WrongStatus(_)) => Err(Error::NotVoidable(convert::status(&invoice)?)),
        Err(PaymentError::NotSupported(driver)) => Err(Error::CaptureNotSupported(driver)),
        Err(error) => Err(error.into()),
    }
}

/// The invoice, once the job has ended or taken too long; its status says which. What is still reserved is on its way, unless
/// it says why it is not; an invoice that is neither where it should be nor on the way there has failed to get there.
fn ended(invoice: &Payment, wanted: Core, failed: fn(String) -> Error) -> Result<Response, Error> {
    let under_way = match invoice.status {
        Core::Processing => true,
        Core::Authorized => invoice.failure.is_none(),
        _ => false,
    };
    if invoice.status == wanted || under_way {
        return Ok(Response::json(200, &convert::invoice(invoice)?));
    }
    let status = convert::status(invoice)?;
    Err(failed(why(invoice.failure.as_ref(), || {
        format!("nothing is reserved any more, and the invoice is {status}")
    })))
}

/// What the driver says, or where it says nothing, what else there is to say.
fn why(failure: Option<&Failure>, otherwise: impl FnOnce() -> String) -> String {
    failure
        .map(|failure| failure.message.clone())
        .filter(|message| !message.is_empty())
        .unwrap_or_else(otherwise)
}

fn open(token: &MerchantToken, id: &str) -> Result<Payment, Error> {
    merchant::active()?;
    invoices::find(token.owner()?, id)
}

/// A body of these routes may be left out, and PHP writes an object without members as `[]`.
fn part(body: &[u8]) -> Result<Part, Error> {
    if is_nothing(body) {
        return Ok(Part::default());
    }
    let part: Part = json::from_slice(body)?;
    refuse_misspelt(body)?;
    Ok(part)
}

fn is_nothing(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let list = body.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    list.unwrap_or(body).trim_ascii().is_empty()
}

/// Without an amount, all is sent back or taken; so `{"Amount":5}` is not read as if nothing was sent. What stands beside an
/// amount is ignored, as everywhere.
fn refuse_misspelt(body: &[u8]) -> Result<(), Error> {
    let sent: Map<String, Value> = json::from_slice(body)?;
    if sent.contains_key("amount") {
        return Ok(());
    }
    match sent.keys().find(|field| *field != "reason") {
        Some(field) => Err(Error::invalid(field, "is unknown, and there is no `amount`")),
        None => Ok(()),
    }
}

fn lost(job: &str) -> Error {
    Problem::Internal(format!("no refund belongs to the job {job}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_always_has_a_reason() {
        let otherwise = || "nothing is reserved any more".to_owned();
        let said = Failure::new("declined", "The card is declined.");
        assert_eq!(why(Some(&said), otherwise), "The card is declined.");
        for silent in [None, Some(Failure::new("declined", ""))] {
            assert_eq!(why(silent.as_ref(), otherwise), "nothing is reserved any more");
        }
    }
}
