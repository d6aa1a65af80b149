//! How payments, attempts, refunds and links lie in the store.
