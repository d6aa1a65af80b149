//! What one run of a plugin may reach: the desk at which every import is served.
//!
//! A desk belongs to one run. It knows for whom the run acts and whether it may write, opens the run's transaction when it
//! is first needed, counts what the run costs, and keeps what it logged. Imports never see anything wider than this, so
//! a plugin cannot name another tenant however it tries.

use std::sync::Arc;

use mooring_core::draws::Draws;
use mooring_core::ids::PluginName;
use mooring_core::keys::Principal;
use mooring_core::tenants::Tenant;
use mooring_core::work::Work;
use mooring_manifest::{Access, Manifest};
use mooring_store::Store;

use crate::config::PluginLimits;
use crate::outbound::{OutboundError, OutboundRequest, OutboundResponse};

/// What is known of a plugin while it runs.
#[derive(Debug)]
pub struct Facts {
    /// The name under which it is mounted.
    pub name: PluginName,
    /// SHA-256 of its bytes, hexadecimal.
    pub digest: String,
    /// Checked at load.
    pub manifest: Manifest,
}

/// Who a run acts for.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody that was verified. Reads and writes are denied.
    Nobody,
    /// A verified key on a route.
    Principal(Principal, Access),
    /// The host itself, running a job of this tenant.
    Job(Tenant),
}

/// Why the host refuses to act, whatever the arguments. Mirrors `types.denial` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No verified principal.
    Anonymous,
    /// The route is declared `read`.
    ReadOnly,
    /// A budget of the run is used up.
    OverBudget,
}

/// What a run has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) host_calls: u64,
    log_bytes: usize,
}

/// The calls to the world of one attempt of a job: those that have been answered, in order, and the one that has not.
///
/// A run that asks for something new is stopped there; the host makes the call outside of any transaction, and runs the
/// job again from its start with one answer more.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    pub(crate) answered: Arc<Vec<Answered>>,
    /// How many of the answers this run has been given.
    pub(crate) given: usize,
    pub(crate) asked: Option<OutboundRequest>,
}

/// A call to the world and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) request: OutboundRequest,
    pub(crate) answer: Result<OutboundResponse, OutboundError>,
}

/// See the module.
pub struct Desk {
    pub(crate) facts: Arc<Facts>,
    pub(crate) caller: Caller,
    pub(crate) draws: Arc<Draws>,
    pub(crate) limits: Arc<PluginLimits>,
    pub(crate) spent: Spent,
    pub(crate) errands: Errands,
    pub(crate) log: Vec<String>,
    store: Store,
    work: Option<Work>,
}

impl Desk {
    pub(crate) fn new(
        store: &Store,
        facts: &Arc<Facts>,
        limits: &Arc<PluginLimits>,
        draws: &Arc<Draws>,
        caller: Caller,
    ) -> Desk {
        Desk {
            facts: Arc::clone(facts),
            caller,
            draws: Arc::clone(draws),
            limits: Arc::clone(limits),
            spent: Spent::default(),
            errands: Errands::default(),
            log: Vec::new(),
            store: store.clone(),
            work: None,
        }
    }

    /// The run's transaction, for reading.
    pub fn read(&mut self) -> Result<&mut Work, Denial> {
        self.spend_call()?;
        self.work()
    }

    /// The run's transaction, for writing.
    pub fn write(&mut self) -> Result<&mut Work, Denial> {
        if let Caller::Principal(_, Access::Read) = self.caller {
            return Err(Denial::ReadOnly);
        }
        let written_bytes_max = self.limits.written_bytes_max;
        let work = self.read()?;
        if work.written_bytes() > written_bytes_max { Err(Denial::OverBudget) } else { Ok(work) }
    }

    /// Counts a call of an imported function, and refuses once there have been too many.
    pub(crate) fn spend_call(&mut self) -> Result<(), Denial> {
        self.spent.host_calls += 1;
        if self.spent.host_calls > self.limits.host_calls_max { Err(Denial::OverBudget) } else { Ok(()) }
    }

    /// Keeps a line for the operator, within the run's budget of text.
    pub(crate) fn note(&mut self, line: &str) {
        let left = self.limits.log_bytes_max.saturating_sub(self.spent.log_bytes);
        if left == 0 {
            return;
        }
        let line: String = line.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
        let cut = line.floor_char_boundary(left);
        self.spent.log_bytes += cut;
        self.log.push(line[..cut].to_owned());
    }

    /// The next answer of this attempt, if the job asked the same thing before.
    pub(crate) fn answer(&mut self, request: &OutboundRequest) -> Option<Result<OutboundResponse, OutboundError>> {
        let answered = self.errands.answered.get(self.errands.given)?;
        if answered.request != *request {
            // The run took another way than the one before it: the answers that are left belong to that other way, and
            // the host drops them when it makes the call.
            return None;
        }
        self.errands.given += 1;
        Some(answered.answer.clone())
    }

    /// The finished run's transaction, if it ever needed one.
    pub(crate) fn take_work(&mut self) -> Option<Work> {
        self.work.take()
    }

    fn work(&mut self) -> Result<&mut Work, Denial> {
        if self.work.is_none() {
            let name = self.facts.name.clone();
            let work = match &self.caller {
                Caller::Nobody => return Err(Denial::Anonymous),
                Caller::Principal(principal, Access::Read) => {
                    Work::read(&self.store, principal.tenant.clone(), name, &self.draws)
                }
                Caller::Principal(principal, Access::Write) => {
                    Work::write(&self.store, principal.tenant.clone(), name, &self.draws)
                }
                Caller::Job(tenant) => Work::write(&self.store, tenant.clone(), name, &self.draws),
            };
            self.work = Some(work);
        }
        Ok(self.work.as_mut().expect("set just above"))
    }
}
