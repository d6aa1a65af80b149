//! Payments that nobody has to pay any more.

use maud::{Markup, html};

use super::super::amount::amount;
use super::super::scene::Scene;
use super::super::words::fill;
use super::View;
use super::open::reason;
use crate::checkout::headers::web_url;

pub(super) fn scene(view: &View<'_>) -> Markup {
    let words = view.words();
    let bill = view.bill;
    match view.scene {
        Scene::Paid => paid(view),
        Scene::Authorized => {
            let hint = html! { p { (view.with_merchant(words.authorized_hint)) } };
            ended(view, "good", words.authorized, bill.success_url.as_deref(), &hint)
        }
        Scene::Failed(failure) => ended(
            view,
            "ended",
            words.failed,
            away(view),
            &html! {
                (reason(view, *failure))
                p { (words.failed_hint) }
                p { (view.with_merchant(words.ask_again)) }
            },
        ),
        Scene::Expired => {
            let hint = html! { p { (view.with_merchant(words.ask_again)) } };
            ended(view, "ended", words.expired, away(view), &hint)
        }
        _ => {
            let hint = html! { p { (view.with_merchant(words.ask_again)) } };
            ended(view, "ended", words.cancelled, away(view), &hint)
        }
    }
}

/// Money has arrived: all of it, or less, and perhaps it has gone back.
fn paid(view: &View<'_>) -> Markup {
    let words = view.words();
    let bill = view.bill;
    let received = amount(view.language, bill.received);
    let received = fill(view.language, words.paid_amount, &[("amount", &received)]);
    let (class, title) = if bill.received.minor > 0 && bill.refunded.minor >= bill.received.minor {
        ("refunded", words.refunded)
    } else if bill.received.minor < bill.due.minor {
        ("partly", words.partly_paid)
    } else {
        ("good", words.paid)
    };
    ended(
        view,
        class,
        title,
        bill.success_url.as_deref(),
        &html! {
            // Worth a line only where it differs from what was asked for.
            @if bill.received != bill.due { p { (received) } }
            p { (view.with_merchant(words.paid_hint)) }
        },
    )
}

/// Where somebody goes who did not pay.
fn away<'v>(view: &View<'v>) -> Option<&'v str> {
    view.bill
        .cancel_url
        .as_deref()
        .or(view.bill.failure_url.as_deref())
}

fn ended(view: &View<'_>, class: &str, title: &str, back: Option<&str>, body: &Markup) -> Markup {
    let words = view.words();
    html! {
        section class=(class) role="status" {
            h1 { (title) }
            (body)
            @if view.exit.is_some() { p.quiet { (view.with_merchant(words.back_soon)) } }
        }
        @if let Some(url) = back.and_then(web_url) {
            section { a.button href=(url.as_str()) rel="noreferrer" { (view.with_merchant(words.back)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use mooring_core::payments::Status;

    use super::*;
    use crate::checkout::form::Mistakes;
    use crate::checkout::language::Language;
    use crate::checkout::samples;
    use crate::checkout::scene::scene as scene_of;
    use crate::checkout::words::words;

    #[test]
    fn thanks_are_for_the_whole_amount_that_stayed() {
        for language in Language::ALL {
            let words = words(language);
            for (received, refunded, title) in [
                (1900, 0, words.paid),
                (2000, 0, words.paid),
                (1900, 500, words.paid),
                (950, 0, words.partly_paid),
                (1900, 1900, words.refunded),
                (950, 950, words.refunded),
            ] {
                let mut bill = samples::bill();
                bill.status = Status::Succeeded;
                (bill.received.minor, bill.refunded.minor) = (received, refunded);
                let view = View {
                    language,
                    bill: &bill,
                    scene: &scene_of(&bill),
                    mistakes: &Mistakes::default(),
                    exit: None,
                    provider: "Shop",
                    gateway: None,
                };
                let shown = scene(&view).into_string();
                assert!(shown.contains(&format!("<h1>{title}</h1>")), "{shown}");
            }
        }
    }
}
