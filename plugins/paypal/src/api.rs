//! PayPal's REST API. The host gets the access token and adds it.

use mooring_sdk::json;
use mooring_sdk::outbound::{Answer, Call};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Failure, judge};

/// The manifest's target.
pub(crate) const TARGET: &str = "paypal";

const ID_CHARACTERS_MAX: usize = 64;

/// Reads something.
pub(crate) fn get<T: DeserializeOwned>(path: &str) -> Result<T, Failure> {
    let call = Call::new(TARGET, "GET", path);
    let what = name(&call);
    read(&send(call, &what)?, &what)
}

/// Makes a changing call. With the same id it takes effect once, for hours to weeks; after that the caller has to look first.
pub(crate) fn post<T: DeserializeOwned>(
    path: &str,
    body: &impl Serialize,
    request: &str,
) -> Result<T, Failure> {
    let call = changing(path, json::to_string(body).into_bytes(), request);
    let what = name(&call);
    read(&send(call, &what)?, &what)
}

/// Makes a changing call that answers with nothing.
pub(crate) fn post_empty(path: &str, request: &str) -> Result<(), Failure> {
    let call = changing(path, b"{}".to_vec(), request);
    let what = name(&call);
    send(call, &what).map(drop)
}

/// Asks a question whose body is JSON already.
pub(crate) fn ask<T: DeserializeOwned>(path: &str, body: Vec<u8>) -> Result<T, Failure> {
    let mut call = Call::new(TARGET, "POST", path);
    call.headers
        .push(("content-type".to_owned(), "application/json".to_owned()));
    call.body = body;
    let what = name(&call);
    read(&send(call, &what)?, &what)
}

/// `/v2/checkout/orders/{id}/capture`, with an id that is nothing but one.
pub(crate) fn path(kind: &str, id: &str, verb: &str) -> Result<String, Failure> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if id.is_empty() || id.len() > ID_CHARACTERS_MAX || !id.bytes().all(plain) {
        return Err(Failure::unknown("an id of PayPal's is no id"));
    }
    Ok(format!("/v2/{kind}/{id}{verb}"))
}

fn changing(path: &str, body: Vec<u8>, request: &str) -> Call {
    let mut call = Call::new(TARGET, "POST", path);
    for (name, value) in [
        ("content-type", "application/json"),
        ("paypal-request-id", request),
        ("prefer", "return=representation"),
    ] {
        call.headers.push((name.to_owned(), value.to_owned()));
    }
    call.body = body;
    call
}

fn name(call: &Call) -> String {
    format!("PayPal, {} {}", call.method, call.path)
}

fn send(call: Call, what: &str) -> Result<Answer, Failure> {
    let answer = call.send()?;
    judge(&answer, what)?;
    Ok(answer)
}

fn read<T: DeserializeOwned>(answer: &Answer, what: &str) -> Result<T, Failure> {
    answer
        .read()
        .map_err(|error| Failure::unknown(format!("{what}: the answer cannot be read: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_hold_ids_only() {
        assert_eq!(
            path("checkout/orders", "5O190127TN364715T", "/capture").unwrap(),
            "/v2/checkout/orders/5O190127TN364715T/capture"
        );
        for id in ["", "../x", "a/b", "a?b", "é"] {
            assert!(path("checkout/orders", id, "").is_err(), "{id}");
        }
    }
}
