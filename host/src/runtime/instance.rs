//! A component as a [`Program`] or a gateway: a fresh instance for every run.
//!
//! Imports were resolved once, at load; a run makes a store, an instance from the pool, calls one export and throws both
//! away. No run can see what another left in memory, and after a trap there is nothing to clean.

use std::time::Duration;

use mooring_core::check::InvalidField;
use mooring_core::money::Amount;
use mooring_core::payments::{Announcement, Progress, RefundProgress};
use tracing::Level;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, HasSelf, Instance, InstancePre, Lift, Linker, Lower,
    ResourceTable,
};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder, Trap};

use super::engine;
use super::gateway::{News, Order, RefundOrder, Refusal};
use super::program::{Answer, Fault, JobCall, JobEnd, Program, Run};
use super::wasi::Wasi;
use crate::bindings::{self, Desk, Gateway, GatewayPre, Provider, ProviderPre, Suspended};
use crate::config::PluginLimits;
use crate::exchange::{Exchange, Notification, NotifyError};

/// Streams and pollables that a guest may hold at a time; wasmtime's own default is a million.
const RESOURCES_MAX: usize = 64;

/// What a store holds for one run.
pub(crate) struct State {
    pub(crate) desk: Desk,
    pub(crate) wasi: Wasi,
    limits: StoreLimits,
}

/// A component of the world `provider`, with its imports resolved.
///
/// A run looks up the one export that it calls. The generated types look up all, and hold each against its type, for every
/// instance: that is a twentieth of what a small request costs.
pub(crate) struct ProviderProgram {
    pre: InstancePre<State>,
    describe: ComponentExportIndex,
    handle: ComponentExportIndex,
    run_job: ComponentExportIndex,
    on_event: ComponentExportIndex,
}

/// A component of the world `gateway`, with its imports resolved.
pub(crate) struct GatewayProgram {
    pre: GatewayPre<State>,
}

/// What an attempt's gateway is asked.
pub(crate) enum Ask {
    /// `start`
    Start,
    /// `submit`, with the values of the form.
    Submit(Vec<(String, String)>),
    /// `look-up`
    LookUp,
    /// `abandon`
    Abandon,
    /// `capture`, of this amount.
    Capture(Amount),
}

/// What a gateway says of an attempt.
pub(crate) type Said<T> = Result<T, Refusal>;

/// One of the two worlds' generated types: how an instance of it is made.
trait World {
    type Exports;

    fn engine(&self) -> &Engine;
    fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Self::Exports>;

    /// One call of one export, in an instance of its own.
    fn run<T>(
        &self,
        desk: Desk,
        deadline: Duration,
        call: impl FnOnce(&Self::Exports, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Run<T> {
        let limits = std::sync::Arc::clone(&desk.office.limits);
        let mut store = store(self.engine(), desk, &limits, deadline);
        let result = match self.instantiate(&mut store) {
            Ok(exports) => call(&exports, &mut store).map_err(|error| fault(&error)),
            Err(error) => Err(match fault(&error) {
                // A start function that traps is the plugin's fault, an empty pool is ours.
                Fault::Trap(_) if error.downcast_ref::<Trap>().is_none() => {
                    Fault::NoInstance(format!("{error:#}"))
                }
                fault => fault,
            }),
        };
        let fuel = limits.fuel_max - store.get_fuel().unwrap_or(0);
        let mut state = store.into_data();
        state.wasi.drain_output(|line| state.desk.note(Level::INFO, line));
        Run {
            desk: state.desk,
            fuel,
            result,
        }
    }
}

fn store(engine: &Engine, desk: Desk, limits: &PluginLimits, deadline: Duration) -> Store<State> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCES_MAX);
    let wasi = Wasi::new(
        table,
        std::sync::Arc::clone(&desk.draws),
        desk.stage,
        limits.log_bytes_max,
    );
    let memory = StoreLimitsBuilder::new()
        .memory_size(limits.memory_bytes_max)
        .table_elements(limits.table_elements_max)
        .memories(1)
        .trap_on_grow_failure(true)
        .build();
    let mut store = Store::new(
        engine,
        State {
            desk,
            wasi,
            limits: memory,
        },
    );
    store.limiter(|state| &mut state.limits);
    store.set_epoch_deadline(engine::ticks(deadline));
    store.set_fuel(limits.fuel_max).expect("the engine counts fuel");
    store.set_hostcall_fuel(limits.call_argument_bytes_max);
    store
}

impl World for ProviderProgram {
    type Exports = Instance;

    fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Instance> {
        self.pre.instantiate(store)
    }
}

impl World for GatewayProgram {
    type Exports = Gateway;

    fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Gateway> {
        self.pre.instantiate(store)
    }
}

