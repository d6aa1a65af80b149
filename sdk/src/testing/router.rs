//! Paths to routes, by the manifest.

use mooring_manifest::{Manifest, Route};

use crate::path::{params, tidied};

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
