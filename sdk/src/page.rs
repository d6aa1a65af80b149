//! Lists, a part at a time.

use serde::Deserialize;

/// The most items that one call gives.
const LIMIT_MAX: u32 = 500;

/// Which part of a list to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Items to skip. A deep page costs as much as the first.
    pub offset: u64,
    /// Items to give, 1 to 500.
    pub limit: u32,
    /// By time of creation.
    pub order: Order,
}

/// Lists are in order of creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// First things first.
    #[default]
    OldestFirst,
    /// Latest things first.
    NewestFirst,
}

impl Page {
    /// The oldest items.
    pub fn oldest(limit: u32) -> Page {
        Page {
            offset: 0,
            limit,
            order: Order::OldestFirst,
        }
    }

    /// The latest items.
    pub fn newest(limit: u32) -> Page {
        Page {
            offset: 0,
            limit,
            order: Order::NewestFirst,
        }
    }

    /// Page `number` (1, 2, 3 ...) of `size` items, as many providers count.
    pub fn number(number: u64, size: u32, order: Order) -> Page {
        Page {
            offset: number.saturating_sub(1).saturating_mul(u64::from(size)),
            limit: size,
            order,
        }
    }
}

/// The query parameters `limit` and `offset`, for `Query<PageQuery>`; 1 to 500 items, 100 unless asked otherwise.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PageQuery {
    /// Items to skip.
    pub offset: u64,
    /// Items to give.
    pub limit: Option<u32>,
}

impl PageQuery {
    /// As a [`Page`]; a limit out of range becomes the nearest one in range.
    pub fn page(self, order: Order) -> Page {
        Page {
            offset: self.offset,
            limit: self.limit.unwrap_or(100).clamp(1, LIMIT_MAX),
            order,
        }
    }
}

/// One part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T> {
    /// The items of this part.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: u64,
}

/// The whole list, read 500 items at a time: `all(|page| services::list(&filter, page))`.
pub fn all<T, E>(mut list: impl FnMut(Page) -> Result<List<T>, E>) -> Result<Vec<T>, E> {
    let mut page = Page::oldest(LIMIT_MAX);
    let mut items = Vec::new();
    loop {
        let part = list(page)?;
        let got = part.items.len() as u64;
        items.extend(part.items);
        page.offset += got;
        if got == 0 || page.offset >= part.total {
            return Ok(items);
        }
    }
}
