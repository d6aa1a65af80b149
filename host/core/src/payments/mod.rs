//! Payments: requests for money that somebody pays on a hosted page, through a gateway.
//!
//! # Actors
//! A provider's plugin makes a payment and is told what becomes of it. A payer opens its page and picks a gateway: an
//! *attempt* begins. A gateway's plugin takes the attempt to whoever moves the money, and says where it stands
//! ([`Progress`]); a *refund* goes the same way back. Time ends what nobody pays.
//!
//! # Guarantees
//! * One attempt at a time: the next one begins only when the one before is known not to have charged anything
//!   ([`AttemptState::is_uncharged`]). An attempt of which that is not known stays `unknown` and is asked about until it is.
//! * Who may have paid is asked about, whether or not anybody tells: at a gateway's page in growing pauses, and when the payment's
//!   time is over before it ends ([`come_due`]).
//! * A payment never moves back. What a gateway says late or twice is a no-op, except for money: money that nobody asked
//!   for any more is posted to suspense and sent back.
//! * Every change of money is a balanced posting in the same work, under a key of its own, so it is posted once.
//! * The refunds of a payment, those under way included, never exceed what it received.
//! * Every change is announced ([`Announcement`]) in the same work.
//!
//! # Accounts
//! | account | what its balance says |
//! | --- | --- |
//! | `gateway:{gateway}:clearing` | what the gateway holds for the tenant (a debit balance) |
//! | `merchant:{plugin}:balance` | what the merchant has earned |
//! | `fees:{plugin}` | fees kept |
//! | `suspense:{plugin}` | money that is on its way back, because nobody asked for it |
//! | `exchange:{gateway}` | the other side of coins that were counted as ordinary currency; a pair of currencies |
//!
//! # What it is not
//! It calls no gateway, runs no plugin and shows no page. It schedules the jobs in which the host does ([`JOB_START`] and
//! its neighbours), and knows no gateway by name.
mod apply;
mod asking;
mod attempts;
mod create;
mod end;
mod look_up;
mod model;
mod news;
mod progress;
mod read;
mod receive;
mod refunds;
mod rows;
mod settle;
mod steps;

use mooring_store::StoreError;

pub use self::apply::apply;
pub use self::attempts::{abandon, begin, choices_left, open_attempt};
pub use self::create::create;
pub use self::end::{cancel, capture, come_due, expire, fail, refuse_capture, void};
pub use self::look_up::look_up;
pub use self::model::{
    Action, Announcement, AnnouncementJob, Attempt, AttemptJob, AttemptState, CaptureMode, EventKind,
    Failure, Fee, FeePayer, FieldKind, FormField, NewAttempt, NewPayment, NewRefund, Payment, PaymentJob,
    Progress, Refund, RefundJob, RefundProgress, RefundState, Settlement, Status, Tolerance,
};
pub use self::news::announce_later;
pub use self::read::{
    Filter, attempt, attempt_by_gateway_ref, attempts, attempts_any, find, find_anywhere, get, get_any, list,
    list_any, refund_any, refund_by_gateway_ref, refunds, refunds_any, resolve,
};
pub use self::refunds::{apply_refund, refund, send_surplus_again};
use crate::check::InvalidField;
use crate::ids::{AttemptId, PaymentId, PluginName, RefundId, UserId};
use crate::money::Amount;

/// Jobs of the host's own begin with this; plugins cannot schedule them.
pub const JOB_PREFIX: &str = crate::jobs::HOST_PREFIX;
/// Take an attempt to its gateway (`gateways.start`). Owned by the gateway's plugin; payload [`AttemptJob`].
pub const JOB_START: &str = "mooring.gateway-start";
/// Ask a gateway what has become of an attempt (`gateways.look-up`). Payload [`AttemptJob`].
pub const JOB_LOOK_UP: &str = "mooring.gateway-look-up";
/// Have a gateway take an attempt back (`gateways.abandon`). Payload [`AttemptJob`].
pub const JOB_ABANDON: &str = "mooring.gateway-abandon";
/// Have a gateway take what is authorized (`gateways.capture`). Payload [`AttemptJob`], with an amount.
pub const JOB_CAPTURE: &str = "mooring.gateway-capture";
/// Have a gateway send money back (`gateways.refund`). Payload [`RefundJob`].
pub const JOB_REFUND: &str = "mooring.gateway-refund";
/// End a payment whose time is over. Owned by the plugin that made it; payload [`PaymentJob`].
pub const JOB_EXPIRE: &str = "mooring.payment-expire";
/// Tell a plugin again what it failed to take. Payload [`AnnouncementJob`].
pub const JOB_ANNOUNCE: &str = "mooring.payment-announce";

/// Why nothing was done to a payment.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The tenant and plugin have no such payment, attempt or refund.
    #[error("there is no such payment")]
    NotFound,
    /// Another payment of the plugin has this reference.
    #[error("the reference is taken")]
    ReferenceTaken(Option<PaymentId>),
    /// The user does not exist.
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    /// Its status does not allow that.
    #[error("the payment is {}", .0.as_str())]
    WrongStatus(Status),
    /// An attempt is open, of which it is not known that it charged nothing.
    #[error("the attempt {0} is not over")]
    AttemptOpen(AttemptId),
    /// More than what is left.
    #[error("that is more than the {0} that are left")]
    TooMuch(Amount),
    /// The gateway cannot do that.
    #[error("the gateway {0} cannot do that")]
    NotSupported(PluginName),
    /// The refund's idempotency key was used with another amount.
    #[error("the key was used with another amount by {0}")]
    KeyReused(RefundId),
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidField),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests;
