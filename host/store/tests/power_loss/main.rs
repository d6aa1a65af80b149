//! Loss of power and of the process, at the boundary of the store, so that any engine on disk has to pass it.
//!
//! A child process runs a workload on a real database while a shim writes down every write and sync of the database file
//! (`shim.c`), together with what the workload was told is durable. Afterwards the file is rebuilt as a disk might hold it
//! after a loss of power at random moments: everything written before the last *completed* sync began, and of every 4 KiB
//! page written later any state between then and the crash, each page by itself. That is the weakest thing POSIX allows.
//! Each image is opened and checked against what had been acknowledged.
//!
//! `MOORING_CRASH_POINTS` sets the number of images, `MOORING_CRASH_SEED` the seed of their choice; a failure prints both.
//! The trace itself comes from racing threads and differs from run to run.

#![allow(clippy::unwrap_used, reason = "a failure to unwrap is a failure of the test")]

mod image;
mod trace;
mod workload;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use image::{Barriers, Random};
use trace::Trace;

/// Images by default: enough to catch a barrier forgotten in one place, few enough for every run of CI.
const CRASH_POINTS: u64 = 120;

/// Up to this much un-synced log nothing was ever lost with segments of this size; see `LAYOUT.md`.
const UNSYNCED_BYTES_MAX: u64 = 3_600_000;

/// How often the workload closes and reopens the database.
const PHASES: u32 = 3;

/// Acknowledgements after which the child is killed.
const ACKS_BEFORE_KILL: usize = 100;

#[test]
fn nothing_acknowledged_is_lost_when_the_power_fails() {
    let seed = from_environment("MOORING_CRASH_SEED", 1);
    let points = from_environment("MOORING_CRASH_POINTS", CRASH_POINTS);
    let phases = traced_phases();
    let mut random = Random::new(seed);
    let mut acknowledged = 0;
    for phase in &phases {
        let unsynced = phase.trace.unsynced_bytes_max();
        assert!(
            unsynced <= UNSYNCED_BYTES_MAX,
            "{}: {unsynced} bytes of log were un-synced at once",
            phase.name
        );
        let share = points.div_ceil(u64::from(PHASES));
        let outcomes = image::crash(phase, share, Barriers::Honoured, &mut random);
        assert_eq!(outcomes.len() as u64, share);
        for outcome in outcomes {
            match outcome.result {
                Ok(found) => acknowledged += found,
                Err(reason) => {
                    panic!(
                        "seed {seed}, points {points}, {} at record {}: {reason}",
                        phase.name, outcome.record
                    )
                }
            }
        }
    }
    assert!(
        acknowledged > 0,
        "no image held anything that had been acknowledged: the test tests nothing"
    );
}

/// The same images, built as if no sync had ever been asked for: if that goes unnoticed, the test above proves nothing.
#[test]
fn the_harness_notices_missing_barriers() {
    let phases = traced_phases();
    let mut random = Random::new(2);
    let outcomes = image::crash(&phases[0], 10, Barriers::Ignored, &mut random);
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    assert!(
        failed > 0,
        "ten images without barriers, and nothing was found missing"
    );
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut acknowledged = Trace::default();
    for phase in 0..PHASES {
        let mut child = spawn(dir.path(), phase, Path::new("/dev/stderr"), None);
        let mut acks = child.stderr.take().expect("stderr is a pipe");
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while Trace::parse(&bytes).acks() < ACKS_BEFORE_KILL {
            let read = acks.read(&mut buffer).expect("a pipe can be read");
            assert_ne!(
                read,
                0,
                "the workload ended by itself: {}",
                String::from_utf8_lossy(&bytes)
            );
            bytes.extend_from_slice(&buffer[..read]);
        }
        child.kill().expect("our own child");
        // What it could still say before it died counts as well.
        acks.read_to_end(&mut bytes).expect("a pipe can be read");
        child.wait().expect("our own child");
        acknowledged.extend(Trace::parse(&bytes));
        workload::verify(&dir.path().join("store"), &acknowledged.acknowledged(usize::MAX)).unwrap();
    }
}

/// Not a test by itself: what the child processes of the others run.
#[test]
fn workload_of_the_child() {
    if let Some(arguments) = workload::Arguments::from_environment() {
        workload::run(&arguments);
    }
}

/// Runs the workload in several processes one after the other, each under the shim.
fn traced_phases() -> Vec<image::Phase> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory");
    let shim = compile_shim(dir.path());
    let mut phases: Vec<image::Phase> = Vec::new();
    for number in 0..PHASES {
        let before = std::fs::read(dir.path().join("store/engine/db")).unwrap_or_default();
        let trace = dir.path().join(format!("trace-{number}"));
        let status = spawn(dir.path(), number, &trace, Some(&shim))
            .wait()
            .expect("our own child");
        assert!(status.success(), "the workload failed: {status}");
        let mut records = Trace::parse(&std::fs::read(&trace).expect("the shim wrote a trace"));
        records.remember(phases.last().map(|phase| &phase.trace));
        let files = image::read_files(&workload::opened_files(dir.path(), number));
        phases.push(image::Phase {
            name: format!("phase {number}"),
            before,
            files,
            trace: records,
        });
    }
    phases
}

fn spawn(dir: &Path, phase: u32, acks: &Path, shim: Option<&Path>) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", "workload_of_the_child", "--nocapture"])
        .stdout(Stdio::null());
    workload::Arguments {
        dir: dir.into(),
        phase,
        acks: acks.into(),
        forever: shim.is_none(),
    }
    .put_in_environment(&mut command);
    match shim {
        Some(shim) => command.env("LD_PRELOAD", shim).env("MOORING_TRACE", acks),
        None => command.stderr(Stdio::piped()),
    };
    command.spawn().expect("this test can be run")
}

fn compile_shim(dir: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power_loss/shim.c");
    let shim = dir.join("shim.so");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-O1", "-Wall"])
        .arg(source)
        .arg("-o")
        .arg(&shim)
        .arg("-ldl");
    let status = compiler.status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "the power-loss test needs a C compiler called `cc` ({status:?}); without it durability is NOT tested"
    );
    shim
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}
