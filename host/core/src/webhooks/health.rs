//! How an endpoint is doing, and what follows from it. Pure: a row and an outcome in, a row out.
//!
//! | from | success | failure | 410 |
//! | --- | --- | --- | --- |
//! | healthy | healthy | degraded at the 3rd failure in a row | disabled |
//! | degraded | healthy | suspended at the 10th in a row | disabled |
//! | suspended | healthy | suspended, tried again after a pause that doubles; disabled after 5 days without a success | disabled |
//! | disabled | disabled | disabled | disabled |
//!
//! Whoever is disabled stays so until the operator enables it; the host's own reasons (410, failing) also end when the
//! setting is given another address.

use std::time::Duration;

use super::{Disabled, DisabledBy, Endpoint, Health};
use crate::time::Timestamp;

/// Failures in a row after which an endpoint is given one delivery at a time: more than bad luck, and early enough that one
/// that hangs holds few connections.
pub const DEGRADED_AFTER: u32 = 3;

/// Failures in a row after which its deliveries are held. More than the schedule of one delivery commonly has, so that a
/// receiver which refuses one event and takes the others is not suspended for it.
pub const SUSPENDED_AFTER: u32 = 10;

/// The first pause before a suspended endpoint is tried again; doubles each time.
pub const PROBE_PAUSE_MIN: Duration = Duration::from_secs(30);

/// The longest pause.
pub const PROBE_PAUSE_MAX: Duration = Duration::from_hours(1);

/// So long after the first failure of a row a suspended endpoint that fails again is disabled. Longer than a long weekend.
pub const DISABLED_AFTER: Duration = Duration::from_hours(5 * 24);

impl Endpoint {
    pub(super) fn succeeded(&mut self) {
        if self.health != Health::Disabled {
            self.recover();
        }
    }

    pub(super) fn failed(&mut self, now: Timestamp) {
        if self.health == Health::Disabled {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let since = *self.failing_since.get_or_insert(now);
        if self.health == Health::Suspended {
            if now >= since.after(DISABLED_AFTER) {
                return self.disable(DisabledBy::Failing, now);
            }
            self.probes = self.probes.saturating_add(1);
            self.probe_at = Some(now.after(probe_pause(self.probes)));
        } else if self.failures >= SUSPENDED_AFTER {
            self.health = Health::Suspended;
            self.probes = 0;
            self.probe_at = Some(now.after(probe_pause(0)));
        } else if self.failures >= DEGRADED_AFTER {
            self.health = Health::Degraded;
        }
    }

    pub(super) fn disable(&mut self, by: DisabledBy, now: Timestamp) {
        self.health = Health::Disabled;
        self.disabled = Some(Disabled { by, at: now });
        self.probe_at = None;
    }

    /// As if it had never failed.
    pub(super) fn recover(&mut self) {
        self.health = Health::Healthy;
        self.failures = 0;
        self.failing_since = None;
        self.probe_at = None;
        self.probes = 0;
        self.disabled = None;
    }

    /// How many of its deliveries may be on their way at the same time.
    pub(super) fn at_once(&self, at_once_max: usize) -> usize {
        match self.health {
            Health::Disabled => 0,
            Health::Degraded | Health::Suspended => 1,
            Health::Healthy if self.ordered => 1,
            Health::Healthy => at_once_max,
        }
    }
}

/// The pause after so many tries of a suspended endpoint.
fn probe_pause(probes: u32) -> Duration {
    PROBE_PAUSE_MIN
        .saturating_mul(1 << probes.min(16))
        .min(PROBE_PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EndpointId;
    use crate::testing::{World, plugin_name};
    use crate::webhooks::Source;

    #[derive(Clone, Copy)]
    enum Step {
        Fails(u32),
        Succeeds,
        IsGone,
        DaysPass(u64),
    }
    use Step::{DaysPass, Fails, IsGone, Succeeds};

    fn endpoint() -> Endpoint {
        let world = World::new();
        Endpoint {
            id: EndpointId::parse("ep_0123456789abcdefghijAB").unwrap(),
            tenant: world.acme.clone(),
            plugin: plugin_name("alpha"),
            source: Source::Manifest(String::from("main")),
            kinds: Vec::new(),
            ordered: false,
            health: Health::Healthy,
            failures: 0,
            failing_since: None,
            probe_at: None,
            disabled: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            probes: 0,
            previous_secrets: Vec::new(),
            address: None,
            ordinal: 1,
        }
    }

    #[test]
    fn health_follows_the_table() {
        use Health::{Degraded, Disabled, Healthy, Suspended};
        let table: [(&[Step], Health, usize); 12] = [
            (&[], Healthy, 8),
            (&[Fails(2)], Healthy, 8),
            (&[Fails(2), Succeeds, Fails(2)], Healthy, 8),
            (&[Fails(3)], Degraded, 1),
            (&[Fails(3), Succeeds], Healthy, 8),
            (&[Fails(9)], Degraded, 1),
            (&[Fails(10)], Suspended, 1),
            (&[Fails(10), Succeeds], Healthy, 8),
            (&[Fails(10), DaysPass(4), Fails(1)], Suspended, 1),
            (&[Fails(10), DaysPass(5), Fails(1)], Disabled, 0),
            (&[IsGone], Disabled, 0),
            (
                &[Fails(10), DaysPass(5), Fails(1), Succeeds, Fails(1)],
                Disabled,
                0,
            ),
        ];
        for (row, (steps, health, at_once)) in table.into_iter().enumerate() {
            let (mut endpoint, mut now) = (endpoint(), Timestamp(1000));
            for step in steps {
                match *step {
                    Fails(times) => (0..times).for_each(|_| endpoint.failed(now)),
                    Succeeds => endpoint.succeeded(),
                    IsGone => endpoint.disable(DisabledBy::Gone, now),
                    DaysPass(days) => now = now.after(Duration::from_hours(24 * days)),
                }
            }
            assert_eq!(
                (endpoint.health, endpoint.at_once(8)),
                (health, at_once),
                "row {row}"
            );
            assert_eq!(endpoint.probe_at.is_some(), health == Suspended, "row {row}");
            assert_eq!(endpoint.disabled.is_some(), health == Disabled, "row {row}");
        }
    }

    #[test]
    fn probes_come_later_and_later_up_to_an_hour() {
        let (mut endpoint, now) = (endpoint(), Timestamp(0));
        (0..SUSPENDED_AFTER).for_each(|_| endpoint.failed(now));
        let mut pauses = Vec::new();
        for _ in 0..9 {
            pauses.push(endpoint.probe_at.unwrap().millis() / 1000);
            endpoint.failed(now);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        endpoint.succeeded();
        (0..SUSPENDED_AFTER).for_each(|_| endpoint.failed(now));
        assert_eq!(endpoint.probe_at.unwrap().millis(), 30_000);
    }
}
