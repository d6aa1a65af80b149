//! Making what sled wrote last.

use std::fs::{self, File};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::failed;
use super::rows::INLINE_BYTES_MAX;
use crate::error::StoreError;

/// What may be un-synced in sled's log: a quarter of a segment. Measured: above one segment a crash loses data, and up to
/// 3.6 MB nothing was ever lost.
const LOG_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Bounds of what the store is asked to apply between two barriers.
const GROUP_BYTES_MIN: usize = 64 * 1024;
const GROUP_BYTES_MAX: usize = 512 * 1024;

/// Less than this says little about how much log a byte costs: a barrier may begin in the middle of a batch.
const TELLING_BYTES_MIN: usize = 16 * INLINE_BYTES_MAX;

/// A second handle of sled's file, and the arithmetic of how much may be written before it is used.
#[derive(Debug)]
pub(super) struct Barrier {
    file: File,
    /// Bytes applied since the last barrier began.
    written: AtomicUsize,
    /// What barriers have seen that is not yet enough to tell anything.
    seen: Mutex<Seen>,
    /// Bytes of log per byte applied, in hundredths, as seen lately. sled rewrites whole leaves now and then, so this is
    /// well above one.
    amplification: AtomicUsize,
}

/// What was applied, and the log that came of it, in bytes.
#[derive(Debug, Default)]
struct Seen {
    written: usize,
    logged: usize,
}

impl Barrier {
    pub(super) fn open(dir: &Path) -> io::Result<Barrier> {
        let file = File::open(database_file(dir))?;
        Ok(Barrier {
            file,
            written: AtomicUsize::new(0),
            seen: Mutex::default(),
            amplification: AtomicUsize::new(400),
        })
    }

    /// Called when these bytes have been applied.
    pub(super) fn note_written(&self, bytes: usize) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns when everything written so far is on the disk. Others may write meanwhile.
    pub(super) fn sync(&self, tree: &::sled::Db) -> Result<(), StoreError> {
        let written = self.written.swap(0, Ordering::Relaxed);
        let logged = tree.flush().map_err(failed)?;
        self.file.sync_data().map_err(|error| StoreError::Engine {
            reason: format!("fdatasync failed: {error}"),
        })?;
        self.learn(written, logged);
        Ok(())
    }

    fn learn(&self, written: usize, logged: usize) {
        let mut seen = self.seen.lock();
        seen.written += written;
        seen.logged += logged;
        if seen.written < TELLING_BYTES_MIN {
            return;
        }
        let Seen { written, logged } = mem::take(&mut *seen);
        let now = logged.saturating_mul(100) / written;
        let before = self.amplification.load(Ordering::Relaxed);
        // Up at once, down slowly.
        let amplification = now.max((before * 15 + now) / 16).max(100);
        self.amplification.store(amplification, Ordering::Relaxed);
    }

    pub(super) fn unsynced_bytes_max(&self) -> usize {
        let amplification = self.amplification.load(Ordering::Relaxed);
        (LOG_BYTES_MAX * 100 / amplification).clamp(GROUP_BYTES_MIN, GROUP_BYTES_MAX)
    }
}

/// Before sled looks at its file: a process that was killed may have left pages which the system has, but the disk does
/// not. Were sled to build on them and the power to fail then, it would have built on nothing.
pub(super) fn settle_before_open(dir: &Path) -> io::Result<()> {
    match File::open(database_file(dir)) {
        Ok(file) => file.sync_data(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// sled does not sync its parameters when it creates them.
pub(super) fn settle_after_open(dir: &Path) -> io::Result<()> {
    for name in ["conf", "db"] {
        File::open(dir.join(name))?.sync_all()?;
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}

pub(super) fn database_file(dir: &Path) -> PathBuf {
    dir.join("db")
}
