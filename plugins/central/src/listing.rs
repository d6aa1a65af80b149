//! Lists: which part is asked for, and how it is answered.

use mooring_sdk::Order;
use mooring_sdk::prelude::*;
use serde::Serialize;

use crate::error::Error;

/// Items of a page that does not say how many.
const PER_PAGE: u32 = 20;
/// Who asks for more gets this many.
const PER_PAGE_MAX: u32 = 100;

/// Which part of a list a query asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) number: u64,
    pub(crate) size: u32,
}

/// `{"success":true,"data":[…],"meta":{…}}`.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<T> {
    success: bool,
    data: Vec<T>,
    meta: Meta,
}

#[derive(Debug, Serialize)]
struct Meta {
    current_page: u64,
    last_page: u64,
    per_page: u32,
    total: u64,
}

impl Part {
    /// From the parameters `page` and `per_page`; empty means absent.
    pub(crate) fn of(page: &str, per_page: &str) -> Result<Part, Error> {
        let size = whole("per_page", per_page)?.unwrap_or(u64::from(PER_PAGE));
        Ok(Part {
            number: whole("page", page)?.unwrap_or(1),
            size: u32::try_from(size).unwrap_or(PER_PAGE_MAX).min(PER_PAGE_MAX),
        })
    }

    /// Newest first.
    pub(crate) fn newest(self) -> Page {
        Page::number(self.number, self.size, Order::NewestFirst)
    }

    /// Items before this part.
    pub(crate) fn offset(self) -> u64 {
        self.number.saturating_sub(1).saturating_mul(u64::from(self.size))
    }

    pub(crate) fn answer<T>(self, data: Vec<T>, total: u64) -> Listed<T> {
        Listed {
            success: true,
            data,
            meta: Meta {
                current_page: self.number,
                last_page: total.div_ceil(u64::from(self.size)).max(1),
                per_page: self.size,
                total,
            },
        }
    }
}

fn whole(field: &str, text: &str) -> Result<Option<u64>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|number| is_digits && *number > 0)
        .map(Some)
        .ok_or_else(|| Error::invalid(field, "must be a whole number, 1 or more"))
}
