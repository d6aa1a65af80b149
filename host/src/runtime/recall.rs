//! Requests that were made before: their replies, from the transaction of their effects.
//!
//! Each run of a request that its caller has named looks first whether that name was used. What it finds, or does not find, is
//! read in the run's own transaction: of two that are made at the same time one commits, and the other is run again and finds
//! its reply.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use mooring_core::idempotency::{self, IdempotencyError, Kept, KeptReply, Known};

use super::call::Finished;
use crate::bindings::Desk;
use crate::exchange::{Cause, Exchange, Reply, Usage};

/// Tells that nothing was done again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What the request came to earlier. Nothing if it is to be done now; the desk then goes on in the transaction that was
/// asked.
pub(super) fn recall(desk: &mut Desk, exchange: &Exchange) -> Result<Option<Finished>, IdempotencyError> {
    let Some(claim) = &exchange.claim else {
        return Ok(None);
    };
    let mut work = desk.begin_work();
    let known = idempotency::find(&mut work, &desk.office.secrets, claim)?;
    let rests_on = Some(work.snapshot());
    let finished = |reply, resume_after| Finished {
        reply,
        usage: Usage::default(),
        rests_on,
        committed: None,
        resume_after,
    };
    Ok(match known {
        Known::Nothing => {
            desk.resume_work(work);
            None
        }
        Known::Other => Some(finished(Err(Cause::IdempotencyKeyReused), None)),
        Known::Same(Kept::Reply(kept)) => Some(finished(Ok(replayed(kept)), None)),
        // This is the run for whose answer the first one waited.
        Known::Same(Kept::Waits(_)) if exchange.resumed.is_some() => {
            desk.resume_work(work);
            None
        }
        Known::Same(Kept::Waits(job)) => Some(finished(Ok(nothing_yet()), Some(job))),
    })
}

/// As it is kept.
pub(super) fn to_keep(reply: &Reply) -> Kept {
    let headers = reply.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    Kept::Reply(KeptReply {
        status: reply.status,
        headers: headers.collect(),
        body: reply.body.to_vec(),
    })
}

fn replayed(kept: KeptReply) -> Reply {
    let headers = kept.headers.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    });
    Reply {
        status: kept.status,
        headers: headers
            .chain([(REPLAYED, HeaderValue::from_static("true"))])
            .collect(),
        body: Bytes::from(kept.body),
        usage: Usage::default(),
    }
}

/// Stands in until the job has ended and the handler has answered.
fn nothing_yet() -> Reply {
    Reply {
        status: 200,
        headers: Vec::new(),
        body: Bytes::new(),
        usage: Usage::default(),
    }
}
