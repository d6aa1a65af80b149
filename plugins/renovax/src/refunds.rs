//! What is done to an invoice after it was made: money sent back, taken or released, and an end before its time.
//!
//! Refunds, captures and releases are calls to whoever moves the money, which only jobs can make. The first run of such a
//! request schedules the job and waits for it; the second words what came of it.

use mooring_sdk::json;
use mooring_sdk::payments::{self, NewRefund, Payment, PaymentError, Refund, RefundState, Status as Core};
use mooring_sdk::prelude::*;

use crate::convert;
use crate::error::Error;
use crate::invoices;
use crate::merchant::{self, Account, MerchantToken};
use crate::model::{Invoice, Part, Refunded, Status};

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
        reason: reason.unwrap_or_default().into_string(),
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
            let why = refund.failure.as_ref().map(|failure| failure.message.clone());
            return Err(Error::RefundFailed(why.unwrap_or_default()));
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
    match payments::capture(&invoice.id, amount) {
        Ok(job) => Ok(Response::resume_after(job)),
        Err(PaymentError::WrongStatus(_)) => Err(Error::NotCapturable(convert::status(&invoice)?)),
        Err(PaymentError::TooMuch(left)) => Err(Error::CaptureTooLarge(left)),
        Err(PaymentError::NotSupported(driver)) => Err(Error::CaptureNotSupported(driver)),
        Err(error) => Err(error.into()),
    }
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
    let why = invoice.failure.as_ref().map(|failure| failure.message.clone());
    Err(failed(why.unwrap_or_default()))
}

fn open(token: &MerchantToken, id: &str) -> Result<Payment, Error> {
    merchant::active()?;
    invoices::find(token.owner()?, id)
}

/// A body of these routes may be left out.
fn part(body: &[u8]) -> Result<Part, Error> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Part::default());
    }
    Ok(json::from_slice(body)?)
}

fn lost(job: &str) -> Error {
    Problem::Internal(format!("no refund belongs to the job {job}")).into()
}
