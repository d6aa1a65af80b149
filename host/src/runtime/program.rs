//! Something that answers requests: a component, or (for measuring what the sandbox costs) native code.

use std::time::Duration;

use mooring_core::payments::Announcement;

use crate::bindings::Desk;
use crate::exchange::Exchange;

/// A response as the program gave it; nothing of it is checked yet.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Must be 200 to 599.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Whole.
    pub body: Vec<u8>,
    /// The job after which the handler is to be run again, for the answer that is sent.
    pub resume_after: Option<String>,
}

/// What a job is given.
#[derive(Clone, Debug)]
pub struct JobCall {
    /// `job_...`
    pub id: String,
    /// In the plugin's words.
    pub kind: String,
    /// JSON.
    pub payload: String,
    /// 1 for the first try.
    pub attempt: u32,
    /// Tries in all.
    pub attempts_max: u32,
}

/// How a run of a job ended, from the plugin's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// The work is done.
    Done,
    /// Try again, after this time or the host's own.
    Retry(Option<Duration>, String),
    /// No retry can help.
    Fatal(String),
}

/// Why a run has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Out of time.
    Deadline,
    /// Out of fuel.
    Fuel,
    /// Trapped: the reason and the guest's own backtrace.
    Trap(String),
    /// The answer breaks a limit or a rule of HTTP.
    BadAnswer(String),
    /// The job asked for a call to the world that has not been made yet (`Desk::errands`).
    Suspended,
    /// No instance could be made: the host's fault.
    NoInstance(String),
}

/// See the module. A run ends on the thread that it began on, and leaves nothing behind in the program.
pub trait Program: Send + Sync {
    /// Answers one request. Gives the desk back, and the fuel used.
    fn handle(&self, desk: Desk, exchange: &Exchange) -> Run<Answer>;

    /// Does one job.
    fn run_job(&self, desk: Desk, job: &JobCall) -> Run<JobEnd>;

    /// Is told what has happened to a payment that it made. The desk holds the transaction of what happened.
    fn on_event(&self, desk: Desk, announcement: &Announcement) -> Run<Result<(), String>>;
}

/// A run that is over.
pub struct Run<T> {
    /// With the transaction, if the run needed one.
    pub desk: Desk,
    /// Units of fuel.
    pub fuel: u64,
    /// What came out.
    pub result: Result<T, Fault>,
}

impl<T> Run<T> {
    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Run<U> {
        self.and_then(|value| Ok(f(value)))
    }

    pub(crate) fn and_then<U>(self, f: impl FnOnce(T) -> Result<U, Fault>) -> Run<U> {
        Run {
            desk: self.desk,
            fuel: self.fuel,
            result: self.result.and_then(f),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Deadline => write!(f, "it ran out of time (plugin.call_deadline_ms)"),
            Fault::Fuel => write!(f, "it ran out of fuel (plugin.fuel_max)"),
            Fault::Trap(trap) => write!(f, "it trapped: {trap}"),
            Fault::BadAnswer(rule) => write!(f, "its answer is not acceptable: {rule}"),
            Fault::Suspended => write!(f, "it called out where it may not"),
            Fault::NoInstance(reason) => write!(f, "no instance could be made: {reason}"),
        }
    }
}
