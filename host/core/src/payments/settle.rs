//! What payments post to the ledger.
