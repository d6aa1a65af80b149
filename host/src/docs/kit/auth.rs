//! How samples prove who they are: the first way that the surface has.

use mooring_manifest::{Credential, Manifest};

/// One way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// The surface asks for no key.
    None,
    /// `Authorization: Bearer KEY`
    Bearer,
    /// The key alone in this header.
    Header(String),
    /// The key is this parameter of the path.
    Path(String),
}

impl Auth {
    pub(super) fn new(manifest: &Manifest) -> Auth {
        let mut ways = manifest.credentials.iter().map(|credential| match credential {
            Credential::Bearer => Auth::Bearer,
            Credential::Header { name } => Auth::Header(name.clone()),
            Credential::Path { parameter } => Auth::Path(parameter.clone()),
        });
        ways.next().unwrap_or(Auth::None)
    }

    /// The parameter of the path that is the key.
    pub(super) fn parameter(&self) -> Option<&str> {
        match self {
            Auth::Path(parameter) => Some(parameter),
            _ => None,
        }
    }

    /// The variable with what requests are signed with.
    pub(super) fn secret(&self) -> Option<&str> {
        None
    }

    /// The header with the key, and what stands before it.
    pub(super) fn header(&self) -> Option<(&str, &str)> {
        match self {
            Auth::Bearer => Some(("Authorization", "Bearer ")),
            Auth::Header(name) => Some((name, "")),
            Auth::None | Auth::Path(_) => None,
        }
    }
}
