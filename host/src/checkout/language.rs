//! Which language a payer reads.

use crate::weight::weight;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    En,
    Es,
    Fr,
    Pt,
    Ru,
    Ar,
}

impl Language {
    pub(super) const ALL: [Language; 6] = [
        Language::En,
        Language::Es,
        Language::Fr,
        Language::Pt,
        Language::Ru,
        Language::Ar,
    ];

    /// Its BCP 47 tag.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Es => "es",
            Language::Fr => "fr",
            Language::Pt => "pt",
            Language::Ru => "ru",
            Language::Ar => "ar",
        }
    }

    /// What its readers call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::Es => "Español",
            Language::Fr => "Français",
            Language::Pt => "Português",
            Language::Ru => "Русский",
            Language::Ar => "العربية",
        }
    }

    pub(super) fn is_right_to_left(self) -> bool {
        self == Language::Ar
    }

    /// The value of the attribute `dir`.
    pub(super) fn direction(self) -> &'static str {
        if self.is_right_to_left() { "rtl" } else { "ltr" }
    }

    /// The language of a tag, whatever its region: `pt-BR`.
    pub(super) fn of_tag(tag: &str) -> Option<Language> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Language::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(primary))
    }
}

/// The payer's own choice on the page goes first, then what the merchant asked for, then what the browser asks for.
pub(super) fn choose(chosen: Option<&str>, payment: Option<&str>, accept_language: Option<&str>) -> Language {
    let of = |tag: Option<&str>| tag.and_then(Language::of_tag);
    of(chosen)
        .or_else(|| of(payment))
        .or_else(|| accept_language.and_then(accepted))
        .unwrap_or(Language::En)
}

/// The best of `Accept-Language` (RFC 9110, 12.5.4) that there is. Of equals the first counts.
fn accepted(header: &str) -> Option<Language> {
    let mut best: Option<(Language, u32)> = None;
    for part in header.split(',') {
        let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
        let Some(language) = Language::of_tag(tag.trim()) else {
            continue;
        };
        let quality = weight(parameters);
        if quality > best.map_or(0, |(_, quality)| quality) {
            best = Some((language, quality));
        }
    }
    best.map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payers_choice_goes_before_the_merchants_and_the_browsers() {
        let tag = |chosen, payment, browser| choose(chosen, payment, browser).tag();
        assert_eq!(tag(Some("ru"), Some("fr"), Some("es")), "ru");
        assert_eq!(tag(Some("xx"), Some("fr"), Some("es")), "fr");
        assert_eq!(tag(None, None, Some("es")), "es");
        assert_eq!(tag(None, Some("tlh"), Some("tlh, ")), "en");
        assert_eq!(tag(None, None, None), "en");
    }

    #[test]
    fn a_browsers_wishes_are_weighed() {
        for (header, tag) in [
            ("de-DE, pt-BR;q=0.8, en;q=0.9", "en"),
            ("de, PT-br;q=0.8, en;q=0.7", "pt"),
            ("fr;q=0.5, es;q=0.5", "fr"),
            ("ar;q=0, ru;q=0.1", "ru"),
            ("ar;q=nonsense, ru;q=0.001", "ru"),
            ("es ; q=1", "es"),
        ] {
            assert_eq!(choose(None, None, Some(header)).tag(), tag, "{header}");
        }
    }
}
