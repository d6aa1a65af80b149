//! The machine behind a service, and the jobs that make VirtFusion follow it.
//!
//! A machine goes through *steps*, one at a time: find or make VirtFusion's user, make a server, build it, suspend it,
//! lift that, delete it. Each step is one job with one changing call. It is decided in the transaction that schedules it
//! ([`plan`]) and written into the service's metadata; the job then does exactly what is written, records the result and
//! plans the next step from the status that the service has *by then*. That order is what keeps a server from being lost:
//! when the host runs a job again because somebody changed the service during the call, the job finds the same step,
//! gets the same answer without calling again, and sees the new status.

use mooring_sdk::jobs::{self, Job, JobError, JobFailure, NewJob};
use mooring_sdk::prelude::Problem;
use mooring_sdk::services::{self, Service, ServiceChanges, ServiceError, Status};
use mooring_sdk::webhooks::{self, NewEvent};
use mooring_sdk::{json, log, users};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::PowerAction;
use crate::virtfusion::{self, Failure};

/// Kind of the jobs that do a step.
pub(crate) const STEP: &str = "virtfusion-step";
/// Kind of the jobs that switch a server.
pub(crate) const POWER: &str = "virtfusion-power";

/// A terminated service keeps its server this long, by the panel's documentation.
const DELETE_DELAY_MS: u64 = 5_000;
/// With the host's back-off, about four days of trying.
const STEP_ATTEMPTS_MAX: u32 = 100;
/// Nobody waits an hour for a reboot.
const POWER_ATTEMPTS_MAX: u32 = 6;

/// What runs a service; kept in its metadata.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) driver: Driver,
    pub(crate) package_id: u64,
    pub(crate) group_id: u64,
    pub(crate) os_id: u64,
    /// VirtFusion's id of the customer.
    #[serde(default)]
    user: Option<u64>,
    /// VirtFusion's id of the server.
    #[serde(default)]
    pub(crate) server: Option<u64>,
    /// VirtFusion has taken the order to build it.
    #[serde(default)]
    built: bool,
    /// It is suspended at VirtFusion.
    #[serde(default)]
    suspended: bool,
    /// It was deleted.
    #[serde(default)]
    gone: bool,
    /// The step that a job is doing or waiting to do.
    #[serde(default)]
    step: Option<Step>,
    /// Steps ever planned.
    #[serde(default)]
    steps: u64,
    /// Why the last step failed for good.
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// What VirtFusion last said about the server.
    #[serde(default)]
    pub(crate) data: Value,
}

/// Our part of a service's metadata.
#[derive(Deserialize)]
struct Metadata {
    paymenter: Option<Machine>,
}

/// What provisions services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Driver {
    VirtFusion,
    /// Nothing: the service is tracked here only.
    Local,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    kind: StepKind,
    number: u64,
    job: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StepKind {
    User,
    Create,
    Build,
    Suspend,
    Unsuspend,
    Delete,
}

/// Payload of [`STEP`].
#[derive(Serialize, Deserialize)]
struct StepJob {
    service: String,
    number: u64,
}

/// Payload of [`POWER`].
#[derive(Serialize, Deserialize)]
pub(crate) struct PowerJob {
    pub(crate) service: String,
    pub(crate) action: PowerAction,
}

impl Driver {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Driver::VirtFusion => "virtfusion",
            Driver::Local => "local",
        }
    }
}

impl Machine {
    pub(crate) fn ordered(driver: Driver, package_id: u64, group_id: u64, os_id: u64) -> Machine {
        Machine {
            driver,
            package_id,
            group_id,
            os_id,
            user: None,
            server: None,
            built: false,
            suspended: false,
            gone: false,
            step: None,
            steps: 0,
            error: None,
            data: Value::Null,
        }
    }

    /// The machine of a service. One that somebody else made (another plugin, the operator) has none that we drive.
    pub(crate) fn of(service: &Service) -> Result<Machine, Problem> {
        let metadata: Metadata = serde_json::from_str(&service.metadata)
            .map_err(|error| Problem::Internal(format!("metadata of {}: {error}", service.id)))?;
        Ok(metadata.paymenter.unwrap_or_else(|| {
            let package_id = service.product.parse().unwrap_or_default();
            Machine::ordered(Driver::Local, package_id, 0, 0)
        }))
    }

