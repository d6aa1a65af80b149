//! What there is: payments, attempts, refunds, and news of them. Data alone; what is done to it lies beside this folder.

mod attempt;
mod event;
mod payment;
mod refund;

pub use self::attempt::{Action, Attempt, AttemptState, FieldKind, FormField, NewAttempt, Progress};
pub use self::event::{Announcement, AnnouncementJob, AttemptJob, EventKind, PaymentJob, RefundJob};
pub use self::payment::{
    CaptureMode, Failure, Fee, FeePayer, NewPayment, Payment, Settlement, Status, Tolerance,
};
pub use self::refund::{NewRefund, Refund, RefundProgress, RefundState};
