//! Times as the provider writes them, all in UTC, and as its clients write them.

use std::time::{Duration, UNIX_EPOCH};

/// `2016-01-27T15:40:19`
fn bare(millis: u64) -> String {
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis)).to_string();
    text.trim_end_matches('Z').to_owned()
}

/// `2016-01-27T15:40:19+0000`: payments one by one and in the short list, bans, and when a checkout expires.
pub(crate) fn without_colon(millis: u64) -> String {
    format!("{}+0000", bare(millis))
}

/// `2016-01-27T15:40:19+00:00`: pages of payments, coupons, gift cards, purchases.
pub(crate) fn with_colon(millis: u64) -> String {
    format!("{}+00:00", bare(millis))
}

/// `2016-01-27 15:40:19`: notes and goals.
pub(crate) fn spaced(millis: u64) -> String {
    bare(millis).replace('T', " ")
}

/// `2022-01-31`, the beginning of that day.
pub(crate) fn day(text: &str) -> Option<u64> {
    moment(&format!("{text} 00:00:00"))
}

/// `2022-01-31 15:40:19`, or a day alone; also by ISO 8601, with `T`, a fraction, and an offset.
pub(crate) fn moment(text: &str) -> Option<u64> {
    if text.len() == 10 {
        return day(text);
    }
    let (clock, rest) = (text.get(..19)?, text.get(19..)?);
    if !matches!(clock.as_bytes().get(10), Some(b' ' | b'T')) {
        return None;
    }
    let time = humantime::parse_rfc3339(&format!("{}Z", clock.replace(' ', "T"))).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    let local = i64::try_from(since.as_millis()).ok()?;
    u64::try_from(local - offset(fraction_cut(rest)?)?).ok()
}

/// What follows a fraction of a second, of which there need not be one.
fn fraction_cut(rest: &str) -> Option<&str> {
    let Some(digits) = rest.strip_prefix('.') else {
        return Some(rest);
    };
    let behind = digits.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (behind.len() < digits.len()).then_some(behind)
}

/// How far from UTC a time is, in milliseconds: `Z`, `+02`, `+0200`, `-02:00`; nothing is UTC.
fn offset(text: &str) -> Option<i64> {
    let (sign, clock) = match text.split_at_checked(1) {
        None | Some(("Z", "")) => return Some(0),
        Some(("+", clock)) => (1, clock),
        Some(("-", clock)) => (-1, clock),
        Some(_) => return None,
    };
    let clock = clock.replacen(':', "", 1);
    if !matches!(clock.len(), 2 | 4) || !clock.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = clock.split_at(2);
    let hours: i64 = hours.parse().ok()?;
    let minutes: i64 = if minutes.is_empty() {
        0
    } else {
        minutes.parse().ok()?
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

/// The day of a time, as it is written there.
pub(crate) fn day_of(text: &str) -> Option<&str> {
    moment(text)?;
    text.get(..10)
}

/// Milliseconds of a period: `none`, which has no end, is none. A month is 30 days, a year 365.
pub(crate) fn period(name: &str) -> Option<u64> {
    let minutes = match name {
        "minute" => 1,
        "hour" => 60,
        "day" => 24 * 60,
        "week" => 7 * 24 * 60,
        "month" => 30 * 24 * 60,
        "year" => 365 * 24 * 60,
        _ => return None,
    };
    Some(minutes * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_providers_three_ways() {
        let time = 1_453_909_219_999;
        assert_eq!(without_colon(time), "2016-01-27T15:40:19+0000");
        assert_eq!(with_colon(time), "2016-01-27T15:40:19+00:00");
        assert_eq!(spaced(time), "2016-01-27 15:40:19");
    }

    #[test]
    fn times_are_read_as_clients_write_them() {
        for text in [
            "2016-01-27 15:40:19",
            "2016-01-27T15:40:19",
            "2016-01-27T15:40:19Z",
            "2016-01-27T15:40:19.123Z",
            "2016-01-27T17:40:19+02",
            "2016-01-27T17:40:19+0200",
            "2016-01-27T13:10:19-02:30",
        ] {
            assert_eq!(moment(text), Some(1_453_909_219_000), "{text}");
        }
        assert_eq!(day_of("2016-01-27T00:00:00+02"), Some("2016-01-27"));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        assert_eq!(day("2016-01-27"), Some(1_453_852_800_000));
        assert_eq!(moment("2016-01-27 15:40:19"), Some(1_453_909_219_000));
        for text in [
            "",
            "2016-01-32",
            "2016-02-30",
            "27.01.2016",
            "2016-1-27",
            "2016-01-27T15:40",
            "2016-01-27T15:40:19.",
            "2016-01-27T15:40:19+2",
            "2016-01-27T15:40:19+24:00",
            "2016-01-27 25:40:19",
            "1969-12-31",
            "2016-01-27 15:40:1é",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
