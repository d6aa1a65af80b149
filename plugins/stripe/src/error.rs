//! Every failure, and what is known after it.
//!
//! The rule: only Stripe's own word makes a refusal. Whatever else goes wrong leaves open whether Stripe acted.

use mooring_sdk::gateway::GatewayError;
use mooring_sdk::outbound::OutboundError;
use mooring_sdk::payments;
use mooring_sdk::settings::SettingsError;

/// Code of a refusal that only the operator can mend.
const NOT_CONFIGURED: &str = "not_configured";

/// Why a call did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Stripe says that it did nothing, and why.
    Refused {
        /// Stripe's code: `insufficient_funds`, `amount_too_small`.
        code: String,
        /// For people; Stripe's own words only where it writes them for payers.
        message: String,
    },
    /// Stripe says that it has no such object.
    Missing,
    /// The operator has to set something right; this call did nothing, an earlier one may have.
    Settings(String),
    /// Whether Stripe did anything is not known. The reason is for the operator.
    Unknown(String),
}

impl Failure {
    /// A refusal of our own, before Stripe was asked.
    pub(crate) fn refused(code: &str, message: impl Into<String>) -> Failure {
        Failure::Refused {
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// What cannot be so.
    pub(crate) fn unknown(reason: impl Into<String>) -> Failure {
        Failure::Unknown(reason.into())
    }

    /// As the end of `start`. No link to a page of Stripe's has been shown yet, so nobody can have paid, whatever an earlier
    /// call did: settings that are wrong are a refusal, and another gateway may be tried.
    pub(crate) fn of_start(self) -> GatewayError {
        match self {
            Failure::Settings(_) => GatewayError::Refused(payments::Failure::new(
                NOT_CONFIGURED,
                "This way to pay is not available now.",
            )),
            failure => failure.into(),
        }
    }
}

impl From<Failure> for GatewayError {
    fn from(failure: Failure) -> GatewayError {
        match failure {
            Failure::Refused { code, message } => {
                GatewayError::Refused(payments::Failure::new(code, message))
            }
            Failure::Missing => GatewayError::Unknown(
                "Stripe knows nothing of it; was `stripe_secret_key` changed?".to_owned(),
            ),
            Failure::Settings(reason) | Failure::Unknown(reason) => GatewayError::Unknown(reason),
        }
    }
}

impl From<OutboundError> for Failure {
    fn from(error: OutboundError) -> Failure {
        let reason = format!("Stripe: {error}");
        match error {
            OutboundError::NotConfigured(_) | OutboundError::Refused(_) | OutboundError::UnknownTarget(_) => {
                Failure::Settings(reason)
            }
            OutboundError::Unreachable(_)
            | OutboundError::TimedOut
            | OutboundError::TooLarge
            | OutboundError::NotInAJob
            | OutboundError::Denied(_)
            | OutboundError::Internal(_) => Failure::Unknown(reason),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::Unknown(format!("a setting cannot be read: {error:?}"))
    }
}
