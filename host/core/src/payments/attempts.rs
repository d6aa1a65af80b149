//! Beginning an attempt.

use super::{Attempt, NewAttempt, Payment, PaymentError};
use crate::ids::{PaymentId, PluginName};
use crate::work::Work;

/// Begins an attempt at a payment of the tenant, whichever plugin made it, and schedules the job that takes it to its gateway
/// ([`super::JOB_START`]). Refused while another attempt is open ([`PaymentError::AttemptOpen`]) and once the payment is
/// final or authorized ([`PaymentError::WrongStatus`]): whoever offers another gateway while one waits abandons that one
/// first and begins when it is known to have charged nothing.
pub fn begin(work: &mut Work, payment: &PaymentId, new: NewAttempt) -> Result<Attempt, PaymentError> {
    todo!("{work:?} {payment} {new:?}")
}

/// The attempt of a payment that is not over, if there is one. There is never more than one.
pub fn open_attempt(work: &mut Work, payment: &PaymentId) -> Result<Option<Attempt>, PaymentError> {
    todo!("{work:?} {payment}")
}

/// Which of these ways to pay (gateway and method) this payment allows, in their order: those that [`Payment::gateways`] names.
/// What is enabled, and which currencies and kinds of money a method takes, is for the caller to know.
pub fn choices_left<'c>(
    payment: &Payment,
    offered: &'c [(PluginName, String)],
) -> Vec<&'c (PluginName, String)> {
    todo!("{payment:?} {offered:?}")
}
