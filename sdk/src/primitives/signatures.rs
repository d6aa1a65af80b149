//! Checks of signatures with keys that the plugin does not see.

use crate::problem::Denial;

/// How a code is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
    /// HMAC with SHA-1.
    HmacSha1,
}

/// Why a signature was not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureError {
    /// The manifest declares no secret setting of this name.
    Undeclared(String),
    /// The operator has not set it.
    NotConfigured(String),
    /// The host refuses to act.
    Denied(Denial),
    /// The host failed.
    Internal(String),
}

/// Whether one of `candidates` is the message's code under the secret in this setting. Compares in constant time.
pub fn verify(
    setting: &str,
    algorithm: Algorithm,
    message: &[u8],
    candidates: &[Vec<u8>],
) -> Result<bool, SignatureError> {
    host!(signature_verify(setting, algorithm, message, candidates))
}
