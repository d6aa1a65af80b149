//! Stops a plugin that fails again and again, for a while, so that it costs its neighbours nothing.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A pause doubles up to this many times the first one.
const PAUSE_GROWTH_MAX: u32 = 16;

/// Counts failures in a row of one plugin. Closed: calls go through. Open: they are refused until the pause is over;
/// then one failure more opens it again, for twice as long, and one success closes it.
pub(crate) struct Breaker {
    failures_max: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// How often it has opened since the last success.
    openings: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    pub(crate) fn new(failures_max: u32, pause: Duration) -> Breaker {
        Breaker {
            failures_max,
            pause,
            state: Mutex::default(),
        }
    }

    /// How long calls are still refused, if they are.
    pub(crate) fn refuses(&self, now: Instant) -> Option<Duration> {
        let until = self.state.lock().open_until?;
        until.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    pub(crate) fn succeeded(&self) {
        let mut state = self.state.lock();
        if state.failures > 0 {
            *state = State::default();
        }
    }

    /// Takes in a failure. Gives the pause if this one opened the breaker.
    pub(crate) fn failed(&self, now: Instant) -> Option<Duration> {
        let mut state = self.state.lock();
        state.failures += 1;
        let is_open = state.open_until.is_some_and(|until| until > now);
        if is_open || state.failures < self.failures_max {
            return None;
        }
        let growth = 2_u32.saturating_pow(state.openings).min(PAUSE_GROWTH_MAX);
        let pause = self.pause * growth;
        state.openings += 1;
        state.open_until = Some(now + pause);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(1);

    #[test]
    fn opens_after_failures_in_a_row_and_closes_after_a_success() {
        let breaker = Breaker::new(3, PAUSE);
        let now = Instant::now();
        assert_eq!((breaker.failed(now), breaker.failed(now)), (None, None));
        breaker.succeeded();
        assert_eq!((breaker.failed(now), breaker.failed(now)), (None, None));
        assert_eq!(breaker.refuses(now), None);
        assert_eq!(breaker.failed(now), Some(PAUSE));
        assert_eq!(breaker.refuses(now), Some(PAUSE));
        assert_eq!(breaker.refuses(now + PAUSE), None);
        breaker.succeeded();
        assert_eq!(breaker.failed(now + PAUSE), None);
    }

    #[test]
    fn stays_open_longer_each_time_up_to_a_limit() {
        let breaker = Breaker::new(1, PAUSE);
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let pause = breaker.failed(now).unwrap();
            pauses.push(pause.as_secs());
            now += pause;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 16, 16]);
    }
}
