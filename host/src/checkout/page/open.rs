//! Payments that somebody is about to pay.

use maud::{Markup, html};
use mooring_core::payments::{Failure, FieldKind, FormField};

use super::super::choose::offered_first;
use super::super::form::{Mistake, input_name};
use super::super::headers::web_url;
use super::super::scene::Scene;
use super::super::words::{Words, fill};
use super::super::{Try, Way};
use super::View;
use super::test_cards::test_cards;

pub(super) fn scene(view: &View<'_>) -> Markup {
    let words = view.words();
    if let Some(url) = view.exit {
        return leaving(view, url.as_str());
    }
    match view.scene {
        Scene::Choose { failed } => choose(view, *failed),
        Scene::Starting(_) => busy(&view.with_gateway(words.starting), "", &html! {}),
        Scene::Waiting(attempt) => busy(
            &view.with_gateway(words.starting),
            "",
            &html! { (check(view, attempt)) (other_way(view, attempt)) },
        ),
        Scene::GivingUp(_) => busy(words.giving_up, words.giving_up_hint, &html! {}),
        Scene::Processing => busy(
            words.processing,
            words.processing_hint,
            &html! { @if let Some(attempt) = &view.bill.attempt { (check(view, attempt)) } },
        ),
        Scene::AtGateway(attempt, url) => html! {
            section role="status" {
                h1 { (view.with_gateway(words.at_gateway)) }
                p { (words.at_gateway_hint) }
                @if let Some(url) = web_url(url) {
                    a.button href=(url.as_str()) rel="noreferrer" { (view.with_gateway(words.go_on)) }
                }
            }
            section { (check(view, attempt)) (other_way(view, attempt)) }
        },
        Scene::Form(attempt, fields) => html! {
            section { (form(view, attempt, fields)) }
            section { (other_way(view, attempt)) }
        },
        Scene::Instructions(attempt, lines) => html! {
            section role="status" {
                h1 { (words.instructions) }
                p { (words.instructions_hint) }
                dl {
                    @for (label, value) in *lines {
                        div { dt { (line_label(words, label)) } dd { bdi { (value) } } }
                    }
                }
            }
            section { (check(view, attempt)) (other_way(view, attempt)) }
        },
        // These are over, and another file's.
        Scene::Authorized | Scene::Paid | Scene::Failed(_) | Scene::Expired | Scene::Cancelled => html! {},
    }
}

/// Something is being done; the page looks again by itself.
fn busy(title: &str, hint: &str, actions: &Markup) -> Markup {
    html! {
        section role="status" aria-busy="true" {
            h1.busy { (title) }
            @if !hint.is_empty() { p { (hint) } }
            (actions)
        }
    }
}

fn leaving(view: &View<'_>, url: &str) -> Markup {
    let words = view.words();
    let (title, link) = match view.scene {
        Scene::AtGateway(..) => (view.with_gateway(words.leaving), view.with_gateway(words.go_on)),
        _ => (words.declined.to_owned(), view.with_merchant(words.back)),
    };
    html! {
        section role="status" {
            h1.busy { (title) }
            @if let Scene::Choose { failed: Some(attempt) } = view.scene { (reason(view, attempt.failure.as_ref())) }
            a.button href=(url) rel="noreferrer" { (link) }
        }
    }
}

fn choose(view: &View<'_>, failed: Option<&Try>) -> Markup {
    let words = view.words();
    let ways = &view.bill.ways;
    let first = offered_first(ways, failed);
    html! {
        section {
            @if let Some(attempt) = failed {
                div.note.bad role="alert" {
                    p { (words.declined) }
                    (reason(view, attempt.failure.as_ref()))
                    p { (words.declined_hint) }
                }
            }
            @if !view.bill.has_tries_left {
                div role="status" { h1 { (words.no_tries) } p { (words.no_tries_hint) } }
            } @else if ways.is_empty() {
                div role="status" { h1 { (words.no_ways) } p { (words.no_ways_hint) } }
            } @else {
                form method="post" {
                    input type="hidden" name="do" value="pay";
                    input type="hidden" name="after" value=(view.bill.tries());
                    fieldset {
                        legend { h1 { (words.choose) } }
                        @for (index, way) in ways.iter().enumerate() { (way_choice(view, way, index == first)) }
                    }
                    button { (fill(view.language, words.pay, &[("amount", &view.due())])) }
                }
            }
            (cancel(view))
        }
    }
}

fn way_choice(view: &View<'_>, way: &Way, checked: bool) -> Markup {
    // The one method whose name is a common noun.
    let label = if way.label == "Card" {
        view.words().card
    } else {
        &way.label
    };
    let gateway = way.gateway_title();
    html! {
        label.way {
            input type="radio" name="way" value=(way.value()) checked[checked] required;
            span { bdi { (label) } }
            @if gateway != way.label { span.quiet { bdi { (gateway) } } }
        }
    }
}

