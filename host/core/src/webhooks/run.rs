//! The deliverer's side: what is due, who has it, how it went.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mooring_store::{KeyBuilder, KeyRange, KeyReader, KeySpace, Order, Selection, StoreError};
use rand::Rng;

use super::rows::{
    Leased, Queued, endpoints, find_delivery, find_endpoint, lease_key, queue_key, queue_of, save_delivery,
    save_endpoint,
};
use super::{
    ATTEMPTS_KEPT, Attempt, Delivery, DeliveryState, DisabledBy, EXCERPT_BYTES_MAX, Endpoint, Health,
    WebhookError, schedule,
};
use crate::events::{self, Event};
use crate::ids::{DeliveryId, EndpointId};
use crate::layout;
use crate::leases::Gone;
use crate::time::Timestamp;
use crate::work::HostWork;

/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 500;

/// Endpoints read at a time.
const CHUNK: usize = 500;

/// How long a delivery waits whose plugin, and so whose schedule, has gone while it was being delivered.
const PAUSE_WITHOUT_SCHEDULE: Duration = Duration::from_mins(5);

/// The right to say how an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// When it is given to somebody else.
    pub until: Timestamp,
    number: u64,
}

/// A delivery to make now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Needed to say how it went.
    pub lease: Lease,
    /// What to deliver.
    pub event: Event,
}

/// What was claimed of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// As it is.
    pub endpoint: Endpoint,
    /// In the order in which they are to be made.
    pub deliveries: Vec<Claimed>,
    /// When it is worth claiming again; absent while nothing waits, or only the end of a delivery, or the operator, can
    /// change that.
    pub next: Option<Timestamp>,
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Of what.
    pub lease: Lease,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was an answer; 200 to 299 is success.
    Answered {
        /// 100 to 999.
        status: u16,
        /// How its body begins; cut at [`EXCERPT_BYTES_MAX`].
        excerpt: String,
        /// What its `Retry-After` asks for; heard with 429 and 503.
        retry_after: Option<Duration>,
    },
    /// There was none.
    Failed {
        /// For the operator; never a secret.
        error: String,
    },
    /// It was not attempted: it waits again as it did before.
    NotTried,
}

/// All endpoints, each with the time when something of it can be claimed.
pub fn outlook(work: &mut HostWork) -> Result<Vec<(EndpointId, Option<Timestamp>)>, StoreError> {
    let mut all = Vec::new();
    loop {
        let offset = all.len() as u64;
        let page = endpoints().page(
            &mut work.transaction,
            Selection::All,
            offset,
            CHUNK,
            Order::Ascending,
        )?;
        let is_last = page.items.len() < CHUNK;
        for endpoint in page.items {
            let next = next_claim(work, &endpoint)?;
            all.push((endpoint.id, next));
        }
        if is_last {
            return Ok(all);
        }
    }
}

/// Takes what is due of an endpoint, for so long: as many deliveries as its health allows, of at most `claimed_max` that
/// are claimed at a time, of which `claimed` are already.
pub fn claim(
    work: &mut HostWork,
    id: &EndpointId,
    claimed: usize,
    claimed_max: usize,
    lease: Duration,
) -> Result<Claims, WebhookError> {
    let endpoint = find_endpoint(work, id)?;
    let now = work.now();
    let mut deliveries = Vec::new();
    let free = endpoint.at_once(claimed_max).saturating_sub(claimed);
    let is_held = endpoint.probe_at.is_some_and(|probe_at| probe_at > now);
    if free > 0 && !is_held {
        let until = now.after(lease);
        for (key, queued) in due(work, &endpoint, free)? {
            let event = events::get_any(work, endpoint.tenant.id, &queued.event)?;
            deliveries.push(Claimed {
                lease: take(work, &endpoint, &key, queued, until)?,
                event,
            });
        }
    }
    let is_full = deliveries.len() >= free;
    let next = if is_full && !(is_held && free > 0) {
        None
    } else {
        next_claim(work, &endpoint)?
    };
    Ok(Claims {
        endpoint,
        deliveries,
        next,
    })
}

