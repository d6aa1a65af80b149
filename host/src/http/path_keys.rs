//! Keys that are segments of paths: where they are, and paths without them.
//!
//! A key in a path is one in every log that prints the path. So it is taken out before anybody else sees the path: where the
//! path is that of a route, in whatever method, exactly the key; anywhere else each segment from the first on that a route has
//! its key in, because a path with a slip in it may have the key further behind.

use std::borrow::Cow;

use mooring_manifest::{Credential, Manifest};

/// What a plugin is given in a key's place.
pub(super) const TAKEN: &str = "-";

/// Where the routes of a surface have keys in their paths.
#[derive(Debug, Default)]
pub(super) struct PathKeys {
    routes: Vec<Pattern>,
    /// The first segment that is a key in any route; nothing where no route has one.
    first: Option<usize>,
}

#[derive(Debug)]
struct Pattern {
    segments: Vec<Segment>,
    /// Which of its parameters are keys, in the order of the manifest's credentials.
    keys: Vec<usize>,
}

#[derive(Debug)]
enum Segment {
    Fixed(String),
    Parameter,
    Key,
}

impl PathKeys {
    /// The name of a parameter that no route has is given back as an error.
    pub(super) fn new(manifest: &Manifest) -> Result<PathKeys, String> {
        let names: Vec<&str> = manifest
            .credentials
            .iter()
            .filter_map(|credential| match credential {
                Credential::Path { parameter } => Some(parameter.as_str()),
                Credential::Bearer
                | Credential::Header { .. }
                | Credential::Signed { .. }
                | Credential::Body { .. } => None,
            })
            .collect();
        if names.is_empty() {
            return Ok(PathKeys::default());
        }
        let routes: Vec<_> = manifest
            .routes
            .iter()
            .map(|route| Pattern::new(&route.path, &names))
            .collect();
        for name in names {
            let parameter = format!("{{{name}}}");
            if !manifest
                .routes
                .iter()
                .any(|route| route.path.split('/').any(|segment| segment == parameter))
            {
                return Err(name.to_owned());
            }
        }
        let first = routes.iter().flat_map(Pattern::key_segments).min();
        Ok(PathKeys { routes, first })
    }

    /// Whether any route has a key in its path.
    pub(super) fn any(&self) -> bool {
        self.first.is_some()
    }

    /// Takes the keys of a route out of its parameters; gives the one to be looked at.
    pub(super) fn take(&self, route: u32, params: &mut [String]) -> Option<String> {
        let keys = &self.routes.get(route as usize)?.keys;
        let mut presented = None;
        for &place in keys {
            if let Some(param) = params.get_mut(place) {
                let key = std::mem::replace(param, TAKEN.to_owned());
                presented.get_or_insert(key);
            }
        }
        presented
    }

    /// A path below the mount, with `mask` in the place of everything that is or might be a key.
    pub(super) fn without<'p>(&self, path: &'p str, mask: &str) -> Cow<'p, str> {
        let Some(first) = self.first else {
            return Cow::Borrowed(path);
        };
        let mut fitting = self.routes.iter().filter(|route| route.fits(path)).peekable();
        let hidden: Vec<usize> = if fitting.peek().is_some() {
            fitting.flat_map(Pattern::key_segments).collect()
        } else {
            (first..path.split('/').count()).collect()
        };
        let segments = path.split('/').enumerate().map(|(place, segment)| {
            let hide = hidden.contains(&place) && !segment.is_empty();
            if hide { mask } else { segment }
        });
        Cow::Owned(segments.collect::<Vec<_>>().join("/"))
    }
}

impl Pattern {
    fn new(path: &str, names: &[&str]) -> Pattern {
        let mut parameters = Vec::new();
        let segments = path
            .split('/')
            .map(|segment| {
                let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                let Some(name) = name else {
                    return Segment::Fixed(segment.to_owned());
                };
                parameters.push(name);
                if names.contains(&name) {
                    Segment::Key
                } else {
                    Segment::Parameter
                }
            })
            .collect();
        let place = |name: &&str| parameters.iter().position(|parameter| parameter == name);
        Pattern {
            segments,
            keys: names.iter().filter_map(place).collect(),
        }
    }

