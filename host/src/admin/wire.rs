//! Shapes that more than one resource uses.

use std::time::{Duration, SystemTime};

use mooring_core::money::Amount;
use mooring_core::page::Listing;
use mooring_core::time::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// Part of a list, and how long the whole is.
#[derive(Serialize, ToSchema)]
pub(super) struct Listed<T> {
    /// This part.
    pub(super) items: Vec<T>,
    /// Items of all parts together.
    pub(super) total: u64,
}

impl<T> Listed<T> {
    /// Of what a primitive listed.
    pub(super) fn new<I>(items: Vec<I>, total: u64) -> Listed<T>
    where
        T: From<I>,
    {
        Listed {
            items: items.into_iter().map(T::from).collect(),
            total,
        }
    }
}

impl<I, T: From<I>> From<Listing<I>> for Listed<T> {
    fn from(listing: Listing<I>) -> Listed<T> {
        Listed::new(listing.items, listing.total)
    }
}

/// An amount of money, exact.
#[derive(Serialize, ToSchema)]
#[schema(as = Amount)]
pub(super) struct Money {
    /// Integer minor units.
    minor: i64,
    /// ISO 4217, or one of the host's crypto assets.
    currency: String,
    /// Decimal places of one minor unit.
    exponent: u8,
    /// The same for people.
    #[schema(example = "25.00")]
    decimal: String,
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Money {
        Money {
            minor: amount.minor,
            currency: amount.currency.code().to_owned(),
            exponent: amount.currency.exponent(),
            decimal: amount.to_decimal(),
        }
    }
}

/// Milliseconds since the Unix epoch; in JSON RFC 3339, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-21T09:00:00.000Z")]
pub(super) struct Time(pub(super) u64);

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Time {
        Time(time.millis())
    }
}

/// The last millisecond of the year 9999; RFC 3339 ends there.
const LAST: u64 = 253_402_300_799_999;

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(self.0.min(LAST));
        serializer.collect_str(&humantime::format_rfc3339_millis(time))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = humantime::parse_rfc3339(&text)
            .map_err(|_| D::Error::custom(format!("`{text}` is not a time such as 2026-11-21T09:00:00Z")))?;
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_err(|_| D::Error::custom("before 1970"))?;
        Ok(Time(since.as_millis() as u64))
    }
}
