//! Opening a directory: who else has it, what it claims to be, and whether that is what is inside.
//!
//! ```text
//! DIR/LOCK      held while the store is open
//! DIR/SENTINEL  what the database is and how far it had come
//! DIR/engine/   the engine's files
//! ```

#[cfg(test)]
mod tests;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::sled::{Refusal, SledEngine};
use crate::engine::{Engine, Value, Write};
use crate::error::{OpenError, StoreError};
use crate::keys::{KeyRange, Order};
use crate::meta::{self, FORMAT, FORMAT_OLDEST, Format};
use crate::sentinel::{Sentinel, SentinelFile, Unreadable};
use crate::store::Sequence;

/// How to open a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Memory for the engine's cache of pages, in bytes. Beyond it the operating system's cache serves.
    pub cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        // What a busy hour touches. With less, the engine reads, parses and drops pages all the time: a quarter of the host's
        // work was that at 16 MiB.
        Options {
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// An engine that has passed all checks.
pub(crate) struct Opened {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) sequence: Sequence,
    pub(crate) sentinel: SentinelFile,
}

pub(crate) fn open(dir: &Path, options: &Options) -> Result<Opened, OpenError> {
    let checks = Checks { dir };
    if !dir.is_dir() {
        fs::create_dir_all(dir).map_err(|source| failed("create", dir, source))?;
        if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync_dir(parent)?;
        }
    }
    let lock = lock(dir)?;
    let sentinel = checks.sentinel()?;
    let engine_dir = dir.join("engine");
    if let Some(sentinel) = &sentinel
        && !SledEngine::has_data(&engine_dir)
    {
        return Err(checks.emptied(sentinel));
    }
    let engine = SledEngine::open(&engine_dir, options.cache_bytes, lock)
        .map_err(|refusal| checks.refused(refusal))?;
    sync_dir(&engine_dir)?;
    sync_dir(dir)?;

    let stored = checks.stored_format(&engine)?;
    let (format, sequence) = match (stored, sentinel) {
        (None, None) => (checks.create(&engine)?, Sequence::ZERO),
        (None, Some(sentinel)) => return Err(checks.emptied(&sentinel)),
        (Some(format), sentinel) => {
            let sequence = checks.stored_sequence(&engine)?;
            checks.compare(&format, sequence, sentinel.as_ref())?;
            (checks.bring_forward(&engine, format)?, sequence)
        }
    };
    let sentinel = SentinelFile::begin(dir, format, sequence)
        .map_err(|source| failed("write SENTINEL in", dir, source))?;
    Ok(Opened {
        engine: Box::new(engine),
        sequence,
        sentinel,
    })
}

/// The directory being opened, for the sake of the messages.
struct Checks<'d> {
    dir: &'d Path,
}

