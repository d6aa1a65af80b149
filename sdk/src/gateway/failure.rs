//! What is known after a call to whoever moves the money has not done what it should.

use super::GatewayError;
use crate::outbound::OutboundError;
use crate::payments::Failure;
use crate::settings::SettingsError;

/// What the host keeps of a [`Failure`].
const CODE_CHARACTERS_MAX: usize = 100;
const MESSAGE_CHARACTERS_MAX: usize = 500;

/// Why a call did not do what it should.
///
/// The rule: only the other side's own word makes a refusal. Whatever else goes wrong (no answer, an answer that cannot be read,
/// a status that says nothing of what was done) leaves open whether it acted, and is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The other side says that it did nothing, and why.
    Refused {
        /// Its code: `insufficient_funds`.
        code: String,
        /// For people; its own words only where it writes them for payers.
        message: String,
    },
    /// The other side says that it has no such thing.
    Missing,
    /// The operator has to set something right; this call did nothing, an earlier one may have.
    Settings(String),
    /// Whether the other side did anything is not known. The reason is for the operator.
    Unknown(String),
}

impl CallFailure {
    /// A refusal, of the other side or our own. What the host does not keep is cut off, and control characters are left out.
    pub fn refused(code: &str, message: &str) -> CallFailure {
        CallFailure::Refused {
            code: bounded(code, CODE_CHARACTERS_MAX),
            message: bounded(message, MESSAGE_CHARACTERS_MAX),
        }
    }

    /// What leaves open whether anything was done.
    pub fn unknown(reason: impl Into<String>) -> CallFailure {
        CallFailure::Unknown(reason.into())
    }

    /// As the end of a start that nobody can have paid yet, whatever an earlier call did: settings that are wrong are a refusal
    /// then, and another gateway may be tried.
    pub fn of_start(self) -> GatewayError {
        match self {
            CallFailure::Settings(_) => GatewayError::Refused(Failure::new(
                "not_configured",
                "This way to pay is not available now.",
            )),
            failure => failure.into(),
        }
    }
}

/// How one side's statuses are read, and where its operator looks when they say that settings are wrong.
#[derive(Clone, Copy, Debug)]
pub struct Statuses {
    /// Of 4xx, those after which the body can say that nothing was done. Any other leaves that open.
    pub definite: &'static [u16],
    /// The settings that hold the key, for people: `` `secret_key` ``.
    pub credentials: &'static str,
    /// The setting that holds the address.
    pub address: &'static str,
}

/// What a status by itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// 2xx: it was done.
    Done,
    /// A definite status: the body says what it means.
    InBody,
}

impl Statuses {
    /// What the status of an answer to the call `what` says, before its body is read: 2xx that it was done; 401 and 403 that
    /// the credentials are wrong, whatever the body says; a redirect, which is never followed, that the address may be. Of
    /// all others only the definite ones are worth reading on.
    pub fn read(&self, status: u16, what: &str) -> Result<Said, CallFailure> {
        match status {
            200..=299 => Ok(Said::Done),
            401 | 403 => Err(CallFailure::Settings(format!(
                "{what}: the credentials were refused ({status}); check {}",
                self.credentials
            ))),
            300..=399 => Err(CallFailure::unknown(format!(
                "{what}: redirects; check {} ({status})",
                self.address
            ))),
            400..=499 if self.definite.contains(&status) => Ok(Said::InBody),
            _ => Err(CallFailure::unknown(format!(
                "{what}: no definite answer ({status})"
            ))),
        }
    }
}

impl From<CallFailure> for GatewayError {
    fn from(failure: CallFailure) -> GatewayError {
        match failure {
            CallFailure::Refused { code, message } => GatewayError::Refused(Failure::new(code, message)),
            CallFailure::Missing => GatewayError::Unknown(
                "the other side knows nothing of it; was its key changed in the settings?".to_owned(),
            ),
            CallFailure::Settings(reason) | CallFailure::Unknown(reason) => GatewayError::Unknown(reason),
        }
    }
}

impl From<OutboundError> for CallFailure {
    fn from(error: OutboundError) -> CallFailure {
        let reason = error.to_string();
        match error {
            OutboundError::NotConfigured(_) | OutboundError::Refused(_) | OutboundError::UnknownTarget(_) => {
                CallFailure::Settings(reason)
            }
            OutboundError::Unreachable(_)
            | OutboundError::TimedOut
            | OutboundError::TooLarge
            | OutboundError::NotInAJob
            | OutboundError::Denied(_)
            | OutboundError::Internal(_) => CallFailure::Unknown(reason),
        }
    }
}

impl From<SettingsError> for CallFailure {
    fn from(error: SettingsError) -> CallFailure {
        CallFailure::Unknown(format!("a setting cannot be read: {error:?}"))
    }
}

fn bounded(text: &str, characters_max: usize) -> String {
    let kept = text.chars().filter(|character| !character.is_control());
    kept.take(characters_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_never_sent_or_was_refused_is_a_refusal_at_the_start() {
        let refused = |failure: CallFailure| matches!(failure.of_start(), GatewayError::Refused(_));
        assert!(refused(CallFailure::refused("declined", "No.")));
        assert!(refused(OutboundError::NotConfigured("key".to_owned()).into()));
        assert!(refused(
            OutboundError::Refused("a private address".to_owned()).into()
        ));
        for error in [
            OutboundError::TimedOut,
            OutboundError::TooLarge,
            OutboundError::Unreachable("reset".to_owned()),
            OutboundError::Internal("store".to_owned()),
        ] {
            assert!(!refused(error.clone().into()), "{error:?}");
        }
        assert!(!refused(CallFailure::Missing));
    }

    #[test]
    fn only_a_success_and_definite_statuses_are_no_failure_by_themselves() {
        let statuses = Statuses {
            // 401 and 302 are never definite, nor is 503.
            definite: &[302, 400, 401, 404, 503],
            credentials: "`key`",
            address: "`url`",
        };
        let read = |status| statuses.read(status, "x");
        for status in [200, 204, 299] {
            assert_eq!(read(status), Ok(Said::Done), "{status}");
        }
        for status in [400, 404] {
            assert_eq!(read(status), Ok(Said::InBody), "{status}");
        }
        for status in [401, 403] {
            let reason = format!("x: the credentials were refused ({status}); check `key`");
            assert_eq!(read(status), Err(CallFailure::Settings(reason)));
        }
        for status in [300, 302, 399] {
            let reason = format!("x: redirects; check `url` ({status})");
            assert_eq!(read(status), Err(CallFailure::Unknown(reason)));
        }
        for status in [0, 100, 199, 402, 409, 422, 424, 429, 500, 503, 599, 600] {
            let reason = format!("x: no definite answer ({status})");
            assert_eq!(read(status), Err(CallFailure::Unknown(reason)));
        }
    }

    #[test]
    fn words_are_cut_and_hold_no_control_characters() {
        let failure = CallFailure::refused(&"c".repeat(101), &format!("a\r\nb{}", "m".repeat(500)));
        let CallFailure::Refused { code, message } = failure else {
            panic!("it is a refusal");
        };
        assert_eq!((code.len(), message.len()), (100, 500));
        assert!(message.starts_with("abm"));
    }

    #[test]
    fn later_wrong_settings_leave_open_what_was_done_before() {
        let failure = CallFailure::from(OutboundError::NotConfigured("key".to_owned()));
        assert!(matches!(GatewayError::from(failure), GatewayError::Unknown(_)));
    }
}
