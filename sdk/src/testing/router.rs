//! Paths to routes, by the manifest.

use mooring_manifest::{Manifest, Route};

pub(super) enum Found<'m> {
    Route(u32, &'m Route, Vec<String>),
    Methods(Vec<String>),
    Nothing,
}

/// A fixed segment goes before a parameter.
pub(super) fn find<'m>(manifest: &'m Manifest, method: &str, path: &str) -> Found<'m> {
    let path = if manifest.lenient_paths {
        tidied(path)
    } else {
        path.to_owned()
    };
    let mut matches: Vec<_> = (0..)
        .zip(&manifest.routes)
        .filter_map(|(index, route)| params(&route.path, &path).map(|params| (index, route, params)))
        .collect();
    matches.sort_by_key(|(_, _, params)| params.len());
    let methods = matches.iter().map(|(_, route, _)| route.method.clone()).collect();
    match matches.into_iter().find(|(_, route, _)| route.method == method) {
        Some((index, route, params)) => Found::Route(index, route, params),
        None if Vec::is_empty(&methods) => Found::Nothing,
        None => Found::Methods(methods),
    }
}

/// Without empty segments.
fn tidied(path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.fold(String::new(), |path, segment| path + "/" + segment)
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
