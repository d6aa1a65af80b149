//! The WASI that a plugin gets: deterministic and empty-handed.
//!
//! Clocks stand still at the time of the request, randomness comes from the request's own draws, standard output and error
//! go to the request's log, everything else is absent: no arguments, no environment, no input, no files, no sockets, no
//! waiting. A component that imports more of WASI is refused at load.

use std::sync::Arc;

use mooring_core::draws::{Draws, Generator};
use wasmtime::component::{HasData, HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::p2::bindings::{cli, sync};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::instance::State;
use super::output::Output;
use crate::bindings::purpose;

/// Random bytes in one call.
const RANDOM_BYTES_MAX: u64 = 64 * 1024;

/// The WASI side of one run. Most plugins never call it, so its context is made on first use.
pub(crate) struct Wasi {
    table: ResourceTable,
    context: Option<(WasiCtx, Output)>,
    draws: Arc<Draws>,
    /// See `Desk::stage`.
    stage: usize,
    generator: Option<Generator>,
    output_bytes_max: usize,
}

impl Wasi {
    pub(crate) fn new(
        table: ResourceTable,
        draws: Arc<Draws>,
        stage: usize,
        output_bytes_max: usize,
    ) -> Wasi {
        Wasi {
            table,
            context: None,
            draws,
            stage,
            generator: None,
            output_bytes_max,
        }
    }

    /// Gives each line that the guest printed.
    pub(crate) fn drain_output(&mut self, mut line: impl FnMut(&str)) {
        if let Some((_, output)) = self.context.take() {
            output.text().lines().for_each(&mut line);
        }
    }

    fn random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        if len > RANDOM_BYTES_MAX {
            wasmtime::bail!("a guest may ask for {RANDOM_BYTES_MAX} random bytes at a time, not {len}");
        }
        let mut bytes = vec![0; len as usize];
        let (draws, stage) = (&self.draws, self.stage);
        self.generator
            .get_or_insert_with(|| draws.generator(&purpose("wasi", stage)))
            .fill(&mut bytes);
        Ok(bytes)
    }

    fn random_u64(&mut self) -> wasmtime::Result<u64> {
        let bytes = self.random_bytes(8)?;
        Ok(u64::from_le_bytes(
            bytes.try_into().expect("eight bytes were asked for"),
        ))
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (ctx, _) = self.wasi.context.get_or_insert_with(|| {
            let output = Output::new(self.wasi.output_bytes_max);
            let ctx = WasiCtx::builder()
                .stdout(output.clone())
                .stderr(output.clone())
                .build();
            (ctx, output)
        });
        WasiCtxView {
            ctx,
            table: &mut self.wasi.table,
        }
    }
}

/// Streams and pollables are served from their table alone.
struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};

    sync::io::error::add_to_linker::<State, Io>(linker, |state| &mut state.wasi.table)?;
    sync::io::poll::add_to_linker::<State, Io>(linker, |state| &mut state.wasi.table)?;
    sync::io::streams::add_to_linker::<State, Io>(linker, |state| &mut state.wasi.table)?;
    cli::environment::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    wall_clock::add_to_linker::<State, HasSelf<Wasi>>(linker, |state| &mut state.wasi)?;
    monotonic_clock::add_to_linker::<State, HasSelf<Wasi>>(linker, |state| &mut state.wasi)?;
    random::add_to_linker::<State, HasSelf<Wasi>>(linker, |state| &mut state.wasi)?;
    insecure::add_to_linker::<State, HasSelf<Wasi>>(linker, |state| &mut state.wasi)?;
    insecure_seed::add_to_linker::<State, HasSelf<Wasi>>(linker, |state| &mut state.wasi)?;
    Ok(())
}

impl wall_clock::Host for Wasi {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let millis = self.draws.now().millis();
        Ok(wall_clock::Datetime {
            seconds: millis / 1000,
            nanoseconds: (millis % 1000) as u32 * 1_000_000,
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime {
            seconds: 0,
            nanoseconds: 1_000_000,
        })
    }
}

impl monotonic_clock::Host for Wasi {
    fn now(&mut self) -> wasmtime::Result<monotonic_clock::Instant> {
        Ok(self.draws.now().millis() * 1_000_000)
    }

    fn resolution(&mut self) -> wasmtime::Result<monotonic_clock::Duration> {
        Ok(1_000_000)
    }

    fn subscribe_instant(
        &mut self,
        _when: monotonic_clock::Instant,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        wasmtime::bail!("a plugin cannot wait: schedule a job instead of sleeping")
    }

    fn subscribe_duration(
        &mut self,
        _when: monotonic_clock::Duration,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        wasmtime::bail!("a plugin cannot wait: schedule a job instead of sleeping")
    }
}

impl random::Host for Wasi {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random_u64()
    }
}

impl insecure::Host for Wasi {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random_u64()
    }
}

impl insecure_seed::Host for Wasi {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.random_u64()?, self.random_u64()?))
    }
}
