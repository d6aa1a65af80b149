//! What a plugin has cost, counted per route.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::exchange::Usage;

/// Running totals of one route since the plugin was loaded.
#[derive(Debug, Default)]
pub(crate) struct RouteUsage {
    requests: AtomicU64,
    failures: AtomicU64,
    fuel: AtomicU64,
    host_calls: AtomicU64,
    bytes_written: AtomicU64,
    reruns: AtomicU64,
}

/// What a route has cost since its plugin was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RouteTotals {
    /// Calls that reached the plugin.
    pub requests: u64,
    /// Those that ended in a trap, a deadline or a broken limit.
    pub failures: u64,
    /// Units of fuel.
    pub fuel: u64,
    /// Calls of imported functions.
    pub host_calls: u64,
    /// Bytes of keys and values written.
    pub bytes_written: u64,
    /// Runs thrown away because another transaction won.
    pub reruns: u64,
}

impl RouteUsage {
    pub(crate) fn add(&self, usage: &Usage, failed: bool) {
        self.requests.fetch_add(1, Relaxed);
        self.failures.fetch_add(failed.into(), Relaxed);
        self.fuel.fetch_add(usage.fuel, Relaxed);
        self.host_calls.fetch_add(usage.host_calls, Relaxed);
        self.bytes_written.fetch_add(usage.bytes_written, Relaxed);
        self.reruns.fetch_add(usage.reruns.into(), Relaxed);
    }

    pub(crate) fn totals(&self) -> RouteTotals {
        RouteTotals {
            requests: self.requests.load(Relaxed),
            failures: self.failures.load(Relaxed),
            fuel: self.fuel.load(Relaxed),
            host_calls: self.host_calls.load(Relaxed),
            bytes_written: self.bytes_written.load(Relaxed),
            reruns: self.reruns.load(Relaxed),
        }
    }
}
