//! Pages without a payment.

use maud::html;

use super::super::language::Language;
use super::Frame;

/// What went wrong, and what to do about it.
pub(in crate::checkout) fn problem(language: Language, provider: &str, title: &str, hint: &str) -> String {
    let main = html! {
        section.ended role="alert" {
            h1 { (title) }
            @if !hint.is_empty() { p { (hint) } }
        }
    };
    let frame = Frame {
        language,
        title: title.to_owned(),
        merchant: provider,
        logo: None,
        color: None,
        provider,
        gateway: None,
    };
    frame.around(&main).into_string()
}
