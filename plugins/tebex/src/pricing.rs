//! What a basket costs. Everything is an integer of minor units; a percentage is rounded half up, once for each reduction.
//!
//! 1. A line's list price is its package's price and what its options add.
//! 2. Of the sales that hold for a line, the one that takes off the most does; never more than the list price.
//! 3. A coupon takes off, of the lines that it is for: by method 0 its percentage or value from each line after its sale; by
//!    method 1 once from the sum of their list prices; by method 2 once from their sum after sales. Never more than is left.
//! 4. A gift card pays for what is left; what it does not pay for is the payment.

use crate::coupons::Coupon;
use crate::error::Error;
use crate::price::part;
use crate::sales::Sale;

/// One package in a basket, as far as its price goes.
pub(crate) struct Priced {
    pub(crate) package: u64,
    pub(crate) category: u64,
    /// Options included, in minor units.
    pub(crate) list: i64,
}

/// A reduction: a part, in parts per million, or a sum in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Discount {
    Part(u32),
    Sum(i64),
}

/// What a reduction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach<'r> {
    All,
    Packages(&'r [u64]),
    Categories(&'r [u64]),
}

impl Discount {
    /// What it takes off a price, never more than that.
    pub(crate) fn off(self, minor: i64) -> i64 {
        match self {
            Discount::Part(parts) => part(minor, parts),
            Discount::Sum(sum) => sum.min(minor),
        }
    }
}

impl Reach<'_> {
    pub(crate) fn has(self, package: u64, category: u64) -> bool {
        match self {
            Reach::All => true,
            Reach::Packages(ids) => ids.contains(&package),
            Reach::Categories(ids) => ids.contains(&category),
        }
    }
}

/// What sales take off a line: the most that one of them does.
pub(crate) fn sale_off(line: &Priced, sales: &[Sale], currency: &str) -> Result<i64, Error> {
    let mut most = 0;
    for sale in sales {
        if sale.reach().has(line.package, line.category) {
            most = most.max(sale.discount(currency)?.off(line.list));
        }
    }
    Ok(most)
}

/// The price of a basket before a gift card.
pub(crate) fn total(
    lines: &[Priced],
    sales: &[Sale],
    coupon: Option<&Coupon>,
    currency: &str,
) -> Result<i64, Error> {
    let mut reduced = Vec::with_capacity(lines.len());
    for line in lines {
        reduced.push(line.list - sale_off(line, sales, currency)?);
    }
    let total: i64 = reduced.iter().sum();
    let Some(coupon) = coupon else {
        return Ok(total);
    };
    let minimum = coupon.minimum.content(currency, "coupon's minimum")?;
    if total < minimum.minor {
        return Err(Error::refused(format!(
            "This coupon needs a basket of at least {minimum} {currency}."
        )));
    }
    let reached: Vec<(i64, i64)> = lines
        .iter()
        .zip(&reduced)
        .filter(|(line, _)| coupon.reach().has(line.package, line.category))
        .map(|(line, reduced)| (line.list, *reduced))
        .collect();
    if reached.is_empty() {
        return Err(Error::refused("This coupon is not for anything in the basket."));
    }
    let discount = coupon.discount(currency)?;
    let off: i64 = match coupon.discount_application_method {
        0 => reached.iter().map(|(_, reduced)| discount.off(*reduced)).sum(),
        1 => discount.off(reached.iter().map(|(list, _)| list).sum()),
        _ => discount.off(reached.iter().map(|(_, reduced)| reduced).sum()),
    };
    let left: i64 = reached.iter().map(|(_, reduced)| reduced).sum();
    Ok(total - off.min(left))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn lines(prices: &[i64]) -> Vec<Priced> {
        (1..)
            .zip(prices)
            .map(|(package, list)| Priced {
                package,
                category: package % 2,
                list: *list,
            })
            .collect()
    }

    fn sales(sales: &Value) -> Vec<Sale> {
        serde_json::from_value(sales.clone()).unwrap()
    }

    fn coupon(kind: &str, much: &str, method: u8, packages: &[u64]) -> Coupon {
        let reach = if packages.is_empty() { "cart" } else { "package" };
        serde_json::from_value(json!({
            "code": "ABC", "effective_on": reach, "packages": packages, "discount_type": kind,
            "discount_percentage": much, "discount_amount": much, "discount_application_method": method,
        }))
        .unwrap()
    }

    #[test]
    fn the_largest_sale_counts_and_never_takes_more_than_the_price() {
        let half = json!({ "name": "a", "effective": { "type": "all" }, "discount": { "type": "percentage", "percentage": 50 } });
        let ten = json!({ "name": "b", "effective": { "type": "package", "packages": [1] }, "discount": { "type": "amount", "value": "10.00" } });
        let category = json!({ "name": "c", "effective": { "type": "category", "categories": [0] }, "discount": { "type": "percentage", "percentage": "33.3333" } });
        for (on, prices, expected) in [
            (json!([]), vec![999, 500], 1499),
            (json!([half]), vec![999, 500], 499 + 250),
            (json!([half, ten]), vec![1500, 500], 500 + 250),
            (json!([ten]), vec![999], 0),
            (json!([category]), vec![1000, 1000], 1000 + 667),
        ] {
            let found = total(&lines(&prices), &sales(&on), None, "USD").unwrap();
            assert_eq!(found, expected, "{on} {prices:?}");
        }
    }

    #[test]
    fn a_coupon_takes_off_by_its_method() {
        let half = sales(
            &json!([{ "name": "a", "effective": { "type": "all" }, "discount": { "type": "percentage", "percentage": 50 } }]),
        );
        for (kind, much, method, packages, expected) in [
            ("percentage", "10", 0, vec![], 500 + 250 - 50 - 25),
            ("percentage", "10", 1, vec![], 750 - 150),
            ("percentage", "10", 2, vec![], 750 - 75),
            ("value", "1.00", 0, vec![], 750 - 200),
            ("value", "1.00", 1, vec![], 750 - 100),
            ("value", "1.00", 2, vec![], 750 - 100),
            ("value", "99.00", 0, vec![], 0),
            ("value", "99.00", 1, vec![], 0),
            ("percentage", "100", 1, vec![2], 500),
            ("percentage", "60", 1, vec![2], 500),
            ("percentage", "10", 2, vec![1], 750 - 50),
        ] {
            let coupon = coupon(kind, much, method, &packages);
            let found = total(&lines(&[1000, 500]), &half, Some(&coupon), "USD").unwrap();
            assert_eq!(found, expected, "{kind} {much} {method} {packages:?}");
        }
    }

    proptest! {
        #[test]
        fn a_basket_never_costs_less_than_nothing_or_more_than_its_list_price(
            prices in proptest::collection::vec(0..1_000_000_i64, 1..5),
            much in 0..=100_u32,
            sale in 0..=100_u32,
            method in 0..=2_u8,
        ) {
            let on = sales(&json!([{ "name": "a", "effective": { "type": "all" }, "discount": { "type": "percentage", "percentage": sale } }]));
            for kind in ["percentage", "value"] {
                let coupon = coupon(kind, &much.to_string(), method, &[]);
                let found = total(&lines(&prices), &on, Some(&coupon), "USD").unwrap();
                prop_assert!((0..=prices.iter().sum()).contains(&found));
            }
        }
    }
}
