//! How often a caller may ask.
//!
//! A token bucket for each mount, key, address and quota: routes with the same quota share one, so a limit "600 per
//! minute" means what a provider's documents mean by it. Requests without a valid key share the bucket of their address.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use mooring_core::keys::Principal;
use mooring_manifest::RateLimit;

/// Buckets of one quota before full ones are thrown out at once instead of at the next sweep; some 6 MB.
const BUCKETS_MAX: usize = 100_000;
/// How many requests pass between two looks at that number, which has to ask every shard of the map.
const LOOK_EVERY: u32 = 1024;

/// All buckets of the edge.
pub(super) struct Rates {
    /// One limiter per quota: a handful, since quotas come from manifests and settings. Read without a lock.
    limiters: ArcSwap<Vec<(RateLimit, Arc<Limiter>)>>,
    hasher: RandomState,
    clock: DefaultClock,
    passed: AtomicU32,
}

type Limiter = DefaultKeyedRateLimiter<Bucket>;

/// Whose bucket: of fixed size, so that a caller's names cost no memory. Two callers share a bucket by accident with a
/// probability of 2⁻⁶⁴, and the hash is keyed, so that nobody can aim for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Bucket {
    caller: u64,
    address: IpAddr,
}

impl Rates {
    pub(super) fn new() -> Rates {
        Rates {
            limiters: ArcSwap::default(),
            hasher: RandomState::new(),
            clock: DefaultClock::default(),
            passed: AtomicU32::new(0),
        }
    }

    /// Takes a token of a route's limit, or says how many seconds to wait for one. No quota and a quota of 0 let everybody pass.
    pub(super) fn take(
        &self,
        per_minute: Option<u32>,
        mount: &str,
        principal: Option<&Principal>,
        address: IpAddr,
    ) -> Result<(), u32> {
        let quota = per_minute.map(|requests| RateLimit {
            requests,
            seconds: 60,
        });
        self.take_from(quota, (mount, principal.map(Principal::key)), address)
    }

    /// As [`take`](Rates::take), of the limit of a surface as a whole.
    pub(super) fn take_of_surface(
        &self,
        quota: Option<RateLimit>,
        mount: &str,
        principal: Option<&Principal>,
        address: IpAddr,
    ) -> Result<(), u32> {
        // Apart from the limits of its routes, also where the numbers are the same.
        let caller = (mount, principal.map(Principal::key), "surface");
        self.take_from(quota, caller, address)
    }

    fn take_from(&self, quota: Option<RateLimit>, caller: impl Hash, address: IpAddr) -> Result<(), u32> {
        let Some(quota) = quota.filter(|quota| quota.requests > 0) else {
            return Ok(());
        };
        let bucket = Bucket {
            caller: self.hasher.hash_one(caller),
            address: network(address),
        };
        let limiters = self.limiters.load();
        let known = limiters
            .iter()
            .find(|(known, _)| *known == quota)
            .map(|(_, limiter)| limiter);
        let added;
        let limiter = if let Some(limiter) = known {
            limiter
        } else {
            added = self.add(quota);
            &added
        };
        if self
            .passed
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(LOOK_EVERY)
            && limiter.len() > BUCKETS_MAX
        {
            limiter.retain_recent();
        }
        limiter.check_key(&bucket).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            // Rounded up: a client that waits as told must pass.
            (wait.as_secs_f64().ceil() as u32).max(1)
        })
    }

    /// Throws out buckets that are full again, and limiters that have none. Called now and then.
    pub(super) fn sweep(&self) {
        for (_, limiter) in self.limiters.load().iter() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        self.limiters.rcu(|limiters| {
            let used = limiters.iter().filter(|(_, limiter)| !limiter.is_empty());
            used.cloned().collect::<Vec<_>>()
        });
    }

    fn add(&self, quota: RateLimit) -> Arc<Limiter> {
        let requests = NonZeroU32::new(quota.requests).unwrap_or(NonZeroU32::MIN);
        let each = Duration::from_secs(quota.seconds.max(1).into()) / requests.get();
        let rate = Quota::with_period(each).unwrap_or_else(|| Quota::per_second(requests));
        let fresh: Arc<Limiter> = Arc::new(RateLimiter::keyed(rate.allow_burst(requests)));
        let mut chosen = fresh.clone();
        self.limiters.rcu(|limiters| {
            let mut limiters = Vec::clone(limiters);
            if let Some((_, other)) = limiters.iter().find(|(known, _)| *known == quota) {
                chosen = other.clone();
            } else {
                chosen = fresh.clone();
                limiters.push((quota, fresh.clone()));
            }
            limiters
        });
        chosen
    }
}

/// What counts as one address: of IPv6 the network, since one customer is given at least a /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn a_bucket_holds_a_minutes_worth_and_says_how_long_to_wait() {
        let rates = Rates::new();
        for _ in 0..6 {
            assert_eq!(rates.take(Some(6), "m", None, HOME), Ok(()));
        }
        let wait = rates.take(Some(6), "m", None, HOME).unwrap_err();
        assert!((1..=10).contains(&wait), "{wait}");
    }

    #[test]
    fn mounts_addresses_and_quotas_have_their_own_buckets() {
        let rates = Rates::new();
        let other = "198.51.100.7".parse().unwrap();
        for (quota, mount, address) in [(1, "a", HOME), (2, "a", HOME), (1, "b", HOME), (1, "a", other)] {
            assert_eq!(rates.take(Some(quota), mount, None, address), Ok(()));
        }
        assert!(rates.take(Some(1), "a", None, HOME).is_err());
    }

    #[test]
    fn nothing_and_zero_are_no_limit() {
        let rates = Rates::new();
        for per_minute in [None, Some(0)] {
            assert!((0..1000).all(|_| rates.take(per_minute, "m", None, HOME).is_ok()));
        }
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        let rates = Rates::new();
        let take = |address: &str| rates.take(Some(1), "m", None, address.parse().unwrap());
        assert!(take("2001:db8::1").is_ok());
        assert!(take("2001:db8::ffff:2").is_err());
        assert!(take("2001:db8:0:1::1").is_ok());
    }

    #[test]
    fn a_sweep_keeps_buckets_in_use_and_forgets_the_others() {
        let rates = Rates::new();
        rates.take(Some(1), "m", None, HOME).unwrap();
        // At this rate a bucket is full again before the sweep looks.
        rates.take(Some(u32::MAX), "m", None, HOME).unwrap();
        rates.sweep();
        let limiters = rates.limiters.load();
        let quotas: Vec<u32> = limiters.iter().map(|(quota, _)| quota.requests).collect();
        assert_eq!(quotas, [1]);
        assert!(rates.take(Some(1), "m", None, HOME).is_err());
    }
}
