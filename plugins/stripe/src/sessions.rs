//! Checkout Sessions: what takes the payer to Stripe's page.

use mooring_sdk::gateway::{Order, Progress};
use mooring_sdk::payments::AttemptState;
use mooring_sdk::{context, settings};

use crate::api::{self, Form};
use crate::convert;
use crate::error::Failure;
use crate::intents;
use crate::model::{Expandable, List, Session, SessionStatus};

const SESSIONS: &str = "/v1/checkout/sessions";

/// Setting with the kinds of payment that the page offers.
pub(crate) const METHODS: &str = "stripe_methods";
/// Its value for what the merchant has switched on at Stripe.
const AUTOMATIC: &str = "automatic";

/// Pages of 100 that are searched for a session before it is given up.
const PAGES_MAX: usize = 5;
/// A session may have been made this long before the attempt, by Stripe's clock.
const CLOCK_SKEW_SECONDS: u64 = 300;

/// Makes the attempt's session, or finds the one that an earlier call made.
pub(crate) fn create(order: &Order) -> Result<Progress, Failure> {
    let methods = settings::get(METHODS)?.unwrap_or_default();
    let methods: Vec<String> = methods
        .split(',')
        .map(|method| method.trim().to_owned())
        .filter(|method| !method.is_empty() && method != AUTOMATIC)
        .collect();
    let form = convert::session_form(order, &methods)?;
    let session: Session = api::post(SESSIONS, &form, &order.attempt)?;
    convert::session_progress(&session)
}

/// Goes on where it is not known whether [`create`] has made a session. Repeating it is safe: with the same key Stripe gives
/// the same session, and even a second one could not be paid twice, for only the one that is kept is ever shown to the payer.
pub(crate) fn resume(order: &Order) -> Result<Progress, Failure> {
    match create(order) {
        // Stripe repeats its first answer for a day even if that was a failure, so the session itself is looked for.
        Err(Failure::Unknown(reason)) => match find(order)? {
            Some(session) => convert::session_progress(&session),
            None => Err(Failure::Unknown(reason)),
        },
        other => other,
    }
}

/// The session with its intent and charge.
pub(crate) fn view(id: &str) -> Result<Session, Failure> {
    let expand = Form::default().with("expand[]", "payment_intent.latest_charge");
    api::get(&api::path("checkout/sessions", id, "")?, &expand)
}

/// Closes the session, so that nobody can pay on its page any more, or says what has become of it before that.
pub(crate) fn expire(order: &Order, id: &str) -> Result<Progress, Failure> {
    let session = view(id)?;
    match (session.status, &session.payment_intent) {
        (Some(SessionStatus::Open), _) => {}
        (Some(SessionStatus::Complete), Some(Expandable::Object(intent))) => {
            return intents::release(order, intent);
        }
        _ => return convert::session_progress(&session),
    }
    let path = api::path("checkout/sessions", id, "/expire")?;
    let key = format!("{}-expire", order.attempt);
    let session = match api::post::<Session>(&path, &Form::default(), &key) {
        // The payer was faster.
        Err(Failure::Refused { .. }) => view(id)?,
        other => other?,
    };
    match convert::session_progress(&session)? {
        progress if progress.state == AttemptState::Waiting => {
            Err(Failure::unknown("Stripe has not closed the session"))
        }
        progress => Ok(progress),
    }
}

/// The intent that moves the money of an attempt: its reference, once the session is over, or what its session names.
pub(crate) fn intent_id(order: &Order) -> Result<String, Failure> {
    let id = order.gateway_ref.as_deref().unwrap_or_default();
    if intents::is_intent(id) {
        return Ok(id.to_owned());
    }
    match view(id)?.payment_intent {
        Some(Expandable::Object(intent)) => Ok(intent.id),
        Some(Expandable::Id(intent)) => Ok(intent),
        None => Err(Failure::unknown("Stripe tells of a session without an intent")),
    }
}

/// The attempt's session among all that were made since the attempt began.
fn find(order: &Order) -> Result<Option<Session>, Failure> {
    let since = (order.created_at / 1000).saturating_sub(CLOCK_SKEW_SECONDS);
    let until = context::now() / 1000 + CLOCK_SKEW_SECONDS;
    let window = Form::default()
        .with("limit", "100")
        .with("created[gte]", since.to_string())
        .with("created[lte]", until.to_string());
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let query = window.clone().with_some("starting_after", after.as_ref());
        let page: List<Session> = api::get(SESSIONS, &query)?;
        let more = page.has_more;
        after = page.data.last().map(|session| session.id.clone());
        let is_ours =
            |session: &Session| session.client_reference_id.as_deref() == Some(order.attempt.as_str());
        if let Some(session) = page.data.into_iter().find(is_ours) {
            return Ok(Some(session));
        }
        if !more || after.is_none() {
            return Ok(None);
        }
    }
    Ok(None)
}
