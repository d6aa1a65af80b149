//! The same plugin without a sandbox: its code linked into this program, behind the host's own edge, on the host's own
//! store. What it saves against a host is what the sandbox costs.
//!
//! `bench --serve-native DIR PLUGIN` serves a data folder that a demo host has left; keys and data are the same.

use std::path::Path;
use std::sync::Arc;

use mooring::config::EdgeLimits;
use mooring::data::DataDir;
use mooring::exchange::{
    Cause, CredentialFailure, Exchange, Notification, NotifyError, Outcome, Reply, Usage,
};
use mooring::http::{self, Caller, Gate, Mount, MountTable, Surface};
use mooring_core::draws::Draws;
use mooring_core::ids::PluginName;
use mooring_core::keys::{self, Principal};
use mooring_core::seal::MasterKeys;
use mooring_core::time::Timestamp;
use mooring_core::work::{HostWork, Work};
use mooring_core::{CommitError, Store, settings};
use mooring_manifest::{Access, Manifest};
use mooring_plugin_central::Central;
use mooring_plugin_paymenter::Paymenter;
use mooring_plugin_renovax::Renovax;
use mooring_sdk::backend::{self, describe, handle, with_backend};
use mooring_sdk::http::{Request, Response};
use tokio::net::TcpListener;

use crate::no_till::NoTill;
use crate::primitives::Primitives;

/// As the host does.
const RUNS_MAX: u32 = 12;

/// The setting that the edge knows, where a plugin has it.
const RATE_LIMIT: &str = "rate_limit_per_minute";

/// A plugin's code.
type Handle = fn(backend::Outcome, Request) -> Response;

struct Native {
    store: Store,
    secrets: MasterKeys,
    plugin: PluginName,
    manifest: Arc<Manifest>,
    handle: Handle,
    mounts: Arc<MountTable<()>>,
}

/// Serves until the process is ended.
pub(crate) async fn serve(data: &Path, plugin: &str) {
    let (described, handle): (String, Handle) = match plugin {
        "paymenter" => (describe::<Paymenter>(), handle::<Paymenter>),
        "central" => (describe::<Central>(), handle::<Central>),
        "renovax" => (describe::<Renovax>(), handle::<Renovax>),
        other => panic!("{other} is not linked into this program"),
    };
    let folder = DataDir::open(data).expect("a data folder that no host has open");
    let store = Store::open(&folder.store(), mooring_store::Options::default()).expect("the store");
    let manifest: Manifest = serde_json::from_str(&described).expect("a manifest");
    let manifest = Arc::new(manifest);
    let mount = Mount {
        name: plugin.to_owned(),
        host: None,
        prefix: format!("/{plugin}"),
        surface: Arc::new(Surface::new(Arc::clone(&manifest)).expect("a surface")),
        docs: None,
        plugin: (),
    };
    let native = Native {
        store,
        secrets: MasterKeys::new(folder.master_key().expect("the master key"), []),
        plugin: PluginName::parse(plugin).expect("a name"),
        manifest,
        handle,
        mounts: Arc::new(MountTable::new(vec![mount]).expect("one mount")),
    };
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a free port");
    println!(
        "mooring ready on http://{}",
        listener.local_addr().expect("a bound socket has an address")
    );
    http::serve(
        listener,
        None,
        EdgeLimits::default(),
        Arc::new(native),
        std::future::pending(),
    )
    .await;
}

impl Gate for Native {
    type Plugin = ();
    type Till = NoTill;

    fn till(&self) -> &NoTill {
        &NoTill
    }

    async fn notify(&self, _: &Mount<()>, _: &str, _: Notification) -> Result<(), NotifyError> {
        Err(NotifyError::UnknownTenant)
    }

    fn mounts(&self) -> Arc<MountTable<()>> {
        Arc::clone(&self.mounts)
    }

