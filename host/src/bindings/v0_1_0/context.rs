//! `context` and `log`: what needs no permission, because it reaches nothing.

use tracing::Level;

use super::wit::mooring::plugin::{context, log};
use crate::bindings::Desk;

/// Random bytes in one call.
const RANDOM_BYTES_MAX: usize = 1024;

impl context::Host for Desk {
    fn now(&mut self) -> u64 {
        self.count_call();
        self.draws.now().millis()
    }

    fn random(&mut self, len: u32) -> Vec<u8> {
        self.count_call();
        self.random((len as usize).min(RANDOM_BYTES_MAX))
    }
}

impl log::Host for Desk {
    fn write(&mut self, level: log::Level, message: String) {
        self.count_call();
        let level = match level {
            log::Level::Debug => Level::DEBUG,
            log::Level::Info => Level::INFO,
            log::Level::Warn => Level::WARN,
            log::Level::Error => Level::ERROR,
        };
        self.note(level, &message);
    }
}
