//! Turning a component into machine code, once, outside this process.
//!
//! Compiling is the one thing an upload makes the host do before any limit of the sandbox applies, and wasmtime does not
//! treat a component that is slow to compile as a bug. So a worker process does it: it limits its own memory and
//! processor time before it reads a byte of the component, and it is killed when the wall clock runs out. Its output goes
//! to the cache folder, named by the component's digest and the engine's settings, and is the only machine code that the
//! host ever loads: nothing precompiled is taken from outside.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::ffi::OsString;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine;
use crate::config::PluginLimits;

/// The hidden subcommand of `mooring` that is the worker.
pub const WORKER_COMMAND: &str = "compile";

/// Why there is no machine code for a component.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It is not valid, or asks for a WebAssembly feature that is switched off.
    #[error("the component does not compile: {0}")]
    Invalid(String),
    /// `plugin.compile_timeout_ms`
    #[error("the component took longer than {0:?} to compile (plugin.compile_timeout_ms)")]
    TimedOut(Duration),
    /// The worker ended without an answer: it ran into `plugin.compile_memory_bytes_max` or was killed.
    #[error("the compiler gave up ({0}); it may need more than plugin.compile_memory_bytes_max")]
    Died(String),
    /// The cache folder or the worker cannot be used.
    #[error("the compile cache cannot be used")]
    Io(#[from] io::Error),
    /// What the worker wrote does not load.
    #[error("compiled code does not load: {0}")]
    Load(String),
}

/// The folder of compiled components.
#[derive(Clone, Debug)]
pub(crate) struct CompileCache {
    folder: PathBuf,
    /// The executable that has the worker's subcommand.
    worker: PathBuf,
    limits: PluginLimits,
    /// Files that were found to be what was written: a plugin is loaded twice in a row, and reading one takes a millisecond.
    sound: Arc<Mutex<HashSet<PathBuf>>>,
}

impl CompileCache {
    pub(crate) fn open(folder: PathBuf, worker: PathBuf, limits: &PluginLimits) -> io::Result<CompileCache> {
        fs::create_dir_all(&folder)?;
        Ok(CompileCache {
            folder,
            worker,
            limits: limits.clone(),
            sound: Arc::default(),
        })
    }

    /// The component at `source`, from the cache or compiled now.
    pub(crate) async fn load(
        &self,
        engine: &Engine,
        digest: &str,
        source: &Path,
    ) -> Result<Component, CompileError> {
        let artefact = self
            .folder
            .join(format!("{digest}-{:016x}.cwasm", settings_hash(engine)));
        if artefact.exists() {
            match self.load_artefact(engine, &artefact) {
                Ok(component) => return Ok(component),
                // Cut short by a crash, or damaged: making it again costs less than asking somebody.
                Err(error) => {
                    tracing::warn!(%error, %digest, "a compiled plugin does not load and is made again");
                }
            }
        }
        self.compile(source, &artefact).await?;
        self.load_artefact(engine, &artefact)
            .map_err(|error| CompileError::Load(format!("{error:#}")))
    }

    fn load_artefact(&self, engine: &Engine, artefact: &Path) -> wasmtime::Result<Component> {
        if !self.sound.lock().contains(artefact) {
            check_artefact(artefact)?;
            self.sound.lock().insert(artefact.to_owned());
        }
        load_artefact(engine, artefact)
    }

    async fn compile(&self, source: &Path, artefact: &Path) -> Result<(), CompileError> {
        let timeout = self.limits.compile_timeout_ms;
        let child = tokio::process::Command::new(&self.worker)
            .arg(WORKER_COMMAND)
            .args([source, artefact])
            .arg(self.limits.compile_memory_bytes_max.to_string())
            .arg(processor_seconds(timeout).to_string())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = match tokio::time::timeout(timeout, child.wait_with_output()).await {
            Ok(output) => output?,
            Err(_) => return Err(CompileError::TimedOut(timeout)),
        };
        if output.status.success() {
            return Ok(());
        }
        match output.status.code() {
            Some(INVALID) => Err(CompileError::Invalid(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            )),
            _ => Err(CompileError::Died(output.status.to_string())),
        }
    }
}

/// Exit status of a worker whose component is at fault.
const INVALID: i32 = 65;

/// Exit status of a worker that ran into its limit of memory, and could still say so.
const OUT_OF_MEMORY: i32 = 70;

/// The worker: compiles `SOURCE` to `ARTEFACT` under `MEMORY` bytes and `SECONDS` of processor time. Returns its exit
/// status; what is wrong goes to standard error. Not for people.
pub fn worker_main(arguments: &[OsString]) -> i32 {
    let [source, artefact, memory, seconds] = arguments else {
        eprintln!("usage: mooring {WORKER_COMMAND} SOURCE ARTEFACT MEMORY_BYTES PROCESSOR_SECONDS");
        return 2;
    };
    let number = |text: &OsString| text.to_str().and_then(|text| text.parse::<u64>().ok());
    let (Some(memory), Some(seconds)) = (number(memory), number(seconds)) else {
        eprintln!("MEMORY_BYTES and PROCESSOR_SECONDS must be numbers");
        return 2;
    };
    if let Err(error) = compile_within(Path::new(source), Path::new(artefact), memory, seconds) {
        let error = format!("{error:#}");
        eprintln!("{error}");
        // What ends in an error instead of the process's end still says nothing of the component.
        return if error.contains("out of memory") {
            OUT_OF_MEMORY
        } else {
            INVALID
        };
    }
    0
}

fn compile_within(source: &Path, artefact: &Path, memory: u64, seconds: u64) -> wasmtime::Result<()> {
    rlimit::setrlimit(rlimit::Resource::AS, memory, memory)?;
    rlimit::setrlimit(rlimit::Resource::CPU, seconds, seconds)?;
    let code = engine::build_for_compiling()?.precompile_component(&fs::read(source)?)?;
    fs::write(checksum_file(artefact), checksum(&code))?;
    // Renamed into place, so that a reader never sees half of it.
    let unfinished = artefact.with_extension("unfinished");
    fs::write(&unfinished, code)?;
    fs::rename(&unfinished, artefact)?;
    Ok(())
}

/// Beside the machine code, because that is mapped into memory as it is.
fn checksum_file(artefact: &Path) -> PathBuf {
    artefact.with_extension("crc32")
}

fn checksum(code: &[u8]) -> String {
    format!("{:08x}\n", crc32fast::hash(code))
}

/// The compiler uses every core, so processor time may pass faster than the wall clock.
fn processor_seconds(timeout: Duration) -> u64 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
    timeout.as_secs().max(1) * cores
}

/// Changes with wasmtime's version and with every setting that compiled code depends on.
fn settings_hash(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// A crash of the machine, or a bad disk, may leave a file with holes.
fn check_artefact(artefact: &Path) -> wasmtime::Result<()> {
    let written = fs::read_to_string(checksum_file(artefact)).unwrap_or_default();
    if checksum(&fs::read(artefact)?) == written {
        Ok(())
    } else {
        Err(wasmtime::Error::msg("the file is not what was written"))
    }
}

#[expect(unsafe_code, reason = "wasmtime cannot check that machine code is its own")]
fn load_artefact(engine: &Engine, artefact: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file lies in the host's own data folder (mode 0700), was written there by our worker and is still the same;
    // wasmtime checks that it was made by the same version with the same settings.
    unsafe { Component::deserialize_file(engine, artefact) }
}
