//! Lines for the operator, kept in the request's log with a cap; never a place for secrets.

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the author.
    Debug,
    /// Worth knowing.
    Info,
    /// Somebody should look.
    Warn,
    /// Something is broken.
    Error,
}

/// Writes one line.
pub fn write(level: Level, message: &str) {
    host!(log(level, message));
}

/// A line for the author.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// A line worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// A line that somebody should look at.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// A line about something broken.
pub fn error(message: &str) {
    write(Level::Error, message);
}
