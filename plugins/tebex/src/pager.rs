//! Pages, numbered from 1, in the two shapes that the provider has.

use mooring_sdk::payments::{self as core, PaymentFilter};
use mooring_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::store;

/// Which page is asked for. Clients send its number in either parameter; what cannot be read counts as absent.
#[derive(Deserialize)]
pub(crate) struct Paging {
    #[serde(default)]
    page: Value,
    #[serde(default)]
    paged: Value,
    #[serde(default)]
    limit: Value,
}

impl Paging {
    /// The number of the page, if pages are asked for at all.
    pub(crate) fn page(&self) -> Option<u64> {
        if self.page.is_null() && self.paged.is_null() {
            return None;
        }
        Some(whole(&self.page).or(whole(&self.paged)).unwrap_or(1))
    }

    /// How many items are asked for, at most.
    pub(crate) fn limit(&self, max: u32) -> u32 {
        let limit = whole(&self.limit).unwrap_or(u64::from(max));
        u32::try_from(limit).unwrap_or(max).min(max)
    }
}

/// A whole number, 1 or more, as a number or text.
fn whole(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number beyond 64 bits is a page that is not there either.
    Some(text.parse().unwrap_or(u64::MAX)).filter(|number| *number > 0)
}

/// Where a page is. A store whose address is not known yet has a reference, which clients resolve against the page they have.
fn url(path: &str, page: u64) -> Result<String, Error> {
    Ok(match base()? {
        Some(base) => format!("{}{path}?page={page}", base.trim_end_matches('/')),
        None => format!("?page={page}"),
    })
}

/// The address of this API: the one that is set, or the one below which the host has put the page of a checkout.
fn base() -> Result<Option<String>, Error> {
    let set = store::text(store::API_URL)?;
    if !set.is_empty() {
        return Ok(Some(set));
    }
    let newest = core::list(PaymentFilter::default(), Page::newest(1))?
        .items
        .into_iter()
        .next();
    let base = newest.and_then(|payment| {
        let page = format!("/checkout/{}", payment.reference);
        Some(payment.pay_url.strip_suffix(&page)?.to_owned())
    });
    Ok(base)
}

fn last(size: u32, total: u64) -> u64 {
    total.div_ceil(u64::from(size)).max(1)
}

/// The pages before and after this one.
fn neighbours(path: &str, page: u64, last: u64) -> Result<(Value, Value), Error> {
    let url = |wanted: u64, exists: bool| -> Result<Value, Error> {
        Ok(if exists {
            json!(url(path, wanted)?)
        } else {
            Value::Null
        })
    };
    Ok((
        url(page.saturating_sub(1), page > 1)?,
        url(page.saturating_add(1), page < last)?,
    ))
}

/// A page of payments.
pub(crate) fn payments(page: u64, size: u32, total: u64, data: Vec<Value>) -> Result<Value, Error> {
    let last = last(size, total);
    let (previous, next) = neighbours("/payments", page, last)?;
    let from = page
        .saturating_sub(1)
        .saturating_mul(u64::from(size))
        .saturating_add(1);
    let span = (!data.is_empty()).then(|| (from, from - 1 + data.len() as u64));
    Ok(json!({
        "total": total,
        "per_page": size,
        "current_page": page,
        "last_page": last,
        "next_page_url": next,
        "prev_page_url": previous,
        "from": span.map(|(from, _)| from),
        "to": span.map(|(_, to)| to),
        "data": data,
    }))
}

/// What stands above a page of coupons.
pub(crate) fn coupons(page: u64, size: u32, total: u64) -> Result<Value, Error> {
    let last = last(size, total);
    let (previous, next) = neighbours("/coupons", page, last)?;
    Ok(json!({
        "totalResults": total,
        "currentPage": page,
        "lastPage": last,
        "previous": previous,
        "next": next,
    }))
}
