//! `keys`

use mooring_core::ids::UserId;
use mooring_core::keys as core;
use mooring_core::time::Timestamp;

use super::common_errors;
use super::wit::mooring::plugin::keys::{Host, KeyError, Minted, NewKey};
use crate::bindings::{Caller, Denial, Desk};

impl Host for Desk {
    fn mint(&mut self, key: NewKey) -> Result<Minted, KeyError> {
        let facts = self.facts.clone();
        let Caller::Principal(principal, _) = self.caller.clone() else {
            // A job acts for nobody, so there are no rights that it could hand on.
            return Err(Denial::Anonymous.into());
        };
        let surface = core::Surface::of(&facts.manifest);
        let minted = core::mint(
            self.write()?,
            surface,
            core::Minter::Principal(&principal),
            key.into(),
        )?;
        Ok(Minted {
            id: minted.key.id.to_string(),
            secret: minted.secret,
        })
    }
}

impl From<NewKey> for core::NewKey {
    fn from(key: NewKey) -> core::NewKey {
        core::NewKey {
            label: key.label,
            scopes: key.scopes,
            user: key.user.map(UserId),
            expires_at: key.expires_at.map(Timestamp),
        }
    }
}

common_errors!(KeyError);

impl From<core::KeyError> for KeyError {
    fn from(error: core::KeyError) -> KeyError {
        match error {
            core::KeyError::UnknownUser(user) => KeyError::UnknownUser(user.0),
            core::KeyError::UndeclaredScope(scope) => KeyError::UndeclaredScope(scope),
            core::KeyError::ScopeNotHeld(scope) => KeyError::ScopeNotHeld(scope),
            error @ (core::KeyError::OperatorOnly | core::KeyError::Seal(_)) => {
                KeyError::Internal(error.to_string())
            }
            core::KeyError::Invalid(invalid) => invalid.into(),
            core::KeyError::Store(error) => error.into(),
            // Minting looks for no key.
            other @ (core::KeyError::NotFound | core::KeyError::NotInUse) => {
                KeyError::Internal(other.to_string())
            }
        }
    }
}
