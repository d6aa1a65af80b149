//! API keys for this plugin's own surface.

use crate::problem::{Denial, InvalidField, Problem};

/// A key to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewKey {
    /// 1 to 100 characters.
    pub label: String,
    /// At least one, each declared in the manifest.
    pub scopes: Vec<String>,
    /// The user the key acts for.
    pub user: Option<u64>,
    /// Milliseconds since the Unix epoch.
    pub expires_at: Option<u64>,
}

/// A new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minted {
    /// `key_` and 22 characters; not secret.
    pub id: String,
    /// The key itself. It cannot be asked for again.
    pub secret: String,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// No such user.
    UnknownUser(u64),
    /// The manifest declares no such scope.
    UndeclaredScope(String),
    /// The principal does not carry this scope itself, so it cannot hand it on.
    ScopeNotHeld(String),
    /// A value breaks a rule.
    Invalid(InvalidField),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Makes a key. Not safe to repeat: every call makes one.
pub fn mint(key: NewKey) -> Result<Minted, KeyError> {
    host!(key_mint(key))
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Problem {
        match error {
            KeyError::UnknownUser(_) => Problem::invalid("user", "does not exist"),
            KeyError::UndeclaredScope(scope) => {
                Problem::invalid("scopes", format!("`{scope}` does not exist"))
            }
            KeyError::ScopeNotHeld(scope) => {
                Problem::Other(403, format!("your key does not carry `{scope}`"))
            }
            KeyError::Invalid(invalid) => Problem::Invalid(invalid),
            KeyError::Denied(denial) => Problem::Denied(denial),
            KeyError::Internal(why) => Problem::Internal(why),
        }
    }
}
