//! How samples prove who they are: the first way that the surface has.

use mooring_manifest::{Credential, Manifest};

use super::plan::variable;

/// One way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Auth {
    /// The surface asks for no key.
    None,
    /// `Authorization: Bearer KEY`
    Bearer,
    /// The key alone in this header.
    Header(String),
    /// The key in one header, and a signature.
    Signed(Signed),
    /// The key is this parameter of the path.
    Path(String),
}

/// How requests are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) key_header: String,
    pub(super) timestamp_header: String,
    pub(super) signature_header: String,
    /// The variable with what they are signed with.
    pub(super) secret: String,
}

impl Auth {
    pub(super) fn new(manifest: &Manifest) -> Auth {
        let demo = manifest.demo.as_ref();
        let secret = demo.and_then(|demo| demo.keys.iter().find_map(|key| key.secret_field.as_deref()));
        let mut ways = manifest
            .credentials
            .iter()
            .filter_map(|credential| match credential {
                Credential::Bearer => Some(Auth::Bearer),
                Credential::Header { name } => Some(Auth::Header(name.clone())),
                Credential::Path { parameter } => Some(Auth::Path(parameter.clone())),
                Credential::Signed {
                    key_header,
                    timestamp_header,
                    signature_header,
                    ..
                } => Some(Auth::Signed(Signed {
                    key_header: key_header.clone(),
                    timestamp_header: timestamp_header.clone(),
                    signature_header: signature_header.clone(),
                    secret: variable(secret.unwrap_or("secret_key")),
                })),
                // One route's way only, and every surface that has it has another one.
                Credential::Body { .. } => None,
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
        self.signed().map(|signed| signed.secret.as_str())
    }

    pub(super) fn signed(&self) -> Option<&Signed> {
        match self {
            Auth::Signed(signed) => Some(signed),
            _ => None,
        }
    }

    /// What a sample says where no header proves who calls.
    pub(super) fn remark(&self) -> &'static str {
        match self {
            Auth::Path(_) => "The key is a part of the path.",
            _ => "No key is asked for.",
        }
    }

    /// The header with the key, and what stands before it.
    pub(super) fn header(&self) -> Option<(&str, &str)> {
        match self {
            Auth::Bearer => Some(("Authorization", "Bearer ")),
            Auth::Header(name) => Some((name, "")),
            Auth::Signed(signed) => Some((&signed.key_header, "")),
            Auth::None | Auth::Path(_) => None,
        }
    }
}
