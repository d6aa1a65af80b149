//! Which part of a list is wanted, and what a list answers.

use serde::{Deserialize, Serialize};

/// Most items of one page.
pub const PAGE_LIMIT_MAX: u32 = 500;

/// Which part of a list to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Items to skip.
    pub offset: u64,
    /// Items to give, 1 to [`PAGE_LIMIT_MAX`].
    pub limit: u32,
    /// In which order.
    pub order: Order,
}

impl Page {
    /// The first items, oldest first.
    pub const fn first(limit: u32) -> Page {
        Page {
            offset: 0,
            limit,
            order: Order::OldestFirst,
        }
    }

    /// The newest items.
    pub const fn newest(limit: u32) -> Page {
        Page {
            offset: 0,
            limit,
            order: Order::NewestFirst,
        }
    }
}

/// Lists are in order of creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As things were made.
    #[default]
    OldestFirst,
    /// Backwards.
    NewestFirst,
}

/// A part of a list, and how long the whole is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The part asked for.
    pub items: Vec<T>,
    /// How many there are in all, exactly.
    pub total: u64,
}

impl<T> Listing<T> {
    /// The same list of something made from each item.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Listing<U> {
        Listing {
            items: self.items.into_iter().map(change).collect(),
            total: self.total,
        }
    }
}
