//! The call's own clock and randomness. Both are the same when the host runs the call again.

/// When the request arrived (or the job started): milliseconds since the Unix epoch.
pub fn now() -> u64 {
    host!(now())
}

/// Random bytes, fit for secrets; at most 1,024 in one call.
pub fn random(len: u32) -> Vec<u8> {
    host!(random(len))
}
