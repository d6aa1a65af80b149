//! What a gateway says, checked before it is believed.

use serde_json::Value;

use super::create::check_url;
use super::{Action, Attempt, AttemptState, Failure, Payment, Progress};
use crate::check::{self, InvalidField, chars};
use crate::json::Json;
use crate::money::Amount;

/// Bytes of what a gateway asks to be kept.
const MEMO_BYTES_MAX: usize = 4096;

/// Fields of a form, or lines of instructions.
const LINES_MAX: usize = 20;

/// Holds what was said to the rules of the contract, and fills in what follows from it.
pub(super) fn check(progress: &mut Progress, payment: &Payment) -> Result<(), InvalidField> {
    check_gateway_ref(progress.gateway_ref.as_deref())?;
    if progress
        .memo
        .as_ref()
        .is_some_and(|memo| memo.len() > MEMO_BYTES_MAX)
    {
        let reason = format!("must have at most {MEMO_BYTES_MAX} bytes");
        return Err(InvalidField::new("memo", reason));
    }
    if let Some(action) = &progress.action {
        check_action(action)?;
    }
    check_money(progress, payment)?;
    match (progress.state, &mut progress.failure) {
        (AttemptState::Declined, None) => Err(InvalidField::new("failure", "is needed with declined")),
        (_, Some(failure)) => clip(failure),
        (_, None) => Ok(()),
    }
}

pub(super) fn check_gateway_ref(gateway_ref: Option<&str>) -> Result<(), InvalidField> {
    match gateway_ref {
        Some(text) => check::text("gateway-ref", text, chars(1, 200)),
        None => Ok(()),
    }
}

/// Long words are cut: what happened matters more than how it is told.
pub(super) fn clip(failure: &mut Failure) -> Result<(), InvalidField> {
    if failure.code.is_empty() {
        return Err(InvalidField::new("failure", "needs a code"));
    }
    for (text, chars_max) in [(&mut failure.code, 100), (&mut failure.message, 500)] {
        if let Some((end, _)) = text.char_indices().nth(chars_max) {
            text.truncate(end);
        }
    }
    Ok(())
}

fn check_action(action: &Action) -> Result<(), InvalidField> {
    let count = match action {
        Action::Redirect { url } => return check_url("action", url),
        Action::Form { fields } => fields.len(),
        Action::Instructions { lines } => lines.len(),
    };
    if !(1..=LINES_MAX).contains(&count) {
        let reason = format!("must have 1 to {LINES_MAX} fields or lines");
        return Err(InvalidField::new("action", reason));
    }
    if let Action::Form { fields } = action {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let fits = |name: &str| (1..=100).contains(&name.len()) && name.bytes().all(legal);
        if !fields.iter().all(|field| fits(&field.name)) {
            return Err(InvalidField::new(
                "action",
                "names of fields are 1 to 100 of a-z, 0-9 and _",
            ));
        }
    }
    Ok(())
}

/// Money comes with both of its amounts from here on, or with none.
fn check_money(progress: &mut Progress, payment: &Payment) -> Result<(), InvalidField> {
    let Some(received) = progress.received else {
        return match (progress.state, progress.credited) {
            (AttemptState::Authorized | AttemptState::Succeeded, _) => Err(InvalidField::new(
                "received",
                "is needed with authorized and succeeded",
            )),
            (_, Some(_)) => Err(InvalidField::new("credited", "needs received beside it")),
            (_, None) => Ok(()),
        };
    };
    let credited = progress.credited.unwrap_or(received);
    if credited.currency != payment.due.currency {
        let field = if progress.credited.is_some() {
            "credited"
        } else {
            "received"
        };
        let reason = format!("must be in {}", payment.due.currency);
        return Err(InvalidField::new(field, reason));
    }
    for (field, amount) in [("received", received), ("credited", credited)] {
        if amount.minor <= 0 {
            return Err(InvalidField::new(field, "must be more than zero"));
        }
    }
    progress.credited = Some(credited);
    Ok(())
}

/// Adds what a gateway tells beside to what it told before.
pub(super) fn merge_details(attempt: &mut Attempt, details: &str) -> Result<(), InvalidField> {
    let Value::Object(new) = check::object_or_empty("details", details)?.value() else {
        unreachable!("it is an object");
    };
    let Value::Object(mut all) = attempt.details.value() else {
        unreachable!("it was an object when it was kept");
    };
    let before = all.clone();
    all.extend(new);
    if all == before {
        return Ok(());
    }
    let merged = Json::from(Value::Object(all));
    check::object("details", merged.as_str())?;
    attempt.details = merged;
    Ok(())
}

/// Whether more has arrived than was known of.
pub(super) fn more(known: Option<Amount>, said: Option<Amount>) -> Option<Amount> {
    let (known, said) = known.zip(said)?;
    (known.currency == said.currency && said.minor > known.minor)
        .then(|| Amount::new(said.minor - known.minor, said.currency))
}
