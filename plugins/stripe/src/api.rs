//! Stripe's REST API: calls, and the one place that judges what came back. The host adds the key.

use mooring_sdk::outbound::{Answer, Call};
use serde::de::DeserializeOwned;

use crate::error::Failure;
use crate::model::{ErrorBody, ErrorDetail, ErrorKind};

/// The manifest's target.
pub(crate) const TARGET: &str = "stripe";

/// Shapes of answers are those of this version, whatever the account's own default is.
const VERSION: &str = "2025-03-31.basil";
/// What is kept of Stripe's words and codes.
const MESSAGE_CHARACTERS_MAX: usize = 500;
const CODE_CHARACTERS_MAX: usize = 100;
const ID_CHARACTERS_MAX: usize = 255;

/// Parameters of a call, in Stripe's way of nesting: `metadata[order]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Adds a parameter.
    #[must_use]
    pub(crate) fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Form {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Adds a parameter, if there is a value for it.
    #[must_use]
    pub(crate) fn with_some(self, name: &str, value: Option<impl Into<String>>) -> Form {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }
}

/// Reads an object or a list.
pub(crate) fn get<T: DeserializeOwned>(path: &str, query: &Form) -> Result<T, Failure> {
    let path = match query.encode() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    };
    send(Call::new(TARGET, "GET", path))
}

/// Makes a changing call. With the same key and parameters it takes effect once, for a day at least; after that the caller has
/// to look first.
pub(crate) fn post<T: DeserializeOwned>(path: &str, form: &Form, key: &str) -> Result<T, Failure> {
    let mut call = Call::new(TARGET, "POST", path);
    call.headers.extend([
        (
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        ),
        ("idempotency-key".to_owned(), key.to_owned()),
    ]);
    call.body = form.encode().into_bytes();
    send(call)
}

/// `/v1/payment_intents/{id}/capture`, with an id that is nothing but one.
pub(crate) fn path(kind: &str, id: &str, verb: &str) -> Result<String, Failure> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if id.is_empty() || id.len() > ID_CHARACTERS_MAX || !id.bytes().all(plain) {
        return Err(Failure::unknown("an id of Stripe's is no id"));
    }
    Ok(format!("/v1/{kind}/{id}{verb}"))
}

fn send<T: DeserializeOwned>(mut call: Call) -> Result<T, Failure> {
    // Without the query, which may carry what was asked for.
    let what = format!(
        "Stripe, {} {}",
        call.method,
        call.path.split('?').next().unwrap_or_default()
    );
    call.headers
        .push(("stripe-version".to_owned(), VERSION.to_owned()));
    let answer = call.send()?;
    judge(&answer, &what)?;
    answer
        .read()
        .map_err(|error| Failure::unknown(format!("{what}: the answer cannot be read: {error}")))
}

/// Only Stripe's own error object, with a type that means that nothing was done, is a refusal.
fn judge(answer: &Answer, what: &str) -> Result<(), Failure> {
    let unknown = |why: &str| Failure::unknown(format!("{what}: {why} ({})", answer.status));
    match answer.status {
        200..=299 => return Ok(()),
        401 | 403 => {
            return Err(Failure::Settings(format!(
                "{what}: the key was refused ({}); check `stripe_secret_key`",
                answer.status
            )));
        }
        300..=399 => return Err(unknown("redirects; check `stripe_url`")),
        400 | 402 | 404 => {}
        // 409: the same call is still running. 424, 429 and 5xx: Stripe itself does not say what became of it.
        _ => return Err(unknown("no definite answer")),
    }
    let Ok(ErrorBody { error }) = answer.read::<ErrorBody>() else {
        return Err(unknown("not an answer of Stripe's"));
    };
    match error.kind {
        ErrorKind::InvalidRequestError if answer.status == 404 => Err(Failure::Missing),
        ErrorKind::CardError => Err(card_refusal(&error)),
        ErrorKind::InvalidRequestError => Err(refusal(&error)),
        ErrorKind::IdempotencyError => Err(unknown("the key was used with other parameters")),
        ErrorKind::Other => Err(unknown("no definite answer")),
    }
}

/// Stripe writes these words for the payer.
pub(crate) fn card_refusal(error: &ErrorDetail) -> Failure {
    let code = error.decline_code.as_ref().or(error.code.as_ref());
    Failure::Refused {
        code: code.map_or_else(
            || "card_declined".to_owned(),
            |code| bounded(code, CODE_CHARACTERS_MAX),
        ),
        message: error.message.as_ref().map_or_else(
            || "The card was declined.".to_owned(),
            |message| bounded(message, MESSAGE_CHARACTERS_MAX),
        ),
    }
}

/// Stripe writes these words for developers, and they may quote an e-mail address, so only codes are kept.
fn refusal(error: &ErrorDetail) -> Failure {
    let code = bounded(
        error.code.as_deref().unwrap_or("invalid_request"),
        CODE_CHARACTERS_MAX,
    );
    let about = error.param.as_deref().map_or_else(String::new, |param| {
        format!(", {}", bounded(param, CODE_CHARACTERS_MAX))
    });
    Failure::Refused {
        message: format!("Stripe refuses this ({code}{about})."),
        code,
    }
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
    fn only_stripes_word_is_a_refusal() {
        let card = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"do_not_honor","message":"No."}}"#;
        assert_eq!(
            judge(&answer(402, card), "x"),
            Err(Failure::refused("do_not_honor", "No."))
        );
        let small = r#"{"error":{"type":"invalid_request_error","code":"amount_too_small","param":"amount","message":"secret"}}"#;
        assert_eq!(
            judge(&answer(400, small), "x"),
            Err(Failure::refused(
                "amount_too_small",
                "Stripe refuses this (amount_too_small, amount)."
            ))
        );
        let missing = r#"{"error":{"type":"invalid_request_error","code":"resource_missing"}}"#;
        assert_eq!(judge(&answer(404, missing), "x"), Err(Failure::Missing));
        for (status, body) in [
            (400, "<html>"),
            (402, "{}"),
            (404, "nothing here"),
            (400, r#"{"error":{"type":"idempotency_error"}}"#),
            (400, r#"{"error":{"type":"api_error"}}"#),
            (402, r#"{"error":{"type":"something_new"}}"#),
            (302, ""),
            (409, small),
            (424, small),
            (429, small),
            (500, small),
            (503, card),
        ] {
            assert!(
                matches!(judge(&answer(status, body), "x"), Err(Failure::Unknown(_))),
                "{status} {body}"
            );
        }
        for status in [401, 403] {
            assert!(matches!(
                judge(&answer(status, card), "x"),
                Err(Failure::Settings(_))
            ));
        }
        assert_eq!(judge(&answer(200, ""), "x"), Ok(()));
    }

    #[test]
    fn forms_are_encoded_as_stripe_nests() {
        let form = Form::default()
            .with("metadata[a b]", "ü&=")
            .with_some("none", None::<String>);
        assert_eq!(form.encode(), "metadata%5Ba+b%5D=%C3%BC%26%3D");
    }

    #[test]
    fn paths_hold_ids_only() {
        assert_eq!(
            path("refunds", "re_1", "/cancel").unwrap(),
            "/v1/refunds/re_1/cancel"
        );
        for id in ["", "../balance", "re_1?x", "re 1", "ré"] {
            assert!(path("refunds", id, "").is_err(), "{id}");
        }
    }
}
