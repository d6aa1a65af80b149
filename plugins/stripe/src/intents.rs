//! PaymentIntents: what a session's money is held by once its page is done.

use mooring_sdk::gateway::{Order, Progress};
use mooring_sdk::money::Amount;
use mooring_sdk::payments::AttemptState;

use crate::api::{self, Form};
use crate::error::Failure;
use crate::model::{IntentStatus, PaymentIntent};
use crate::{convert, units};

/// Whether an attempt's reference names an intent rather than a session.
pub(crate) fn is_intent(id: &str) -> bool {
    id.starts_with("pi_")
}

/// The intent with its charge.
pub(crate) fn view(id: &str) -> Result<PaymentIntent, Failure> {
    let expand = Form::default().with("expand[]", "latest_charge");
    api::get(&api::path("payment_intents", id, "")?, &expand)
}

/// Takes what is reserved, or a part of it; Stripe then releases the rest, and nothing more can be taken.
pub(crate) fn capture(order: &Order, id: &str, amount: &Amount) -> Result<Progress, Failure> {
    let number = units::to_stripe(amount)?;
    let form = Form::default()
        .with("amount_to_capture", number.to_string())
        .with("expand[]", "latest_charge");
    let key = format!("{}-capture-{number}", order.attempt);
    match api::post(&api::path("payment_intents", id, "/capture")?, &form, &key) {
        Ok(intent) => convert::intent_progress(&intent),
        // Taken before, or released before; only if it is still reserved is the refusal about this capture.
        Err(Failure::Refused { code, message }) => match convert::intent_progress(&view(id)?)? {
            progress if progress.state == AttemptState::Authorized => Err(Failure::Refused { code, message }),
            progress => Ok(progress),
        },
        Err(failure) => Err(failure),
    }
}

/// Cancels the intent of a session that is over, so that nothing can be charged any more, or says that it was.
pub(crate) fn release(order: &Order, intent: &PaymentIntent) -> Result<Progress, Failure> {
    match intent.status {
        IntentStatus::Succeeded | IntentStatus::Canceled | IntentStatus::Other => {
            return convert::intent_progress(intent);
        }
        IntentStatus::RequiresPaymentMethod
        | IntentStatus::RequiresConfirmation
        | IntentStatus::RequiresAction
        | IntentStatus::RequiresCapture
        | IntentStatus::Processing => {}
    }
    let path = api::path("payment_intents", &intent.id, "/cancel")?;
    let key = format!("{}-cancel", order.attempt);
    match api::post(&path, &Form::default(), &key) {
        Ok(intent) => convert::intent_progress(&intent),
        // Too late to take back: what is under way arrives or fails by itself.
        Err(Failure::Refused { .. }) => convert::intent_progress(&view(&intent.id)?),
        Err(failure) => Err(failure),
    }
}
