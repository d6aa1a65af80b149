//! How an endpoint is doing, and what follows from it. Pure: a row and an outcome in, a row out.
//!
//! | from | success | failure | 410 |
//! | --- | --- | --- | --- |
//! | healthy | healthy | degraded at the 3rd failure in a row | disabled |
//! | degraded | healthy | suspended once 10 have failed in a row, for at least 10 minutes | disabled |
//! | suspended | healthy | suspended, tried again after a pause that doubles up to 5 minutes; disabled after 5 days without a success | disabled |
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

/// So long they must have lasted as well: many events fail in a row within seconds where a receiver merely restarts, and
/// holding what has never been tried would delay it beyond the provider's schedule.
pub const SUSPENDED_AFTER_LASTING: Duration = Duration::from_mins(10);

/// The first pause before a suspended endpoint is tried again; doubles each time.
pub const PROBE_PAUSE_MIN: Duration = Duration::from_secs(30);

/// The longest pause: so long after a receiver is well again, at most, what was held goes out.
pub const PROBE_PAUSE_MAX: Duration = Duration::from_mins(5);

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
        } else if self.failures >= SUSPENDED_AFTER && now >= since.after(SUSPENDED_AFTER_LASTING) {
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
        MinutesPass(u64),
        DaysPass(u64),
    }
    use Step::{DaysPass, Fails, IsGone, MinutesPass, Succeeds};

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
        let suspended = [Fails(9), MinutesPass(11), Fails(1)];
        let and_then = |more: &[Step]| [&suspended, more].concat();
        let table: [(Vec<Step>, Health, usize); 14] = [
            (vec![], Healthy, 8),
            (vec![Fails(2)], Healthy, 8),
            (vec![Fails(2), Succeeds, Fails(2)], Healthy, 8),
            (vec![Fails(3)], Degraded, 1),
            (vec![Fails(3), Succeeds], Healthy, 8),
            // Many failures that have not lasted, and few that have.
            (vec![Fails(50), MinutesPass(9), Fails(50)], Degraded, 1),
            (vec![Fails(8), MinutesPass(60), Fails(1)], Degraded, 1),
            (vec![Fails(9), MinutesPass(10), Fails(1)], Suspended, 1),
            (and_then(&[Succeeds]), Healthy, 8),
            // A success in between begins anew.
            (vec![Fails(9), MinutesPass(11), Succeeds, Fails(10)], Degraded, 1),
            (and_then(&[DaysPass(4), Fails(1)]), Suspended, 1),
            (and_then(&[DaysPass(5), Fails(1)]), Disabled, 0),
            (vec![IsGone], Disabled, 0),
            (
                and_then(&[DaysPass(5), Fails(1), Succeeds, Fails(1)]),
                Disabled,
                0,
            ),
        ];
        for (row, (steps, health, at_once)) in table.into_iter().enumerate() {
            let (mut endpoint, mut now) = (endpoint(), Timestamp(1000));
            for step in steps {
                match step {
                    Fails(times) => (0..times).for_each(|_| endpoint.failed(now)),
                    Succeeds => endpoint.succeeded(),
                    IsGone => endpoint.disable(DisabledBy::Gone, now),
                    MinutesPass(minutes) => now = now.after(Duration::from_mins(minutes)),
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
    fn probes_come_later_and_later_up_to_five_minutes() {
        let mut endpoint = endpoint();
        let suspend = |endpoint: &mut Endpoint, now: Timestamp| {
            (1..SUSPENDED_AFTER).for_each(|_| endpoint.failed(now.before(SUSPENDED_AFTER_LASTING)));
            endpoint.failed(now);
        };
        let now = Timestamp(1_000_000);
        suspend(&mut endpoint, now);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            pauses.push((endpoint.probe_at.unwrap().millis() - now.millis()) / 1000);
            endpoint.failed(now);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
        endpoint.succeeded();
        suspend(&mut endpoint, now);
        assert_eq!(endpoint.probe_at.unwrap().millis(), now.millis() + 30_000);
    }
}
