//! `mooring:plugin@0.1.0`.

mod context;
mod exchange;
mod jobs;
mod keys;
mod ledger;
mod outbound;
mod records;
mod services;
mod settings;
mod users;
mod webhooks;

pub(crate) use self::exchange::{from_answer, from_job_end, to_job, to_request};
pub(crate) use self::outbound::Suspended;
pub(crate) use self::wit::{Provider, ProviderPre};

/// Generated from the WIT. Nothing outside this folder names what is in here.
#[expect(missing_docs, unreachable_pub, clippy::pedantic, reason = "generated; the WIT has the documents")]
mod wit {
    wasmtime::component::bindgen!({
        path: "../wit/v0.1.0",
        world: "provider",
        imports: {
            // May end the run: the call is made outside of it.
            "mooring:plugin/outbound.send": trappable,
        },
    });
}

use self::wit::mooring::plugin::types;
use super::desk::Denial;

impl From<Denial> for types::Denial {
    fn from(denial: Denial) -> types::Denial {
        match denial {
            Denial::Anonymous => types::Denial::Anonymous,
            Denial::ReadOnly => types::Denial::ReadOnly,
            Denial::OverBudget => types::Denial::OverBudget,
        }
    }
}

impl types::Host for super::Desk {}
