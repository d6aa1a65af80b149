//! The machine behind a service, and the jobs that make VirtFusion follow it.
//!
//! A machine goes through *steps*, one at a time: find or make VirtFusion's user, make a server, build it, check that it
//! is built, suspend it, lift that, delete it. Each step is one job with one changing call. It is decided in the
//! transaction that schedules it ([`plan`]) and written into the service's metadata; the job then does exactly what is
//! written, records the result and plans the next step from the status that the service has *by then*. That order is
//! what keeps a server from being lost: when the host runs a job again because somebody changed the service during the
//! call, the job finds the same step, gets the same answer without calling again, and sees the new status.
//!
//! An answer can still be lost on its way. So every try to make a server but the first looks for one that the customer did
//! not have when the order began and that no service has, and takes that one over; only if there is none, it makes one. A
//! step that makes a server is never cancelled either: when its service has ended, it only looks.

use mooring_sdk::jobs::{self, Job, JobError, JobFailure, NewJob};
use mooring_sdk::prelude::Problem;
use mooring_sdk::services::{self, Service, ServiceChanges, ServiceError, Status};
use mooring_sdk::webhooks::{self, NewEvent};
use mooring_sdk::{context, json, log, users};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::PowerAction;
use crate::virtfusion::{self, BuildState, Failure};

/// Kind of the jobs that do a step.
const STEP: &str = "virtfusion-step";
/// Kind of the jobs that switch a server.
const POWER: &str = "virtfusion-power";

/// A terminated service keeps its server this long, by the panel's documentation.
const DELETE_DELAY_MS: u64 = 5_000;
/// A deletion that was given up is tried again after a day, for a server that is left behind costs money.
const DELETE_AGAIN_MS: u64 = 24 * 3_600_000;
/// With pauses of up to an hour, about four days of trying.
const STEP_ATTEMPTS_MAX: u32 = 100;
const STEP_PAUSE_SECONDS_MAX: u32 = 3600;
/// Nobody waits an hour for a reboot.
const POWER_ATTEMPTS_MAX: u32 = 6;
const POWER_PAUSE_SECONDS_MAX: u32 = 300;

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
    /// What is needed to find a server whose answer was lost.
    #[serde(default)]
    search: Search,
    /// VirtFusion's id of the server.
    #[serde(default)]
    pub(crate) server: Option<u64>,
    /// VirtFusion has taken the order to build it.
    #[serde(default)]
    built: bool,
    /// The system is being installed since then.
    #[serde(default)]
    building_since: Option<u64>,
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
    /// Times that somebody asked for it to be switched.
    #[serde(default)]
    wishes: u64,
    /// Why the last step failed for good.
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// What VirtFusion last said about the server.
    #[serde(default)]
    pub(crate) data: Value,
}

/// A server may have been made by a call whose answer was lost.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Search {
    /// The newest server that the customer had when the order began; 0 for none. Whatever is newer may be ours.
    newest: Option<u64>,
    /// Making a server was given up, so there may be one that nobody knows of.
    in_doubt: bool,
    /// The machine's server was found so.
    found: bool,
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
    Check,
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
struct PowerJob {
    service: String,
    action: PowerAction,
    /// Which of the machine's wishes it is.
    #[serde(default)]
    number: u64,
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
            search: Search::default(),
            server: None,
            built: false,
            building_since: None,
            suspended: false,
            gone: false,
            step: None,
            steps: 0,
            wishes: 0,
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
            return match self.server {
                Some(_) => Some(StepKind::Delete),
                None => self.search.in_doubt.then_some(StepKind::Create),
            };
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
        if self.building_since.is_some() {
            return Some(StepKind::Check);
        }
        match (status == Status::Suspended, self.suspended) {
            (true, false) => Some(StepKind::Suspend),
            (false, true) => Some(StepKind::Unsuspend),
            _ => None,
        }
    }

    /// It has a system.
    fn is_ready(&self) -> bool {
        self.built && self.building_since.is_none()
    }

    /// A machine that could not be built stays as it is until its service ends, or somebody asks again.
    fn is_stuck(&self, status: Status) -> bool {
        self.error.is_some() && !self.is_ready() && status != Status::Terminated
    }

    /// Somebody asks again, so the last failure is history.
    pub(crate) fn forgive(&mut self) {
        self.error = None;
    }

    /// Whether a step that was planned before still has a point, now that the service is in this status.
    fn still_wants(&self, kind: StepKind, status: Status) -> bool {
        match (status, kind) {
            // One that was given up and waits for another day is tried at once when somebody asks.
            (Status::Terminated, StepKind::Delete | StepKind::Create) => self.error.is_none(),
            (Status::Terminated, _)
            | (Status::Suspended, StepKind::Unsuspend)
            | (Status::Active, StepKind::Suspend) => false,
            _ => true,
        }
    }

    /// Drops a step that has lost its point. A try of it may have got through, its answer lost: so it counts as done, and
    /// the opposite step makes sure.
    fn drop_step(&mut self, kind: StepKind) {
        match kind {
            StepKind::Suspend => self.suspended = true,
            StepKind::Unsuspend => self.suspended = false,
            StepKind::Create => self.search.in_doubt = true,
            StepKind::User | StepKind::Build | StepKind::Check | StepKind::Delete => {}
        }
    }

    fn server(&self) -> Result<u64, Failure> {
        self.server
            .ok_or_else(|| Failure::Final("the service has no server".to_owned()))
    }
}

