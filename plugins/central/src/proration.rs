//! What a part of a period costs. Whole numbers only.

/// The part of `price` that falls on `part` of a period of `whole` milliseconds, in minor units, rounded half up. What is left
/// of the price is the other part's, so the two always add up to it.
pub fn share(price: i64, part: u64, whole: u64) -> i64 {
    if whole == 0 || part >= whole {
        return price;
    }
    let (price, part, whole) = (i128::from(price), i128::from(part), i128::from(whole));
    ((2 * price * part + whole) / (2 * whole)) as i64
}

/// What a change of price in the middle of a period comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proration {
    /// What was paid for time that is not used.
    pub credit: i64,
    /// What the new price comes to from now on.
    pub charge: i64,
}

impl Proration {
    /// To another price within the same period, of whose rest `unused` was billed.
    pub fn within(unused: i64, new: i64, remaining: u64, whole: u64) -> Proration {
        Proration {
            credit: unused,
            charge: share(new, remaining, whole),
        }
    }

    /// To be paid, or, below zero, to be credited.
    pub fn net(self) -> i64 {
        self.charge - self.credit
    }
}
