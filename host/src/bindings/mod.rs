//! The plugin contract on the host's side: WIT types to ours and back.
//!
//! One module per version of the contract. Each import unpacks its arguments, makes one call of `mooring-core` with the
//! transaction of the [`Desk`], and packs the result; rules live in the core, limits and denials at the desk.

mod desk;
mod directory;
mod errands;
mod v0_1_0;

pub use self::desk::{Caller, Denial, Desk, Facts};
pub use self::directory::{Directory, Listed, NOTIFICATIONS};
pub(crate) use self::errands::{Answered, Errand, Errands, NoReturn, Returned};
pub(crate) use self::v0_1_0::{
    Provider, ProviderPre, Suspended, from_answer, from_job_end, to_job, to_request,
};
