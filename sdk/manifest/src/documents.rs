//! What only documents say of a surface. The host neither routes nor refuses by it.

use serde::{Deserialize, Serialize};

/// Where a route comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The provider's own documents describe it.
    #[default]
    Documented,
    /// The provider or its official clients are seen to use it; no document does.
    Observed,
    /// Ours: the provider has no such route. Public documents say so.
    Proposed,
}

/// The status of a success where a route names none.
pub(crate) fn ok() -> u16 {
    200
}
