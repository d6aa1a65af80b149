//! The plugin contract on the host's side: WIT types to ours and back.
//!
//! One module per version of the contract. Each import unpacks its arguments, makes one call of `mooring-core` with the
//! transaction of the [`Desk`], and packs the result; rules live in the core, limits and denials at the desk.

mod desk;
mod directory;
mod errands;
mod office;
mod v0_1_0;

pub(crate) use self::desk::purpose;
pub use self::desk::{Caller, Denial, Desk, Facts};
pub use self::directory::{Directory, GAVE_UP, Listed, NOTIFICATIONS, RETURNED};
pub(crate) use self::errands::{Answered, Errand, Errands, NoReturn, Returned};
pub(crate) use self::office::Office;
pub(crate) use self::v0_1_0::{
    Gateway, GatewayPre, Provider, ProviderPre, Suspended, from_answer, from_job_end, from_news,
    from_progress, from_refund_progress, to_amount, to_event, to_job, to_notification, to_order,
    to_refund_order, to_request,
};
