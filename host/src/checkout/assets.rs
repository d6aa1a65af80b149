//! Styles, script and icon of the page, from its own address only.
//!
//! A name carries the hash of its content, so a browser may keep the file for ever and never asks again; a new host has new
//! names. The merchant's colour is a style sheet of one rule whose name is its content, because inline styles are refused.

use std::fmt::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::headers;
use crate::exchange::{Reply, Usage};

/// What is served, by name.
pub(super) struct Assets {
    pub(super) style: Asset,
    pub(super) script: Asset,
    pub(super) icon: Asset,
}

/// One file.
pub(super) struct Asset {
    /// Below `assets/`.
    pub(super) name: String,
    kind: &'static str,
    content: &'static str,
}

pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new(
        "css",
        "text/css; charset=utf-8",
        include_str!("assets/checkout.css"),
    ),
    script: Asset::new(
        "js",
        "text/javascript; charset=utf-8",
        include_str!("assets/checkout.js"),
    ),
    icon: Asset::new("svg", "image/svg+xml", include_str!("assets/icon.svg")),
});

impl Asset {
    fn new(extension: &str, kind: &'static str, content: &'static str) -> Asset {
        let mut name = String::from("checkout-");
        for byte in &Sha256::digest(content)[..8] {
            write!(name, "{byte:02x}").expect("a string can be written to");
        }
        write!(name, ".{extension}").expect("a string can be written to");
        Asset { name, kind, content }
    }
}

/// The file of this name, if it is one of the page's.
pub(crate) fn asset(name: &str) -> Option<Reply> {
    let Assets { style, script, icon } = &*ASSETS;
    if let Some(asset) = [style, script, icon].into_iter().find(|asset| asset.name == name) {
        return Some(served(asset.kind, Bytes::from_static(asset.content.as_bytes())));
    }
    let color = name.strip_prefix("color-")?.strip_suffix(".css")?;
    let color = Color::parse(color)?;
    Some(served("text/css; charset=utf-8", color.style().into()))
}

fn served(kind: &'static str, body: Bytes) -> Reply {
    let mut headers: Vec<(HeaderName, HeaderValue)> = headers::common();
    headers.push((CONTENT_TYPE, HeaderValue::from_static(kind)));
    headers.push((
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    ));
    Reply {
        status: StatusCode::OK.as_u16(),
        headers,
        body,
        usage: Usage::default(),
    }
}

/// A merchant's colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Color([u8; 3]);

impl Color {
    /// Six hexadecimal digits, in either case, with or without `#`. What is none is not used.
    pub(super) fn parse(text: &str) -> Option<Color> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let mut color = [0; 3];
        // It decodes into exactly three bytes or not at all.
        hex::decode_to_slice(digits, &mut color).ok()?;
        Some(Color(color))
    }

    /// Its style sheet.
    pub(super) fn name(self) -> String {
        format!("color-{}.css", hex::encode(self.0))
    }

    fn style(self) -> String {
        let on = if self.luminance() > 0.179 { "#000" } else { "#fff" };
        format!(":root{{--brand:#{};--on-brand:{on}}}\n", hex::encode(self.0))
    }

    /// Relative luminance of WCAG 2.2; above 0.179, black letters have more contrast than white ones, and either at least
    /// 4.5 to 1.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(name: &str) -> Option<String> {
        asset(name).map(|reply| String::from_utf8(reply.body.to_vec()).unwrap())
    }

    #[test]
    fn only_what_the_page_has_is_served() {
        assert!(body(&ASSETS.style.name).unwrap().contains("--brand"));
        assert!(body(&ASSETS.script.name).is_some() && body(&ASSETS.icon.name).is_some());
        for name in [
            "",
            "checkout.css",
            "color-12345.css",
            "color-12345g.css",
            "color-##1234.css",
            "../x",
        ] {
            assert_eq!(body(name), None, "{name}");
        }
    }

    #[test]
    fn letters_on_a_merchants_colour_can_be_read() {
        for (color, on) in [
            ("#FFFFFF", "#000"),
            ("000000", "#fff"),
            ("#ffcc00", "#000"),
            ("#1d4ed8", "#fff"),
        ] {
            let color = Color::parse(color).unwrap();
            assert!(body(&color.name()).unwrap().contains(&format!("--on-brand:{on}")));
            let luminance = color.luminance();
            let contrast = if on == "#000" {
                (luminance + 0.05) / 0.05
            } else {
                1.05 / (luminance + 0.05)
            };
            assert!(contrast >= 4.5, "{color:?}: {contrast}");
        }
        assert_eq!(Color::parse("red"), None);
    }

    #[test]
    fn everything_together_is_small() {
        let bytes = ASSETS.style.content.len() + ASSETS.script.content.len() + ASSETS.icon.content.len();
        assert!(bytes < 12 * 1024, "{bytes}");
    }
}
