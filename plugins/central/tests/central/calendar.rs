//! Month ends, leap days and daylight saving.

use jiff::Timestamp;
use mooring_plugin_central::calendar::{Calendar, Interval};

fn millis(time: &str) -> u64 {
    let time: Timestamp = time.parse().expect("a time");
    u64::try_from(time.as_millisecond()).expect("after the epoch")
}

#[test]
fn boundaries_are_counted_from_the_anchor() {
    use Interval::{Day, Month, Week, Year};
    for (zone, anchor, interval, count, number, wanted) in [
        // The 31st comes back.
        ("UTC", "2027-01-31T10:00:00Z", Month, 1, 1, "2027-02-28T10:00:00Z"),
        ("UTC", "2027-01-31T10:00:00Z", Month, 1, 2, "2027-03-31T10:00:00Z"),
        ("UTC", "2027-01-31T10:00:00Z", Month, 1, 3, "2027-04-30T10:00:00Z"),
        ("UTC", "2028-01-31T10:00:00Z", Month, 1, 1, "2028-02-29T10:00:00Z"),
        ("UTC", "2027-01-30T10:00:00Z", Month, 1, 1, "2027-02-28T10:00:00Z"),
        ("UTC", "2027-12-31T23:59:59Z", Month, 1, 2, "2028-02-29T23:59:59Z"),
        ("UTC", "2027-11-30T00:00:00Z", Month, 3, 1, "2028-02-29T00:00:00Z"),
        ("UTC", "2027-11-30T00:00:00Z", Month, 3, 2, "2028-05-30T00:00:00Z"),
        // So does the leap day.
        ("UTC", "2028-02-29T00:00:00Z", Year, 1, 1, "2029-02-28T00:00:00Z"),
        ("UTC", "2028-02-29T00:00:00Z", Year, 1, 4, "2032-02-29T00:00:00Z"),
        (
            "UTC",
            "2028-02-29T00:00:00Z",
            Month,
            1,
            12,
            "2029-02-28T00:00:00Z",
        ),
        ("UTC", "2027-02-28T00:00:00Z", Year, 1, 1, "2028-02-28T00:00:00Z"),
        // 2100 is no leap year.
        ("UTC", "2096-02-29T00:00:00Z", Year, 1, 4, "2100-02-28T00:00:00Z"),
        ("UTC", "2027-02-26T00:00:00Z", Day, 1, 3, "2027-03-01T00:00:00Z"),
        ("UTC", "2027-02-22T00:00:00Z", Week, 2, 1, "2027-03-08T00:00:00Z"),
        // Summer begins on 28 March 2027 in Berlin, at 01:00 UTC; it ends on 31 October.
        (
            "Europe/Berlin",
            "2027-02-28T11:00:00Z",
            Month,
            1,
            1,
            "2027-03-28T10:00:00Z",
        ),
        (
            "Europe/Berlin",
            "2027-03-27T11:00:00Z",
            Day,
            1,
            1,
            "2027-03-28T10:00:00Z",
        ),
        (
            "Europe/Berlin",
            "2027-10-30T10:00:00Z",
            Day,
            1,
            1,
            "2027-10-31T11:00:00Z",
        ),
        (
            "Europe/Berlin",
            "2027-03-21T11:00:00Z",
            Week,
            1,
            1,
            "2027-03-28T10:00:00Z",
        ),
        // 02:30 does not exist on that day and moves on by the hour; a month later it does.
        (
            "Europe/Berlin",
            "2027-02-28T01:30:00Z",
            Month,
            1,
            1,
            "2027-03-28T01:30:00Z",
        ),
        (
            "Europe/Berlin",
            "2027-02-28T01:30:00Z",
            Month,
            1,
            2,
            "2027-04-28T00:30:00Z",
        ),
        // 02:30 exists twice on 31 October: the first of the two.
        (
            "Europe/Berlin",
            "2027-09-30T22:30:00Z",
            Month,
            1,
            1,
            "2027-10-31T23:30:00Z",
        ),
        (
            "Europe/Berlin",
            "2027-10-30T00:30:00Z",
            Day,
            1,
            1,
            "2027-10-31T00:30:00Z",
        ),
        // Midnight on the first is another day in UTC.
        (
            "America/New_York",
            "2027-01-01T05:00:00Z",
            Month,
            1,
            6,
            "2027-07-01T04:00:00Z",
        ),
        (
            "Asia/Kathmandu",
            "2027-01-30T18:15:00Z",
            Month,
            1,
            1,
            "2027-02-27T18:15:00Z",
        ),
    ] {
        let calendar = Calendar::of(zone).expect("a zone");
        let boundary = calendar.boundary(millis(anchor), interval, count, number);
        assert_eq!(
            boundary,
            millis(wanted),
            "{number} times {count} {interval:?} after {anchor} in {zone}"
        );
    }
}

#[test]
fn boundaries_grow_for_a_hundred_years_from_every_day() {
    for zone in ["UTC", "Europe/Berlin", "Pacific/Apia"] {
        let calendar = Calendar::of(zone).expect("a zone");
        for day in 0..366 {
            let anchor = millis("2028-01-01T00:00:00Z") + day * 86_400_000;
            let mut before = anchor;
            for number in 1..=1200 {
                let boundary = calendar.boundary(anchor, Interval::Month, 1, number);
                let days = (boundary - before) / 86_400_000;
                assert!((27..=31).contains(&days), "{zone}, {day}, {number}: {days} days");
                before = boundary;
            }
        }
    }
}

#[test]
fn days_are_those_of_the_zone() {
    let berlin = Calendar::of("Europe/Berlin").expect("a zone");
    let utc = Calendar::of("UTC").expect("a zone");
    let late = millis("2027-06-30T22:30:00Z");
    assert_eq!(
        (berlin.day(late).as_str(), utc.day(late).as_str()),
        ("2027-07-01", "2027-06-30")
    );
    assert_eq!(
        (berlin.month(late).as_str(), utc.month(late).as_str()),
        ("2027-07", "2027-06")
    );
    assert_eq!(berlin.read("2027-07-01"), Some(millis("2027-06-30T22:00:00Z")));
    assert_eq!(
        berlin.read("2027-07-01T00:00:00Z"),
        Some(millis("2027-07-01T00:00:00Z"))
    );
    for nonsense in [
        "",
        "2027-02-30",
        "2027-13-01",
        "27-01-01",
        "tomorrow",
        "2027-01-01 10:00",
        "1969-01-01T00:00:00Z",
    ] {
        assert_eq!(berlin.read(nonsense), None, "{nonsense}");
    }
    assert!(Calendar::of("Europe/Atlantis").is_none());
}

#[test]
fn what_no_calendar_has_is_far_away() {
    let utc = Calendar::of("UTC").expect("a zone");
    let far = utc.boundary(millis("2027-01-01T00:00:00Z"), Interval::Year, 3, u32::MAX);
    assert!(far > millis("9999-01-01T00:00:00Z"));
    assert!(utc.day(u64::MAX).starts_with("9999"));
}
