//! How much time a payer has.

use std::time::{Duration, UNIX_EPOCH};

use mooring_core::time::Timestamp;

use super::language::Language;
use super::words::{fill, words};

/// Beyond this a date says more than a number of hours.
const DATE_FROM_MINUTES: u64 = 48 * 60;

/// "Expires in 14 min".
pub(super) fn time_left(language: Language, expires_at: Timestamp, now: Timestamp) -> String {
    let words = words(language);
    let minutes = expires_at.millis().saturating_sub(now.millis()) / 60_000;
    let (hours, rest) = ((minutes / 60).to_string(), minutes % 60);
    match minutes {
        0 => words.expires_soon.to_owned(),
        1..60 => fill(
            language,
            words.expires_in_minutes,
            &[("minutes", &rest.to_string())],
        ),
        60..DATE_FROM_MINUTES => {
            let values = [("hours", hours.as_str()), ("minutes", &format!("{rest:02}"))];
            fill(language, words.expires_in_hours, &values)
        }
        DATE_FROM_MINUTES.. => fill(language, words.expires_on, &[("date", &date(expires_at))]),
    }
}

/// `2026-11-27`: the one way to write a date that nobody reads as another day. In UTC, like everything the host says.
fn date(at: Timestamp) -> String {
    // The last moment of the year 9999 is the last one that this form can hold.
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    let since = Duration::from_millis(at.millis()).min(LAST);
    let mut text = humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string();
    text.truncate("2026-11-27".len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(seconds: u64) -> String {
        let now = Timestamp(1_795_000_000_000);
        time_left(Language::En, now.after(Duration::from_secs(seconds)), now)
    }

    #[test]
    fn the_unit_fits_the_time() {
        assert_eq!(left(0), "Expires in less than a minute");
        assert_eq!(left(59), "Expires in less than a minute");
        assert_eq!(left(60), "Expires in 1 min");
        assert_eq!(left(3599), "Expires in 59 min");
        assert_eq!(left(3600), "Expires in 1 h 00 min");
        assert_eq!(left(47 * 3600 + 300), "Expires in 47 h 05 min");
        assert_eq!(left(48 * 3600), "Pay by 2026-11-20");
    }

    #[test]
    fn the_end_of_time_is_a_date_too() {
        let text = time_left(Language::En, Timestamp(u64::MAX), Timestamp(0));
        assert_eq!(text, "Pay by 9999-12-31");
    }
}
