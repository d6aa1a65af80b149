//! Placeholder until testing exists.
