//! What the page says, in its languages.
//!
//! A word that a language lacks does not compile. Text in braces is filled in ([`fill`]); a test holds every language to the
//! same names.

mod ar;
mod en;
mod es;
mod fr;
mod pt;
mod ru;

use super::language::Language;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Everything that the page says.
        pub(super) struct Words {
            $($(#[$doc])* pub(super) $name: &'static str,)*
        }

        #[cfg(test)]
        impl Words {
            fn entries(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

words! {
    /// Of the window: `{merchant}`.
    title,
    /// Above the amount.
    amount_due,
    /// `{hours}` and `{minutes}`.
    expires_in_hours,
    /// `{minutes}`.
    expires_in_minutes,
    /// `{time}`, which the script counts down: `14:05`.
    expires_clock,
    /// In less than a minute.
    expires_soon,
    /// Further away than two days: `{date}`.
    expires_on,
    /// Above the ways to pay.
    choose,
    /// On the button: `{amount}`.
    pay,
    /// A method of gateways.
    card,
    /// Nothing can be chosen.
    no_ways,
    no_ways_hint,
    /// Another attempt is not allowed.
    no_tries,
    no_tries_hint,
    /// After a decline.
    declined,
    declined_hint,
    /// `{reason}`, in the gateway's words.
    reason,
    /// `{gateway}`.
    starting,
    /// `{gateway}`.
    leaving,
    /// On the link there: `{gateway}`.
    go_on,
    /// `{gateway}`.
    at_gateway,
    at_gateway_hint,
    /// On a button.
    check_again,
    /// On a button.
    other_way,
    /// The way chosen before is being taken back.
    giving_up,
    giving_up_hint,
    /// Above the form.
    card_details,
    /// `{gateway}`.
    card_privacy,
    card_number,
    card_expiry,
    card_code,
    /// Above a form with mistakes.
    mistakes,
    mistake_empty,
    mistake_card_number,
    mistake_card_expiry,
    mistake_card_code,
    mistake_text,
    /// Above lines of what to send where.
    instructions,
    instructions_hint,
    line_address,
    line_amount,
    line_network,
    line_memo,
    processing,
    processing_hint,
    authorized,
    /// `{merchant}`.
    authorized_hint,
    paid,
    /// `{merchant}`.
    paid_hint,
    /// What was received: `{amount}`.
    paid_amount,
    /// Less has been received than was asked for.
    partly_paid,
    /// All that was received has gone back.
    refunded,
    failed,
    failed_hint,
    expired,
    cancelled,
    /// What to do when it is over: `{merchant}`.
    ask_again,
    /// On the link to the merchant: `{merchant}`.
    back,
    /// A redirect follows: `{merchant}`.
    back_soon,
    /// On the button to give up: `{merchant}`.
    cancel,
    test_mode,
    test_cards,
    test_paid,
    test_paid_later,
    test_declined,
    /// At the bottom: `{provider}`.
    by,
    /// What the links to other languages are.
    languages,
    not_found,
    not_found_hint,
    wrong_method,
    bad_request,
    bad_request_hint,
    too_large,
    too_many,
    too_many_hint,
    unavailable,
    unavailable_hint,
}

/// The words of a language.
pub(super) fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &en::WORDS,
        Language::Es => &es::WORDS,
        Language::Fr => &fr::WORDS,
        Language::Pt => &pt::WORDS,
        Language::Ru => &ru::WORDS,
        Language::Ar => &ar::WORDS,
    }
}

/// Fills in what stands in braces. In a language that is written from right to left, what is filled in is isolated, so that
/// a name or number of the other direction does not turn the sentence around.
pub(super) fn fill(language: Language, text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value);
        if language.is_right_to_left() {
            filled.extend(['\u{2068}']);
            filled.push_str(value);
            filled.extend(['\u{2069}']);
        } else {
            filled.push_str(value);
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text
            .split('{')
            .skip(1)
            .map(|rest| rest.split_once('}').expect("a closing brace").0)
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn every_language_fills_in_the_same_things() {
        for language in Language::ALL {
            for ((name, english), (_, word)) in words(Language::En)
                .entries()
                .iter()
                .zip(words(language).entries())
            {
                assert!(!word.trim().is_empty(), "{language:?} {name}");
                assert_eq!(places(english), places(word), "{language:?} {name}");
            }
        }
    }

    #[test]
    fn every_language_has_words_of_its_own() {
        // Short ones may be the same by chance, such as `Card number` never is.
        for language in Language::ALL
            .into_iter()
            .filter(|language| *language != Language::En)
        {
            let english = words(Language::En).entries();
            let copied: Vec<_> = english
                .iter()
                .zip(words(language).entries())
                .filter(|((_, english), (_, word))| *english == *word)
                .map(|((name, _), _)| *name)
                .collect();
            assert!(copied.is_empty(), "{language:?} says in English: {copied:?}");
        }
    }

    #[test]
    fn values_are_filled_in_and_isolated_where_directions_mix() {
        let values = [("amount", "$1.00"), ("merchant", "A{b}")];
        assert_eq!(
            fill(Language::En, "Pay {amount} to {merchant}.", &values),
            "Pay $1.00 to A{b}."
        );
        assert_eq!(fill(Language::Ar, "{amount}.", &values), "\u{2068}$1.00\u{2069}.");
        assert_eq!(fill(Language::En, "none {other}", &values), "none ");
    }
}
