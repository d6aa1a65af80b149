//! What the deliverer remembers of each endpoint: when to look at it, and how much of it is on its way.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use mooring_core::ids::{DeliveryId, EndpointId};
use mooring_core::time::Timestamp;
use mooring_core::webhooks::Finished;
use tokio::sync::Semaphore;

use crate::config::WebhookLimits;

/// Endpoints claimed of in one turn.
const READY_MAX: usize = 64;

/// An attempt that took less says that the receiver is quick, and that claiming ahead of its places pays.
const QUICK: Duration = Duration::from_millis(200);

/// So many times its places are claimed of a quick endpoint, so that none is empty while a turn lasts.
const AHEAD: usize = 8;

/// One line for every endpoint.
pub(super) struct Lanes {
    by_endpoint: HashMap<EndpointId, Lane>,
    /// Lanes by the time when they are to be looked at.
    agenda: BTreeSet<(Timestamp, EndpointId)>,
    /// Whose a delivery on its way is.
    on_their_way: HashMap<DeliveryId, EndpointId>,
    /// Endpoints of which something is on its way.
    busy: HashMap<EndpointId, Busy>,
    at_once_max: usize,
    running_max: usize,
}

struct Lane {
    next: Option<Timestamp>,
    /// The places in which attempts are made.
    places: Arc<Semaphore>,
}

/// What an endpoint has on its way, and may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy {
    pub(super) claimed: usize,
    pub(super) claimed_max: usize,
}

impl Lanes {
    pub(super) fn new(limits: &WebhookLimits) -> Lanes {
        Lanes {
            by_endpoint: HashMap::new(),
            agenda: BTreeSet::new(),
            on_their_way: HashMap::new(),
            busy: HashMap::new(),
            at_once_max: limits.at_once_per_endpoint_max,
            running_max: limits.running_max,
        }
    }

    /// When to look at an endpoint again; absent while only an end or a ring can change that.
    pub(super) fn expect(&mut self, id: &EndpointId, next: Option<Timestamp>) {
        let lane = self.lane(id);
        if let Some(before) = std::mem::replace(&mut lane.next, next) {
            self.agenda.remove(&(before, id.clone()));
        }
        if let Some(next) = next {
            self.agenda.insert((next, id.clone()));
        }
    }

    /// Notes a claimed delivery, and gives the places of its endpoint.
    pub(super) fn claim(&mut self, id: &EndpointId, delivery: &DeliveryId) -> Arc<Semaphore> {
        self.on_their_way.insert(delivery.clone(), id.clone());
        let busy = self.busy.entry(id.clone()).or_insert(Busy {
            claimed: 0,
            claimed_max: self.at_once_max,
        });
        busy.claimed += 1;
        Arc::clone(&self.lane(id).places)
    }

    /// Notes that a delivery has ended.
    pub(super) fn settle(&mut self, one: &Finished) {
        let Some(id) = self.on_their_way.remove(&one.lease.delivery) else {
            return;
        };
        if let Some(busy) = self.busy.get_mut(&id) {
            busy.claimed -= 1;
            let is_quick = one.duration < QUICK;
            busy.claimed_max = self.at_once_max * if is_quick { AHEAD } else { 1 };
            if busy.claimed == 0 {
                self.busy.remove(&id);
            }
        }
    }

    /// Endpoints of which something is on its way.
    pub(super) fn busy(&self) -> HashMap<EndpointId, Busy> {
        self.busy.clone()
    }

    /// Endpoints whose time has come, as long as there is room for more.
    pub(super) fn ready(&self, now: Timestamp) -> Vec<EndpointId> {
        if self.room() == 0 {
            return Vec::new();
        }
        let due = self.agenda.iter().take_while(|(at, _)| *at <= now);
        due.take(READY_MAX).map(|(_, id)| id.clone()).collect()
    }

    /// Deliveries that may be claimed beside those on their way.
    pub(super) fn room(&self) -> usize {
        self.running_max.saturating_sub(self.on_their_way())
    }

    pub(super) fn on_their_way(&self) -> usize {
        self.on_their_way.len()
    }

    /// Time until the next endpoint is to be looked at. Without room only the end of a delivery is worth waiting for.
    pub(super) fn pause(&self, now: Timestamp) -> Duration {
        match self.agenda.first() {
            Some((at, _)) if self.room() > 0 => {
                Duration::from_millis(at.millis().saturating_sub(now.millis()))
            }
            _ => Duration::MAX,
        }
    }

    fn lane(&mut self, id: &EndpointId) -> &mut Lane {
        let places = self.at_once_max;
        self.by_endpoint.entry(id.clone()).or_insert_with(|| Lane {
            next: None,
            places: Arc::new(Semaphore::new(places)),
        })
    }
}