    fn key_segments(&self) -> impl Iterator<Item = usize> {
        let keyed = |(place, segment): (usize, &Segment)| matches!(segment, Segment::Key).then_some(place);
        self.segments.iter().enumerate().filter_map(keyed)
    }

    /// Whether a path is one of this route, as the router sees it.
    fn fits(&self, path: &str) -> bool {
        let mut given = path.split('/');
        let all = self.segments.iter().all(|segment| {
            given.next().is_some_and(|given| match segment {
                Segment::Fixed(text) => given == text,
                Segment::Parameter | Segment::Key => !given.is_empty(),
            })
        });
        all && given.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(paths: &[&str], parameters: &[&str]) -> Result<PathKeys, String> {
        let routes: Vec<_> = paths
            .iter()
            .map(|path| {
                json!({
                    "name": path, "method": "GET", "path": path, "access": "read", "guard": {"kind": "key"},
                })
            })
            .collect();
        let credentials: Vec<_> = parameters
            .iter()
            .map(|parameter| json!({"kind": "path", "parameter": parameter}))
            .collect();
        let manifest = json!({
            "name": "p", "version": "1.0.0", "summary": "", "routes": routes, "credentials": credentials,
        });
        PathKeys::new(&serde_json::from_value(manifest).unwrap())
    }

    #[test]
    fn the_key_of_a_route_is_taken_out_and_nothing_else() {
        let keys = keys(&["/v1/{id}/{key}/items/{item}", "/open/a/b/c/d"], &["key"]).unwrap();
        assert_eq!(keys.without("/v1/2/s3cret/items/7", "-"), "/v1/2/-/items/7");
        assert_eq!(
            keys.without("/v1/2/%73%2F3cret/items/7", "***"),
            "/v1/2/***/items/7"
        );
        assert_eq!(keys.without("/open/a/b/c/d", "-"), "/open/a/b/c/d");
        let mut params = ["2", "s3cret", "7"].map(str::to_owned);
        assert_eq!(keys.take(0, &mut params).as_deref(), Some("s3cret"));
        assert_eq!(params, ["2", "-", "7"]);
        assert_eq!(keys.take(1, &mut []), None);
    }

    #[test]
    fn where_no_route_is_everything_that_may_be_a_key_is_taken_out() {
        let keys = keys(&["/v1/{id}/{key}/items"], &["key"]).unwrap();
        for (path, without) in [
            ("/v1/2/s3cret/itemz", "/v1/2/-/-"),
            ("/v1/2/s3cret/items/", "/v1/2/-/-/"),
            ("/v1/2/s3cret", "/v1/2/-"),
            ("/v1/2//items", "/v1/2//-"),
            ("//v1/2/s3cret/items", "//v1/-/-/-"),
            ("/v2/2/s3cret/items", "/v2/2/-/-"),
            ("/v1/2", "/v1/2"),
            ("/", "/"),
        ] {
            assert_eq!(keys.without(path, "-"), without, "{path}");
        }
    }

    #[test]
    fn a_surface_without_them_is_left_alone() {
        let keys = keys(&["/v1/{id}/{key}"], &[]).unwrap();
        assert!(!keys.any());
        assert_eq!(keys.without("/v1/2/x", "-"), "/v1/2/x");
        assert_eq!(keys.take(0, &mut ["x".to_owned()]), None);
    }

    #[test]
    fn the_first_credential_is_presented_and_every_key_taken_out() {
        let keys = keys(&["/{b}/{a}"], &["a", "b"]).unwrap();
        let mut params = ["second", "first"].map(str::to_owned);
        assert_eq!(keys.take(0, &mut params).as_deref(), Some("first"));
        assert_eq!(params, ["-", "-"]);
        assert_eq!(keys.without("/second/first", "-"), "/-/-");
    }

    #[test]
    fn a_parameter_that_no_route_has_is_a_mistake() {
        assert_eq!(keys(&["/v1/{id}"], &["key"]).unwrap_err(), "key");
    }
}
