//! What a child process did and was told, in order. The format is described in `shim.c`; the workload adds two records.

use std::collections::BTreeMap;

/// Added by the workload: a thread was told that its transactions up to this one are durable.
pub(crate) const ACK: u8 = b'A';
/// Added by the workload: the database has been opened, and its small files have been copied.
pub(crate) const OPENED: u8 = b'O';

const HEAD_BYTES: usize = 17;

#[derive(Clone, Debug)]
pub(crate) enum Record {
    Write { offset: u64, bytes: Vec<u8> },
    SyncBegun(u64),
    SyncEnded(u64),
    Truncated(u64),
    Sentinel(Vec<u8>),
    Ack { thread: u32, number: u32 },
    Opened,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) records: Vec<Record>,
    /// Acknowledged before the first record.
    earlier: BTreeMap<u32, u32>,
}

/// One record of the workload, ready to be written in one go.
pub(crate) fn record(kind: u8, argument: u64) -> [u8; HEAD_BYTES] {
    let mut bytes = [0; HEAD_BYTES];
    bytes[0] = kind;
    bytes[1..9].copy_from_slice(&argument.to_le_bytes());
    bytes
}

pub(crate) fn ack(thread: u32, number: u32) -> [u8; HEAD_BYTES] {
    record(ACK, u64::from(thread) << 32 | u64::from(number))
}

impl Trace {
    /// Reads records up to the first incomplete one.
    pub(crate) fn parse(mut bytes: &[u8]) -> Trace {
        let mut records = Vec::new();
        while let Some((head, rest)) = bytes.split_first_chunk::<HEAD_BYTES>() {
            let argument = u64::from_le_bytes(head[1..9].try_into().expect("eight bytes"));
            let length = u64::from_le_bytes(head[9..].try_into().expect("eight bytes"));
            let Some((payload, rest)) = rest.split_at_checked(length as usize) else {
                break;
            };
            bytes = rest;
            records.push(match head[0] {
                b'W' => Record::Write {
                    offset: argument,
                    bytes: payload.to_vec(),
                },
                b'S' => Record::SyncBegun(argument),
                b'E' => Record::SyncEnded(argument),
                b'T' => Record::Truncated(argument),
                b'R' => Record::Sentinel(payload.to_vec()),
                ACK => Record::Ack {
                    thread: (argument >> 32) as u32,
                    number: argument as u32,
                },
                OPENED => Record::Opened,
                kind => panic!(
                    "a record of kind {kind:?}; the workload said: {}",
                    String::from_utf8_lossy(bytes)
                ),
            });
        }
        Trace {
            records,
            earlier: BTreeMap::new(),
        }
    }

    /// Takes over what an earlier trace acknowledged.
    pub(crate) fn remember(&mut self, before: Option<&Trace>) {
        if let Some(before) = before {
            self.earlier = before.acknowledged(usize::MAX);
        }
    }

    pub(crate) fn extend(&mut self, later: Trace) {
        self.records.extend(later.records);
    }

    pub(crate) fn acks(&self) -> usize {
        self.records
            .iter()
            .filter(|record| matches!(record, Record::Ack { .. }))
            .count()
    }

    /// The last acknowledged transaction of each thread, as of a record.
    pub(crate) fn acknowledged(&self, until: usize) -> BTreeMap<u32, u32> {
        let mut last = self.earlier.clone();
        for record in self.records.iter().take(until) {
            if let Record::Ack { thread, number } = record {
                last.insert(*thread, *number);
            }
        }
        last
    }

    /// The most log that was ever written without a completed sync that began behind it, in bytes. Counted while the
    /// database is open: opening overwrites free segments, which is no log.
    pub(crate) fn unsynced_bytes_max(&self) -> u64 {
        let (mut written, mut max) = (0, 0);
        let (mut synced, mut begun) = (0, BTreeMap::new());
        for record in &self.records[self.opened_at()..] {
            match record {
                Record::Write { bytes, .. } => written += bytes.len() as u64,
                Record::SyncBegun(number) => {
                    begun.insert(*number, written);
                }
                Record::SyncEnded(number) => synced = synced.max(begun[number]),
                _ => {}
            }
            max = max.max(written - synced);
        }
        max
    }

    /// The first moment at which the database was open.
    pub(crate) fn opened_at(&self) -> usize {
        self.records
            .iter()
            .position(|record| matches!(record, Record::Opened))
            .expect("the workload opened it")
    }
}