/// Writes down how attempts went. `schedule_of` gives the pauses of an endpoint in seconds, or nothing while its plugin is
/// not loaded. A lease that was lost is passed over: whoever has the delivery now says how it went. Gives the endpoints
/// concerned.
pub fn record(
    work: &mut HostWork,
    finished: &[Finished],
    schedule_of: &dyn Fn(&Endpoint) -> Option<Vec<u32>>,
) -> Result<BTreeSet<EndpointId>, WebhookError> {
    let mut before: BTreeMap<EndpointId, Endpoint> = BTreeMap::new();
    let mut now_are: BTreeMap<EndpointId, Endpoint> = BTreeMap::new();
    for one in finished {
        let Some(leased) = give_up(work, &one.lease)? else {
            continue;
        };
        if !now_are.contains_key(&leased.endpoint) {
            let endpoint = find_endpoint(work, &leased.endpoint)?;
            before.insert(endpoint.id.clone(), endpoint.clone());
            now_are.insert(endpoint.id.clone(), endpoint);
        }
        let endpoint = now_are.get_mut(&leased.endpoint).expect("it was put there");
        if one.outcome == Outcome::NotTried {
            requeue(work, &leased)?;
        } else {
            settle(work, endpoint, one, schedule_of)?;
        }
    }
    for (id, endpoint) in &mut now_are {
        save_endpoint(work, before.get(id), endpoint)?;
    }
    Ok(now_are.into_keys().collect())
}

/// Takes deliveries away from deliverers that are gone; they wait as before, and may be made a second time. Gives
/// the endpoints of those that were found; `limit` of them means that there may be more.
pub fn take_back(work: &mut HostWork, gone: Gone, limit: usize) -> Result<Vec<EndpointId>, WebhookError> {
    let until = gone.until(work.now());
    let range = KeyRange::new(
        vec![layout::DELIVERIES_LEASED],
        KeyBuilder::new(layout::DELIVERIES_LEASED)
            .number(until.millis().saturating_add(1))
            .build(),
    );
    let mut taken = Vec::new();
    for (key, value) in work.transaction.scan(range, Order::Ascending, limit)? {
        let leased: Leased = layout::from_json(&key, &value)?;
        work.transaction.delete(key)?;
        requeue(work, &leased)?;
        taken.push(leased.endpoint);
    }
    Ok(taken)
}

/// Applies one attempt to its delivery and its endpoint.
fn settle(
    work: &mut HostWork,
    endpoint: &mut Endpoint,
    one: &Finished,
    schedule_of: &dyn Fn(&Endpoint) -> Option<Vec<u32>>,
) -> Result<(), WebhookError> {
    let now = work.now();
    // Its place in the queue was given up with the claim; the row of the lease stood for it.
    let before = find_delivery(work, &one.lease.delivery)?;
    let mut delivery = before.clone();
    let verdict = Verdict::of(&one.outcome);
    delivery.note(one, &verdict);
    match verdict {
        Verdict::Success => {
            endpoint.succeeded();
            delivery.end(DeliveryState::Delivered, now);
        }
        // A sample says nothing about how the endpoint takes what is real.
        Verdict::Gone | Verdict::Failure { .. } if delivery.test => delivery.end(DeliveryState::Dead, now),
        Verdict::Gone => {
            // The try does not count: the delivery is held, and due at once when the endpoint is enabled.
            endpoint.disable(DisabledBy::Gone, now);
            delivery.wait_until(now, endpoint.ordered);
        }
        Verdict::Failure { retry_after, .. } => {
            endpoint.failed(now);
            delivery.tries += 1;
            let pause = match schedule_of(endpoint) {
                Some(pauses) => schedule::pause(&pauses, delivery.tries, retry_after, &mut work.rng),
                None => Some(PAUSE_WITHOUT_SCHEDULE),
            };
            match pause {
                Some(pause) => delivery.wait_until(now.after(pause), endpoint.ordered),
                None => delivery.end(DeliveryState::Dead, now),
            }
        }
    }
    save_delivery(work, Some(&before), &delivery)?;
    Ok(())
}

/// What an outcome means.
enum Verdict {
    Success,
    Gone,
    Failure {
        reason: String,
        retry_after: Option<Duration>,
    },
}

impl Verdict {
    fn of(outcome: &Outcome) -> Verdict {
        match outcome {
            Outcome::Answered {
                status: 200..=299, ..
            } => Verdict::Success,
            Outcome::Answered { status: 410, .. } => Verdict::Gone,
            Outcome::Answered {
                status, retry_after, ..
            } => Verdict::Failure {
                reason: match status {
                    300..=399 => format!("answered {status}; redirects are not followed"),
                    _ => format!("answered {status}"),
                },
                retry_after: retry_after.filter(|_| matches!(status, 429 | 503)),
            },
            Outcome::Failed { error } => Verdict::Failure {
                reason: error.clone(),
                retry_after: None,
            },
            Outcome::NotTried => unreachable!("what was not tried is not judged"),
        }
    }
}

