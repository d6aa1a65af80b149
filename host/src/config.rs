//! Every knob and every limit of the host, with its unit, in one place.
//!
//! Values come from a TOML file (`mooring serve --config FILE`), then from the command line. Unknown names are refused,
//! and [`Config::check`] refuses combinations that cannot work before anything is opened.

mod load;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use load::{ConfigError, Overrides};

/// The whole configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Everything the host keeps: database, keys, plugins, compile cache.
    pub data: PathBuf,
    /// Where front-ends call.
    pub listen: SocketAddr,
    /// Scheme, host and port under which the world reaches `listen`, `https://pay.example.com`: what links to hosted pages and
    /// gateways' notifications begin with. Absent: the listen address.
    pub public_url: Option<String>,
    /// Where the operator calls; keep it off public networks.
    pub admin: SocketAddr,
    /// Where bundled plugins (`NAME.wasm`) lie; absent means the folder `plugins` beside the executable.
    pub bundled_plugins: Option<PathBuf>,
    /// Private address ranges that outbound calls may reach all the same. For development.
    pub allow_private: Vec<IpNet>,
    /// Whether the operator may move the host's clock forward. For trying out what takes months; a host whose clock was moved
    /// keeps it so, and starts only with this.
    pub movable_clock: bool,
    /// TLS on the public listener; absent means plain HTTP, behind a proxy that ends TLS.
    pub tls: Option<Tls>,
    /// The database.
    pub store: StoreLimits,
    /// The public listener's limits.
    pub edge: EdgeLimits,
    /// The plugins' limits.
    pub plugin: PluginLimits,
    /// Background work.
    pub jobs: JobLimits,
    /// Calls to the world.
    pub outbound: OutboundLimits,
    /// Delivery of events.
    pub webhooks: WebhookLimits,
}

/// Certificate and key, PEM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate chain, leaf first.
    pub certificate: PathBuf,
    /// Private key, PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// Limits of the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreLimits {
    /// Rows kept in memory, as they lie on the disk; in memory they take about twice that. The system's own cache of files
    /// serves what is beyond.
    pub cache_bytes_max: u64,
}

/// Limits of the public listener.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdgeLimits {
    /// Open connections; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// Request head: start line and headers together.
    pub header_bytes_max: usize,
    /// Time for a request head to arrive, and how long an idle connection is kept.
    #[serde(with = "millis")]
    pub header_timeout_ms: Duration,
    /// Request body, unless the route asks for less.
    pub body_bytes_max: u64,
    /// Time for a whole body to arrive.
    #[serde(with = "millis")]
    pub body_timeout_ms: Duration,
    /// Time for a client to take a response, measured while no byte moves.
    #[serde(with = "millis")]
    pub write_timeout_ms: Duration,
    /// Concurrent HTTP/2 streams on a connection.
    pub http2_streams_max: u32,
    /// How long a shutdown waits for requests in flight.
    #[serde(with = "millis")]
    pub shutdown_timeout_ms: Duration,
    /// Notifications that one address may send to one gateway in a minute; 0 for no limit.
    pub notifications_per_minute: u32,
    /// Files of a mount's documentation that one address may ask for in a minute; 0 for no limit.
    pub docs_per_minute: u32,
    /// Proxies whose `X-Forwarded-For` is believed: a request's address is then the right-most hop that is not among
    /// them. Empty, and the address is always the peer's.
    pub trusted_proxies: Vec<IpNet>,
    /// The hosted page.
    pub checkout: CheckoutLimits,
}

/// Limits of the hosted page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckoutLimits {
    /// Pages of one mount that one address may see in a minute; 0 for no limit.
    pub views_per_minute: u32,
    /// Forms that one address may send to one mount in a minute; 0 for no limit. Each may begin an attempt at a gateway.
    pub forms_per_minute: u32,
    /// Body of a form.
    pub form_bytes_max: u64,
    /// How long an answer waits for a gateway; then the page says that it takes longer.
    #[serde(with = "millis")]
    pub wait_ms: Duration,
}

