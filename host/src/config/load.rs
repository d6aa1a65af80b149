//! From a file and the command line to one checked configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::Config;

/// Why a configuration cannot be used. The text says where, what and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be opened.
    #[error("cannot read the configuration file {}; check the path given to --config", path.display())]
    Read {
        /// As given.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is not TOML, or holds a name or a value that this host does not know.
    #[error("{}:{line}: {reason}", path.display())]
    Parse {
        /// As given.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In the parser's words.
        reason: String,
    },
    /// Each value is fine by itself, but the host could not work with it.
    #[error("{name}: {reason}")]
    Check {
        /// Path of the value, such as `plugin.fuel_max`.
        name: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
}

/// The engine has 256 caches of equal size, and a page of rows is some kilobytes.
const CACHE_BYTES_MIN: u64 = 4 * 1024 * 1024;

/// Sealed, a body takes five times its bytes, and a row of the store has at most 2 MiB.
const KEPT_REPLY_BYTES_MAX: usize = 384 * 1024;

/// What the command line says; it goes before the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--admin`
    pub admin: Option<SocketAddr>,
    /// `--allow-private`; added to those of the file.
    pub allow_private: Vec<IpNet>,
    /// `--movable-clock`
    pub movable_clock: bool,
}

impl Config {
    /// Reads the file, if there is one, lets the command line override it, and checks the result.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Config, ConfigError> {
        let mut config = match file {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        config.data = overrides.data.unwrap_or(config.data);
        config.listen = overrides.listen.unwrap_or(config.listen);
        config.admin = overrides.admin.unwrap_or(config.admin);
        config.allow_private.extend(overrides.allow_private);
        config.movable_clock |= overrides.movable_clock;
        config.check()?;
        Ok(config)
    }

    fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            ConfigError::Parse {
                path: path.to_owned(),
                line: text[..start].matches('\n').count() + 1,
                reason: error.message().to_owned(),
            }
        })
    }

    /// Refuses combinations that cannot work. Called once, before anything is opened.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_addresses()?;
        self.check_zeroes()?;
        require(
            self.store.cache_bytes_max >= CACHE_BYTES_MIN,
            "store.cache_bytes_max",
            || format!("must be at least {CACHE_BYTES_MIN}: every page would be read again at each look"),
        )?;
        self.check_edge()?;
        self.check_plugin()?;
        self.check_jobs()?;
        self.check_webhooks()
    }

    fn check_addresses(&self) -> Result<(), ConfigError> {
        require(!self.data.as_os_str().is_empty(), "data", || {
            "name a folder".into()
        })?;
        require(
            self.listen != self.admin || self.listen.port() == 0,
            "admin",
            || {
                format!(
                    "{} is also `listen`; the operator's interface needs an address of its own",
                    self.admin
                )
            },
        )?;
        require(
            self.public_url.as_deref().is_none_or(is_origin),
            "public_url",
            || {
                "must be http or https, a host and perhaps a port, with nothing behind: https://pay.example.com".into()
            },
        )
    }

    fn check_zeroes(&self) -> Result<(), ConfigError> {
        let (edge, plugin, jobs, outbound) = (&self.edge, &self.plugin, &self.jobs, &self.outbound);
        let numbers = [
            ("edge.connections_max", edge.connections_max as u64),
            ("edge.body_bytes_max", edge.body_bytes_max),
            ("edge.checkout.form_bytes_max", edge.checkout.form_bytes_max),
            ("edge.http2_streams_max", edge.http2_streams_max.into()),
            ("plugin.call_threads", plugin.call_threads as u64),
            ("plugin.calls_per_plugin_max", plugin.calls_per_plugin_max as u64),
            ("plugin.queue_per_plugin_max", plugin.queue_per_plugin_max as u64),
            ("plugin.fuel_max", plugin.fuel_max),
            ("plugin.memory_bytes_max", plugin.memory_bytes_max as u64),
            ("plugin.table_elements_max", plugin.table_elements_max as u64),
            ("plugin.stack_bytes_max", plugin.stack_bytes_max as u64),
            ("plugin.response_bytes_max", plugin.response_bytes_max as u64),
            ("plugin.kept_reply_bytes_max", plugin.kept_reply_bytes_max as u64),
            ("plugin.response_headers_max", plugin.response_headers_max as u64),
            ("plugin.host_calls_max", plugin.host_calls_max),
            ("plugin.written_bytes_max", plugin.written_bytes_max),
            ("plugin.record_bytes_max", plugin.record_bytes_max as u64),
            (
                "plugin.call_argument_bytes_max",
                plugin.call_argument_bytes_max as u64,
            ),
            ("plugin.runs_max", plugin.runs_max.into()),
            ("plugin.events_per_call_max", plugin.events_per_call_max as u64),
            ("plugin.component_bytes_max", plugin.component_bytes_max),
            ("plugin.compile_memory_bytes_max", plugin.compile_memory_bytes_max),
            ("plugin.breaker_failures", plugin.breaker_failures.into()),
            ("jobs.running_max", jobs.running_max as u64),
            ("jobs.gateway_tries_max", jobs.gateway_tries_max.into()),
            (
                "webhooks.at_once_per_endpoint_max",
                self.webhooks.at_once_per_endpoint_max as u64,
            ),
            ("webhooks.running_max", self.webhooks.running_max as u64),
            ("outbound.response_bytes_max", outbound.response_bytes_max as u64),
            ("outbound.calls_per_job_max", outbound.calls_per_job_max as u64),
            ("jobs.lease_ms", millis(jobs.lease_ms)),
            ("jobs.backoff_min_ms", millis(jobs.backoff_min_ms)),
            ("outbound.timeout_ms", millis(outbound.timeout_ms)),
        ];
        let times = [
            ("edge.header_timeout_ms", edge.header_timeout_ms),
            ("edge.body_timeout_ms", edge.body_timeout_ms),
            ("edge.write_timeout_ms", edge.write_timeout_ms),
            ("edge.shutdown_timeout_ms", edge.shutdown_timeout_ms),
            ("plugin.call_deadline_ms", plugin.call_deadline_ms),
            ("plugin.job_deadline_ms", plugin.job_deadline_ms),
            ("plugin.resume_wait_ms", plugin.resume_wait_ms),
            ("plugin.notification_timeout_ms", plugin.notification_timeout_ms),
            ("plugin.compile_timeout_ms", plugin.compile_timeout_ms),
            ("plugin.breaker_pause_ms", plugin.breaker_pause_ms),
        ];
        let times = times.into_iter().map(|(name, time)| (name, millis(time)));
        match numbers.into_iter().chain(times).find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(ConfigError::Check {
                name,
                reason: "must be more than 0".into(),
            }),
            None => Ok(()),
        }
    }

    fn check_webhooks(&self) -> Result<(), ConfigError> {
        require(
            self.webhooks.lease_ms > Duration::from_mins(1),
            "webhooks.lease_ms",
            || "must be more than 60000: twice the longest time-out of a delivery".into(),
        )
    }

    fn check_edge(&self) -> Result<(), ConfigError> {
        // Smaller buffers are refused by the HTTP library, with a panic.
        require(
            self.edge.header_bytes_max >= 8192,
            "edge.header_bytes_max",
            || format!("{} is too small; 8192 is the least", self.edge.header_bytes_max),
        )?;
        // The body is copied into the instance, which needs room to work on it.
        require(
            self.edge.body_bytes_max < self.plugin.memory_bytes_max as u64,
            "edge.body_bytes_max",
            || {
                format!(
                    "{} does not fit into an instance's memory; keep it below plugin.memory_bytes_max ({})",
                    self.edge.body_bytes_max, self.plugin.memory_bytes_max
                )
            },
        )
    }

    fn check_plugin(&self) -> Result<(), ConfigError> {
        let plugin = &self.plugin;
        require(
            plugin.calls_per_plugin_max < plugin.call_threads,
            "plugin.calls_per_plugin_max",
            || {
                format!(
                    "{} calls would let one plugin hold all threads; keep it below plugin.call_threads ({})",
                    plugin.calls_per_plugin_max, plugin.call_threads
                )
            },
        )?;
        require(
            plugin.response_bytes_max < plugin.memory_bytes_max,
            "plugin.response_bytes_max",
            || {
                format!(
                    "keep it below plugin.memory_bytes_max ({})",
                    plugin.memory_bytes_max
                )
            },
        )?;
        require(
            plugin.kept_reply_bytes_max <= KEPT_REPLY_BYTES_MAX,
            "plugin.kept_reply_bytes_max",
            || format!("keep it within {KEPT_REPLY_BYTES_MAX}, which fits into a row of the store"),
        )?;
        require(
            plugin.record_bytes_max <= plugin.call_argument_bytes_max,
            "plugin.record_bytes_max",
            || {
                format!(
                    "keep it within plugin.call_argument_bytes_max ({})",
                    plugin.call_argument_bytes_max
                )
            },
        )?;
        require(
            plugin.record_bytes_max as u64 <= plugin.written_bytes_max,
            "plugin.record_bytes_max",
            || {
                format!(
                    "keep it within plugin.written_bytes_max ({})",
                    plugin.written_bytes_max
                )
            },
        )
    }

    fn check_jobs(&self) -> Result<(), ConfigError> {
        let (jobs, plugin, outbound) = (&self.jobs, &self.plugin, &self.outbound);
        require(
            jobs.backoff_min_ms <= jobs.backoff_max_ms,
            "jobs.backoff_min_ms",
            || {
                format!(
                    "keep it within jobs.backoff_max_ms ({})",
                    jobs.backoff_max_ms.as_millis()
                )
            },
        )?;
        // A lease that ends while its job still runs hands the job to a second worker.
        let busy = plugin.job_deadline_ms + outbound.timeout_ms;
        require(jobs.lease_ms > busy, "jobs.lease_ms", || {
            format!(
                "must exceed plugin.job_deadline_ms and outbound.timeout_ms together ({})",
                busy.as_millis()
            )
        })
    }
}

