//! `POST /rpc`: another call of this API, its method and path in a body of JSON beside the secret, which the host takes from there.

use mooring_sdk::prelude::*;
use mooring_sdk::{forward, json, path};
use serde::Deserialize;
use serde_json::Value;

use crate::Tebex;
use crate::error::Error;

#[derive(Deserialize)]
struct Call {
    method: Method,
    params: Params,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
    Put,
    Delete,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Params {
    /// With its query, if it has one.
    path: String,
    #[serde(default)]
    body: Value,
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// The answer is that of the other call, its status too.
pub(crate) fn call(outer: Request) -> Result<Response, Error> {
    let call: Call = json::from_slice(&outer.body).map_err(malformed)?;
    let path = call.params.path;
    if !path.starts_with('/') {
        return Err(malformed(Problem::invalid(
            "params.Path",
            "must begin with a slash",
        )));
    }
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    if is_envelope(path) {
        return Err(Problem::NotFound.into());
    }
    Ok(forward::<Tebex>(Request {
        method: call.method.as_str().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        body: match call.params.body {
            Value::Null => Vec::new(),
            Value::String(text) => text.into_bytes(),
            body => json::to_string(&body).into_bytes(),
        },
        ..outer
    }))
}

/// A call in a call in a call has no end. What is percent-encoded is the same path.
fn is_envelope(path: &str) -> bool {
    path::segments(path).next().flatten().as_deref() == Some("rpc")
}

/// Here the provider says 400 to whatever is wrong with the envelope.
fn malformed(problem: Problem) -> Error {
    match problem {
        Problem::Invalid(invalid) => Problem::Unreadable(invalid.to_string()).into(),
        problem => problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_envelope;

    #[test]
    fn an_envelope_is_known_however_its_path_is_written() {
        for path in ["/rpc", "//rpc/", "/rpc/x", "/%72pc", "/%72%70%63/"] {
            assert!(is_envelope(path), "{path}");
        }
        for path in [
            "/",
            "/rpcs",
            "/rp",
            "/packages/rpc",
            "/%2572pc",
            "/rpc%ff",
            "/RPC",
        ] {
            assert!(!is_envelope(path), "{path}");
        }
    }
}
