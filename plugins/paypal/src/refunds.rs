//! Refunds. Each carries our id, so that a later try finds it, however long ago it was made.

use mooring_sdk::gateway::{RefundOrder, RefundProgress};

use crate::error::Failure;
use crate::model::Refund;
use crate::{api, convert, orders};

/// Sends money back, once. The request's id covers tries within PayPal's memory; from the second try on, what PayPal has is
/// read first, which covers the rest.
pub(crate) fn create(refund: &RefundOrder) -> Result<RefundProgress, Failure> {
    let body = convert::new_refund(refund)?;
    if refund.attempt > 1
        && let Some(found) = find(refund)?
    {
        return Ok(convert::refund_progress(&found));
    }
    let Some(capture) = orders::ids(&refund.order)?.capture else {
        return Err(Failure::unknown("PayPal tells of an order without a capture"));
    };
    let path = api::path("payments/captures", &capture, "/refund")?;
    match api::post::<Refund>(&path, &body, &refund.refund) {
        Ok(made) => Ok(convert::refund_progress(&made)),
        // All is sent back already, perhaps by this very refund.
        Err(Failure::Refused { code, message }) => match find(refund)? {
            Some(found) => Ok(convert::refund_progress(&found)),
            None => Err(Failure::Refused { code, message }),
        },
        Err(failure) => Err(failure),
    }
}

/// The refund with our id, among those of the order.
fn find(refund: &RefundOrder) -> Result<Option<Refund>, Failure> {
    let order = orders::view(orders::reference(&refund.order)?)?;
    let is_ours = |found: &Refund| found.custom_id.as_deref() == Some(refund.refund.as_str());
    Ok(convert::moved(&order).refunds.into_iter().find(is_ours))
}
