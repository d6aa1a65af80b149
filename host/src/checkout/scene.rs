//! What a payer sees: worked out from the payment alone, so that every visit to one state shows the same.

use std::time::Duration;

use mooring_core::payments::{Action, AttemptState, Failure, FormField, Status};

use super::{Bill, Try};

/// What the page is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scene<'b> {
    /// Pick a way to pay; perhaps after one that failed, with the reason.
    Choose {
        failed: Option<&'b Try>,
    },
    /// The gateway is being asked.
    Starting(&'b Try),
    /// The payer pays at the gateway, at this address.
    AtGateway(&'b Try, &'b str),
    /// Fill this in.
    Form(&'b Try, &'b [FormField]),
    /// Do this elsewhere.
    Instructions(&'b Try, &'b [(String, String)]),
    /// The gateway has said nothing of what to do; it is asked again.
    Waiting(&'b Try),
    /// What was begun is being taken back.
    GivingUp(&'b Try),
    /// Money is under way, or it is not known whether it is.
    Processing,
    Authorized,
    Paid,
    Failed(Option<&'b Failure>),
    Expired,
    Cancelled,
}

/// What a payer sees.
pub(super) fn scene(bill: &Bill) -> Scene<'_> {
    match bill.status {
        Status::Succeeded => Scene::Paid,
        Status::Authorized => Scene::Authorized,
        Status::Failed => Scene::Failed(bill.failure.as_ref()),
        Status::Expired => Scene::Expired,
        Status::Cancelled => Scene::Cancelled,
        Status::Processing | Status::Pending => open(bill),
    }
}

fn open(bill: &Bill) -> Scene<'_> {
    let Some(attempt) = bill.attempt.as_ref() else {
        return if bill.is_over() {
            Scene::Expired
        } else {
            Scene::Choose { failed: None }
        };
    };
    match attempt.state {
        // Money may be under way: what becomes of it matters more than the clock.
        AttemptState::Processing | AttemptState::Unknown if !attempt.abandoned => Scene::Processing,
        // The payment follows its attempt in the same transaction, so this is never seen for long.
        AttemptState::Authorized | AttemptState::Succeeded => Scene::Processing,
        _ if bill.is_over() => Scene::Expired,
        AttemptState::Declined => Scene::Choose {
            failed: Some(attempt),
        },
        AttemptState::Cancelled => Scene::Choose { failed: None },
        _ if attempt.abandoned => Scene::GivingUp(attempt),
        AttemptState::Starting => Scene::Starting(attempt),
        AttemptState::Waiting | AttemptState::Processing | AttemptState::Unknown => match &attempt.action {
            Some(Action::Redirect { url }) => Scene::AtGateway(attempt, url),
            Some(Action::Form { fields }) => Scene::Form(attempt, fields),
            Some(Action::Instructions { lines }) => Scene::Instructions(attempt, lines),
            None => Scene::Waiting(attempt),
        },
    }
}

impl Bill {
    /// Whether its time is over.
    pub(super) fn is_over(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= self.now)
    }

    /// The number of the newest attempt; 0 for none.
    pub(super) fn tries(&self) -> u32 {
        self.attempt.as_ref().map_or(0, |attempt| attempt.number)
    }
}

