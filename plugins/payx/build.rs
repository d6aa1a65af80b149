//! Writes the list of countries (ISO 3166-1) as a constant table.
//!
//! At build time, because the crate that keeps the list asks for a browser's bindings on Wasm, and because a guest then
//! carries no more of it than these few columns.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let countries = rust_iso3166::ALL;
    let short = |name: &str| without_brackets(name);
    let mut table = String::from("&[\n");
    for country in countries {
        // Two Koreas, two sets of Virgin Islands: such a name is kept whole.
        let mine = short(country.name);
        let shared = countries
            .iter()
            .any(|other| other.alpha2 != country.alpha2 && short(other.name) == mine);
        let short_name = if shared { country.name } else { &mine };
        writeln!(
            table,
            "    ({}, {:?}, {:?}, {:?}),",
            country.numeric, country.name, country.alpha2, short_name
        )
        .expect("a string takes everything");
    }
    table.push_str("]\n");
    let out = env::var_os("OUT_DIR").expect("cargo gives a build script its folder");
    fs::write(Path::new(&out).join("countries.rs"), table).expect("the folder can be written to");
}

/// `Cocos (Keeling) Islands` is `Cocos Islands`.
fn without_brackets(name: &str) -> String {
    match (name.split_once(" ("), name.split_once(')')) {
        (Some((before, _)), Some((_, after))) => format!("{before}{after}"),
        _ => name.to_owned(),
    }
}
