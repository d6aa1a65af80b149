//! Recurring revenue, revenue and churn. Revenue is what the ledger's accounts say; recurring revenue is what the subscriptions
//! that count have agreed to pay, counted by price; churn is counted by month.

use mooring_sdk::context;
use mooring_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::calendar::{Calendar, date};
use crate::customers;
use crate::error::Error;
use crate::input::{amount, named};
use crate::invoices::{self, Dates};
use crate::policy;
use crate::rates;
use crate::subscriptions::{self, BY_ENDED, BY_RATE, BY_STARTED, BY_STATUS, Status};

const MONTHS: u32 = 12;
const MONTHS_MAX: u32 = 120;

#[derive(Deserialize)]
pub(crate) struct Months {
    #[serde(default)]
    months: String,
}

/// By currency, minor units.
fn recurring() -> Result<Vec<(String, i128)>, Error> {
    let mut sums: Vec<(String, i128)> = Vec::new();
    for rate in rates::all()? {
        let number = subscriptions::count(BY_RATE, &rate.key())?;
        let monthly = rate.monthly(number);
        match sums.iter_mut().find(|(currency, _)| *currency == rate.currency) {
            Some((_, sum)) => *sum += monthly,
            None => sums.push((rate.currency, monthly)),
        }
    }
    Ok(sums)
}

fn recurring_shown() -> Result<Vec<Value>, Error> {
    let shown = recurring()?.into_iter().map(|(currency, monthly)| {
        let money = |minor: i128| {
            let minor = i64::try_from(minor).unwrap_or(i64::MAX);
            Ok::<String, Error>(amount(minor, &currency)?.to_string())
        };
        Ok(json!({ "currency": currency, "mrr": money(monthly)?, "arr": money(monthly * 12)? }))
    });
    shown.collect()
}

fn by_status() -> Result<Map<String, Value>, Error> {
    let mut counts = Map::new();
    for status in Status::ALL {
        let count = subscriptions::count(BY_STATUS, status.as_str())?;
        counts.insert(status.as_str().to_owned(), count.into());
    }
    Ok(counts)
}

/// `GET subscription-analytics/overview`.
pub(crate) fn overview(Query(dates): Query<Dates>) -> Result<Response, Error> {
    let range = invoices::range(&dates)?;
    let analytics = json!({
        "from": range.from,
        "to": range.to,
        "customers": customers::count()?,
        "subscriptions": by_status()?,
        "recurring": recurring_shown()?,
        "revenue": invoices::revenue_between(&range)?,
    });
    Ok(named(200, "analytics", &analytics))
}

/// `GET subscription-analytics/revenue`.
pub(crate) fn revenue(Query(dates): Query<Dates>) -> Result<Response, Error> {
    let range = invoices::range(&dates)?;
    let analytics = json!({
        "from": range.from,
        "to": range.to,
        "recurring": recurring_shown()?,
        "revenue": invoices::revenue_between(&range)?,
    });
    Ok(named(200, "analytics", &analytics))
}

/// `GET subscription-analytics/churn`: months, newest first. A subscription that ended and began again counts as if it had never
/// ended.
pub(crate) fn churn(Query(asked): Query<Months>) -> Result<Response, Error> {
    let months = match asked.months.as_str() {
        "" => MONTHS,
        text => text
            .parse()
            .ok()
            .filter(|months| (1..=MONTHS_MAX).contains(months))
            .ok_or_else(|| Error::invalid("months", format!("must be 1 to {MONTHS_MAX}")))?,
    };
    let mut running = 0;
    for status in [Status::Trialing, Status::Active, Status::PastDue, Status::Paused] {
        running += subscriptions::count(BY_STATUS, status.as_str())?;
    }
    let mut data = Vec::new();
    for month in last_months(&policy::calendar()?, months) {
        let started = subscriptions::count(BY_STARTED, &month)?;
        let ended = subscriptions::count(BY_ENDED, &month)?;
        // Backwards from what is there now.
        let at_start = (running + ended).saturating_sub(started);
        data.push(json!({
            "month": month,
            "active_at_start": at_start,
            "started": started,
            "churned": ended,
            "active_at_end": running,
            "churn_rate": percent(ended, at_start),
        }));
        running = at_start;
    }
    Ok(named(200, "analytics", &json!({ "months": data })))
}

/// `2027-01`, and those before it.
fn last_months(calendar: &Calendar, number: u32) -> Vec<String> {
    let today = date(&calendar.day(context::now()));
    let first = today.map(jiff::civil::Date::first_of_month);
    let months = (0..number).map_while(|back| {
        let span = jiff::Span::new().try_months(i64::from(back)).ok()?;
        let month = first?.checked_sub(span).ok()?;
        Some(month.to_string()[..7].to_owned())
    });
    months.collect()
}

/// With two places, rounded half up; of nothing it is nothing.
fn percent(part: u64, whole: u64) -> String {
    let hundredths = if whole == 0 {
        0
    } else {
        (u128::from(part) * 20_000 + u128::from(whole)) / (2 * u128::from(whole))
    };
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
