//! One unit of work of the deliverer: what happened, what is new, what is due.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use mooring_core::draws::Draws;
use mooring_core::events::{self, OutboxRow};
use mooring_core::ids::EndpointId;
use mooring_core::leases::Gone;
use mooring_core::seal::MasterKeys;
use mooring_core::settings;
use mooring_core::time::Timestamp;
use mooring_core::webhooks::Secrets;
use mooring_core::webhooks::{self, Claims, Endpoint, Finished, Source, WebhookError};
use mooring_core::work::HostWork;
use mooring_manifest::Webhook;
use mooring_store::{CommitError, Sequence, Store, StoreError};
use reqwest::Url;

use super::Manifests;
use super::lanes::Busy;
use crate::config::WebhookLimits;

/// Rows of the outbox taken in one turn, and rows looked over when tidying.
const BATCH: usize = 128;

/// Runs of one turn before it gives up.
const RUNS_MAX: u32 = 50;

/// How soon an endpoint is looked at again that has no address, or whose plugin is not loaded.
const HOLD: Duration = Duration::from_secs(30);

/// What a turn is to do.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other, and named where they are set"
)]
pub(super) struct Ask {
    /// Whether to look at the outbox and to claim; not once the deliverer ends.
    pub(super) takes_new: bool,
    /// Endpoints whose time has come.
    pub(super) ready: Vec<EndpointId>,
    /// What is on its way.
    pub(super) busy: HashMap<EndpointId, Busy>,
    /// Deliveries that may be claimed in all.
    pub(super) room: usize,
    /// Look at every endpoint.
    pub(super) relook: bool,
    /// Look over leases and old deliveries.
    pub(super) tidy: bool,
    /// Take back every lease: nobody can have one.
    pub(super) take_back: bool,
}

impl Ask {
    pub(super) fn at_start() -> Ask {
        Ask {
            relook: true,
            take_back: true,
            ..Ask::default()
        }
    }
}

/// What a turn has done.
pub(super) struct Done {
    /// When to look at endpoints, as far as that has changed.
    pub(super) outlook: Vec<(EndpointId, Option<Timestamp>)>,
    /// What is to be made now.
    pub(super) claims: Vec<(Arc<Target>, Claims)>,
    /// Up to here it is to be on the disk.
    pub(super) sequence: Sequence,
    /// Whether rows of the outbox are gone by it.
    pub(super) took_rows: bool,
    /// Whether the outbox, or tidying, has more.
    pub(super) more: bool,
}

/// Where an endpoint is, and what it wants to see. As of the turn that claimed.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) webhook: Webhook,
    pub(super) secrets: Secrets,
}

/// Why a turn has done nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum TurnError {
    #[error("webhooks")]
    Webhooks(#[from] WebhookError),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("others won too often")]
    Contended,
    #[error("there is no randomness")]
    Random(#[source] getrandom::Error),
}

/// Takes turns.
pub(super) struct Turns {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    keys: Arc<MasterKeys>,
    manifests: Manifests,
    limits: WebhookLimits,
}

impl Turns {
    pub(super) fn new(
        store: Store,
        keys: Arc<MasterKeys>,
        manifests: Manifests,
        limits: WebhookLimits,
    ) -> Turns {
        Turns {
            inner: Arc::new(Inner {
                store,
                keys,
                manifests,
                limits,
            }),
        }
    }

    pub(super) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Takes one, off the async threads. Nothing of it has happened when it fails.
    pub(super) async fn take(&self, ask: Arc<Ask>, finished: Arc<Vec<Finished>>) -> Result<Done, TurnError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || inner.take(&ask, &finished))
            .await
            .expect("a turn does not panic and is not cancelled")
    }
}

