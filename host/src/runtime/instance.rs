//! A component as a [`Program`]: a fresh instance for every run.
//!
//! Imports were resolved once, at load; a run makes a store, an instance from the pool, calls one export and throws both
//! away. No run can see what another left in memory, and after a trap there is nothing to clean.

use std::time::Duration;

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder, Trap};

use super::engine;
use super::program::{Answer, Fault, JobCall, JobEnd, Program, Run};
use super::wasi::Wasi;
use crate::bindings::{
    Desk, Provider, ProviderPre, Suspended, from_answer, from_job_end, to_job, to_request,
};
use crate::config::PluginLimits;
use crate::exchange::Exchange;

/// Streams and pollables that a guest may hold at a time; wasmtime's own default is a million.
const RESOURCES_MAX: usize = 64;

/// What a store holds for one run.
pub(crate) struct State {
    pub(crate) desk: Desk,
    pub(crate) wasi: Wasi,
    limits: StoreLimits,
}

/// A component with its imports resolved.
pub(crate) struct WasmProgram {
    engine: Engine,
    provider: ProviderPre<State>,
}

impl WasmProgram {
    /// Resolves the imports. `component` imports only what was granted: that was checked before it was compiled.
    pub(crate) fn link(
        engine: &Engine,
        component: &wasmtime::component::Component,
    ) -> wasmtime::Result<WasmProgram> {
        let mut linker: Linker<State> = Linker::new(engine);
        Provider::add_to_linker::<State, HasSelf<Desk>>(&mut linker, |state| &mut state.desk)?;
        super::wasi::add_to_linker(&mut linker)?;
        let provider = ProviderPre::new(linker.instantiate_pre(component)?)?;
        Ok(WasmProgram {
            engine: engine.clone(),
            provider,
        })
    }

    /// The manifest, as the plugin gives it.
    pub(crate) fn describe(&self, desk: Desk, deadline: Duration) -> Run<String> {
        self.run(desk, deadline, |provider, store| provider.call_describe(store))
    }

    fn run<T>(
        &self,
        desk: Desk,
        deadline: Duration,
        call: impl FnOnce(&Provider, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Run<T> {
        let limits = std::sync::Arc::clone(&desk.limits);
        let mut store = self.store(desk, &limits, deadline);
        let result = match self.provider.instantiate(&mut store) {
            Ok(provider) => call(&provider, &mut store).map_err(|error| fault(&error)),
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
        state.wasi.drain_output(|line| state.desk.note(line));
        Run {
            desk: state.desk,
            fuel,
            result,
        }
    }

    fn store(&self, desk: Desk, limits: &PluginLimits, deadline: Duration) -> Store<State> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES_MAX);
        let wasi = Wasi::new(table, std::sync::Arc::clone(&desk.draws), limits.log_bytes_max);
        let memory = StoreLimitsBuilder::new()
            .memory_size(limits.memory_bytes_max)
            .table_elements(limits.table_elements_max)
            .memories(1)
            .trap_on_grow_failure(true)
            .build();
        let mut store = Store::new(
            &self.engine,
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
}

impl Program for WasmProgram {
    fn handle(&self, desk: Desk, exchange: &Exchange) -> Run<Answer> {
        let deadline = desk.limits.call_deadline_ms;
        let request = to_request(exchange);
        let run = self.run(desk, deadline, |provider, store| {
            provider.call_handle(store, &request)
        });
        Run {
            desk: run.desk,
            fuel: run.fuel,
            result: run.result.map(from_answer),
        }
    }

    fn run_job(&self, desk: Desk, job: &JobCall) -> Run<JobEnd> {
        let deadline = desk.limits.job_deadline_ms;
        let job = to_job(job);
        let run = self.run(desk, deadline, |provider, store| {
            provider.call_run_job(store, &job)
        });
        Run {
            desk: run.desk,
            fuel: run.fuel,
            result: run.result.map(from_job_end),
        }
    }
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
