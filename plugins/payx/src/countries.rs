//! The countries of ISO 3166-1.
//!
//! An `id` is the country's numeric code of ISO 3166-1, which is never given to another country; so ids stay when the list
//! changes. Three are numbered as in the provider's documents instead, with numbers that the standard leaves free.
//! `name` is the standard's. `short_name` is that without what stands in brackets, except where two countries would then be
//! called the same, and where the provider's documents say otherwise.

use serde::Serialize;

/// A country, as callers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Country {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) iso_3166_1: &'static str,
    pub(crate) short_name: &'static str,
}

/// Numeric code, name, alpha-2 code and short name.
type Row = (u64, &'static str, &'static str, &'static str);

const ISO: &[Row] = include!(concat!(env!("OUT_DIR"), "/countries.rs"));

/// What the provider's documents show: alpha-2 code, id and short name.
const DOCUMENTED: [(&str, u64, &str); 3] = [("US", 1, "USA"), ("AT", 2, "Austria"), ("NO", 102, "Norvegia")];

/// All countries, by id.
pub(crate) fn all() -> Vec<Country> {
    let mut countries: Vec<Country> = ISO.iter().map(country).collect();
    countries.sort_unstable_by_key(|country| country.id);
    countries
}

/// The country with this id.
pub(crate) fn find(id: u64) -> Option<Country> {
    ISO.iter().map(country).find(|country| country.id == id)
}

fn country(&(numeric, name, iso_3166_1, short_name): &Row) -> Country {
    let documented = DOCUMENTED.iter().find(|(alpha2, ..)| *alpha2 == iso_3166_1);
    let (id, short_name) = documented.map_or((numeric, short_name), |&(_, id, short_name)| (id, short_name));
    Country {
        id,
        name,
        iso_3166_1,
        short_name,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_code_and_name_is_one_countrys() {
        let countries = all();
        assert_eq!(countries.len(), 249, "as many as ISO 3166-1 has had since 2011");
        let distinct =
            |of: fn(&Country) -> &'static str| countries.iter().map(of).collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(|country| country.iso_3166_1), 249);
        assert_eq!(distinct(|country| country.name), 249);
        assert_eq!(distinct(|country| country.short_name), 249);
        assert!(
            countries.is_sorted_by(|one, next| one.id < next.id),
            "each id once"
        );
        for country in countries {
            assert_eq!(find(country.id), Some(country));
        }
        assert_eq!(find(0), None);
        assert_eq!(find(840), None, "the United States are 1 here");
    }

    #[test]
    fn names_follow_the_rule() {
        let named = |code: &str| {
            let country = all()
                .into_iter()
                .find(|country| country.iso_3166_1 == code)
                .unwrap();
            (country.id, country.name, country.short_name)
        };
        assert_eq!(named("US"), (1, "United States of America", "USA"));
        assert_eq!(named("AT"), (2, "Austria", "Austria"));
        assert_eq!(named("NO"), (102, "Norway", "Norvegia"));
        assert_eq!(named("DE"), (276, "Germany", "Germany"));
        assert_eq!(named("BO"), (68, "Bolivia (Plurinational State of)", "Bolivia"));
        assert_eq!(named("CC"), (166, "Cocos (Keeling) Islands", "Cocos Islands"));
        assert_eq!(named("KR"), (410, "Korea (Republic of)", "Korea (Republic of)"));
        assert_eq!(named("CG").2, "Congo", "its whole name");
        assert_eq!(named("CD").2, "Congo (Democratic Republic of the)");
    }
}
