//! The state machine of an attempt, by itself: no store, no clock.

use super::{AttemptState, Status};

/// What becomes of an attempt when its gateway says where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the state that the gateway names.
    To,
    /// It stands there already; what is told beside is new.
    Stay,
    /// It has been further already: said late, or in the wrong order.
    Late,
}

/// The step from one state when the gateway names another.
///
/// ```text
/// starting ─> waiting ─> processing ─> authorized ─> succeeded | declined | cancelled
///                └─> unknown ─┘ └─> waiting
/// ```
///
/// `unknown` is no place on this way but the lack of one, so everything but `starting` can follow it. It follows itself and
/// what comes before `processing`; later than that, not knowing more is no news. Money is never late: it is taken note of
/// even after the gateway had said that there would be none.
pub(super) fn step(from: AttemptState, said: AttemptState) -> Step {
    use AttemptState::{Authorized, Cancelled, Declined, Processing, Starting, Succeeded, Unknown, Waiting};
    match (from, said) {
        _ if from == said => Step::Stay,
        (_, Succeeded) | (Declined | Cancelled, Authorized) => Step::To,
        (Succeeded | Declined | Cancelled, _)
        | (_, Starting)
        | (Authorized, Waiting | Processing | Unknown)
        | (Processing, Waiting | Unknown) => Step::Late,
        (Starting | Waiting | Processing | Unknown | Authorized, _) => Step::To,
    }
}

/// The status of an open payment whose attempt has come into a state that is not final.
pub(super) fn status_during(state: AttemptState) -> Status {
    match state {
        AttemptState::Processing | AttemptState::Unknown => Status::Processing,
        AttemptState::Authorized => Status::Authorized,
        AttemptState::Starting
        | AttemptState::Waiting
        | AttemptState::Succeeded
        | AttemptState::Declined
        | AttemptState::Cancelled => Status::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_moves_forwards_only() {
        use AttemptState::{
            Authorized, Cancelled, Declined, Processing, Starting, Succeeded, Unknown, Waiting,
        };
        let said = [
            Starting, Waiting, Processing, Unknown, Authorized, Succeeded, Declined, Cancelled,
        ];
        // `>` goes there, `=` is there, `.` is late; columns as in `said`.
        let table = [
            (Starting, "=>>>>>>>"),
            (Waiting, ".=>>>>>>"),
            (Processing, "..=.>>>>"),
            (Unknown, ".>>=>>>>"),
            (Authorized, "....=>>>"),
            (Succeeded, ".....=.."),
            (Declined, "....>>=."),
            (Cancelled, "....>>.="),
        ];
        for (from, row) in table {
            for (said, expected) in said.into_iter().zip(row.chars()) {
                let expected = match expected {
                    '>' => Step::To,
                    '=' => Step::Stay,
                    _ => Step::Late,
                };
                assert_eq!(step(from, said), expected, "{from:?} {said:?}");
            }
        }
    }
}
