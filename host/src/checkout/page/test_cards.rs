//! Cards that gateways of test mode know.

use maud::{Markup, html};

use super::super::words::Words;

/// Number, what it is refused with if it is.
const CARDS: [(&str, &str); 2] = [
    ("4242 4242 4242 4242", ""),
    ("4000 0000 0000 9995", "5051 (Insufficient funds)"),
];

pub(super) fn test_cards(words: &Words) -> Markup {
    html! {
        details {
            summary { (words.test_cards) }
            table {
                @for (number, refused_with) in CARDS {
                    tr {
                        th scope="row" { bdi { (number) } }
                        td {
                            @if refused_with.is_empty() { (words.test_paid) }
                            @else { (words.test_declined) ": " bdi { (refused_with) } }
                        }
                    }
                }
            }
        }
    }
}
