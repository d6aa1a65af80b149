use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use mooring_core::payments::Payment;
use mooring_core::work::Committed;
use mooring_manifest::Manifest;
use serde_json::Value;

use super::*;
use crate::admin::operations::{AddPlugin, Answer, Inspection, PluginStatus, Simulation, SimulationError};
use crate::admin::tests::Fake;

/// A runtime that is made up, over a real store.
struct FakeBackend {
    fake: Fake,
    store: Store,
}

impl FakeBackend {
    #[expect(clippy::unused_async, reason = "a host is opened by an async function")]
    async fn open(opened: Opened<'_>) -> Result<Arc<FakeBackend>, ServeError> {
        let store = Store::open(&opened.data.store(), mooring_store::Options::default());
        let store = store.map_err(|error| ServeError::Runtime(error.to_string()))?;
        Ok(Arc::new(FakeBackend {
            fake: Fake::default(),
            store,
        }))
    }
}

impl Operations for FakeBackend {
    fn plugins(&self) -> Vec<PluginStatus> {
        self.fake.plugins()
    }

    fn manifest(&self, plugin: &str) -> Option<Arc<Manifest>> {
        self.fake.manifest(plugin)
    }

    fn add(&self, plugin: AddPlugin) -> Answer<'_, PluginStatus> {
        self.fake.add(plugin)
    }

    fn remove<'a>(&'a self, plugin: &'a str, actor: &'static str) -> Answer<'a, ()> {
        self.fake.remove(plugin, actor)
    }

    fn announce(&self, committed: &Committed) {
        self.fake.announce(committed);
    }

    fn clock_moved(&self) {
        self.fake.clock_moved();
    }

    fn inspect(&self, bytes: Vec<u8>) -> Answer<'_, Inspection> {
        self.fake.inspect(bytes)
    }

    fn simulate(&self, simulation: Simulation) -> Answer<'_, Payment, SimulationError> {
        self.fake.simulate(simulation)
    }
}

impl Backend for FakeBackend {
    fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        _: &Config,
        stop: watch::Receiver<bool>,
    ) -> Result<JoinHandle<()>, ServeError> {
        Ok(tokio::spawn(async move {
            until(stop).await;
            drop(listener);
        }))
    }

    fn store(&self) -> &Store {
        &self.store
    }

    async fn close(&self) -> Result<(), ServeError> {
        self.store
            .close()
            .map_err(|error| ServeError::Runtime(error.to_string()))
    }
}

fn config(folder: &Path) -> Config {
    std::fs::create_dir_all(folder.join("bundled")).expect("a folder");
    std::fs::write(folder.join("bundled/paymenter.wasm"), b"paymenter").expect("a file");
    Config {
        data: folder.join("data"),
        listen: ([127, 0, 0, 1], 0).into(),
        admin: ([127, 0, 0, 1], 0).into(),
        bundled_plugins: Some(folder.join("bundled")),
        ..Config::default()
    }
}

async fn start(config: &Config, demo: bool) -> Result<Host<FakeBackend>, ServeError> {
    Host::start_with(config.clone(), demo, FakeBackend::open).await
}

fn demo_file(config: &Config) -> Value {
    let path = config.data.join("demo.json");
    assert_eq!(
        std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777,
        0o600
    );
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

async fn refusal(config: &Config, demo: bool) -> String {
    match start(config, demo).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_host_answers_its_operator_until_it_is_stopped() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let host = start(&config, false).await.expect("a host");
    let (addresses, token) = crate::data::find_running(&config.data).expect("it tells where it is");
    assert_eq!(&addresses, host.addresses());
    let url = format!("{}/admin/v1/plugins", addresses.admin);
    let answer = reqwest::Client::new()
        .get(&url)
        .bearer_auth(token)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    host.stop().await.expect("a clean stop");
    assert!(reqwest::Client::new().get(&url).send().await.is_err());
    assert!(crate::data::find_running(&config.data).is_err());
    start(&config, false)
        .await
        .expect("the folder is free again")
        .stop()
        .await
        .expect("a clean stop");
}

#[tokio::test]
async fn a_demo_is_made_once_and_reused() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    let host = start(&config, true).await.expect("a host");
    let first = demo_file(&config);
    let listen = first["listen"].as_str().expect("a URL");
    assert_eq!(listen, host.addresses().listen);
    assert_eq!(first["paymenter"]["base_url"], format!("{listen}/paymenter"));
    let key = first["paymenter"]["key"].as_str().expect("a key");
    assert!(key.starts_with("vfc_live_"), "{key}");
    assert!(first["admin_token"].is_string());
    let printed = host.demo().expect("a demo").to_string();
    assert!(printed.contains(key) && printed.contains(listen), "{printed}");
    host.stop().await.expect("a clean stop");

    let host = start(&config, true).await.expect("a host");
    let second = demo_file(&config);
    assert_eq!(second["paymenter"]["key"], key);
    assert_eq!(second["listen"], host.addresses().listen.as_str());
    host.stop().await.expect("a clean stop");
}

#[tokio::test]
async fn a_real_folder_is_no_demo() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path());
    start(&config, false)
        .await
        .expect("a host")
        .stop()
        .await
        .expect("a clean stop");
    let text = refusal(&config, true).await;
    assert!(text.contains("leave out --demo"), "{text}");
}

#[tokio::test]
async fn refusals_to_start_say_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    let host = start(&config, false).await.expect("a host");
    let text = refusal(&config, false).await;
    assert!(
        text.contains("in use by another mooring") && text.contains("--data"),
        "{text}"
    );
    let taken = host
        .addresses()
        .listen
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    config.data = folder.path().join("other");
    config.listen = taken;
    let text = refusal(&config, false).await;
    assert!(text.contains("--listen"), "{text}");
    config.listen = ([127, 0, 0, 1], 0).into();
    config.bundled_plugins = Some(folder.path().join("nothing"));
    config.data = folder.path().join("third");
    let text = refusal(&config, true).await;
    assert!(text.contains("no plugins are bundled"), "{text}");
    host.stop().await.expect("a clean stop");
}
