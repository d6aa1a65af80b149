use mooring_plugin_sandbox::{CARDS, COINS, End, REFUND_FAILS, REFUND_WAITS, Way};

const README: &str = include_str!("../../README.md");

/// A number as it is printed on a card.
fn grouped(number: &str) -> String {
    let sizes: &[usize] = if number.len() == 15 {
        &[4, 6, 5]
    } else {
        &[4, 4, 4, 4]
    };
    let mut rest = number;
    let groups = sizes.iter().map(|&size| {
        let (group, tail) = rest.split_at(size);
        rest = tail;
        group
    });
    groups.collect::<Vec<_>>().join(" ")
}

fn told(way: Way, end: End) -> String {
    let end = match end {
        End::Paid => "paid".to_owned(),
        End::Half => "half of it arrives".to_owned(),
        End::Short => "0.4 % less arrives".to_owned(),
        End::Over => "a tenth more arrives".to_owned(),
        End::Declined(code, message) => format!("declined, `{code} ({message})`"),
        End::Cancelled => "cancelled by the payer".to_owned(),
    };
    match way {
        Way::AtOnce => end,
        Way::Challenge => format!("processing for 3 seconds, then {end}"),
        Way::Lost => format!("unknown for 5 seconds, then {end}"),
        Way::Never => "never arrives".to_owned(),
    }
}

#[test]
fn the_readme_has_every_row() {
    let cards = CARDS
        .iter()
        .map(|card| format!("| `{}` | {} |", grouped(card.number), told(card.way, card.end)));
    let coins = COINS
        .iter()
        .map(|coin| format!("| `{}` | {} |", coin.ending, told(coin.way, coin.end)));
    let refunds = [
        format!("| `{REFUND_FAILS}` | fails, `refund_rejected` |"),
        format!("| `{REFUND_WAITS}` | pending at the first try, then sent back |"),
    ];
    for row in cards.chain(coins).chain(refunds) {
        assert!(README.contains(&row), "the README lacks {row}");
    }
}
