//! Rebuilding the database as a disk might hold it after a loss of power.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::trace::{Record, Trace};
use crate::workload;

const PAGE_BYTES: usize = 4096;

/// One life of the database's process.
pub(crate) struct Phase {
    pub(crate) name: String,
    /// The database file before it began.
    pub(crate) before: Vec<u8>,
    /// The engine's other files as they were right after opening. The engine changes and syncs them while it opens only.
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    pub(crate) trace: Trace,
}

/// What a check of an image found.
pub(crate) struct Outcome {
    /// The record before which the power failed.
    pub(crate) record: usize,
    /// How many acknowledged transactions were checked, or what was wrong.
    pub(crate) result: Result<u64, String>,
}

/// Whether syncs count. Ignoring them is for testing the test.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Barriers {
    Honoured,
    Ignored,
}

/// The SplitMix64 generator: small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, which is not zero.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Lets the power fail at `points` random moments of a phase, and checks what is left.
pub(crate) fn crash(phase: &Phase, points: u64, barriers: Barriers, random: &mut Random) -> Vec<Outcome> {
    let records = &phase.trace.records;
    let opened = phase.trace.opened_at();
    let mut moments: Vec<usize> = (0..points)
        .map(|_| opened + 1 + random.below((records.len() - opened) as u64) as usize)
        .collect();
    moments.sort_unstable();
    let mut disk = Disk {
        synced: phase.before.clone(),
        synced_until: 0,
    };
    let check = |record| {
        let synced_until = match barriers {
            Barriers::Honoured => last_sync(&records[..record]),
            Barriers::Ignored => last_sync(&records[..opened]),
        };
        disk.advance(records, synced_until);
        let image = disk.after_crash(&records[..record], random);
        Outcome {
            record,
            result: check(phase, record, &image),
        }
    };
    moments.into_iter().map(check).collect()
}

/// The files of a folder, by name.
pub(crate) fn read_files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(dir).expect("a folder of copies");
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("a readable folder").path();
        (
            PathBuf::from(path.file_name().expect("a file's name")),
            fs::read(&path).expect("a readable file"),
        )
    };
    entries.map(read).collect()
}

/// Where the last completed sync began: everything before that is on the disk.
fn last_sync(records: &[Record]) -> usize {
    let ended = records.iter().rev().find_map(|record| match record {
        Record::SyncEnded(number) => Some(*number),
        _ => None,
    });
    let begun = |number| {
        records
            .iter()
            .rposition(|record| matches!(record, Record::SyncBegun(n) if *n == number))
    };
    ended.and_then(begun).unwrap_or(0)
}

/// What is certainly on the disk.
struct Disk {
    synced: Vec<u8>,
    /// The record up to which `synced` is complete.
    synced_until: usize,
}

impl Disk {
    fn advance(&mut self, records: &[Record], until: usize) {
        // A later moment can have an earlier last sync only if two overlap; what is on the disk stays there.
        for record in records.get(self.synced_until..until).unwrap_or_default() {
            match record {
                Record::Write { offset, bytes } => write_at(&mut self.synced, *offset as usize, bytes),
                Record::Truncated(length) => self.synced.truncate(*length as usize),
                _ => {}
            }
        }
        self.synced_until = self.synced_until.max(until);
    }

    /// A possible content of the file when the power fails behind the last of `records`.
    fn after_crash(&self, records: &[Record], random: &mut Random) -> Vec<u8> {
        let mut image = self.synced.clone();
        let mut pages: BTreeMap<usize, Vec<(usize, &[u8])>> = BTreeMap::new();
        for record in &records[self.synced_until.min(records.len())..] {
            match record {
                Record::Write { offset, bytes } => {
                    let (mut offset, mut rest) = (*offset as usize, &bytes[..]);
                    while !rest.is_empty() {
                        let (part, next) = rest.split_at(rest.len().min(PAGE_BYTES - offset % PAGE_BYTES));
                        pages.entry(offset / PAGE_BYTES).or_default().push((offset, part));
                        offset += part.len();
                        rest = next;
                    }
                }
                // The engine syncs right behind; by then the file system has forgotten the tail.
                Record::Truncated(length) => {
                    image.truncate(*length as usize);
                    pages.retain(|page, _| page * PAGE_BYTES < *length as usize);
                }
                _ => {}
            }
        }
        // Sometimes nearly all pages made it, sometimes hardly any: both ends find other mistakes than the middle.
        let lean = random.below(3);
        for writes in pages.into_values() {
            let any = random.below(writes.len() as u64 + 1) as usize;
            let survived = match lean {
                0 if random.below(8) > 0 => writes.len(),
                1 if random.below(8) > 0 => 0,
                _ => any,
            };
            for (offset, part) in &writes[..survived] {
                write_at(&mut image, *offset, part);
            }
        }
        image
    }
}

fn check(phase: &Phase, record: usize, image: &[u8]) -> Result<u64, String> {
    // In memory where that exists: images are large, and what the disk does with them is not the question.
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() {
        memory
    } else {
        Path::new(env!("CARGO_TARGET_TMPDIR"))
    };
    let dir = tempfile::tempdir_in(parent).expect("a temporary directory");
    let engine = dir.path().join("engine");
    fs::create_dir_all(engine.join("blobs")).expect("a writable directory");
    fs::write(engine.join("db"), image).expect("a writable directory");
    for (name, bytes) in &phase.files {
        let folder = if name.as_os_str() == "SENTINEL" {
            dir.path()
        } else {
            &engine
        };
        fs::write(folder.join(name), bytes).expect("a writable directory");
    }
    // The newest sentinel is the strictest: it must not lead.
    let sentinel = phase.trace.records[..record]
        .iter()
        .rev()
        .find_map(|record| match record {
            Record::Sentinel(bytes) => Some(bytes),
            _ => None,
        });
    if let Some(bytes) = sentinel {
        fs::write(dir.path().join("SENTINEL"), bytes).expect("a writable directory");
    }
    workload::verify(dir.path(), &phase.trace.acknowledged(record))
}

fn write_at(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}
