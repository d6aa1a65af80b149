//! A deliverer on a store in memory, and a plugin that exists in its manifest only.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mooring::config::{OutboundLimits, WebhookLimits};
use mooring::outbound::Client;
use mooring::webhooks::{Bell, Deliverer};
use mooring_core::draws::Draws;
use mooring_core::events::{self, NewEvent};
use mooring_core::ids::{EventId, PluginName, TenantName};
use mooring_core::page::Page;
use mooring_core::seal::MasterKeys;
use mooring_core::tenants::{self, TenantRef};
use mooring_core::time::Timestamp;
use mooring_core::webhooks::{self, Delivery, DeliveryFilter, DeliveryState, Endpoint, Source};
use mooring_core::work::{HostWork, Work};
use mooring_core::{Store, settings};
use mooring_manifest::{Manifest, Setting, SettingKind, Webhook};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What lets receivers on this machine be called.
pub(crate) const LOOPBACK: &[&str] = &["127.0.0.0/8"];

/// Webhooks of the plugin; each has a setting of its name with its address.
const WEBHOOKS: [&str; 2] = ["main", "other"];

pub(crate) struct Post {
    store: Store,
    tenant: TenantRef,
    plugin: PluginName,
    manifest: Arc<Manifest>,
    keys: Arc<MasterKeys>,
    outbound: Client,
    bell: Bell,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Post {
    /// With these addresses set, and every webhook changed so.
    #[expect(clippy::unused_async, reason = "read like its neighbours where it is awaited")]
    pub(crate) async fn start(
        allowed: &[&str],
        urls: &[(&str, &str)],
        change: impl Fn(&mut Webhook),
    ) -> Post {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = Store::in_memory();
        let name = TenantName::parse("acme").unwrap();
        let made = HostWork::run(&store, Timestamp::now(), |work| {
            tenants::create(work, name.clone(), "")
        });
        let allowed: Vec<_> = allowed.iter().map(|range| range.parse().unwrap()).collect();
        let post = Post {
            store,
            tenant: made.unwrap().0.to_ref(),
            plugin: PluginName::parse("shop").unwrap(),
            manifest: Arc::new(manifest(change)),
            keys: Arc::new(MasterKeys::new([1; 32], [])),
            outbound: Client::new(OutboundLimits::default(), &allowed).unwrap(),
            bell: Bell::default(),
            running: None,
        };
        for (setting, url) in urls {
            post.set(setting, url);
        }
        post.restart()
    }

    pub(crate) fn restart(mut self) -> Post {
        let manifest = Arc::clone(&self.manifest);
        let deliverer = Deliverer::new(
            self.store.clone(),
            Arc::clone(&self.keys),
            Arc::new(move |_| Some(Arc::clone(&manifest))),
            self.outbound.clone(),
            self.bell.clone(),
            WebhookLimits::default(),
        );
        let (stop, stopped) = oneshot::channel();
        let task = deliverer.spawn(async move { drop(stopped.await) });
        self.running = Some((stop, task));
        self
    }

    /// Stops the deliverer and waits for it to end.
    pub(crate) async fn stop(mut self) -> Post {
        let (stop, task) = self.running.take().unwrap();
        drop(stop);
        task.await.unwrap();
        self
    }

    /// Ends the deliverer without a chance to write anything down.
    pub(crate) async fn crash(mut self) -> Post {
        let (_stop, task) = self.running.take().unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        self
    }

    /// As the operator's side does it, without its look at the address.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.run(|post, work| {
            settings::set(work, &post.manifest.settings, &post.keys, name, value).unwrap();
            let (tenant, plugin) = (post.tenant.clone(), post.plugin.clone());
            webhooks::sync(work, &tenant, &plugin, &post.manifest).unwrap();
        });
    }

    pub(crate) fn emit(&self, kind: &str, data: &str) -> EventId {
        self.run(|_, work| {
            let new = NewEvent {
                kind: kind.to_owned(),
                subject: String::new(),
                data: data.to_owned(),
                dedupe_key: None,
                deliver: true,
            };
            events::emit(work, new).unwrap().event.id
        })
    }

    #[expect(clippy::unused_async, reason = "read like its neighbours where it is awaited")]
    pub(crate) async fn enable(&self, name: &str) {
        let id = self.endpoint(name).id;
        self.run(|_, work| drop(webhooks::enable(work, &id).unwrap()));
    }

    pub(crate) fn endpoint(&self, name: &str) -> Endpoint {
        let all = self.read(|work| webhooks::list_endpoints(work, None, Page::first(10)).unwrap());
        let named = |endpoint: &Endpoint| endpoint.source == Source::Manifest(name.to_owned());
        all.items.into_iter().find(named).unwrap()
    }

    /// The first delivery of an event, if it has been dispatched.
    pub(crate) fn delivery(&self, event: &EventId) -> Option<Delivery> {
        let filter = DeliveryFilter {
            tenant: Some(self.tenant.id),
            event: Some(event.clone()),
            ..DeliveryFilter::default()
        };
        let found = self.read(|work| webhooks::list_deliveries(work, &filter, Page::first(10)).unwrap());
        found.items.into_iter().next()
    }

    /// Waits until an event was delivered or given up.
    pub(crate) async fn ended(&self, event: &EventId) -> Delivery {
        eventually("the delivery has ended", async || {
            let delivery = self.delivery(event)?;
            (delivery.state != DeliveryState::Waiting).then_some(delivery)
        })
        .await
    }

    fn run<T>(&self, act: impl Fn(&Post, &mut Work) -> T) -> T {
        let done = Work::run(
            &self.store,
            Timestamp::now(),
            &self.tenant,
            &self.plugin,
            |work| Ok::<_, std::convert::Infallible>(act(self, work)),
        );
        let (result, committed) = done.unwrap();
        self.bell.ring(&committed);
        result
    }

    fn read<T>(&self, read: impl FnOnce(&mut HostWork) -> T) -> T {
        let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
        read(&mut HostWork::read(&self.store, &draws))
    }
}

pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn manifest(change: impl Fn(&mut Webhook)) -> Manifest {
    let setting = |name: &str, kind| Setting {
        name: name.to_owned(),
        kind,
        default: None,
        summary: String::new(),
        schema: None,
    };
    let webhook = |name: &str| {
        let mut webhook = Webhook {
            name: name.to_owned(),
            url_setting: name.to_owned(),
            secret_setting: Some("secret".to_owned()),
            kinds: Vec::new(),
            timeout_ms: 10_000,
            retry_seconds: vec![30, 120],
            ordered: false,
            headers: Vec::new(),
        };
        change(&mut webhook);
        webhook
    };
    Manifest {
        settings: vec![
            setting("main", SettingKind::Url),
            setting("other", SettingKind::Url),
            setting("secret", SettingKind::Secret),
        ],
        webhooks: WEBHOOKS.map(webhook).into(),
        ..Manifest::default()
    }
}