/// Limits of one call into a plugin, and of plugins together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PluginLimits {
    /// Threads that run plugin calls.
    pub call_threads: usize,
    /// Calls of one plugin that run at the same time; fewer than `call_threads`, so that one plugin cannot hold them all.
    pub calls_per_plugin_max: usize,
    /// Calls of one plugin that wait; more are answered `unavailable`.
    pub queue_per_plugin_max: usize,
    /// Wall-clock time of one run of a handler.
    #[serde(with = "millis")]
    pub call_deadline_ms: Duration,
    /// Wall-clock time of one run of a job, outbound calls not included.
    #[serde(with = "millis")]
    pub job_deadline_ms: Duration,
    /// Units of fuel of one run, roughly instructions.
    pub fuel_max: u64,
    /// Linear memory of an instance.
    pub memory_bytes_max: usize,
    /// Elements of an instance's tables.
    pub table_elements_max: usize,
    /// Native stack of a guest.
    pub stack_bytes_max: usize,
    /// Body of a response.
    pub response_bytes_max: usize,
    /// Body of a response that is kept for an `Idempotency-Key`; at most 384 KiB, so that it fits into a row of the store.
    pub kept_reply_bytes_max: usize,
    /// Headers of a response.
    pub response_headers_max: usize,
    /// Calls of imported functions in one run.
    pub host_calls_max: u64,
    /// Bytes written to the store in one run.
    pub written_bytes_max: u64,
    /// One document, payload or metadata; at most 65,536.
    pub record_bytes_max: usize,
    /// Bytes of arguments in one imported call.
    pub call_argument_bytes_max: usize,
    /// Log text kept of one run, guest output included.
    pub log_bytes_max: usize,
    /// Runs of one request before it is answered `unavailable`.
    pub runs_max: u32,
    /// Events of payments told in one transaction; more are told later, in jobs of their own.
    pub events_per_call_max: usize,
    /// How long an answer is kept back for the job that it waits for.
    #[serde(with = "millis")]
    pub resume_wait_ms: Duration,
    /// Time for reading a gateway's notification, calls to the world included.
    #[serde(with = "millis")]
    pub notification_timeout_ms: Duration,
    /// Size of a component.
    pub component_bytes_max: u64,
    /// Time to compile a component.
    #[serde(with = "millis")]
    pub compile_timeout_ms: Duration,
    /// Address space of the process that compiles a component.
    pub compile_memory_bytes_max: u64,
    /// Failed calls in a row (traps, deadlines) after which a plugin is stopped for a while.
    pub breaker_failures: u32,
    /// How long it is stopped the first time; doubles up to 16 times this.
    #[serde(with = "millis")]
    pub breaker_pause_ms: Duration,
}

/// Limits of background work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobLimits {
    /// Jobs that run at the same time, or wait for the disk at their end.
    pub running_max: usize,
    /// Tries of a call to a gateway that fails (traps, deadlines); then the outcome counts as unknown, and it is asked for.
    pub gateway_tries_max: u32,
    /// How long a claimed job is kept from others.
    #[serde(with = "millis")]
    pub lease_ms: Duration,
    /// First pause after a failure; doubles each time.
    #[serde(with = "millis")]
    pub backoff_min_ms: Duration,
    /// Longest pause.
    #[serde(with = "millis")]
    pub backoff_max_ms: Duration,
}

/// Limits of outbound calls.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutboundLimits {
    /// From the first byte sent to the last one received.
    #[serde(with = "millis")]
    pub timeout_ms: Duration,
    /// Body of an answer.
    pub response_bytes_max: usize,
    /// Calls of one attempt of a job.
    pub calls_per_job_max: usize,
}

/// Limits of the delivery of events.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookLimits {
    /// Attempts to one endpoint at the same time; one where its events are ordered.
    pub at_once_per_endpoint_max: usize,
    /// Deliveries to all endpoints that are on their way at the same time.
    pub running_max: usize,
    /// How long a claimed delivery is kept from others; more than twice the longest time-out that a manifest can ask for,
    /// which is 30 seconds.
    #[serde(with = "millis")]
    pub lease_ms: Duration,
    /// How long a shutdown waits for deliveries on their way.
    #[serde(with = "millis")]
    pub drain_ms: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data: PathBuf::from("mooring-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            admin: SocketAddr::from(([127, 0, 0, 1], 8081)),
            bundled_plugins: None,
            allow_private: Vec::new(),
            movable_clock: false,
            tls: None,
            store: StoreLimits::default(),
            edge: EdgeLimits::default(),
            plugin: PluginLimits::default(),
            jobs: JobLimits::default(),
            outbound: OutboundLimits::default(),
            webhooks: WebhookLimits::default(),
        }
    }
}

