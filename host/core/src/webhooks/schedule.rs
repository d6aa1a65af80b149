//! When a failed delivery is tried again.
//!
//! The pauses are the provider's promise to its receivers, so they are kept: an attempt never comes early, and comes late by
//! at most a tenth of the pause, 30 seconds at most, so that what failed together does not come back together. A receiver
//! that asks for a longer pause gets it, up to [`ASKED_MAX`].

use std::time::Duration;

use rand::RngExt;

/// Latest beyond its time, in thousandths of the pause and in all.
const JITTER_THOUSANDTHS: u32 = 100;
const JITTER_MAX: Duration = Duration::from_secs(30);

/// The longest pause that a receiver can ask for: a maintenance of hours is heard, and a mistaken year holds nothing for good.
const ASKED_MAX: Duration = Duration::from_hours(24);

/// The pause after this many attempts of a schedule, or nothing: it was the last one. A receiver that says when it wants to
/// be asked again is asked then, but not before the schedule has it.
pub(super) fn pause(
    retry_seconds: &[u32],
    tries: u32,
    retry_after: Option<Duration>,
    rng: &mut impl RngExt,
) -> Option<Duration> {
    let index = usize::try_from(tries.checked_sub(1)?).ok()?;
    let planned = Duration::from_secs((*retry_seconds.get(index)?).into());
    let pause = retry_after.unwrap_or_default().min(ASKED_MAX).max(planned);
    let jitter = (pause * rng.random_range(0..=JITTER_THOUSANDTHS) / 1000).min(JITTER_MAX);
    Some(pause + jitter)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha20Rng;

    use super::*;

    #[test]
    fn pauses_are_those_of_the_schedule_and_then_there_is_none() {
        let mut rng = ChaCha20Rng::from_seed([3; 32]);
        let schedule = [30, 120, 86_400];
        for (tries, least, most) in [(1, 30.0, 33.0), (2, 120.0, 132.0), (3, 86_400.0, 86_430.0)] {
            for _ in 0..100 {
                let pause = pause(&schedule, tries, None, &mut rng).unwrap().as_secs_f64();
                assert!((least..=most).contains(&pause), "{tries}: {pause}");
            }
        }
        assert_eq!(pause(&schedule, 4, None, &mut rng), None);
        assert_eq!(pause(&[], 1, None, &mut rng), None);
    }

    #[test]
    fn a_receivers_wish_is_heard_from_the_pause_up_to_a_day() {
        let mut rng = ChaCha20Rng::from_seed([4; 32]);
        let wishes = [
            (1, 30.0, 33.0),
            (45, 45.0, 49.5),
            (3600, 3600.0, 3630.0),
            (86_401, 86_400.0, 86_430.0),
            (u64::MAX, 86_400.0, 86_430.0),
        ];
        for (asked, least, most) in wishes {
            for _ in 0..100 {
                let asked = Some(Duration::from_secs(asked));
                let pause = pause(&[30], 1, asked, &mut rng).unwrap().as_secs_f64();
                assert!((least..=most).contains(&pause), "{pause}");
            }
        }
    }
}
