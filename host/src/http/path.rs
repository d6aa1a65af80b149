//! Paths as plugins declare them and as clients send them.

use percent_encoding::percent_decode_str;

use crate::exchange::Cause;

/// A parameter is one whole segment: everything the router knows beyond that is refused.
pub(super) fn check_pattern(pattern: &str) -> Result<(), &'static str> {
    let Some(segments) = pattern.strip_prefix('/') else {
        return Err("a path starts with `/`");
    };
    for segment in segments.split('/') {
        let name = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or(segment);
        if name.contains(['{', '}', '*']) || (name.is_empty() && !segment.is_empty()) {
            return Err("a parameter is one whole segment, `{name}`");
        }
    }
    Ok(())
}

/// Refuses paths that cannot be decoded, before anybody compares or decodes them.
pub(super) fn check_path(path: &str) -> Result<(), Cause> {
    if !path.contains('%') {
        return Ok(());
    }
    let malformed = |reason: &str| Err(Cause::Malformed(reason.to_owned()));
    let well_formed = path.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes();
        let mut hex = || digits.next().is_some_and(|byte| byte.is_ascii_hexdigit());
        hex() && hex()
    });
    if !well_formed {
        return malformed("the path has a `%` without two hexadecimal digits");
    }
    match percent_decode_str(path).decode_utf8() {
        Err(_) => malformed("the path is not UTF-8"),
        Ok(decoded) if decoded.chars().any(char::is_control) => malformed("the path has a control character"),
        Ok(_) => Ok(()),
    }
}

/// A parameter of a path that [`check_path`] has let through.
pub(super) fn decode(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_cannot_be_decoded_are_malformed() {
        for path in [
            "/a/%",
            "/a/%4",
            "/a/%zz",
            "/a/%+1",
            "/a/%ff",
            "/a/%00",
            "/nowhere/%0a",
        ] {
            let cause = check_path(path).unwrap_err();
            assert!(matches!(cause, Cause::Malformed(_)), "{path}: {cause:?}");
        }
        for path in ["/", "/a/%C3%A9", "/a/%2F", "/a/%25zz"] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn a_parameter_is_one_whole_segment() {
        for pattern in ["/", "/a", "/a/{id}", "/{a}/b/{c}", "/a/"] {
            assert_eq!(check_pattern(pattern), Ok(()), "{pattern}");
        }
        for pattern in [
            "", "a", "/{}", "/a{id}", "/{id}x", "/{a}{b}", "/{*rest}", "/*", "/{{id}}",
        ] {
            assert!(check_pattern(pattern).is_err(), "{pattern}");
        }
    }
}