impl Default for StoreLimits {
    fn default() -> StoreLimits {
        StoreLimits {
            cache_bytes_max: mooring_store::Options::default().cache_bytes,
        }
    }
}

impl Default for EdgeLimits {
    fn default() -> EdgeLimits {
        EdgeLimits {
            connections_max: 4096,
            header_bytes_max: 16 * 1024,
            header_timeout_ms: Duration::from_secs(10),
            body_bytes_max: 1024 * 1024,
            body_timeout_ms: Duration::from_secs(15),
            write_timeout_ms: Duration::from_secs(15),
            http2_streams_max: 128,
            shutdown_timeout_ms: Duration::from_secs(30),
            // A gateway has few addresses, and a busy day.
            notifications_per_minute: 6000,
            // The page is seven files, most of which a browser keeps.
            docs_per_minute: 600,
            trusted_proxies: Vec::new(),
            checkout: CheckoutLimits::default(),
        }
    }
}

impl Default for CheckoutLimits {
    fn default() -> CheckoutLimits {
        CheckoutLimits {
            // A page that waits looks every few seconds, and a household or office shares an address.
            views_per_minute: 240,
            forms_per_minute: 30,
            form_bytes_max: 16 * 1024,
            wait_ms: Duration::from_secs(8),
        }
    }
}

impl Default for PluginLimits {
    fn default() -> PluginLimits {
        PluginLimits {
            // Four threads on two cores: while some wait (a password hash, the store's lock) others run.
            call_threads: 4,
            calls_per_plugin_max: 3,
            queue_per_plugin_max: 1024,
            call_deadline_ms: Duration::from_secs(2),
            job_deadline_ms: Duration::from_secs(10),
            fuel_max: 500_000_000,
            memory_bytes_max: 32 * 1024 * 1024,
            table_elements_max: 20_000,
            stack_bytes_max: 512 * 1024,
            response_bytes_max: 4 * 1024 * 1024,
            kept_reply_bytes_max: 256 * 1024,
            response_headers_max: 64,
            host_calls_max: 10_000,
            written_bytes_max: 4 * 1024 * 1024,
            record_bytes_max: 64 * 1024,
            call_argument_bytes_max: 2 * 1024 * 1024,
            log_bytes_max: 16 * 1024,
            runs_max: 12,
            events_per_call_max: 32,
            resume_wait_ms: Duration::from_secs(10),
            notification_timeout_ms: Duration::from_secs(20),
            component_bytes_max: 32 * 1024 * 1024,
            compile_timeout_ms: Duration::from_mins(1),
            compile_memory_bytes_max: 4 * 1024 * 1024 * 1024,
            breaker_failures: 5,
            breaker_pause_ms: Duration::from_secs(1),
        }
    }
}

impl Default for JobLimits {
    fn default() -> JobLimits {
        JobLimits {
            running_max: 16,
            gateway_tries_max: 5,
            lease_ms: Duration::from_mins(2),
            backoff_min_ms: Duration::from_secs(5),
            backoff_max_ms: Duration::from_hours(1),
        }
    }
}

impl Default for OutboundLimits {
    fn default() -> OutboundLimits {
        OutboundLimits {
            timeout_ms: Duration::from_secs(30),
            response_bytes_max: 1024 * 1024,
            calls_per_job_max: 16,
        }
    }
}

impl Default for WebhookLimits {
    fn default() -> WebhookLimits {
        WebhookLimits {
            at_once_per_endpoint_max: 8,
            running_max: 512,
            lease_ms: Duration::from_mins(2),
            drain_ms: Duration::from_secs(10),
        }
    }
}

/// A duration as an integer of milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(duration.as_millis() as u64)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
