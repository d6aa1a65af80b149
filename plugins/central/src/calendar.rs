//! Days, months and years in the tenant's time zone, and how the provider writes time.
//!
//! Every boundary of a subscription is counted from its anchor and not from the boundary before it, so the 31st comes back
//! after February, and a leap day after four years. Wall-clock time is kept over changes of daylight saving: a time that does
//! not exist moves on by the gap, one that exists twice is the first of the two.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ZonedDateTime};
use serde::{Deserialize, Serialize};

/// What a billing period is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
}

impl Interval {
    /// As the provider writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Interval::Day => "day",
            Interval::Week => "week",
            Interval::Month => "month",
            Interval::Year => "year",
        }
    }

    /// The most of them that a period may have: about three years.
    pub fn count_max(self) -> u32 {
        match self {
            Interval::Day => 1095,
            Interval::Week => 156,
            Interval::Month => 36,
            Interval::Year => 3,
        }
    }

    /// `monthly`, `every_3_months`.
    pub(crate) fn cycle(self, count: u32) -> String {
        match (self, count) {
            (Interval::Day, 1) => "daily".to_owned(),
            (Interval::Week, 1) => "weekly".to_owned(),
            (Interval::Month, 1) => "monthly".to_owned(),
            (Interval::Year, 1) => "yearly".to_owned(),
            (interval, count) => format!("every_{count}_{}s", interval.as_str()),
        }
    }

    fn span(self, count: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Interval::Day => span.try_days(count),
            Interval::Week => span.try_weeks(count),
            Interval::Month => span.try_months(count),
            Interval::Year => span.try_years(count),
        }
        .ok()
    }
}

/// A time zone.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    /// By its name in the IANA database: `Europe/Berlin`.
    pub fn of(name: &str) -> Option<Calendar> {
        let zone = if name == "UTC" {
            TimeZone::UTC
        } else {
            TimeZone::get(name).ok()?
        };
        Some(Calendar { zone })
    }

    /// `number` periods of `count` intervals after the anchor; all times in milliseconds since the epoch. A time beyond what
    /// calendars have is the last one that they do have.
    pub fn boundary(&self, anchor: u64, interval: Interval, count: u32, number: u32) -> u64 {
        let at = self.zoned(anchor);
        let later = interval
            .span(i64::from(count) * i64::from(number))
            .and_then(|span| at.checked_add(span).ok());
        later.map_or(u64::MAX / 2, |later| millis(later.timestamp()))
    }

    /// So many calendar days later, at the same time of day.
    pub fn days_after(&self, at: u64, days: u32) -> u64 {
        self.boundary(at, Interval::Day, days, 1)
    }

    /// `2027-01-15`: the day that this time is in.
    pub fn day(&self, at: u64) -> String {
        self.zoned(at).date().to_string()
    }

    /// `2027-01`.
    pub fn month(&self, at: u64) -> String {
        self.day(at)[..7].to_owned()
    }

    /// When a day begins.
    pub fn start_of(&self, day: Date) -> Option<u64> {
        let start = day.to_zoned_datetime(self.zone.clone()).ok()?;
        Some(millis(start.timestamp()))
    }

    /// The start of a `2027-01-15`, or the very time of a `2027-01-15T08:00:00Z`.
    pub fn read(&self, text: &str) -> Option<u64> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return u64::try_from(at.as_millisecond()).ok();
        }
        // Days beyond what time stamps have, 9999-12-31, are later than any other.
        Some(self.start_of(date(text)?).unwrap_or(u64::MAX / 2))
    }

    fn zoned(&self, at: u64) -> ZonedDateTime {
        let at = i64::try_from(at)
            .ok()
            .and_then(|at| Timestamp::from_millisecond(at).ok());
        at.unwrap_or(Timestamp::MAX).to_zoned_datetime(self.zone.clone())
    }
}

/// A `2027-01-15` and nothing else.
pub(crate) fn date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// `2025-01-15T00:00:00Z`, as subscriptions have it.
pub(crate) fn seconds(at: u64) -> String {
    let at = i64::try_from(at / 1000)
        .ok()
        .and_then(|at| Timestamp::from_second(at).ok());
    at.unwrap_or(Timestamp::MAX).to_string()
}

/// `2025-11-17T10:00:00.000000Z`, as payments have it.
pub(crate) fn micros(at: u64) -> String {
    let at = i64::try_from(at)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok());
    format!("{:.6}", at.unwrap_or(Timestamp::MAX))
}

/// Milliseconds since the epoch; what was before it is the epoch.
fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}