/// Schedules the machine's next step, if it needs one and none is under way. Called with every change of the service's
/// status, in the same transaction.
pub(crate) fn plan(service: Service, mut machine: Machine) -> Result<Service, Problem> {
    if machine.driver == Driver::Local {
        return Ok(service);
    }
    if let Some(Step { kind, job, .. }) = machine.step.clone() {
        if machine.still_wants(kind, service.status) {
            return Ok(service);
        }
        // A job that runs right now plans what follows itself.
        match jobs::cancel(&job) {
            Ok(()) => machine.step = None,
            Err(JobError::TooLate | JobError::NotFound) => return Ok(service),
            Err(error) => return Err(error.into()),
        }
        machine.drop_step(kind);
    }
    if machine.is_ready() {
        machine.forgive();
    }
    save(&service, advance(&service, machine, 0)?)
}

/// Schedules the next step, not before this time.
fn advance(service: &Service, mut machine: Machine, not_before: u64) -> Result<Machine, Problem> {
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
    .at(not_before)
    .attempts(STEP_ATTEMPTS_MAX)
    .once(format!("{STEP}:{}:{number}", service.id));
    if kind == StepKind::Delete {
        let ended_at = service.terminated_at.unwrap_or(service.updated_at);
        job = job.at(not_before.max(ended_at + DELETE_DELAY_MS));
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
        changes.external_ref = machine.server.map(external_ref);
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
    let failed = match perform(job.attempt, step.kind, &service, &mut machine) {
        Ok(()) => {
            machine.error = None;
            None
        }
        Err(failure @ Failure::Retry { .. }) if job.attempt < job.attempts_max => {
            return Err(failure.after_try(job.attempt, STEP_PAUSE_SECONDS_MAX));
        }
        Err(failure) => Some(failure.to_string()),
    };
    if let Some(reason) = &failed {
        report(&service, step.kind, reason)?;
        machine.error = Some(reason.clone());
        machine.search.in_doubt |= step.kind == StepKind::Create;
    }
    // A step that failed is not tried again by itself; but a service that has ended leaves nothing behind, however long
    // that takes.
    let is_over = service.status == Status::Terminated;
    if failed.is_none() || is_over {
        let gave_up = failed.is_some() && matches!(step.kind, StepKind::Create | StepKind::Delete);
        let not_before = if gave_up {
            context::now() + DELETE_AGAIN_MS
        } else {
            0
        };
        machine = advance(&service, machine, not_before)?;
    }
    let is_built = step.kind == StepKind::Check && machine.is_ready();
    let service = save(&service, machine)?;
    if is_built && service.status != Status::Terminated {
        services::activate(&service.id).map_err(Problem::from)?;
    }
    Ok(())
}

/// The step's call, and what it says about the machine.
fn perform(attempt: u32, kind: StepKind, service: &Service, machine: &mut Machine) -> Result<(), Failure> {
    // The end of a service makes its other steps needless; but a server may have been made in the run before this one.
    if !matches!(kind, StepKind::Create | StepKind::Delete) && !machine.still_wants(kind, service.status) {
        machine.drop_step(kind);
        return Ok(());
    }
    match kind {
        StepKind::User => find_account(service, machine)?,
        StepKind::Create => create(attempt, service, machine)?,
        StepKind::Build => {
            let data = virtfusion::build(machine.server()?, machine.os_id, &service.label, &service.id)?;
            machine.built = true;
            machine.building_since = Some(context::now());
            machine.data = data;
        }
        StepKind::Check => check(machine)?,
        StepKind::Suspend => {
            virtfusion::suspend(machine.server()?)?;
            machine.suspended = true;
        }
        StepKind::Unsuspend => {
            virtfusion::unsuspend(machine.server()?)?;
            machine.suspended = false;
        }
        StepKind::Delete => {
            virtfusion::delete(machine.server()?)?;
            machine.gone = true;
        }
    }
    Ok(())
}

/// The customer's account, and the newest server that it has already.
fn find_account(service: &Service, machine: &mut Machine) -> Result<(), Failure> {
    let user = users::get(service.user).map_err(|error| Failure::from(Problem::from(error)))?;
    let account = virtfusion::ensure_user(&user)?;
    let servers = if account.is_new {
        Ok(Vec::new())
    } else {
        virtfusion::servers_of(account.id)
    };
    machine.search.newest = match servers {
        Ok(servers) => Some(servers.into_iter().max().unwrap_or(0)),
        // The order goes on: only servers whose answers are lost cannot be found then.
        Err(failure @ Failure::Final(_)) => {
            log::warn(&format!("{}: {failure}", service.id));
            None
        }
        Err(failure) => return Err(failure),
    };
    machine.user = Some(account.id);
    Ok(())
}

/// A server: one that an earlier try has made, if there may be one, or else a new one, unless the service is over.
fn create(attempt: u32, service: &Service, machine: &mut Machine) -> Result<(), Failure> {
    let is_over = service.status == Status::Terminated;
    let account = machine
        .user
        .ok_or_else(|| Failure::Final("the customer has no account".to_owned()))?;
    let lost = if attempt > 1 || is_over || machine.search.in_doubt {
        find_lost(service, account, machine.search.newest)?
    } else {
        None
    };
    machine.search.in_doubt = false;
    if let Some(server) = lost {
        log::info(&format!(
            "{} takes over server {server}, which a lost answer left",
            service.id
        ));
        machine.server = Some(server);
        machine.search.found = true;
    } else if !is_over {
        let made = virtfusion::create_server(account, machine.package_id, machine.group_id)?;
        if let Some(other) = holder(made.id)?
            && other.id != service.id
            && other.user == service.user
            && Machine::of(&other)?.search.found
        {
            // Another order of the same customer looked for its own meanwhile, and took this one.
            return Err(Failure::Retry {
                least: None,
                reason: format!("server {} was taken over by {}", made.id, other.id),
            });
        }
        machine.server = Some(made.id);
        machine.data = made.data;
    }
    Ok(())
}

/// A server of this account that is newer than the order, and that no service has.
fn find_lost(service: &Service, account: u64, newest: Option<u64>) -> Result<Option<u64>, Failure> {
    let Some(newest) = newest else {
        return Ok(None);
    };
    let mut servers = virtfusion::servers_of(account)?;
    servers.retain(|&server| server > newest);
    servers.sort_unstable();
    for server in servers {
        if holder(server)?.is_none_or(|holder| holder.id == service.id) {
            return Ok(Some(server));
        }
    }
    Ok(None)
}

/// The service that has this server.
fn holder(server: u64) -> Result<Option<Service>, Failure> {
    match services::find_by_external_ref(&external_ref(server)) {
        Ok(service) => Ok(Some(service)),
        Err(ServiceError::NotFound) => Ok(None),
        Err(error) => Err(Problem::from(error).into()),
    }
}

fn external_ref(server: u64) -> String {
    format!("virtfusion:{server}")
}

/// Whether VirtFusion, which builds after it has answered, is done. A build that failed is to be made again.
fn check(machine: &mut Machine) -> Result<(), Failure> {
    let seen = virtfusion::view(machine.server()?)?;
    machine.data = seen.data;
    match seen.state {
        BuildState::Built => {
            machine.building_since = None;
            Ok(())
        }
        BuildState::UnderWay => Err(Failure::still_building()),
        BuildState::Failed => {
            machine.building_since = None;
            machine.built = false;
            Err(Failure::Final("VirtFusion could not build the server".to_owned()))
        }
    }
}

/// Tells the operator, in the log and as an event.
fn report(service: &Service, kind: StepKind, reason: &str) -> Result<(), Problem> {
    log::error(&format!("{}: {kind:?} failed: {reason}", service.id));
    let data = serde_json::json!({ "service_id": service.id, "step": kind, "error": reason });
    webhooks::emit(NewEvent::new("service.failed", &service.id, &data))?;
    Ok(())
}

/// Has a machine switched. A wish takes the place of those before it: a start that met a locked server must not follow a
/// later stop.
pub(crate) fn switch(service: &Service, mut machine: Machine, action: PowerAction) -> Result<(), Problem> {
    machine.wishes += 1;
    let order = PowerJob {
        service: service.id.clone(),
        action,
        number: machine.wishes,
    };
    jobs::schedule(NewJob::new(POWER, &order))?;
    save(service, machine)?;
    Ok(())
}

fn power(job: &Job, order: &PowerJob) -> Result<(), JobFailure> {
    let service = services::get(&order.service).map_err(Problem::from)?;
    let machine = Machine::of(&service)?;
    if order.number < machine.wishes {
        return Ok(());
    }
    // Suspended or ended since: the request has lost its point.
    let (Status::Active, Some(server)) = (service.status, machine.server) else {
        return Ok(());
    };
    match virtfusion::power(server, order.action) {
        Ok(()) => Ok(()),
        Err(failure @ Failure::Retry { .. }) if job.attempt < POWER_ATTEMPTS_MAX => {
            Err(failure.after_try(job.attempt, POWER_PAUSE_SECONDS_MAX))
        }
        Err(failure) => Err(JobFailure::fatal(failure.to_string())),
    }
}
