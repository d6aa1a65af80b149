//! Stripe's REST API. The host adds the key.

use mooring_sdk::outbound::Call;
use serde::de::DeserializeOwned;

use crate::error::{Failure, judge};

/// The manifest's target.
pub(crate) const TARGET: &str = "stripe";

/// Shapes of answers are those of this version, whatever the account's own default is.
const VERSION: &str = "2025-03-31.basil";
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

#[cfg(test)]
mod tests {
    use super::*;

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
