//! What parts of a period cost.

use mooring_plugin_central::proration::{Proration, share};
use proptest::prelude::*;

const MONTH: u64 = 31 * 86_400_000;

#[test]
fn shares_are_rounded_half_up() {
    for (price, part, whole, wanted) in [
        (3000, 15, 30, 1500),
        (2999, 15, 30, 1500),
        (2999, 10, 30, 1000),
        (1, 1, 2, 1),
        (1, 1, 3, 0),
        (5, 1, 10, 1),
        (100, 0, 30, 0),
        (100, 30, 30, 100),
        (100, 31, 30, 100),
        (100, 0, 0, 100),
        (i64::MAX, 1, 2, i64::MAX / 2 + 1),
    ] {
        assert_eq!(share(price, part, whole), wanted, "{part}/{whole} of {price}");
    }
}

proptest! {
    #[test]
    fn a_share_is_the_nearest_whole_number(price in 0..=100_000_000_000_i64, part in 0..=MONTH, whole in 1..=MONTH) {
        let part = part.min(whole);
        let got = i128::from(share(price, part, whole));
        let exact = i128::from(price) * i128::from(part);
        let whole = i128::from(whole);
        // Never further than a half, and the half goes up.
        prop_assert!(2 * (exact - got * whole) < whole && 2 * (got * whole - exact) <= whole);
        prop_assert!(got >= 0 && got <= i128::from(price));
    }

    #[test]
    fn more_time_never_costs_less(price in 0..=100_000_000_000_i64, one in 0..=MONTH, other in 0..=MONTH) {
        let (less, more) = (one.min(other), one.max(other));
        prop_assert!(share(price, less, MONTH) <= share(price, more, MONTH));
    }

    #[test]
    fn used_and_unused_add_up(price in 0..=100_000_000_000_i64, part in 0..=MONTH) {
        let unused = share(price, part, MONTH);
        let used = price - unused;
        // What is used is the share of the rest, give or take the half that went up.
        prop_assert!((used - share(price, MONTH - part, MONTH)).abs() <= 1);
        prop_assert!(used >= 0);
    }

    #[test]
    fn the_same_price_changes_nothing_and_back_is_the_opposite(
        old in 0..=100_000_000_000_i64, new in 0..=100_000_000_000_i64, part in 0..=MONTH,
    ) {
        prop_assert_eq!(Proration::within(share(old, part, MONTH), old, part, MONTH).net(), 0);
        let there = Proration::within(share(old, part, MONTH), new, part, MONTH);
        let back = Proration::within(share(new, part, MONTH), old, part, MONTH);
        prop_assert_eq!(there.net(), -back.net());
        prop_assert_eq!(there.net().signum() * (new - old).signum() >= 0, true);
    }
}
