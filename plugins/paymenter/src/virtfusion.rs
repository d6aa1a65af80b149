//! VirtFusion's REST API, as far as this plugin drives it. The host adds the token.

use std::fmt;

use mooring_sdk::outbound::{Answer, Call, OutboundError};
use mooring_sdk::prelude::Problem;
use mooring_sdk::users::User;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::model::PowerAction;

/// The manifest's target.
pub(crate) const TARGET: &str = "virtfusion";

/// Pause while a task holds the server.
const LOCKED_SECONDS: u32 = 10;
/// Pause for what only the operator can mend.
const SETTING_SECONDS: u32 = 300;
/// The longest pause that VirtFusion may ask for.
const PAUSE_SECONDS_MAX: u32 = 3600;
/// What is kept of VirtFusion's words about a server or a failure.
const DATA_BYTES_MAX: usize = 16 * 1024;
const REASON_CHARACTERS_MAX: usize = 500;

/// Why a call did not do what it should.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Worth another try.
    Retry { after: Option<u32>, reason: String },
    /// The server or user does not exist.
    NotFound,
    /// No retry can help.
    Final(String),
}

/// A new server.
pub(crate) struct Made {
    pub(crate) id: u64,
    pub(crate) data: Value,
}

/// Every answer wraps what it says.
#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct WithId {
    id: u64,
}

/// VirtFusion's id of a customer, who is made where there is none; ours is the external relation.
pub(crate) fn ensure_user(user: &User) -> Result<u64, Failure> {
    let answer = match find_user(user) {
        Err(Failure::NotFound) => match create_user(user) {
            // Another order of the same customer may have been quicker, and then there is one now.
            Err(Failure::Final(reason)) => match find_user(user) {
                Err(Failure::NotFound) => Err(Failure::Final(reason)),
                found => found,
            },
            created => created,
        },
        found => found,
    }?;
    Ok(read::<Data<WithId>>(&answer)?.data.id)
}

fn find_user(user: &User) -> Result<Answer, Failure> {
    send(call("GET", format!("/users/{}/byExtRelation", user.id)))
}

fn create_user(user: &User) -> Result<Answer, Failure> {
    let name = if user.name.is_empty() {
        &user.email
    } else {
        &user.name
    };
    send(call("POST", "/users").json(&json!({
        "name": name,
        "email": user.email,
        "extRelationId": user.id,
        "sendMail": false,
    })))
}

/// Makes a server; it has no system yet.
pub(crate) fn create_server(user: u64, package: u64, group: u64) -> Result<Made, Failure> {
    let order = json!({ "packageId": package, "userId": user, "hypervisorId": group });
    let answer = send(call("POST", "/servers").json(&order))?;
    let id = read::<Data<WithId>>(&answer)?.data.id;
    Ok(Made {
        id,
        data: data(&answer),
    })
}

/// Installs a system.
pub(crate) fn build(server: u64, system: u64, hostname: &str, service: &str) -> Result<Value, Failure> {
    let mut order = json!({ "operatingSystemId": system, "name": service });
    if !hostname.is_empty() {
        order["name"] = hostname.into();
        order["hostname"] = hostname.into();
    }
    let answer = send(call("POST", format!("/servers/{server}/build")).json(&order))?;
    Ok(data(&answer))
}

/// Suspends a server.
pub(crate) fn suspend(server: u64) -> Result<(), Failure> {
    send(call("POST", format!("/servers/{server}/suspend"))).map(drop)
}

/// Lifts a suspension.
pub(crate) fn unsuspend(server: u64) -> Result<(), Failure> {
    send(call("POST", format!("/servers/{server}/unsuspend"))).map(drop)
}

/// Deletes a server at once; one that does not exist is deleted already. (`delay` counts minutes, so the panel's five
/// seconds are waited before this call.)
pub(crate) fn delete(server: u64) -> Result<(), Failure> {
    match send(call("DELETE", format!("/servers/{server}?delay=0"))) {
        Ok(_) | Err(Failure::NotFound) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Switches a server.
pub(crate) fn power(server: u64, action: PowerAction) -> Result<(), Failure> {
    let verb = match action {
        PowerAction::Start => "boot",
        PowerAction::Stop => "shutdown",
        PowerAction::Restart => "restart",
        PowerAction::Poweroff => "poweroff",
    };
    send(call("POST", format!("/servers/{server}/power/{verb}"))).map(drop)
}

fn call(method: &str, path: impl Into<String>) -> Call {
    Call::new(TARGET, method, path)
}

/// The one place that judges an answer.
fn send(call: Call) -> Result<Answer, Failure> {
    let what = format!("VirtFusion, {} {}", call.method, call.path);
    let retry = |after, why: &str| Failure::Retry {
        after,
        reason: format!("{what}: {why}"),
    };
    let answer = call.send().map_err(|error| match &error {
        OutboundError::Unreachable(_) | OutboundError::TimedOut | OutboundError::Internal(_) => {
            retry(None, &error.to_string())
        }
        OutboundError::NotConfigured(_) | OutboundError::Refused(_) => {
            retry(Some(SETTING_SECONDS), &error.to_string())
        }
        OutboundError::UnknownTarget(_)
        | OutboundError::TooLarge
        | OutboundError::NotInAJob
        | OutboundError::Denied(_) => Failure::Final(format!("{what}: {error}")),
    })?;
    match answer.status {
        200..=299 => Ok(answer),
        300..=399 => Err(retry(
            Some(SETTING_SECONDS),
            "redirects; check the setting `virtfusion_url`",
        )),
        401 | 403 => Err(retry(
            Some(SETTING_SECONDS),
            &format!(
                "refused the token ({}); check the setting `virtfusion_token`",
                answer.status
            ),
        )),
        404 => Err(Failure::NotFound),
        423 => Err(retry(Some(LOCKED_SECONDS), "the server is busy (423)")),
        429 => Err(retry(pause(&answer), "too many requests (429)")),
        408 | 500.. => Err(retry(pause(&answer), &format!("answered {}", answer.status))),
        status => Err(Failure::Final(format!(
            "{what}: answered {status}: {}",
            words(&answer)
        ))),
    }
}

/// The seconds of `Retry-After`, if it has some.
fn pause(answer: &Answer) -> Option<u32> {
    let (_, value) = answer.headers.iter().find(|(name, _)| name == "retry-after")?;
    let seconds: u32 = value.trim().parse().ok()?;
    Some(seconds.clamp(1, PAUSE_SECONDS_MAX))
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Failure> {
    answer
        .read()
        .map_err(|error| Failure::Final(format!("VirtFusion's answer cannot be read: {error}")))
}

/// What an answer says about a server, kept for its user to see.
fn data(answer: &Answer) -> Value {
    if answer.body.len() > DATA_BYTES_MAX {
        return Value::Null;
    }
    answer
        .read::<Data<Value>>()
        .map_or(Value::Null, |answer| answer.data)
}

/// What VirtFusion says about a failure, for the operator.
fn words(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body)
        .chars()
        .take(REASON_CHARACTERS_MAX)
        .collect()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotFound => f.write_str("VirtFusion does not know the server"),
            Failure::Retry { reason, .. } => write!(f, "gave up: {reason}"),
            Failure::Final(reason) => f.write_str(reason),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        match problem {
            Problem::Internal(reason) => Failure::Retry { after: None, reason },
            problem => Failure::Final(problem.to_string()),
        }
    }
}
