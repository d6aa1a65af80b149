//! Delivery of events: from the outbox to the receivers, at least once.
//!
//! One task takes *turns*. A turn is one unit of work: it writes down how attempts went, turns rows of the outbox into
//! deliveries, and claims what is due (`turn`). Its length is the pace of the disk: whatever happens meanwhile is for the
//! next one, so under load a turn does much and costs little. What was claimed is made at once, each attempt in a task of
//! its own (`deliver`), in one of its endpoint's places (`lanes`).
//!
//! # Guarantees
//! * What is sent is durable: a turn dispatches only what is on the disk. How it went is written after, so a crash between
//!   the two makes it once more, with the same id and the same bytes.
//! * An endpoint holds its own places and no others': one that hangs costs the rest nothing but memory for the places it
//!   has, and has one only once it has failed three times.
//! * In memory is a line for every endpoint and what is on its way, never what waits.
//! * No log line has a secret, a body, a path or a query.

mod bell;
mod deliver;
mod lanes;
pub(crate) mod sign;
mod turn;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mooring_core::ids::PluginName;
use mooring_core::seal::MasterKeys;
use mooring_core::time::Timestamp;
use mooring_core::webhooks::Finished;
use mooring_manifest::Manifest;
use mooring_store::{Sequence, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use self::bell::Bell;
use self::deliver::Courier;
use self::lanes::Lanes;
use self::turn::{Ask, Done, Turns};
use crate::chain::chain;
use crate::config::WebhookLimits;
use crate::outbound::Client;

/// Looked at anew at least this often, whether or not somebody rings.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often leases are looked over, old deliveries are purged, and all endpoints are looked at.
const TIDY_EVERY: Duration = Duration::from_secs(30);

/// After a turn that failed. What it was about is asked of the next one.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Attempts written down in one turn: with forty earlier ones each they stay within a transaction.
const FINISHED_MAX: usize = 128;

/// Gives the manifest of a plugin that is loaded.
pub type Manifests = Arc<dyn Fn(&PluginName) -> Option<Arc<Manifest>> + Send + Sync>;

/// Delivers until it is stopped.
pub struct Deliverer {
    turns: Turns,
    courier: Courier,
    bell: Bell,
    limits: WebhookLimits,
}

impl Deliverer {
    /// Nothing happens before [`Deliverer::spawn`]. The store must be nobody else's: leases of an earlier deliverer are taken
    /// for lost.
    pub fn new(
        store: Store,
        secrets: Arc<MasterKeys>,
        manifests: Manifests,
        outbound: Client,
        bell: Bell,
        limits: WebhookLimits,
    ) -> Deliverer {
        Deliverer {
            turns: Turns::new(store, secrets, manifests, limits.clone()),
            courier: Courier::new(outbound),
            bell,
            limits,
        }
    }

    /// Delivers until `stopped`, then waits for what is on its way, at most `webhooks.drain_ms`.
    pub fn spawn(self, stopped: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        tokio::spawn(self.run(stopped))
    }

    async fn run(self, stopped: impl Future<Output = ()> + Send) {
        let mut stopped = pin!(stopped);
        let (report, reports) = mpsc::unbounded_channel();
        let (stop, stopping) = watch::channel(false);
        let mut state = State {
            lanes: Lanes::new(&self.limits),
            reports,
            finished: Vec::new(),
        };
        let mut ask = Ask::at_start();
        let mut tidied = Instant::now();
        // The last turn, while it is not known to be on the disk.
        let mut last: Option<Taken> = None;
        loop {
            state.take_reports();
            ask.takes_new = true;
            ask.relook |= self.bell.take_changed();
            // What is looked at is what the disk has: a turn that took rows away, or one that looks around, is waited for.
            let waits = last.as_ref().is_some_and(|last| last.took_rows) || ask.relook || ask.tidy;
            if let Some(last) = last.take_if(|_| waits)
                && !self.is_durable(&last).await
            {
                return;
            }
            ask.busy = state.lanes.busy();
            ask.ready = state.lanes.ready(Timestamp::now());
            ask.room = state.lanes.room();
            let (asked, finished) = (Arc::new(std::mem::take(&mut ask)), state.finished());
            match self.turns.take(Arc::clone(&asked), Arc::clone(&finished)).await {
                Ok(done) => {
                    let more = done.more;
                    let taken = Taken {
                        sequence: done.sequence,
                        took_rows: done.took_rows,
                    };
                    self.start(done, &mut state.lanes, &report, &stopping);
                    // The pace: the next turn begins when the one before this one is on the disk. So one is computed while
                    // another is written.
                    if let Some(before) = last.replace(taken)
                        && !self.is_durable(&before).await
                    {
                        return;
                    }
                    if more {
                        ask.tidy = asked.tidy;
                        continue;
                    }
                }
                Err(error) => {
                    tracing::error!(error = chain(&error), "deliveries could not be worked off");
                    state.finished = Arc::unwrap_or_clone(finished);
                    ask = Ask {
                        relook: true,
                        tidy: asked.tidy,
                        take_back: asked.take_back,
                        ..Ask::default()
                    };
                    tokio::select! {
                        () = &mut stopped => break,
                        () = tokio::time::sleep(PAUSE_AFTER_FAILURE) => continue,
                    }
                }
            }
            let pause = state.lanes.pause(Timestamp::now()).min(LOOK_EVERY);
            tokio::select! {
                biased;
                () = &mut stopped => break,
                Some(one) = state.reports.recv() => state.note(one),
                () = self.bell.rung() => {}
                () = tokio::time::sleep(pause) => {}
            }
            if tidied.elapsed() >= TIDY_EVERY {
                tidied = Instant::now();
                ask.tidy = true;
                ask.relook = true;
            }
        }
        stop.send_replace(true);
        self.drain(state).await;
    }

    /// Waits until a turn is on the disk. If that fails, there is nothing more to deliver.
    async fn is_durable(&self, turn: &Taken) -> bool {
        match self.turns.store().durable(turn.sequence).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "deliveries end: the store takes no writes");
                false
            }
        }
    }

    /// Makes what was claimed.
    fn start(
        &self,
        done: Done,
        lanes: &mut Lanes,
        report: &mpsc::UnboundedSender<Finished>,
        stopping: &watch::Receiver<bool>,
    ) {
        for (id, next) in done.outlook {
            lanes.expect(&id, next);
        }
        for (target, claims) in done.claims {
            let id = claims.endpoint.id;
            lanes.expect(&id, claims.next);
            for claimed in claims.deliveries {
                let places = lanes.claim(&id, &claimed.lease.delivery);
                let (target, report) = (Arc::clone(&target), report.clone());
                self.courier
                    .send_off(target, claimed, places, report, stopping.clone());
            }
        }
    }

    /// Waits for what is on its way and writes it down; claims nothing more.
    async fn drain(self, mut state: State) {
        let end = Instant::now() + self.limits.drain_ms;
        loop {
            state.take_reports();
            let finished = state.finished();
            if !finished.is_empty() {
                if let Err(error) = self.turns.take(Arc::new(Ask::default()), finished).await {
                    tracing::error!(
                        error = chain(&error),
                        "the last deliveries could not be written down"
                    );
                    return;
                }
                continue;
            }
            let on_their_way = state.lanes.on_their_way();
            if on_their_way == 0 {
                return;
            }
            match tokio::time::timeout_at(end, state.reports.recv()).await {
                Ok(Some(one)) => state.note(one),
                Ok(None) => return,
                Err(_) => {
                    tracing::warn!(
                        on_their_way,
                        "deliveries were cut: webhooks.drain_ms was over; they are made again"
                    );
                    return;
                }
            }
        }
    }
}

/// A turn that was taken.
struct Taken {
    sequence: Sequence,
    /// Whether it took rows of the outbox: until it is on the disk, whoever looks there sees them still.
    took_rows: bool,
}

/// What changes from turn to turn.
struct State {
    lanes: Lanes,
    reports: mpsc::UnboundedReceiver<Finished>,
    /// Not written down yet.
    finished: Vec<Finished>,
}

impl State {
    fn take_reports(&mut self) {
        while self.finished.len() < FINISHED_MAX {
            match self.reports.try_recv() {
                Ok(one) => self.note(one),
                Err(_) => return,
            }
        }
    }

    fn note(&mut self, one: Finished) {
        self.lanes.settle(&one);
        self.finished.push(one);
    }

    fn finished(&mut self) -> Arc<Vec<Finished>> {
        Arc::new(std::mem::take(&mut self.finished))
    }
}
