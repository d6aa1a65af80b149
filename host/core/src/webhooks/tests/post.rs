//! One webhook of one plugin, and its deliveries taken through their states by hand.

use std::sync::Arc;
use std::time::Duration;

use mooring_manifest::{Manifest, Setting, SettingKind, Webhook};

use super::super::*;
use crate::events::{self, NewEvent};
use crate::page::Page;
use crate::seal::MasterKeys;
use crate::settings;
use crate::testing::World;

pub(super) const LEASE: Duration = Duration::from_mins(2);
pub(super) const SCHEDULE: [u32; 2] = [30, 120];

pub(super) fn keys() -> MasterKeys {
    MasterKeys::new([1; 32], [])
}

fn manifest(change: impl FnOnce(&mut Webhook)) -> Arc<Manifest> {
    let setting = |name: &str, kind| Setting {
        name: name.to_owned(),
        kind,
        default: None,
        summary: String::new(),
        schema: None,
    };
    let mut webhook = Webhook {
        name: String::from("main"),
        url_setting: String::from("url"),
        secret_setting: Some(String::from("secret")),
        kinds: Vec::new(),
        timeout_ms: 10_000,
        retry_seconds: SCHEDULE.to_vec(),
        ordered: false,
        headers: Vec::new(),
    };
    change(&mut webhook);
    Arc::new(Manifest {
        settings: vec![
            setting("url", SettingKind::Url),
            setting("secret", SettingKind::Secret),
        ],
        webhooks: vec![webhook],
        ..Manifest::default()
    })
}

/// A world in which alpha has one webhook, whose address is set for acme.
pub(super) struct Post {
    pub(super) world: World,
    pub(super) manifest: Arc<Manifest>,
}

impl Post {
    pub(super) fn new(change: impl FnOnce(&mut Webhook)) -> Post {
        let post = Post::unset(change);
        post.set("url", "https://shop.example/hook");
        post
    }

    /// The same without an address.
    pub(super) fn unset(change: impl FnOnce(&mut Webhook)) -> Post {
        Post {
            world: World::new(),
            manifest: manifest(change),
        }
    }

    pub(super) fn set(&self, name: &str, value: &str) {
        self.world.run(|work| {
            settings::set(work, &self.manifest.settings, &keys(), name, value).unwrap();
            let (tenant, plugin) = (work.tenant().clone(), work.plugin().clone());
            sync(work, &tenant, &plugin, &self.manifest).unwrap();
        });
    }

    pub(super) fn emit(&self, kind: &str) -> EventId {
        let new = NewEvent {
            kind: kind.to_owned(),
            subject: String::new(),
            data: String::from("{\"n\": 1}"),
            dedupe_key: None,
            deliver: true,
        };
        self.world.run(|work| events::emit(work, new).unwrap().event.id)
    }

    pub(super) fn dispatch(&self) -> Dispatched {
        self.world.host_run(|host| {
            let rows = events::outbox(host, 100).unwrap();
            dispatch(host, &rows, &|_| Some(Arc::clone(&self.manifest))).unwrap()
        })
    }

    /// An event of this kind, and its delivery.
    pub(super) fn sent(&self, kind: &str) -> DeliveryId {
        let event = self.emit(kind);
        self.dispatch();
        let filter = DeliveryFilter {
            tenant: Some(self.world.acme.id),
            event: Some(event),
            ..DeliveryFilter::default()
        };
        let found = self
            .world
            .host_run(|host| list_deliveries(host, &filter, Page::first(10)));
        found.unwrap().items.remove(0).id
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        let found = self
            .world
            .host_run(|host| list_endpoints(host, None, Page::first(10)));
        found.unwrap().items.remove(0)
    }

    pub(super) fn claim(&self, claimed: usize, claimed_max: usize) -> Claims {
        let id = self.endpoint().id;
        self.world
            .host_run(|host| claim(host, &id, claimed, claimed_max, LEASE))
            .unwrap()
    }

    pub(super) fn record(&self, lease: &Lease, outcome: Outcome) -> usize {
        let finished = Finished {
            lease: lease.clone(),
            started_at: self.world.now(),
            duration: Duration::from_millis(7),
            outcome,
        };
        let schedule = self.manifest.webhooks[0].retry_seconds.clone();
        let concerned = self
            .world
            .host_run(|host| record(host, &[finished], &|_| Some(schedule.clone())));
        concerned.unwrap().len()
    }

    /// Claims the one delivery that is due and says how it went.
    pub(super) fn attempt(&self, outcome: Outcome) {
        let claims = self.claim(0, 8);
        assert_eq!(claims.deliveries.len(), 1, "{claims:?}");
        assert_eq!(self.record(&claims.deliveries[0].lease, outcome), 1);
    }

    pub(super) fn delivery(&self, id: &DeliveryId) -> Delivery {
        self.world.host_run(|host| get_delivery(host, id)).unwrap()
    }

    pub(super) fn counts(&self) -> Counts {
        let id = self.endpoint().id;
        self.world.host_run(|host| counts(host, &id)).unwrap()
    }
}

pub(super) fn answer(status: u16) -> Outcome {
    Outcome::Answered {
        status,
        excerpt: String::from("said\u{7} so"),
        retry_after: None,
    }
}
