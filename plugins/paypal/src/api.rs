//! PayPal's REST API: calls, and the one place that judges what came back. The host gets the access token and adds it.

use mooring_sdk::json;
use mooring_sdk::outbound::{Answer, Call};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Failure;
use crate::model::ErrorBody;

/// The manifest's target.
pub(crate) const TARGET: &str = "paypal";

/// What is kept of PayPal's words and codes.
const MESSAGE_CHARACTERS_MAX: usize = 500;
const CODE_CHARACTERS_MAX: usize = 100;
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

/// Only an error of PayPal's own, with a status that means that nothing was done, is a refusal.
fn judge(answer: &Answer, what: &str) -> Result<(), Failure> {
    let unknown = |why: &str| Failure::unknown(format!("{what}: {why} ({})", answer.status));
    match answer.status {
        200..=299 => return Ok(()),
        401 | 403 => {
            return Err(Failure::Settings(format!(
                "{what}: the app was refused ({}); check `paypal_client_id` and `paypal_client_secret`",
                answer.status
            )));
        }
        300..=399 => return Err(unknown("redirects; check `paypal_url`")),
        400 | 404 | 422 => {}
        // 409: the same call is still running. 429 and 5xx: PayPal itself does not say what became of it.
        _ => return Err(unknown("no definite answer")),
    }
    let Ok(error) = answer.read::<ErrorBody>() else {
        return Err(unknown("not an answer of PayPal's"));
    };
    if answer.status == 404 {
        return Err(Failure::Missing);
    }
    Err(refusal(&error))
}

/// The issue, with PayPal's general words for it; what was sent is not among them.
fn refusal(error: &ErrorBody) -> Failure {
    let detail = error.details.first();
    let code = bounded(
        detail.map_or(&*error.name, |detail| &*detail.issue),
        CODE_CHARACTERS_MAX,
    );
    let message = match detail.and_then(|detail| detail.description.as_deref()) {
        Some(description) => bounded(description, MESSAGE_CHARACTERS_MAX),
        None => format!("PayPal refuses this ({code})."),
    };
    Failure::Refused { code, message }
}

fn bounded(text: &str, characters_max: usize) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(characters_max)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn only_paypals_word_is_a_refusal() {
        let declined = r#"{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"INSTRUMENT_DECLINED","description":"No."}]}"#;
        assert_eq!(
            judge(&answer(422, declined), "x"),
            Err(Failure::refused("INSTRUMENT_DECLINED", "No."))
        );
        let bare = r#"{"name":"INVALID_REQUEST"}"#;
        assert_eq!(
            judge(&answer(400, bare), "x"),
            Err(Failure::refused(
                "INVALID_REQUEST",
                "PayPal refuses this (INVALID_REQUEST)."
            ))
        );
        let missing = r#"{"name":"RESOURCE_NOT_FOUND"}"#;
        assert_eq!(judge(&answer(404, missing), "x"), Err(Failure::Missing));
        for (status, body) in [
            (400, "<html>"),
            (404, "nothing here"),
            (422, "{}"),
            (302, ""),
            (409, declined),
            (429, declined),
            (500, declined),
            (503, "{}"),
        ] {
            assert!(
                matches!(judge(&answer(status, body), "x"), Err(Failure::Unknown(_))),
                "{status} {body}"
            );
        }
        for status in [401, 403] {
            assert!(matches!(
                judge(&answer(status, bare), "x"),
                Err(Failure::Settings(_))
            ));
        }
        assert_eq!(judge(&answer(204, ""), "x"), Ok(()));
    }

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