    /// As a service's metadata, beside what is there already.
    pub(crate) fn into_metadata(self, before: &str) -> Result<String, Problem> {
        let internal =
            |error: serde_json::Error| Problem::Internal(format!("metadata of a service: {error}"));
        let mut metadata: serde_json::Map<String, Value> = serde_json::from_str(before).map_err(internal)?;
        metadata.insert(
            "paymenter".to_owned(),
            serde_json::to_value(self).map_err(internal)?,
        );
        Ok(json::to_string(&metadata))
    }

    /// What has to be done so that the machine is what the service's status says.
    fn next_step(&self, status: Status) -> Option<StepKind> {
        if self.gone {
            return None;
        }
        if status == Status::Terminated {
            return self.server.map(|_| StepKind::Delete);
        }
        if self.user.is_none() {
            return Some(StepKind::User);
        }
        if self.server.is_none() {
            return Some(StepKind::Create);
        }
        if !self.built {
            return Some(StepKind::Build);
        }
        match (status == Status::Suspended, self.suspended) {
            (true, false) => Some(StepKind::Suspend),
            (false, true) => Some(StepKind::Unsuspend),
            _ => None,
        }
    }

    /// A machine that could not be built stays as it is until its service ends.
    fn is_stuck(&self, status: Status) -> bool {
        self.error.is_some() && !self.built && status != Status::Terminated
    }
}

/// Schedules the machine's next step, if it needs one and none is under way. Called with every change of the service's
/// status, in the same transaction.
pub(crate) fn plan(service: Service, mut machine: Machine) -> Result<Service, Problem> {
    if machine.driver == Driver::Local {
        return Ok(service);
    }
    if let Some(step) = &machine.step {
        if service.status != Status::Terminated || step.kind == StepKind::Delete {
            return Ok(service);
        }
        // The end makes every other step needless, unless its job runs right now; then that job plans what follows.
        match jobs::cancel(&step.job) {
            Ok(()) => machine.step = None,
            Err(JobError::TooLate | JobError::NotFound) => return Ok(service),
            Err(error) => return Err(error.into()),
        }
    }
    if machine.built {
        // Somebody asks again, so the last failure is history.
        machine.error = None;
    }
    save(&service, advance(&service, machine)?)
}

fn advance(service: &Service, mut machine: Machine) -> Result<Machine, Problem> {
    let Some(kind) = machine
        .next_step(service.status)
        .filter(|_| !machine.is_stuck(service.status))
    else {
        return Ok(machine);
    };
    machine.steps += 1;
    let number = machine.steps;
    let mut job = NewJob::new(
        STEP,
        &StepJob {
            service: service.id.clone(),
            number,
        },
    )
    .attempts(STEP_ATTEMPTS_MAX)
    .once(format!("{STEP}:{}:{number}", service.id));
    if kind == StepKind::Delete {
        job = job.at(service.terminated_at.unwrap_or(service.updated_at) + DELETE_DELAY_MS);
    }
    machine.step = Some(Step {
        kind,
        number,
        job: jobs::schedule(job)?.id,
    });
    Ok(machine)
}

fn save(service: &Service, machine: Machine) -> Result<Service, Problem> {
    let mut changes = ServiceChanges::default();
    if service.external_ref.is_none() {
        changes.external_ref = machine.server.map(|server| format!("virtfusion:{server}"));
    }
    changes.metadata = Some(machine.into_metadata(&service.metadata)?);
    match services::update(&service.id, changes.clone()) {
        // The server's id is in the metadata too; a clash (a VirtFusion set up anew) must not lose it.
        Err(ServiceError::ExternalRefTaken(other)) => {
            log::warn(&format!("{} has the server of {other}", service.id));
            changes.external_ref = None;
            Ok(services::update(&service.id, changes)?)
        }
        other => Ok(other?),
    }
}

/// Does a job.
pub(crate) fn run(job: &Job) -> Result<(), JobFailure> {
    match job.kind.as_str() {
        STEP => step(job, &job.read()?),
        POWER => power(job, &job.read()?),
        kind => Err(JobFailure::fatal(format!("no job of the kind `{kind}`"))),
    }
}