impl Checks<'_> {
    fn sentinel(&self) -> Result<Option<Sentinel>, OpenError> {
        let sentinel = Sentinel::read(self.dir).map_err(|unreadable| match unreadable {
            Unreadable::Io(source) => failed("read SENTINEL in", self.dir, source),
            Unreadable::Damaged(reason) => self.damaged(reason),
        })?;
        if let Some(sentinel) = &sentinel {
            self.check_format(sentinel.database.format)?;
        }
        Ok(sentinel)
    }

    fn stored_format(&self, engine: &SledEngine) -> Result<Option<Format>, OpenError> {
        let Some(row) = engine
            .get(&meta::format_key())
            .map_err(|error| self.unreadable(&error))?
        else {
            let any = engine.scan(&KeyRange::prefix(Vec::new()), Order::Ascending, 1);
            let any = any.map_err(|error| self.unreadable(&error))?;
            if any.is_empty() {
                return Ok(None);
            }
            return Err(self.damaged("it holds rows but not its format".into()));
        };
        let format: Format = serde_json::from_slice(&row)
            .map_err(|error| self.damaged(format!("the row of its format cannot be read: {error}")))?;
        self.check_format(format.format)?;
        Ok(Some(format))
    }

    fn stored_sequence(&self, engine: &SledEngine) -> Result<Sequence, OpenError> {
        let key = meta::sequence_key();
        let row = engine.get(&key).map_err(|error| self.unreadable(&error))?;
        let number = row.map_or(Ok(0), |row| meta::decode_number(&key, &row));
        number.map(Sequence).map_err(|error| self.unreadable(&error))
    }

    fn compare(
        &self,
        format: &Format,
        sequence: Sequence,
        sentinel: Option<&Sentinel>,
    ) -> Result<(), OpenError> {
        let mismatched = |reason: &str| OpenError::Mismatched {
            dir: self.dir.into(),
            reason: reason.into(),
        };
        match sentinel {
            // A crash between the creation of the database and that of the sentinel; nothing was committed before both.
            None if sequence == Sequence::ZERO => Ok(()),
            None => Err(mismatched(
                "its SENTINEL file is missing although the database has been written to",
            )),
            Some(sentinel) if sentinel.database.id != format.id => {
                Err(mismatched("its SENTINEL file belongs to another database"))
            }
            Some(sentinel) if sentinel.durable > sequence.0 => Err(OpenError::Older {
                dir: self.dir.into(),
                found: sequence.0,
                expected: sentinel.durable,
            }),
            Some(_) => Ok(()),
        }
    }

    fn create(&self, engine: &SledEngine) -> Result<Format, OpenError> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)
            .map_err(|error| failed("draw an id for", self.dir, io::Error::other(error.to_string())))?;
        let format = Format {
            format: FORMAT,
            id: format!("{:032x}", u128::from_be_bytes(random)),
        };
        self.write_format(engine, &format)?;
        Ok(format)
    }

    /// From here on older releases refuse the database.
    fn bring_forward(&self, engine: &SledEngine, found: Format) -> Result<Format, OpenError> {
        if found.format == FORMAT {
            return Ok(found);
        }
        let format = Format {
            format: FORMAT,
            ..found
        };
        self.write_format(engine, &format)?;
        Ok(format)
    }

    fn write_format(&self, engine: &SledEngine, format: &Format) -> Result<(), OpenError> {
        let row = serde_json::to_vec(format).expect("a struct of a number and a string is always JSON");
        let writes: [Write; 1] = [(meta::format_key(), Some(Value::from(row)))];
        let written = engine.apply(&writes).and_then(|()| engine.sync());
        written.map_err(|error| self.unreadable(&error))
    }

    fn check_format(&self, found: u32) -> Result<(), OpenError> {
        match found {
            FORMAT_OLDEST..=FORMAT => Ok(()),
            0 => Err(self.damaged("it claims to have format 0".into())),
            1..FORMAT_OLDEST => Err(OpenError::UnreleasedFormat {
                dir: self.dir.into(),
                found,
            }),
            _ => Err(OpenError::NewerFormat {
                dir: self.dir.into(),
                found,
                supported: FORMAT,
            }),
        }
    }

    fn refused(&self, refusal: Refusal) -> OpenError {
        match refusal {
            Refusal::Locked => OpenError::Locked { dir: self.dir.into() },
            Refusal::Damaged(reason) => self.damaged(reason),
            Refusal::Io(source) => failed("open the database in", self.dir, source),
        }
    }

    fn emptied(&self, sentinel: &Sentinel) -> OpenError {
        OpenError::Emptied {
            dir: self.dir.into(),
            expected: sentinel.durable,
        }
    }

    fn unreadable(&self, error: &StoreError) -> OpenError {
        self.damaged(error.to_string())
    }

    fn damaged(&self, reason: String) -> OpenError {
        OpenError::Damaged {
            dir: self.dir.into(),
            reason,
        }
    }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("LOCK");
    let file = File::create(&path).map_err(|source| failed("create", &path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.into() }),
        Err(TryLockError::Error(source)) => Err(failed("lock", &path, source)),
    }
}

fn sync_dir(dir: &Path) -> Result<(), OpenError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| failed("sync", dir, source))
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> OpenError {
    OpenError::Io {
        action,
        path: PathBuf::from(path),
        source,
    }
}
