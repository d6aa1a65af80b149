//! Stripe's errors, and what is known after each: see [`Failure`] for the rule.

use mooring_sdk::gateway::{Said, Statuses};
use mooring_sdk::outbound::Answer;

pub(crate) use mooring_sdk::gateway::CallFailure as Failure;

use crate::model::{ErrorBody, ErrorDetail, ErrorKind};

const STATUSES: Statuses = Statuses {
    // Not 409: the same call is still running. Nor 424, 429 and 5xx: Stripe itself does not say what became of it.
    definite: &[400, 402, 404],
    credentials: "`stripe_secret_key`",
    address: "`stripe_url`",
};

/// Only Stripe's own error object, with a type that means that nothing was done, is a refusal.
pub(crate) fn judge(answer: &Answer, what: &str) -> Result<(), Failure> {
    let unknown = |why: &str| Failure::unknown(format!("{what}: {why} ({})", answer.status));
    match STATUSES.read(answer.status, what)? {
        Said::Done => return Ok(()),
        Said::InBody => {}
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
    let code = error.decline_code.as_deref().or(error.code.as_deref());
    Failure::refused(
        code.unwrap_or("card_declined"),
        error.message.as_deref().unwrap_or("The card was declined."),
    )
}

/// Stripe writes these words for developers, and they may quote an e-mail address, so only codes are kept.
fn refusal(error: &ErrorDetail) -> Failure {
    let code = error.code.as_deref().unwrap_or("invalid_request");
    let about = error
        .param
        .as_deref()
        .map_or_else(String::new, |param| format!(", {param}"));
    Failure::refused(code, &format!("Stripe refuses this ({code}{about})."))
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
}
