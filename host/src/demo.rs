//! `mooring serve --demo`: a host that can be called at once.
//!
//! In an empty data folder it loads every bundled plugin with all it asks for, makes the tenant `demo` with an owner, and
//! what the part `demo` of a plugin's manifest says, or else a key with every scope for each plugin that has keys. Gateways
//! are enabled that move no real money. What it made is in `demo.json` (0600), which tools read:
//!
//! ```json
//! {"listen": "http://127.0.0.1:8080", "admin": "http://127.0.0.1:8081", "admin_token": "…",
//!  "central": {"base_url": "http://127.0.0.1:8080/central/api/v1", "api_key": "cpk_…", "secret_key": "…", "webhook_secret": "…"},
//!  "paymenter": {"base_url": "http://127.0.0.1:8080/paymenter", "key": "vfc_live_…"},
//!  "payx": {"base_url": "http://127.0.0.1:8080/payx", "id_reseller": 2, "secret_key": "payx_…"},
//!  "renovax": {"base_url": "http://127.0.0.1:8080/renovax/api", "merchant_token": "…", "user_token": "…",
//!              "webhook_secret": "…"},
//!  "tebex": {"base_url": "http://127.0.0.1:8080/tebex", "secret": "…"}}
//! ```
//!
//! Each step is written down as it is done, so a start that broke off is taken up by the next one. A later start with
//! `--demo` reuses what is there, brings the addresses up to date, and loads bundled plugins that are new or have changed.

mod set_up;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use mooring_core::Store;
use mooring_core::seal::MasterKeys;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::admin::operations::{AddPlugin, Grants, LoadError, Operations, PluginStatus};
use crate::bundled::Bundled;
use crate::config::Config;
use crate::data::{Addresses, DataDir, DataError};

const FILE: &str = "demo.json";
const TENANT: &str = "demo";
const OWNER: &str = "owner@demo.example";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Why `--demo` does not go on. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A real host's data.
    #[error(
        "the data folder {} is not a demo's; leave out --demo to run it, or name another folder with --data",
        path.display()
    )]
    NotADemo {
        /// The folder.
        path: PathBuf,
    },
    /// There is nothing to show.
    #[error(
        "no plugins are bundled in {}; build them with `cargo xtask plugins`, or set `bundled_plugins` in the configuration",
        path.display()
    )]
    NothingBundled {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// The folder of bundled plugins cannot be read.
    #[error("cannot read the bundled plugins in {}", path.display())]
    Bundled {
        /// Where they are.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A bundled plugin is refused.
    #[error("the bundled plugin `{name}` does not load")]
    Load {
        /// Its file's name.
        name: String,
        /// Why.
        source: LoadError,
    },
    /// The tenant or its keys could not be made.
    #[error("the demo tenant could not be made")]
    Store(#[source] Failure),
    /// `demo.json` cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// What a demo has, as in `demo.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// Where front-ends call.
    pub listen: String,
    /// Where the operator calls.
    pub admin: String,
    /// What the operator's requests carry.
    pub admin_token: String,
    /// By name.
    #[serde(flatten)]
    pub plugins: BTreeMap<String, Access>,
}

/// How to call one plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Without a slash at its end.
    pub base_url: String,
    /// Absent where the plugin has no keys, or names them itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the part `demo` of the plugin's manifest names: keys and settings.
    #[serde(flatten)]
    pub fields: BTreeMap<String, Value>,
}

impl Demo {
    /// Refuses a folder that holds a real host's data. Asked before anything is made in it.
    pub fn check(data: &DataDir) -> Result<(), DemoError> {
        if data.is_new() || data.read_json::<Demo>(FILE)?.is_some() {
            return Ok(());
        }
        Err(DemoError::NotADemo {
            path: data.path().to_owned(),
        })
    }

    /// Makes what is missing, and writes down what there is.
    pub async fn prepare(
        data: &DataDir,
        config: &Config,
        store: &Store,
        secrets: &Arc<MasterKeys>,
        operations: &dyn Operations,
        addresses: &Addresses,
        token: &str,
    ) -> Result<Demo, DemoError> {
        let bundled = Bundled::of(config);
        let unreadable = |source| DemoError::Bundled {
            path: bundled.folder().to_owned(),
            source,
        };
        let names = bundled.names().map_err(unreadable)?;
        if names.is_empty() {
            return Err(DemoError::NothingBundled {
                path: bundled.folder().to_owned(),
            });
        }
        let known = data
            .read_json::<Demo>(FILE)?
            .map(|demo| demo.plugins)
            .unwrap_or_default();
        let mut demo = Demo {
            listen: addresses.listen.clone(),
            admin: addresses.admin.clone(),
            admin_token: token.to_owned(),
            plugins: known,
        };
        data.write_json(FILE, &demo)?;
        for name in names {
            let Some(bytes) = bundled.read(&name).map_err(unreadable)? else {
                continue;
            };
            let plugin = load(operations, &name, bytes).await?;
            let Some(manifest) = operations.manifest(&plugin.name) else {
                continue;
            };
            let known = demo.plugins.remove(&plugin.name).unwrap_or_default();
            let made = set_up::set_up(store, secrets, &plugin, &manifest, known).await?;
            // Nobody but a gateway's own side calls it.
            if manifest.gateway.is_none() {
                let base_path = manifest.demo.as_ref().map_or("", |demo| demo.base_path.as_str());
                let base_url = format!("{}{base_path}", base_url(&addresses.listen, &plugin));
                demo.plugins.insert(plugin.name, Access { base_url, ..made });
            }
            data.write_json(FILE, &demo)?;
        }
        Ok(demo)
    }
}

/// What is printed before the host says that it is ready.
impl fmt::Display for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "demo tenant `{TENANT}`, owner {OWNER}")?;
        writeln!(f, "admin      {}  token {}", self.admin, self.admin_token)?;
        for (name, access) in &self.plugins {
            let key = access
                .key
                .as_deref()
                .map(|key| format!("  key {key}"))
                .unwrap_or_default();
            writeln!(f, "{name:<10} {}{key}", access.base_url)?;
            for (field, value) in &access.fields {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                writeln!(f, "{:<10}   {field} {value}", "")?;
            }
        }
        Ok(())
    }
}

/// The plugin as it is bundled, under its own name: loaded unless that very component answers already.
async fn load(operations: &dyn Operations, name: &str, bytes: Vec<u8>) -> Result<PluginStatus, DemoError> {
    let digest = hex::encode(Sha256::digest(&bytes));
    if let Some(same) = operations
        .plugins()
        .into_iter()
        .find(|plugin| plugin.digest == digest)
    {
        return Ok(same);
    }
    let plugin = AddPlugin {
        bytes,
        name: None,
        prefix: None,
        host: None,
        grants: Grants::All,
        actor: "demo",
    };
    let refused = |source| DemoError::Load {
        name: name.to_owned(),
        source,
    };
    operations.add(plugin).await.map_err(refused)
}

fn base_url(listen: &str, plugin: &PluginStatus) -> String {
    let prefix = plugin.prefix.trim_end_matches('/');
    match (&plugin.host, listen.split_once("://")) {
        (Some(host), Some((scheme, _))) => format!("{scheme}://{host}{prefix}"),
        _ => format!("{listen}{prefix}"),
    }
}
