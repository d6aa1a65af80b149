//! Making a payment.

use super::{NewPayment, Payment, PaymentError};
use crate::work::Work;

/// Makes a payment, its link, and the job that ends it when its time is over.
pub fn create(work: &mut Work, new: NewPayment) -> Result<Payment, PaymentError> {
    todo!("{work:?} {new:?}")
}
