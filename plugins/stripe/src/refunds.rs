//! Refunds. Each carries our id, so that a later try finds it, however long ago it was made.

use mooring_sdk::gateway::{RefundOrder, RefundProgress};

use crate::api::{self, Form};
use crate::error::Failure;
use crate::model::{List, Metadata, Refund};
use crate::{convert, sessions};

const REFUNDS: &str = "/v1/refunds";

/// Pages of 100 that are searched before nothing is sent at all.
const PAGES_MAX: usize = 10;

/// Sends money back, once. The idempotency key covers tries within a day; from the second try on, what Stripe has is read
/// first, which covers the rest.
pub(crate) fn create(refund: &RefundOrder) -> Result<RefundProgress, Failure> {
    let intent = sessions::intent_id(&refund.order)?;
    let form = convert::refund_form(refund, &intent)?;
    if refund.attempt > 1
        && let Some(found) = find(refund, &intent)?
    {
        return Ok(convert::refund_progress(&found));
    }
    match api::post::<Refund>(REFUNDS, &form, &refund.refund) {
        Ok(made) => Ok(convert::refund_progress(&made)),
        // All is sent back already, perhaps by this very refund.
        Err(Failure::Refused { code, message }) => match find(refund, &intent)? {
            Some(found) => Ok(convert::refund_progress(&found)),
            None => Err(Failure::Refused { code, message }),
        },
        Err(failure) => Err(failure),
    }
}

/// The refund with our id, among those of the intent.
fn find(refund: &RefundOrder, intent: &str) -> Result<Option<Refund>, Failure> {
    let of_intent = Form::default()
        .with("payment_intent", intent)
        .with("limit", "100");
    let is_ours = |found: &Refund| matches!(&found.metadata, Some(Metadata { mooring_refund: Some(id), .. }) if *id == refund.refund);
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let query = of_intent.clone().with_some("starting_after", after.as_ref());
        let page: List<Refund> = api::get(REFUNDS, &query)?;
        let more = page.has_more;
        after = page.data.last().map(|found| found.id.clone());
        if let Some(found) = page.data.into_iter().find(is_ours) {
            return Ok(Some(found));
        }
        if !more || after.is_none() {
            return Ok(None);
        }
    }
    Err(Failure::unknown("the intent has more refunds than are searched"))
}