impl ProviderProgram {
    /// Resolves the imports. `component` imports only what was granted: that was checked before it was compiled.
    pub(crate) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<ProviderProgram> {
        let mut linker: Linker<State> = Linker::new(engine);
        Provider::add_to_linker::<State, HasSelf<Desk>>(&mut linker, |state| &mut state.desk)?;
        super::wasi::add_to_linker(&mut linker)?;
        let pre = linker.instantiate_pre(component)?;
        // Holds all exports against their types, once.
        ProviderPre::new(pre.clone())?;
        let export = |name| {
            component
                .get_export_index(None, name)
                .expect("it has just been found")
        };
        Ok(ProviderProgram {
            describe: export("describe"),
            handle: export("handle"),
            run_job: export("run-job"),
            on_event: export("on-event"),
            pre,
        })
    }

    /// The manifest, as the plugin gives it.
    pub(crate) fn describe(&self, desk: Desk) -> Run<String> {
        let deadline = desk.office.limits.call_deadline_ms;
        self.call(desk, deadline, &self.describe, ())
    }

    fn call<P, R>(&self, desk: Desk, deadline: Duration, export: &ComponentExportIndex, params: P) -> Run<R>
    where
        P: ComponentNamedList + Lower,
        R: Lift,
        (R,): ComponentNamedList,
    {
        self.run(desk, deadline, |instance, store| {
            let function = instance.get_typed_func::<P, (R,)>(&mut *store, export)?;
            function.call(store, params).map(|(result,)| result)
        })
    }
}

impl Program for ProviderProgram {
    fn handle(&self, desk: Desk, exchange: &Exchange) -> Run<Answer> {
        let deadline = desk.office.limits.call_deadline_ms;
        let request = bindings::to_request(exchange);
        self.call(desk, deadline, &self.handle, (&request,))
            .map(bindings::from_answer)
    }

    fn run_job(&self, desk: Desk, job: &JobCall) -> Run<JobEnd> {
        let deadline = desk.office.limits.job_deadline_ms;
        let job = bindings::to_job(job);
        self.call(desk, deadline, &self.run_job, (&job,))
            .map(bindings::from_job_end)
    }

    fn on_event(&self, desk: Desk, announcement: &Announcement) -> Run<Result<(), String>> {
        let deadline = desk.office.limits.call_deadline_ms;
        let event = bindings::to_event(&desk.office.directory, announcement.clone());
        self.call(desk, deadline, &self.on_event, (&event,))
    }
}

impl GatewayProgram {
    /// As [`ProviderProgram::link`].
    pub(crate) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<GatewayProgram> {
        let mut linker: Linker<State> = Linker::new(engine);
        Gateway::add_to_linker::<State, HasSelf<Desk>>(&mut linker, |state| &mut state.desk)?;
        super::wasi::add_to_linker(&mut linker)?;
        let pre = GatewayPre::new(linker.instantiate_pre(component)?)?;
        Ok(GatewayProgram { pre })
    }

    /// The manifest, as the plugin gives it.
    pub(crate) fn describe(&self, desk: Desk) -> Run<String> {
        let deadline = desk.office.limits.call_deadline_ms;
        self.run(desk, deadline, |gateway, store| gateway.call_describe(store))
    }

    /// Asks about an attempt.
    pub(crate) fn ask(&self, desk: Desk, order: &Order, ask: &Ask) -> Run<Said<Progress>> {
        let deadline = match ask {
            // The payer waits.
            Ask::Submit(_) => desk.office.limits.call_deadline_ms,
            _ => desk.office.limits.job_deadline_ms,
        };
        let order = bindings::to_order(order);
        self.run(desk, deadline, |gateway, store| match ask {
            Ask::Start => gateway.call_start(store, &order),
            Ask::Submit(fields) => gateway.call_submit(store, &order, fields),
            Ask::LookUp => gateway.call_look_up(store, &order),
            Ask::Abandon => gateway.call_abandon(store, &order),
            Ask::Capture(amount) => gateway.call_capture(store, &order, &bindings::to_amount(*amount)),
        })
        .and_then(|said| bindings::from_progress(said).map_err(bad_answer))
    }

    /// Asks for money to be sent back.
    pub(crate) fn refund(&self, desk: Desk, refund: &RefundOrder) -> Run<Said<RefundProgress>> {
        let deadline = desk.office.limits.job_deadline_ms;
        let refund = bindings::to_refund_order(refund);
        self.run(desk, deadline, |gateway, store| {
            gateway.call_refund(store, &refund)
        })
        .map(bindings::from_refund_progress)
    }

    /// Has a notification read.
    pub(crate) fn notify(
        &self,
        desk: Desk,
        notification: &Notification,
    ) -> Run<Result<Vec<News>, NotifyError>> {
        let deadline = desk.office.limits.call_deadline_ms;
        let notification = bindings::to_notification(notification);
        self.run(desk, deadline, |gateway, store| {
            gateway.call_notify(store, &notification)
        })
        .and_then(|said| bindings::from_news(said).map_err(bad_answer))
    }
}

fn bad_answer(invalid: InvalidField) -> Fault {
    Fault::BadAnswer(invalid.to_string())
}

fn fault(error: &wasmtime::Error) -> Fault {
    if error.downcast_ref::<Suspended>().is_some() {
        return Fault::Suspended;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Fault::Deadline,
        Some(Trap::OutOfFuel) => Fault::Fuel,
        _ => Fault::Trap(format!("{error:#}")),
    }
}