fn step(job: &Job, order: &StepJob) -> Result<(), JobFailure> {
    let service = match services::get(&order.service) {
        Ok(service) => service,
        Err(ServiceError::NotFound) => return Ok(()),
        Err(error) => return Err(Problem::from(error).into()),
    };
    let mut machine = Machine::of(&service)?;
    let Some(step) = machine.step.take_if(|step| step.number == order.number) else {
        // Another step has taken its place.
        return Ok(());
    };
    let failed = match perform(step.kind, &service, &mut machine) {
        Ok(()) => {
            machine.error = None;
            None
        }
        Err(Failure::Retry { after, reason }) if job.attempt < job.attempts_max => {
            return Err(JobFailure::Retry { after, reason });
        }
        Err(failure) => Some(failure.to_string()),
    };
    if let Some(reason) = &failed {
        report(&service, step.kind, reason)?;
        machine.error = Some(reason.clone());
    }
    // A step that failed is not tried again by itself; the end of the service is followed all the same.
    if failed.is_none() || (service.status == Status::Terminated && step.kind != StepKind::Delete) {
        machine = advance(&service, machine)?;
    }
    let is_built = step.kind == StepKind::Build && machine.built;
    let service = save(&service, machine)?;
    if is_built && service.status != Status::Terminated {
        services::activate(&service.id).map_err(Problem::from)?;
    }
    Ok(())
}

/// The step's call, and what it says about the machine.
fn perform(kind: StepKind, service: &Service, machine: &mut Machine) -> Result<(), Failure> {
    // A terminated service needs no more steps; but a server may have been made in the run before this one, so that
    // call is always made (or its answer handed out again), and deletion follows.
    if service.status == Status::Terminated && !matches!(kind, StepKind::Create | StepKind::Delete) {
        return Ok(());
    }
    let server = || {
        machine
            .server
            .ok_or_else(|| Failure::Final("the service has no server".to_owned()))
    };
    match kind {
        StepKind::User => {
            let user = users::get(service.user).map_err(|error| Failure::from(Problem::from(error)))?;
            machine.user = Some(virtfusion::ensure_user(&user)?);
        }
        StepKind::Create => {
            let user = machine
                .user
                .ok_or_else(|| Failure::Final("the customer has no account".to_owned()))?;
            let made = virtfusion::create_server(user, machine.package_id, machine.group_id)?;
            machine.server = Some(made.id);
            machine.data = made.data;
        }
        StepKind::Build => {
            let data = virtfusion::build(server()?, machine.os_id, &service.label, &service.id)?;
            machine.built = true;
            machine.data = data;
        }
        StepKind::Suspend => {
            virtfusion::suspend(server()?)?;
            machine.suspended = true;
        }
        StepKind::Unsuspend => {
            virtfusion::unsuspend(server()?)?;
            machine.suspended = false;
        }
        StepKind::Delete => {
            virtfusion::delete(server()?)?;
            machine.gone = true;
        }
    }
    Ok(())
}

/// Tells the operator, in the log and as an event.
fn report(service: &Service, kind: StepKind, reason: &str) -> Result<(), Problem> {
    log::error(&format!("{}: {kind:?} failed: {reason}", service.id));
    let data = serde_json::json!({ "service_id": service.id, "step": kind, "error": reason });
    webhooks::emit(NewEvent::new("service.failed", &service.id, &data))?;
    Ok(())
}

fn power(job: &Job, order: &PowerJob) -> Result<(), JobFailure> {
    let service = services::get(&order.service).map_err(Problem::from)?;
    let machine = Machine::of(&service)?;
    // Suspended or ended since: the request has lost its point.
    let (Status::Active, Some(server)) = (service.status, machine.server) else {
        return Ok(());
    };
    match virtfusion::power(server, order.action) {
        Ok(()) => Ok(()),
        Err(Failure::Retry { after, reason }) if job.attempt < POWER_ATTEMPTS_MAX => {
            Err(JobFailure::Retry { after, reason })
        }
        Err(failure) => Err(JobFailure::fatal(failure.to_string())),
    }
}
