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
        Scene::Paid => {
            let received = amount(view.language, bill.received);
            let received = fill(view.language, words.paid_amount, &[("amount", &received)]);
            ended(
                view,
                "good",
                words.paid,
                bill.success_url.as_deref(),
                &html! {
                    // Worth a line only where it differs from what was asked for.
                    @if bill.received != bill.due { p { (received) } }
                    p { (view.with_merchant(words.paid_hint)) }
                },
            )
        }
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
