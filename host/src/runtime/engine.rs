//! The wasmtime engine, tuned for one fresh instance per request.
//!
//! One [`Engine`] serves every plugin. It is built without what a synchronous component host does not need (async ABI,
//! garbage collection, exceptions, threads), because that is where most of wasmtime's advisories sit, and because plain
//! synchronous calls are cheaper.

use std::thread;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::config::PluginLimits;

/// How often the epoch moves. Deadlines are counted in ticks, so this is also their resolution.
pub(crate) const EPOCH_TICK: Duration = Duration::from_millis(10);

/// Reset by `memset` up to here, by `madvise` beyond. 2 MiB is more than a plugin touches in a request; it was the
/// biggest single win when we measured (30 µs to 9 µs per request). The kernel does not say which request has touched a
/// page, so what a slot's largest call has touched is wiped after every later one. Less than that (256 or 512 KiB) is worse
/// all the same: from then on each request gives the last pages back and faults them in again.
const MEMORY_KEEP_RESIDENT: usize = 2 * 1024 * 1024;
const TABLE_KEEP_RESIDENT: usize = 64 * 1024;

/// Address space that pooling reserves at the least: one 4 GiB slot per call and its guards. Where 42 bits cannot be
/// reserved (some containers, 39-bit systems) instances are made on demand instead.
const ADDRESS_BITS_PROBED: u32 = 42;

/// Core modules in one component: the plugin, the shims that `wit-component` adds, and room for composed ones.
const CORE_INSTANCES_PER_COMPONENT: u32 = 8;

/// The engine for running plugins, and whether its instances are pooled.
pub(crate) fn build(limits: &PluginLimits) -> wasmtime::Result<(Engine, Pooling)> {
    let mut config = settings();
    config.max_wasm_stack(limits.stack_bytes_max);
    if address_space_suffices() {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
        match Engine::new(&config) {
            Ok(engine) => return Ok((engine, Pooling::Pooled)),
            Err(error) => {
                tracing::warn!(%error, "no pool of instances; they are made on demand, which is slower");
            }
        }
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    }
    Ok((Engine::new(&config)?, Pooling::OnDemand))
}

/// The engine of the compile worker. It shares every setting that compiled code depends on.
pub(crate) fn build_for_compiling() -> wasmtime::Result<Engine> {
    Engine::new(&settings())
}

/// How instances get their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// From slots made at start.
    Pooled,
    /// From the operating system, each time.
    OnDemand,
}

fn settings() -> Config {
    let mut config = Config::new();
    config
        .concurrency_support(false)
        .epoch_interruption(true)
        .consume_fuel(true)
        // Replay promises the same bits on every machine.
        .cranelift_nan_canonicalization(true)
        .wasm_component_model(true)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false);
    config
}

fn pool(limits: &PluginLimits) -> PoolingAllocationConfig {
    // One instance per call thread, and as many again so that a slot whose memory is being reset is not waited for.
    let instances = limits.call_threads as u32 * 2 + 2;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * CORE_INSTANCES_PER_COMPONENT)
        .total_memories(instances)
        .total_tables(instances * CORE_INSTANCES_PER_COMPONENT)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(1)
        .max_tables_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memory_size(limits.memory_bytes_max)
        .table_elements(limits.table_elements_max)
        .linear_memory_keep_resident(MEMORY_KEEP_RESIDENT)
        .table_keep_resident(TABLE_KEEP_RESIDENT)
        .pagemap_scan(Enabled::Auto)
        .decommit_batch_size(1)
        .max_unused_warm_slots(instances);
    pool
}

/// Whether the process may reserve a large range of addresses, found out by compiling nothing and mapping once: the same
/// probe that wasmtime's own server makes before it trusts the pooling allocator.
fn address_space_suffices() -> bool {
    let mut config = Config::new();
    config
        .wasm_memory64(true)
        .memory_reservation(1 << ADDRESS_BITS_PROBED)
        .memory_guard_size(0);
    let Ok(engine) = Engine::new(&config) else {
        return false;
    };
    let mut store = wasmtime::Store::new(&engine, ());
    wasmtime::Memory::new(
        &mut store,
        wasmtime::MemoryType::new64(0, Some(1 << (ADDRESS_BITS_PROBED - 16))),
    )
    .is_ok()
}

/// Moves the epoch for as long as any clone of the engine lives. One thread serves all calls: a ticker per request would
/// cost a hundred times more. `also` is called with every tick.
pub(crate) fn start_epoch_ticker(engine: &Engine, also: impl Fn() + Send + 'static) -> std::io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("mooring-epoch".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                also();
                thread::sleep(EPOCH_TICK);
            }
        })?;
    Ok(())
}

/// Ticks after which a call of this length is over; at least two, since the first may come at once.
pub(crate) fn ticks(deadline: Duration) -> u64 {
    (deadline.as_millis() / EPOCH_TICK.as_millis()) as u64 + 2
}
