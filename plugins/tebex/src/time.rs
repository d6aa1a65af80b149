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

/// `2022-01-31 15:40:19`, or a day alone.
pub(crate) fn moment(text: &str) -> Option<u64> {
    if text.len() == 10 {
        return day(text);
    }
    if text.len() != 19 || text.as_bytes().get(10) != Some(&b' ') {
        return None;
    }
    let time = humantime::parse_rfc3339(&format!("{}Z", text.replace(' ', "T"))).ok()?;
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
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
    fn what_is_no_day_is_refused() {
        assert_eq!(day("2016-01-27"), Some(1_453_852_800_000));
        assert_eq!(moment("2016-01-27 15:40:19"), Some(1_453_909_219_000));
        for text in [
            "",
            "2016-01-32",
            "2016-02-30",
            "27.01.2016",
            "2016-1-27",
            "2016-01-27T15:40:19",
            "2016-01-27 25:40:19",
            "1969-12-31",
            "2016-01-27 15:40:1é",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