/// Why something failed, in the gateway's own words.
pub(super) fn reason(view: &View<'_>, failure: Option<&Failure>) -> Markup {
    let Some(failure) = failure else {
        return html! {};
    };
    let said = if failure.message.is_empty() {
        &failure.code
    } else {
        &failure.message
    };
    html! { p { (fill(view.language, view.words().reason, &[("reason", said)])) } }
}

fn form(view: &View<'_>, attempt: &Try, fields: &[FormField]) -> Markup {
    let words = view.words();
    let has_card = fields.iter().any(|field| field.kind != FieldKind::Text);
    html! {
        h1 { (words.card_details) }
        @if !view.mistakes.is_empty() { div.note.bad role="alert" { p { (words.mistakes) } } }
        form method="post" novalidate {
            input type="hidden" name="do" value="submit";
            input type="hidden" name="attempt" value=(attempt.id);
            // Expiry and code are short and stand side by side.
            @for group in groups(fields) {
                @if let [one] = group {
                    (field(view, one))
                } @else {
                    div.pair { @for one in group { div { (field(view, one)) } } }
                }
            }
            button { (fill(view.language, words.pay, &[("amount", &view.due())])) }
        }
        @if has_card { p.quiet { (view.with_gateway(words.card_privacy)) } }
        @if has_card && view.is_test() { (test_cards(words)) }
    }
}

/// Neighbouring expiry and code together, all others alone.
fn groups(fields: &[FormField]) -> impl Iterator<Item = &[FormField]> {
    let short = |field: &FormField| matches!(field.kind, FieldKind::CardExpiry | FieldKind::CardCode);
    fields.chunk_by(move |one, next| short(one) && short(next))
}

fn field(view: &View<'_>, field: &FormField) -> Markup {
    let words = view.words();
    let name = input_name(field);
    let mistake = view.mistakes.iter().find(|(mistaken, _)| *mistaken == field.name);
    let mistake = mistake.map(|(_, mistake)| mistake_text(words, field.kind, *mistake));
    let id_of_mistake = format!("{name}_mistake");
    let described_by = mistake.map(|_| id_of_mistake.as_str());
    let (label, autocomplete, numeric, chars) = match field.kind {
        FieldKind::CardNumber => (words.card_number.to_owned(), "cc-number", true, 24),
        FieldKind::CardExpiry => (words.card_expiry.to_owned(), "cc-exp", true, 9),
        FieldKind::CardCode => (words.card_code.to_owned(), "cc-csc", true, 4),
        FieldKind::Text => (title_of(&field.name), "off", false, 200),
    };
    html! {
        label.field for=(name) { (label) }
        input.field type="text" id=(name) name=(name) required maxlength=(chars) autocomplete=(autocomplete)
            inputmode=[numeric.then_some("numeric")] dir=[numeric.then_some("ltr")] spellcheck="false"
            aria-invalid=[mistake.map(|_| "true")] aria-describedby=[described_by];
        @if let Some(mistake) = mistake { p.mistake id=(id_of_mistake) { (mistake) } }
    }
}

fn mistake_text(words: &Words, kind: FieldKind, mistake: Mistake) -> &'static str {
    match (mistake, kind) {
        (Mistake::Empty, _) => words.mistake_empty,
        (Mistake::Malformed, FieldKind::CardNumber) => words.mistake_card_number,
        (Mistake::Malformed, FieldKind::CardExpiry) => words.mistake_card_expiry,
        (Mistake::Malformed, FieldKind::CardCode) => words.mistake_card_code,
        (Mistake::Malformed, FieldKind::Text) => words.mistake_text,
    }
}

/// `card_holder` as `Card holder`: what a gateway calls a field of its own.
fn title_of(name: &str) -> String {
    let name = name.replace('_', " ");
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Labels that gateways commonly use are translated, all others are shown as they are.
fn line_label<'l>(words: &Words, label: &'l str) -> &'l str {
    match label {
        "Address" => words.line_address,
        "Amount" => words.line_amount,
        "Network" => words.line_network,
        "Memo" => words.line_memo,
        other => other,
    }
}

fn check(view: &View<'_>, attempt: &Try) -> Markup {
    button(view.words().check_again, "check", Some(attempt))
}

fn other_way(view: &View<'_>, attempt: &Try) -> Markup {
    html! { (button(view.words().other_way, "switch", Some(attempt))) (cancel(view)) }
}

fn cancel(view: &View<'_>) -> Markup {
    let leads_back = view
        .bill
        .cancel_url
        .as_deref()
        .is_some_and(|url| web_url(url).is_some());
    html! {
        @if leads_back { (button(&view.with_merchant(view.words().cancel), "cancel", view.bill.attempt.as_ref())) }
    }
}

/// A form of one button.
fn button(label: &str, deed: &str, attempt: Option<&Try>) -> Markup {
    html! {
        form method="post" {
            input type="hidden" name="do" value=(deed);
            @if let Some(attempt) = attempt { input type="hidden" name="attempt" value=(attempt.id); }
            button.second { (label) }
        }
    }
}