impl Scene<'_> {
    /// Whether the payer can have the payment ended: as long as no money can be under way that nobody would ask for any more.
    pub(super) fn can_be_cancelled(&self) -> bool {
        match self {
            Scene::Choose { .. }
            | Scene::AtGateway(..)
            | Scene::Form(..)
            | Scene::Instructions(..)
            | Scene::Waiting(_) => true,
            Scene::Starting(_)
            | Scene::GivingUp(_)
            | Scene::Processing
            | Scene::Authorized
            | Scene::Paid
            | Scene::Failed(_)
            | Scene::Expired
            | Scene::Cancelled => false,
        }
    }

    /// How long a browser may show this before it should look again by itself. Nothing that a payer types into is ever
    /// replaced, except when its time is over.
    pub(super) fn looks_again_after(&self, bill: &Bill) -> Option<Duration> {
        // One second more than what is left, so that the next look finds the time over.
        let over = bill.expires_at.map(|end| {
            let left = end.millis().saturating_sub(bill.now.millis());
            Duration::from_secs(left / 1000 + 1)
        });
        let soon = |seconds| Some(Duration::from_secs(seconds));
        match self {
            Scene::Starting(_) | Scene::GivingUp(_) | Scene::Waiting(_) => soon(3),
            Scene::Processing => soon(5),
            Scene::AtGateway(..) | Scene::Instructions(..) => soon(10),
            // Beyond a day nobody sits and waits, and some browsers cannot count that far.
            Scene::Choose { .. } | Scene::Form(..) => over.filter(|left| *left < Duration::from_hours(24)),
            Scene::Authorized | Scene::Paid | Scene::Failed(_) | Scene::Expired | Scene::Cancelled => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use mooring_core::time::Timestamp;

    use super::super::samples;
    use super::*;

    fn with(state: AttemptState, change: impl FnOnce(&mut Bill)) -> String {
        let mut bill = samples::bill();
        bill.attempt = Some(samples::attempt("stripe", "card", state));
        change(&mut bill);
        let shown = format!("{:?}", scene(&bill));
        shown.split(['(', ' ']).next().unwrap_or_default().to_owned()
    }

    fn over(bill: &mut Bill) {
        bill.expires_at = Some(bill.now);
    }

    fn abandoned(bill: &mut Bill) {
        bill.attempt.as_mut().unwrap().abandoned = true;
    }

    #[test]
    fn each_state_of_an_attempt_has_its_scene() {
        use AttemptState::{Cancelled, Declined, Processing, Starting, Unknown, Waiting};
        for (state, name) in [
            (Starting, "Starting"),
            (Waiting, "Waiting"),
            (Processing, "Processing"),
            (Unknown, "Processing"),
            (Declined, "Choose"),
            (Cancelled, "Choose"),
        ] {
            assert_eq!(with(state, |_| ()), name, "{state:?}");
        }
        let redirect = |bill: &mut Bill| {
            let url = "https://gateway.example/1".to_owned();
            bill.attempt.as_mut().unwrap().action = Some(Action::Redirect { url });
        };
        assert_eq!(with(Waiting, redirect), "AtGateway");
    }

    #[test]
    fn time_that_is_over_shows_before_the_job_has_run_unless_money_is_under_way() {
        use AttemptState::{Declined, Processing, Starting, Unknown, Waiting};
        for state in [Declined, Starting, Waiting] {
            assert_eq!(with(state, over), "Expired", "{state:?}");
        }
        for state in [Processing, Unknown] {
            assert_eq!(with(state, over), "Processing", "{state:?}");
        }
        let mut bill = samples::bill();
        bill.expires_at = Some(Timestamp(bill.now.millis() + 1));
        assert_eq!(scene(&bill), Scene::Choose { failed: None });
        bill.expires_at = Some(bill.now);
        assert_eq!(scene(&bill), Scene::Expired);
    }

    #[test]
    fn nothing_can_be_picked_until_what_is_given_up_is_over() {
        use AttemptState::{Cancelled, Starting, Unknown, Waiting};
        for state in [Starting, Waiting, Unknown] {
            assert_eq!(with(state, abandoned), "GivingUp", "{state:?}");
        }
        assert_eq!(with(Cancelled, abandoned), "Choose");
    }

    #[test]
    fn a_payment_can_be_cancelled_only_while_no_money_is_under_way() {
        use AttemptState::{Cancelled, Declined, Processing, Starting, Unknown, Waiting};
        let can = |status, state, abandoned| {
            let mut bill = samples::bill();
            bill.status = status;
            bill.attempt = Some(samples::attempt("stripe", "card", state));
            bill.attempt.as_mut().unwrap().abandoned = abandoned;
            scene(&bill).can_be_cancelled()
        };
        for state in [Waiting, Declined, Cancelled] {
            assert!(can(Status::Pending, state, false), "{state:?}");
        }
        for state in [Starting, Processing, Unknown] {
            assert!(!can(Status::Processing, state, false), "{state:?}");
        }
        assert!(!can(Status::Pending, Waiting, true), "it is being given up");
        for status in [Status::Authorized, Status::Succeeded, Status::Cancelled] {
            assert!(!can(status, Waiting, false), "{status:?}");
        }
        assert!(scene(&samples::bill()).can_be_cancelled());
    }

    #[test]
    fn what_a_payer_types_into_is_replaced_only_when_its_time_is_over() {
        let mut bill = samples::bill();
        assert_eq!(scene(&bill).looks_again_after(&bill), None);
        bill.expires_at = Some(Timestamp(bill.now.millis() + 90_500));
        let after = scene(&bill).looks_again_after(&bill);
        assert_eq!(after, Some(Duration::from_secs(91)));
        bill.expires_at = Some(Timestamp(bill.now.millis() + 48 * 3_600_000));
        assert_eq!(scene(&bill).looks_again_after(&bill), None);
    }

    #[test]
    fn final_states_stand_whatever_the_attempt_says() {
        for (status, name) in [
            (Status::Succeeded, "Paid"),
            (Status::Authorized, "Authorized"),
            (Status::Failed, "Failed"),
            (Status::Expired, "Expired"),
            (Status::Cancelled, "Cancelled"),
        ] {
            let shown = with(AttemptState::Waiting, |bill| {
                bill.status = status;
                over(bill);
            });
            assert_eq!(shown, name);
        }
    }
}