/// Scheme, host and perhaps a port, and nothing else.
fn is_origin(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else {
        return false;
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let scheme = uri.scheme_str().unwrap_or_default();
    matches!(scheme, "http" | "https") && !authority.contains('@') && url == format!("{scheme}://{authority}")
}

fn require(holds: bool, name: &'static str, reason: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(ConfigError::Check {
            name,
            reason: reason(),
        })
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mooring.toml");
        std::fs::write(&path, text).expect("a file");
        let error = Config::load(Some(&path), Overrides::default()).expect_err("a refusal");
        error
            .to_string()
            .replace(&path.display().to_string(), "mooring.toml")
    }

    #[test]
    fn defaults_pass_their_own_check() {
        Config::default().check().expect("the defaults work");
    }

    #[test]
    fn errors_name_the_file_and_the_line() {
        let text = refusal("listen = \"127.0.0.1:1\"\n[edge]\nconections_max = 3\n");
        assert!(
            text.starts_with("mooring.toml:3: unknown field `conections_max`"),
            "{text}"
        );
        let text = refusal("\nlisten = \"here\"\n");
        assert!(text.starts_with("mooring.toml:2: "), "{text}");
        let text = refusal("[plugin]\nfuel_max = \n");
        assert!(text.starts_with("mooring.toml:2: "), "{text}");
    }

    #[test]
    fn combinations_that_cannot_work_are_refused_by_name() {
        for (text, name) in [
            ("listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:1\"", "admin: "),
            ("public_url = \"https://pay.example.com/\"", "public_url: "),
            ("public_url = \"https://a@pay.example.com\"", "public_url: "),
            ("public_url = \"pay.example.com\"", "public_url: "),
            ("[plugin]\nfuel_max = 0", "plugin.fuel_max: "),
            ("[store]\ncache_bytes_max = 255", "store.cache_bytes_max: "),
            ("[plugin]\ncall_threads = 2", "plugin.calls_per_plugin_max: "),
            ("[edge]\nheader_bytes_max = 100", "edge.header_bytes_max: "),
            ("[edge]\nbody_bytes_max = 99999999", "edge.body_bytes_max: "),
            ("[jobs]\nlease_ms = 40000", "jobs.lease_ms: "),
            ("[jobs]\nbackoff_min_ms = 9999999", "jobs.backoff_min_ms: "),
        ] {
            let refusal = refusal(text);
            assert!(refusal.starts_with(name), "{refusal}");
        }
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("mooring.toml");
        std::fs::write(
            &path,
            "data = \"a\"\nlisten = \"127.0.0.1:1\"\nallow_private = [\"10.0.0.0/8\"]",
        )
        .expect("a file");
        let overrides = Overrides {
            data: Some("b".into()),
            allow_private: vec!["127.0.0.0/8".parse().expect("a range")],
            ..Overrides::default()
        };
        let config = Config::load(Some(&path), overrides).expect("a configuration");
        assert_eq!((config.data.to_str(), config.listen.port()), (Some("b"), 1));
        assert_eq!(config.allow_private.len(), 2);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Config::load(Some(Path::new("/nowhere/m.toml")), Overrides::default());
        assert!(
            error
                .expect_err("a refusal")
                .to_string()
                .contains("/nowhere/m.toml")
        );
    }
}
