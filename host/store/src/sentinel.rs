//! The sentinel: a small file beside the engine's files that remembers what the database is and how far it had come.
//!
//! An engine that lost its files, or was restored in part, may open as if nothing had ever been written. The sentinel is
//! how that is noticed. It is replaced as a whole (write beside, sync, rename, sync the directory), at most once a second
//! and on closing, and always after the barrier: it may lag behind the database, but it never leads.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::limits::SENTINEL_INTERVAL;
use crate::meta::Format;
use crate::store::Sequence;

const NAME: &str = "SENTINEL";

/// What the file holds, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sentinel {
    /// As in the database.
    pub(crate) database: Format,
    /// A commit that had been made durable.
    pub(crate) durable: u64,
    /// First half of the SHA-256 of the fields above, so that a changed digit is noticed.
    check: String,
}

/// Why a sentinel could not be read.
pub(crate) enum Unreadable {
    Io(io::Error),
    Damaged(String),
}

impl Sentinel {
    pub(crate) fn new(format: Format, durable: Sequence) -> Sentinel {
        let check = check(&format, durable.0);
        Sentinel {
            database: format,
            durable: durable.0,
            check,
        }
    }

    /// Reads the file of a directory, if there is one.
    pub(crate) fn read(dir: &Path) -> Result<Option<Sentinel>, Unreadable> {
        let bytes = match fs::read(path(dir)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Unreadable::Io(error)),
        };
        let sentinel: Sentinel = serde_json::from_slice(&bytes)
            .map_err(|error| Unreadable::Damaged(format!("its {NAME} file cannot be read: {error}")))?;
        if sentinel.check != check(&sentinel.database, sentinel.durable) {
            return Err(Unreadable::Damaged(format!("its {NAME} file has been changed")));
        }
        Ok(Some(sentinel))
    }

    fn write(&self, dir: &Path) -> io::Result<()> {
        let beside = dir.join(format!("{NAME}.new"));
        let mut file = File::create(&beside)?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&beside, path(dir))?;
        File::open(dir)?.sync_all()
    }
}

/// The file, as the syncer keeps it.
#[derive(Debug)]
pub(crate) struct SentinelFile {
    dir: PathBuf,
    format: Format,
    written: Sequence,
    written_at: Instant,
}

impl SentinelFile {
    /// Writes the file for the first time since the opening.
    pub(crate) fn begin(dir: &Path, format: Format, durable: Sequence) -> io::Result<SentinelFile> {
        Sentinel::new(format.clone(), durable).write(dir)?;
        Ok(SentinelFile {
            dir: dir.to_path_buf(),
            format,
            written: durable,
            written_at: Instant::now(),
        })
    }

    /// Whether the file is behind.
    pub(crate) fn lags(&self, durable: Sequence) -> bool {
        self.written < durable
    }

    /// Writes the file if it is behind and the last time is long enough ago.
    pub(crate) fn follow(&mut self, durable: Sequence) -> Result<(), StoreError> {
        if self.written_at.elapsed() >= SENTINEL_INTERVAL {
            self.write(durable)
        } else {
            Ok(())
        }
    }

    /// Writes the file if it is behind.
    pub(crate) fn write(&mut self, durable: Sequence) -> Result<(), StoreError> {
        if !self.lags(durable) {
            return Ok(());
        }
        let sentinel = Sentinel::new(self.format.clone(), durable);
        sentinel.write(&self.dir).map_err(|error| StoreError::Engine {
            reason: format!("could not write {NAME}: {error}"),
        })?;
        self.written = durable;
        self.written_at = Instant::now();
        Ok(())
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

fn check(format: &Format, durable: u64) -> String {
    use std::fmt::Write;

    let digest = Sha256::digest(format!("{} {} {durable}", format.format, format.id));
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
