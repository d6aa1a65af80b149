//! The page around the viewer.

use maud::{DOCTYPE, Markup, html};
use mooring_manifest::{Credential, Manifest, Origin};

use super::Source;
use super::assets::names;
use super::file::File;
use super::kit::Kit;
use super::openapi::title;

/// Only the host's own files run, and only this host is called. The viewer's styles have pictures in them as `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn page(source: &Source, kit: &Kit) -> File {
    let manifest = &source.manifest;
    let names = names();
    let asset = |name: &str| format!("docs/assets/{name}");
    let proposed = manifest
        .routes
        .iter()
        .any(|route| route.origin == Origin::Proposed);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title(manifest)) }
                link rel="icon" href=(asset(&names.icon));
                link rel="stylesheet" href=(asset(&names.viewer_style));
                link rel="stylesheet" href=(asset(&names.style));
                script src=(asset(&names.viewer)) defer {}
                script src=(asset(&names.script)) defer {}
            }
            body {
                header {
                    h1 { (title(manifest)) " " small { (manifest.version) } }
                    p { (manifest.summary) }
                    nav {
                        a href="openapi.json" { "OpenAPI" }
                        a href="kit.zip" { "Integration kit" }
                        @for entry in &kit.entries {
                            a.quiet href={ "kit/" (entry.name) } { (entry.name) }
                        }
                    }
                    @if proposed {
                        p.note { "Routes marked " em { "proposed" } " are this host’s own: the provider has none of them." }
                    }
                }
                @if let Some(signing) = signing(manifest) { (signing) }
                main #viewer {}
                noscript { p { "This page needs JavaScript. " a href="openapi.json" { "The document" } " does not." } }
                footer {
                    "Served by Mooring. Shown with Swagger UI ("
                    a href=(asset(&names.license)) { "licence" } ", " a href=(asset(&names.notice)) { "notice" } ")."
                }
            }
        }
    };
    File::page(page.into_string(), POLICY)
}

/// Where keys are typed in with which the page signs requests. The fields belong to no form, so nothing can send them.
fn signing(manifest: &Manifest) -> Option<Markup> {
    let mut signed = manifest
        .credentials
        .iter()
        .filter_map(|credential| match credential {
            Credential::Signed {
                key_header,
                timestamp_header,
                signature_header,
                ..
            } => Some((key_header, timestamp_header, signature_header)),
            _ => None,
        });
    let (key, timestamp, signature) = signed.next()?;
    Some(html! {
        form #signing data-key=(key) data-timestamp=(timestamp) data-signature=(signature) {
            fieldset {
                legend { "Sign requests" }
                label { "API key" input #sign-key autocomplete="off" spellcheck="false"; }
                label { "Secret key" input #sign-secret type="password" autocomplete="off"; }
                p {
                    "With both, every request from this page is signed as it is sent: " code { (signature) }
                    " is the HMAC-SHA256 of " code { "{timestamp}.{body}" } ". The keys stay in this page."
                }
                p #insecure hidden {
                    "Browsers sign on https pages and on this computer’s own addresses only; this is neither."
                }
            }
        }
    })
}
