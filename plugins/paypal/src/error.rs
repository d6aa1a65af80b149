//! PayPal's errors, and what is known after each: see [`Failure`] for the rule.

use mooring_sdk::gateway::{Said, Statuses};
use mooring_sdk::outbound::Answer;

pub(crate) use mooring_sdk::gateway::CallFailure as Failure;

use crate::model::ErrorBody;

const STATUSES: Statuses = Statuses {
    // Not 409: the same call is still running. Nor 429 and 5xx: PayPal itself does not say what became of it.
    definite: &[400, 404, 422],
    credentials: "`paypal_client_id` and `paypal_client_secret`",
    address: "`paypal_url`",
};

/// Only an error of PayPal's own, with a status that means that nothing was done, is a refusal.
pub(crate) fn judge(answer: &Answer, what: &str) -> Result<(), Failure> {
    let unknown = |why: &str| Failure::unknown(format!("{what}: {why} ({})", answer.status));
    match STATUSES.read(answer.status, what)? {
        Said::Done => return Ok(()),
        Said::InBody => {}
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
    let code = detail.map_or(&*error.name, |detail| &*detail.issue);
    match detail.and_then(|detail| detail.description.as_deref()) {
        Some(description) => Failure::refused(code, description),
        None => Failure::refused(code, &format!("PayPal refuses this ({code}).")),
    }
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
}
