//! Paths: their segments, and which route they lead to.

/// The segment as it was before it was percent-encoded, if that is text.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
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

/// Without empty segments: what lenient paths are matched as.
pub(crate) fn tidied(path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.fold(String::new(), |path, segment| path + "/" + segment)
}

/// The segments of a path that are not empty, as they were before they were percent-encoded; none for one that is no text.
pub fn segments(path: &str) -> impl Iterator<Item = Option<String>> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(percent_decoded)
}

/// Where a method and a path lead.
pub(crate) enum Found<R> {
    /// To this route, with the path's parameters.
    Route(R, Vec<String>),
    /// The path is there for these methods.
    Methods(Vec<String>),
    Nothing,
}

/// The route of a method and a path, of routes with their methods and paths. A fixed segment goes before a parameter.
pub(crate) fn find<'r, R>(
    routes: impl Iterator<Item = (R, &'r str, &'r str)>,
    method: &str,
    path: &str,
) -> Found<R> {
    let mut matches: Vec<(R, &str, Vec<String>)> = routes
        .filter_map(|(route, method, pattern)| params(pattern, path).map(|params| (route, method, params)))
        .collect();
    matches.sort_by_key(|(_, _, params)| params.len());
    let methods: Vec<&str> = matches.iter().map(|(_, method, _)| *method).collect();
    match methods.iter().position(|own| *own == method) {
        Some(place) => {
            let (route, _, params) = matches.swap_remove(place);
            Found::Route(route, params)
        }
        None if methods.is_empty() => Found::Nothing,
        None => Found::Methods(methods.into_iter().map(str::to_owned).collect()),
    }
}

/// The parameters of a path that matches the pattern.
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
