//! How payments end in the sandbox. The README has the same tables, and a test that it does.

use mooring_sdk::money::Amount;

/// How an attempt gets to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once; coins arrive within seconds.
    AtOnce,
    /// The payer's bank asks something first: under way for 3 seconds.
    Challenge,
    /// The answer is lost: not known for 5 seconds.
    Lost,
    /// Never.
    Never,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With what was due.
    Paid,
    /// With half of it.
    Half,
    /// With 0.4 % less.
    Short,
    /// With a tenth more.
    Over,
    /// Declined, with this code and words.
    Declined(&'static str, &'static str),
    /// Given up by the payer.
    Cancelled,
}

/// A card of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Digits only.
    pub number: &'static str,
    /// What the memo calls it.
    pub name: &'static str,
    /// How it gets there.
    pub way: Way,
    /// Where.
    pub end: End,
}

/// What becomes of an amount in coins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coin {
    /// The last two digits of the amount due, in minor units.
    pub ending: i64,
    /// How it gets there.
    pub way: Way,
    /// Where.
    pub end: End,
}

/// Refunds of amounts whose minor units end so fail.
pub const REFUND_FAILS: i64 = 61;
/// Refunds of amounts whose minor units end so are accepted at first, and done when they are asked about again.
pub const REFUND_WAITS: i64 = 62;

const INSUFFICIENT: End = End::Declined("5051", "Insufficient funds");

/// Every card that the sandbox knows.
pub const CARDS: &[Card] = &[
    card("4242424242424242", "paid", Way::AtOnce, End::Paid),
    card("5555555555554444", "paid-mastercard", Way::AtOnce, End::Paid),
    card("378282246310005", "paid-amex", Way::AtOnce, End::Paid),
    card("4000000000009995", "insufficient", Way::AtOnce, INSUFFICIENT),
    card(
        "4000000000000002",
        "refused",
        Way::AtOnce,
        End::Declined("5005", "Do not honor"),
    ),
    card(
        "4000000000009987",
        "lost-card",
        Way::AtOnce,
        End::Declined("5041", "Lost card"),
    ),
    card("4000000000003220", "challenge-paid", Way::Challenge, End::Paid),
    card(
        "4000000000003238",
        "challenge-failed",
        Way::Challenge,
        End::Declined("5101", "The bank could not identify the payer"),
    ),
    card("4000000000000119", "unknown-paid", Way::Lost, End::Paid),
    card("4000000000000127", "unknown-declined", Way::Lost, INSUFFICIENT),
    card("4000000000005001", "half", Way::AtOnce, End::Half),
    card("4000000000006009", "over", Way::AtOnce, End::Over),
    card("4000000000007007", "cancelled", Way::AtOnce, End::Cancelled),
];

/// Every amount that is special when it is paid in coins; all others are paid in full.
pub const COINS: &[Coin] = &[
    coin(11, Way::AtOnce, End::Half),
    coin(12, Way::AtOnce, End::Over),
    coin(13, Way::AtOnce, End::Short),
    coin(14, Way::Never, End::Paid),
    coin(15, Way::AtOnce, End::Cancelled),
    coin(16, Way::AtOnce, INSUFFICIENT),
    coin(17, Way::Lost, End::Paid),
    coin(18, Way::Lost, INSUFFICIENT),
];

const fn card(number: &'static str, name: &'static str, way: Way, end: End) -> Card {
    Card {
        number,
        name,
        way,
        end,
    }
}

const fn coin(ending: i64, way: Way, end: End) -> Coin {
    Coin { ending, way, end }
}

/// What becomes of this amount in coins.
pub(crate) fn of_coins(due: &Amount) -> Coin {
    let ending = due.minor % 100;
    let special = COINS.iter().copied().find(|coin| coin.ending == ending);
    special.unwrap_or(coin(ending, Way::AtOnce, End::Paid))
}

/// How much arrives of what is due: one minor unit at least. Nothing, where nothing does.
pub(crate) fn arriving(end: End, due: &Amount) -> Option<Amount> {
    let minor = match end {
        End::Paid => due.minor,
        End::Half => due.minor / 2,
        End::Short => due.minor - due.minor / 250,
        End::Over => due.minor.saturating_add((due.minor / 10).max(1)),
        End::Declined(..) | End::Cancelled => return None,
    };
    Some(Amount {
        minor: minor.max(1),
        ..due.clone()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_named_once() {
        let numbers: BTreeSet<&str> = CARDS.iter().map(|card| card.number).collect();
        let names: BTreeSet<&str> = CARDS.iter().map(|card| card.name).collect();
        let endings: BTreeSet<i64> = COINS.iter().map(|coin| coin.ending).collect();
        assert_eq!((numbers.len(), names.len()), (CARDS.len(), CARDS.len()));
        assert_eq!(endings.len(), COINS.len());
    }

    #[test]
    fn what_arrives_is_at_least_one_minor_unit() {
        for (end, due, arrives) in [
            (End::Paid, 1000, Some(1000)),
            (End::Half, 1001, Some(500)),
            (End::Half, 1, Some(1)),
            (End::Short, 1000, Some(996)),
            (End::Over, 1000, Some(1100)),
            (End::Over, 1, Some(2)),
            (End::Over, i64::MAX, Some(i64::MAX)),
            (End::Cancelled, 1000, None),
        ] {
            let due = Amount::from_minor(due, "USD").unwrap();
            assert_eq!(arriving(end, &due).map(|amount| amount.minor), arrives, "{end:?}");
        }
    }
}