    async fn verify(&self, _: &Mount<()>, presented: &str) -> Result<Caller, Cause> {
        let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
        let mut work = HostWork::read(&self.store, &draws);
        let principal = keys::verify(&mut work, &self.plugin, presented)
            .expect("the store reads")
            .map_err(Cause::Unauthenticated)?;
        let mut work = work.within(principal.tenant().clone(), self.plugin.clone());
        let declared = &self.manifest.settings;
        let limit = if declared.iter().any(|setting| setting.name == RATE_LIMIT) {
            settings::get(&mut work, declared, RATE_LIMIT).expect("the setting")
        } else {
            None
        };
        Ok(Caller {
            principal,
            rate_limit_per_minute: limit.and_then(|limit| limit.parse().ok()),
        })
    }

    fn check_signature(&self, principal: &Principal, message: &[u8], code: &[u8]) -> Result<(), Cause> {
        let draws = Draws::with_seed(Timestamp::now(), [0; 32]);
        let mut work = HostWork::read(&self.store, &draws);
        let signed = keys::is_signed_by(&mut work, &self.secrets, principal.key(), message, code);
        if signed.expect("the store reads, and the master key opens") {
            return Ok(());
        }
        Err(Cause::Unauthenticated(CredentialFailure::BadSignature))
    }

    async fn call(&self, _: &Mount<()>, exchange: Exchange) -> Reply {
        let (store, plugin, manifest) = (
            self.store.clone(),
            self.plugin.clone(),
            Arc::clone(&self.manifest),
        );
        let handle = self.handle;
        // A thread that may block, as the host's call threads are.
        let task = tokio::task::spawn_blocking(move || run(&store, &plugin, &manifest, handle, exchange));
        let (reply, rests_on) = task.await.expect("the handler does not panic");
        if let Some(sequence) = rests_on {
            self.store.durable(sequence).await.expect("the disk takes it");
        }
        reply
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

fn run(
    store: &Store,
    plugin: &PluginName,
    manifest: &Arc<Manifest>,
    handle: Handle,
    exchange: Exchange,
) -> (Reply, Option<mooring_store::Sequence>) {
    let Outcome::Route(route) = exchange.outcome else {
        panic!("no refusals here: {:?}", exchange.outcome);
    };
    let principal = exchange
        .principal
        .clone()
        .expect("every route measured here has a key");
    let draws = Draws::new(Timestamp::now()).expect("randomness");
    let reads = manifest.routes[route as usize].access == Access::Read;
    for _ in 0..RUNS_MAX {
        let begin = if reads { Work::read } else { Work::write };
        let work = begin(store, &draws, principal.tenant(), plugin);
        let request = request(&exchange, &principal);
        let primitives = Primitives {
            work,
            manifest: Arc::clone(manifest),
        };
        let (response, primitives) =
            with_backend(primitives, || handle(backend::Outcome::Route(route), request));
        let reply = reply(response);
        if reply.status >= 400 || reads {
            return (reply, None);
        }
        match primitives.work.commit() {
            Ok(committed) => return (reply, Some(committed.sequence)),
            Err(CommitError::Conflict { .. }) => {}
            Err(CommitError::Store(error)) => panic!("{error}"),
        }
    }
    panic!("lost {RUNS_MAX} times")
}

fn request(exchange: &Exchange, principal: &Principal) -> Request {
    Request {
        method: exchange.method.clone(),
        path: exchange.path.clone(),
        query: exchange.query.clone(),
        params: exchange.params.clone(),
        headers: exchange.headers.clone(),
        body: exchange.body.to_vec(),
        principal: Some(mooring_sdk::http::Principal {
            tenant: principal.tenant().name.to_string(),
            key: principal.key().to_string(),
            scopes: principal.scopes().to_vec(),
            user: principal.user().map(|user| user.0),
        }),
        id: exchange.request_id.clone(),
        resumed: None,
    }
}

fn reply(response: Response) -> Reply {
    let headers = response.headers.into_iter().map(|(name, value)| {
        (
            name.parse().expect("a header's name"),
            value.parse().expect("a header's value"),
        )
    });
    Reply {
        status: response.status,
        headers: headers.collect(),
        body: response.body.into(),
        usage: Usage::default(),
    }
}
