//! What one run of a plugin may reach: the desk at which every import is served.
//!
//! A desk belongs to one run. It knows for whom the run acts and whether it may write, opens the run's transaction when it
//! is first needed, counts what the run costs, and keeps what it logged. Imports never see anything wider than this, so
//! a plugin cannot name another tenant however it tries.

use std::borrow::Cow;
use std::sync::Arc;

use mooring_core::check::InvalidField;
use mooring_core::draws::{Draws, Generator};
use mooring_core::ids::PluginName;
use mooring_core::keys::Principal;
use mooring_core::tenants::TenantRef;
use mooring_core::work::Work;
use mooring_manifest::{Access, Manifest};
use tracing::Level;

use super::errands::Errands;
use super::office::Office;

/// What is known of a plugin while it runs.
#[derive(Debug)]
pub struct Facts {
    /// The name under which it is mounted.
    pub name: PluginName,
    /// SHA-256 of its bytes, hexadecimal.
    pub digest: String,
    /// Checked at load.
    pub manifest: Arc<Manifest>,
}

/// Who a run acts for.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Nobody that was verified. Reads and writes are denied.
    Nobody,
    /// A verified key on a route.
    Principal(Principal, Access),
    /// The host itself, inside this tenant: a job, an event, a gateway's call.
    Host(TenantRef),
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

/// See the module.
pub struct Desk {
    pub(crate) facts: Arc<Facts>,
    pub(crate) caller: Caller,
    pub(crate) draws: Arc<Draws>,
    pub(crate) office: Arc<Office>,
    pub(crate) spent: Spent,
    /// Which run of its transaction it serves: 0 for the first, then one more for each event that is told in it. Each draws
    /// randomness of its own.
    pub(crate) stage: usize,
    /// Calls to the world, for a job; a request has none.
    pub(crate) errands: Option<Errands>,
    pub(crate) log: Vec<(Level, String)>,
    generator: Option<Generator>,
    work: Option<Work>,
}

/// Names a sequence of random bytes: what is drawn in one stage is not drawn again in another.
pub(crate) fn purpose(name: &str, stage: usize) -> Cow<'_, str> {
    match stage {
        0 => Cow::Borrowed(name),
        _ => Cow::Owned(format!("{name}/{stage}")),
    }
}

impl Desk {
    pub(crate) fn new(office: &Arc<Office>, facts: &Arc<Facts>, draws: &Arc<Draws>, caller: Caller) -> Desk {
        Desk {
            facts: Arc::clone(facts),
            caller,
            draws: Arc::clone(draws),
            office: Arc::clone(office),
            spent: Spent::default(),
            stage: 0,
            errands: None,
            log: Vec::new(),
            generator: None,
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
        let written_bytes_max = self.office.limits.written_bytes_max;
        let work = self.read()?;
        if work.written_bytes() as u64 > written_bytes_max {
            Err(Denial::OverBudget)
        } else {
            Ok(work)
        }
    }

    /// Counts a call of an imported function, and refuses once there have been too many.
    pub(crate) fn spend_call(&mut self) -> Result<(), Denial> {
        self.spent.host_calls += 1;
        if self.spent.host_calls > self.office.limits.host_calls_max {
            Err(Denial::OverBudget)
        } else {
            Ok(())
        }
    }

    /// Keeps a line for the operator, within the run's budget of text.
    pub(crate) fn note(&mut self, level: Level, line: &str) {
        let left = self
            .office
            .limits
            .log_bytes_max
            .saturating_sub(self.spent.log_bytes);
        if left == 0 {
            return;
        }
        let line: String = line
            .chars()
            .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
            .collect();
        let cut = line.floor_char_boundary(left);
        self.spent.log_bytes += cut;
        self.log.push((level, line[..cut].to_owned()));
    }

    /// Refuses a document, payload or metadata above the operator's limit. The primitives have a limit of their own, which
    /// this one can only lower.
    pub(crate) fn check_record(&self, field: &str, json: &str) -> Result<(), InvalidField> {
        let bytes_max = self.office.limits.record_bytes_max;
        if json.len() <= bytes_max {
            return Ok(());
        }
        Err(InvalidField::new(
            field,
            format!("must have at most {bytes_max} bytes"),
        ))
    }

    /// Counts a call that cannot be refused.
    pub(crate) fn count_call(&mut self) {
        self.spent.host_calls += 1;
    }

    /// Random bytes of the run: the same when it is run again.
    pub(crate) fn random(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let (draws, stage) = (&self.draws, self.stage);
        self.generator
            .get_or_insert_with(|| draws.generator(&purpose("context", stage)))
            .fill(&mut bytes);
        bytes
    }

    /// The run's transaction, begun now if the run needed none. For jobs, whose end is part of it, and for requests that may
    /// have been made before. Only for runs that act for a tenant.
    pub(crate) fn begin_work(&mut self) -> Work {
        self.work()
            .expect("it acts for a tenant, so it is denied nothing");
        self.work.take().expect("begun just above")
    }

    /// Gives back what [`begin_work`](Desk::begin_work) has taken, for the run to go on in.
    pub(crate) fn resume_work(&mut self, work: Work) {
        self.work = Some(work);
    }

    /// Lets the run go on in a transaction that others began, as its stage of this number.
    #[must_use]
    pub(crate) fn within(self, work: Work, stage: usize) -> Desk {
        Desk {
            work: Some(work),
            stage,
            ..self
        }
    }

    /// The finished run's transaction, if it ever needed one.
    pub(crate) fn take_work(&mut self) -> Option<Work> {
        self.work.take()
    }

    fn work(&mut self) -> Result<&mut Work, Denial> {
        if self.work.is_none() {
            let (begin, tenant): (fn(&mooring_store::Store, &_, &_, &_) -> Work, _) = match &self.caller {
                Caller::Nobody => return Err(Denial::Anonymous),
                Caller::Principal(principal, Access::Read) => (Work::read, principal.tenant()),
                Caller::Principal(principal, Access::Write) => (Work::write, principal.tenant()),
                Caller::Host(tenant) => (Work::write, tenant),
            };
            self.work = Some(begin(&self.office.store, &self.draws, tenant, &self.facts.name));
        }
        Ok(self.work.as_mut().expect("set just above"))
    }
}
