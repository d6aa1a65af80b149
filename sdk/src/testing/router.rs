//! Paths to routes, by the manifest.

use std::collections::BTreeSet;

use mooring_manifest::{Guard, Manifest, Route};

pub(super) enum Found<'m> {
    Route(u32, &'m Route, Vec<String>),
    Methods(Vec<String>),
    Nothing,
}

/// A fixed segment goes before a parameter.
pub(super) fn find<'m>(manifest: &'m Manifest, method: &str, path: &str) -> Found<'m> {
    let mut matches: Vec<_> = (0..)
        .zip(&manifest.routes)
        .filter_map(|(index, route)| params(&route.path, path).map(|params| (index, route, params)))
        .collect();
    matches.sort_by_key(|(_, _, params)| params.len());
    let methods = matches.iter().map(|(_, route, _)| route.method.clone()).collect();
    match matches.into_iter().find(|(_, route, _)| route.method == method) {
        Some((index, route, params)) => Found::Route(index, route, params),
        None if Vec::is_empty(&methods) => Found::Nothing,
        None => Found::Methods(methods),
    }
}

fn params(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    let mut params = Vec::new();
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(params),
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => {
                params.push(percent_decoded(value)?);
            }
            (Some(fixed), Some(value)) if fixed == value => {}
            _ => return None,
        }
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// What the real host refuses at load.
pub(super) fn check(manifest: &Manifest) {
    let mut names = BTreeSet::new();
    for route in &manifest.routes {
        assert!(
            names.insert(&route.name),
            "two routes are called `{}`",
            route.name
        );
        if let Guard::Scopes { any } = &route.guard {
            for scope in any {
                let declared = manifest.scopes.iter().any(|declared| &declared.name == scope);
                assert!(
                    declared,
                    "route `{}` asks for the scope `{scope}`, which is not declared",
                    route.name
                );
            }
        }
        assert!(
            route.path.starts_with('/'),
            "the path of `{}` does not start with `/`",
            route.name
        );
    }
    for target in &manifest.targets {
        for name in std::iter::once(target.url_setting.as_str()).chain(target.auth.settings()) {
            let declared = manifest.settings.iter().any(|setting| setting.name == name);
            assert!(
                declared,
                "target `{}` uses the setting `{name}`, which is not declared",
                target.name
            );
        }
    }
}
