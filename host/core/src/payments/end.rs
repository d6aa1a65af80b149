//! Ending a payment, and taking or releasing what is reserved.

use super::{Failure, Payment, PaymentError};
use crate::ids::{JobId, PaymentId};
use crate::money::Amount;
use crate::work::Work;

/// Ends an open payment of the work's plugin; an attempt under way is abandoned in a job ([`super::JOB_ABANDON`]). Already
/// cancelled: no change.
pub fn cancel(work: &mut Work, id: &PaymentId) -> Result<Payment, PaymentError> {
    todo!("{work:?} {id}")
}

/// As [`cancel`], with a reason. Already failed: no change.
pub fn fail(work: &mut Work, id: &PaymentId, reason: Failure) -> Result<Payment, PaymentError> {
    todo!("{work:?} {id} {reason:?}")
}

/// Ends a payment of the tenant whose time is over; one that is final stays as it is. One whose money is under way
/// (`processing`, `authorized`) is looked at again later, by another job, and expires when the money does not arrive.
pub fn expire(work: &mut Work, id: &PaymentId) -> Result<Payment, PaymentError> {
    todo!("{work:?} {id}")
}

/// Takes what is authorized, or a part of it, in a job, whose id is given. Repeating it gives the same job while it waits.
pub fn capture(work: &mut Work, id: &PaymentId, amount: Option<Amount>) -> Result<JobId, PaymentError> {
    todo!("{work:?} {id} {amount:?}")
}

/// Releases what is authorized, in a job, whose id is given; the payment is cancelled once the gateway has done so. Repeating
/// it gives the same job while it waits.
pub fn void(work: &mut Work, id: &PaymentId) -> Result<JobId, PaymentError> {
    todo!("{work:?} {id}")
}