impl Inner {
    fn take(&self, ask: &Ask, finished: &[Finished]) -> Result<Done, TurnError> {
        let draws = Draws::new(Timestamp::now()).map_err(TurnError::Random)?;
        let (rows, mut outlook) = self.look(&draws, ask)?;
        for _ in 0..RUNS_MAX {
            let mut work = HostWork::write(&self.store, &draws);
            let mut done = match self.act(&mut work, ask, finished, &rows) {
                Ok(done) => done,
                // It may rest on a state that is gone.
                Err(_) if !work.is_current() => continue,
                Err(error) => return Err(error),
            };
            match work.commit() {
                Ok(committed) => {
                    // What the turn itself learned is newer.
                    outlook.append(&mut done.outlook);
                    done.outlook = outlook;
                    done.sequence = committed.sequence;
                    return Ok(done);
                }
                Err(CommitError::Conflict { .. }) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(TurnError::Contended)
    }

    /// What is read before the work, as of the last moment that is on the disk: an event that a power cut could take back is
    /// not delivered, and looking does not conflict with those who emit meanwhile. Only turns take rows away, one after the
    /// other, and one that did is on the disk before the next begins.
    #[expect(clippy::type_complexity, reason = "two lists, each what it says")]
    fn look(
        &self,
        draws: &Arc<Draws>,
        ask: &Ask,
    ) -> Result<(Vec<(u64, OutboxRow)>, Vec<(EndpointId, Option<Timestamp>)>), TurnError> {
        let mut work = HostWork::read(&self.store, draws);
        let rows = if ask.takes_new {
            events::outbox(&mut work, BATCH)?
        } else {
            Vec::new()
        };
        let outlook = if ask.relook {
            let mut outlook = webhooks::outlook(&mut work)?;
            // Those with something on its way are looked at when that ends.
            outlook.retain(|(id, _)| !ask.busy.contains_key(id));
            outlook
        } else {
            Vec::new()
        };
        Ok((rows, outlook))
    }

    fn act(
        &self,
        work: &mut HostWork,
        ask: &Ask,
        finished: &[Finished],
        rows: &[(u64, OutboxRow)],
    ) -> Result<Done, TurnError> {
        let mut stirred = webhooks::record(work, finished, &|endpoint| self.schedule(endpoint))?;
        let mut more = false;
        if ask.take_back {
            loop {
                let taken = webhooks::take_back(work, Gone::All, BATCH)?;
                stirred.extend(taken.iter().cloned());
                if taken.len() < BATCH {
                    break;
                }
            }
        }
        if ask.tidy {
            let taken = webhooks::take_back(work, Gone::LeaseEnded, BATCH)?;
            let purged = webhooks::purge(work, BATCH)?;
            more |= taken.len() == BATCH || purged == BATCH;
            stirred.extend(taken);
        }
        let dispatched = webhooks::dispatch(work, rows, &|plugin| (self.manifests)(plugin))?;
        more |= rows.len() == BATCH || dispatched.rows < rows.len();
        stirred.extend(dispatched.endpoints);
        let mut done = Done {
            outlook: Vec::new(),
            claims: Vec::new(),
            sequence: Sequence::ZERO,
            took_rows: !rows.is_empty(),
            more,
        };
        if ask.takes_new {
            stirred.extend(ask.ready.iter().cloned());
            self.claim(work, ask, stirred, &mut done)?;
        }
        Ok(done)
    }

    fn claim(
        &self,
        work: &mut HostWork,
        ask: &Ask,
        endpoints: BTreeSet<EndpointId>,
        done: &mut Done,
    ) -> Result<(), TurnError> {
        let now = work.now();
        let mut room = ask.room;
        for id in endpoints {
            if room == 0 {
                // Again when something has ended.
                done.outlook.push((id, Some(now)));
                continue;
            }
            let busy = ask.busy.get(&id).copied().unwrap_or(Busy {
                claimed: 0,
                claimed_max: self.limits.at_once_per_endpoint_max,
            });
            let endpoint = webhooks::get_endpoint(work, &id)?;
            let target = match self.target(work, &endpoint) {
                Ok(Some(target)) => target,
                Ok(None) => {
                    done.outlook.push((id, Some(now.after(HOLD))));
                    continue;
                }
                // One endpoint whose settings cannot be read must not stop the others.
                Err(WebhookError::Setting(error)) => {
                    tracing::error!(endpoint = %id, error = crate::chain::chain(&error), "a webhook's settings cannot be read");
                    done.outlook.push((id, Some(now.after(HOLD))));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let claimed_max = busy.claimed_max.min(busy.claimed + room);
            let claims = webhooks::claim(work, &id, busy.claimed, claimed_max, self.limits.lease_ms)?;
            room -= claims.deliveries.len();
            done.claims.push((Arc::new(target), claims));
        }
        Ok(())
    }

    /// Where deliveries to an endpoint go now; nothing while its plugin is not loaded or its address is not set.
    fn target(&self, work: &mut HostWork, endpoint: &Endpoint) -> Result<Option<Target>, WebhookError> {
        let Some(manifest) = (self.manifests)(&endpoint.plugin) else {
            return Ok(None);
        };
        let Some(webhook) = endpoint.webhook(&manifest) else {
            return Ok(None);
        };
        let declared = &manifest.settings;
        let (tenant, plugin) = (&endpoint.tenant, &endpoint.plugin);
        let url = match &endpoint.source {
            Source::Manifest(_) => settings::value_of(work, tenant, plugin, declared, &webhook.url_setting)?,
            Source::Plugin(made) => Some(made.url.clone()),
        };
        // Whether it is one was checked when it was set.
        let Some(url) = url.and_then(|url| url.parse().ok()) else {
            return Ok(None);
        };
        let secrets = webhooks::secrets(work, endpoint, &manifest, &self.keys)?;
        Ok(Some(Target {
            url,
            webhook: webhook.clone(),
            secrets,
        }))
    }

    fn schedule(&self, endpoint: &Endpoint) -> Option<Vec<u32>> {
        let manifest = (self.manifests)(&endpoint.plugin)?;
        Some(endpoint.webhook(&manifest)?.retry_seconds.clone())
    }
}
