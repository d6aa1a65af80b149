//! Cards that every gateway of test mode knows; what else one of them knows, its README says.

use maud::{Markup, html};

use super::super::words::Words;

/// What becomes of a card.
enum End {
    Paid,
    PaidLater,
    /// With this reason.
    Declined(&'static str),
}

const CARDS: [(&str, End); 4] = [
    ("4242 4242 4242 4242", End::Paid),
    ("4000 0000 0000 3220", End::PaidLater),
    ("4000 0000 0000 9995", End::Declined("5051 (Insufficient funds)")),
    ("4000 0000 0000 0002", End::Declined("5005 (Do not honor)")),
];

pub(super) fn test_cards(words: &Words) -> Markup {
    html! {
        details {
            summary { (words.test_cards) }
            table {
                @for (number, end) in &CARDS {
                    tr {
                        th scope="row" { bdi { (number) } }
                        td {
                            @match end {
                                End::Paid => { (words.test_paid) }
                                End::PaidLater => { (words.test_paid_later) }
                                End::Declined(reason) => { (words.test_declined) ": " bdi { (reason) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
