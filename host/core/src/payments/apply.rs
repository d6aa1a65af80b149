//! What a gateway says of an attempt, applied.

use super::{Attempt, PaymentError, Progress};
use crate::ids::AttemptId;
use crate::work::Work;

/// Applies what a gateway says of an attempt of the tenant: moves attempt and payment forwards, posts money, schedules what
/// follows (a look-up of what is unknown or under way, the refund of a surplus), and announces the change. Never moves
/// anything back, and doing it again changes nothing. The work may act for any plugin of the tenant.
pub fn apply(work: &mut Work, attempt: &AttemptId, progress: Progress) -> Result<Attempt, PaymentError> {
    todo!("{work:?} {attempt} {progress:?}")
}
