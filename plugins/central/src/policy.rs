//! What the operator has set, read once for each run.

use mooring_sdk::{context, settings};

use crate::calendar::Calendar;
use crate::error::Error;

pub(crate) const NAME: &str = "application_name";
pub(crate) const TIMEZONE: &str = "timezone";
pub(crate) const EVENT_NAMING: &str = "event_naming";
pub(crate) const DUE_DAYS: &str = "invoice_due_days";
pub(crate) const DUNNING_DAYS: &str = "dunning_days";
pub(crate) const DUNNING_END: &str = "dunning_end";

const DAYS_MAX: u32 = 365;
const TRIES_MAX: usize = 10;

/// Which of the two vocabularies events are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The document's.
    Documented,
    /// The one that known receivers read.
    Transaction,
}

/// What becomes of a subscription whose invoice nobody pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DunningEnd {
    /// It is cancelled.
    Cancelled,
    /// It expires.
    Expired,
    /// It stays past due until somebody does something.
    PastDue,
}

/// What a run goes by.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// The run's own time, milliseconds since the epoch.
    pub(crate) now: u64,
    pub(crate) calendar: Calendar,
    pub(crate) naming: Naming,
    /// Days from an invoice to its due date.
    pub(crate) due_days: u32,
    /// Days after the due date on which it is tried again, in order.
    pub(crate) dunning_days: Vec<u32>,
    pub(crate) dunning_end: DunningEnd,
}

impl Policy {
    pub(crate) fn read() -> Result<Policy, Error> {
        let due_days = days(DUE_DAYS, &text(DUE_DAYS)?)?;
        let dunning = text(DUNNING_DAYS)?;
        let dunning_days = dunning
            .split_whitespace()
            .map(|word| days(DUNNING_DAYS, word))
            .collect::<Result<Vec<u32>, Error>>()?;
        let in_order = dunning_days.is_sorted_by(|one, next| one < next);
        if dunning_days.len() > TRIES_MAX || !in_order || dunning_days.first() == Some(&0) {
            let why = format!("must be at most {TRIES_MAX} growing numbers of days, 1 or more");
            return Err(Error::Misconfigured(DUNNING_DAYS, why));
        }
        Ok(Policy {
            now: context::now(),
            calendar: calendar()?,
            naming: match text(EVENT_NAMING)?.as_str() {
                "documented" => Naming::Documented,
                "transaction" => Naming::Transaction,
                _ => return Err(one_of(EVENT_NAMING, "documented or transaction")),
            },
            due_days,
            dunning_days,
            dunning_end: match text(DUNNING_END)?.as_str() {
                "cancelled" => DunningEnd::Cancelled,
                "expired" => DunningEnd::Expired,
                "past_due" => DunningEnd::PastDue,
                _ => return Err(one_of(DUNNING_END, "cancelled, expired or past_due")),
            },
        })
    }
}

/// The tenant's time zone.
pub(crate) fn calendar() -> Result<Calendar, Error> {
    let name = text(TIMEZONE)?;
    Calendar::of(&name).ok_or_else(|| {
        let why = format!("{name} is not a time zone of the IANA database");
        Error::Misconfigured(TIMEZONE, why)
    })
}

fn days(setting: &'static str, text: &str) -> Result<u32, Error> {
    let days = text.parse().ok().filter(|days| *days <= DAYS_MAX);
    days.ok_or_else(|| Error::Misconfigured(setting, format!("days must be 0 to {DAYS_MAX}")))
}

fn one_of(setting: &'static str, which: &str) -> Error {
    Error::Misconfigured(setting, format!("must be {which}"))
}

/// A setting that has a default.
fn text(name: &str) -> Result<String, Error> {
    Ok(settings::get(name)?.unwrap_or_default())
}