impl Delivery {
    fn note(&mut self, one: &Finished, verdict: &Verdict) {
        let (status, excerpt) = match &one.outcome {
            Outcome::Answered { status, excerpt, .. } => (Some(*status), readable(excerpt)),
            _ => (None, String::new()),
        };
        let error = match verdict {
            Verdict::Success => None,
            // A sample says nothing about the endpoint, and disables none.
            Verdict::Gone if self.test => Some(String::from("answered 410")),
            Verdict::Gone => Some(String::from("answered 410; the endpoint is disabled")),
            Verdict::Failure { reason, .. } => Some(reason.chars().take(ERROR_CHARS_MAX).collect()),
        };
        self.attempts_made += 1;
        if self.attempts.len() == ATTEMPTS_KEPT {
            self.attempts.remove(0);
        }
        self.attempts.push(Attempt {
            number: self.attempts_made,
            started_at: one.started_at,
            duration_ms: u64::try_from(one.duration.as_millis()).unwrap_or(u64::MAX),
            status,
            error,
            excerpt,
        });
    }
}

/// Text that is safe to keep and to show, within its limit.
fn readable(excerpt: &str) -> String {
    let mut kept = String::new();
    for char in excerpt.chars() {
        let char = if char.is_control() && char != '\n' {
            ' '
        } else {
            char
        };
        if kept.len() + char.len_utf8() > EXCERPT_BYTES_MAX {
            break;
        }
        kept.push(char);
    }
    kept
}

/// When something of the endpoint can be claimed, if nothing of it is on its way.
fn next_claim(work: &mut HostWork, endpoint: &Endpoint) -> Result<Option<Timestamp>, StoreError> {
    if endpoint.health == Health::Disabled {
        return Ok(None);
    }
    let first = work
        .transaction
        .scan(queue_of(&endpoint.id), Order::Ascending, 1)?;
    let Some((key, value)) = first.first() else {
        return Ok(None);
    };
    let queued: Queued = layout::from_json(key, value)?;
    Ok(Some(endpoint.probe_at.unwrap_or_default().max(queued.at)))
}

/// At most `limit` deliveries of an endpoint whose time has come, with the keys of their places.
fn due(work: &mut HostWork, endpoint: &Endpoint, limit: usize) -> Result<Vec<(Vec<u8>, Queued)>, StoreError> {
    let now = work.now();
    let rows = work
        .transaction
        .scan(queue_of(&endpoint.id), Order::Ascending, limit)?;
    let mut due = Vec::with_capacity(rows.len());
    for (key, value) in rows {
        let queued: Queued = layout::from_json(&key, &value)?;
        if queued.at > now {
            // Without an order all behind it are later still; with one, all behind it wait for it.
            break;
        }
        due.push((key, queued));
    }
    Ok(due)
}

/// Puts a lease in the place of a row of the queue.
fn take(
    work: &mut HostWork,
    endpoint: &Endpoint,
    key: &[u8],
    queued: Queued,
    until: Timestamp,
) -> Result<Lease, StoreError> {
    let mut reader = KeyReader::new(key);
    let place = (reader.byte(), reader.string(), reader.number(), reader.number());
    let (Some(_), Some(_), Some(queue), Some(ordinal)) = place else {
        return Err(StoreError::Corrupt {
            key: key.to_vec(),
            reason: String::from("not a place among what waits"),
        });
    };
    let lease = Lease {
        delivery: queued.delivery.clone(),
        until,
        number: work.rng.next_u64(),
    };
    let leased = Leased {
        number: lease.number,
        endpoint: endpoint.id.clone(),
        queue,
        ordinal,
        queued,
    };
    work.transaction.delete(key.to_vec())?;
    layout::put_json(&mut work.transaction, lease_key(until, &lease.delivery), &leased)?;
    Ok(lease)
}

/// Ends a lease, if it still is one.
fn give_up(work: &mut HostWork, lease: &Lease) -> Result<Option<Leased>, StoreError> {
    let key = lease_key(lease.until, &lease.delivery);
    let leased: Option<Leased> = layout::get_json(&mut work.transaction, &key)?;
    let leased = leased.filter(|leased| leased.number == lease.number);
    if leased.is_some() {
        work.transaction.delete(key)?;
    }
    Ok(leased)
}

/// Puts what was leased back into its place.
fn requeue(work: &mut HostWork, leased: &Leased) -> Result<(), StoreError> {
    let key = queue_key(&leased.endpoint, leased.queue, leased.ordinal);
    layout::put_json(&mut work.transaction, key, &leased.queued)
}
