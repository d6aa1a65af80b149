//! VirtFusion's REST API, as far as this plugin drives it. The host adds the token.

use std::fmt;

use mooring_sdk::jobs::JobFailure;
use mooring_sdk::outbound::{Answer, Call, OutboundError};
use mooring_sdk::prelude::Problem;
use mooring_sdk::users::User;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::model::PowerAction;

/// The manifest's target.
pub(crate) const TARGET: &str = "virtfusion";
/// Setting: where VirtFusion is.
pub(crate) const URL: &str = "virtfusion_url";
/// Setting: the token, which the host adds.
pub(crate) const TOKEN: &str = "virtfusion_token";

/// First pause while a task holds the server.
const LOCKED_SECONDS: u32 = 10;
/// First pause while a server is being built.
const BUILDING_SECONDS: u32 = 10;
/// First pause for what only the operator can mend.
const SETTING_SECONDS: u32 = 300;
/// The longest pause that VirtFusion may ask for.
const PAUSE_SECONDS_MAX: u32 = 3600;
/// What a server's `state` says before its system is installed. A word that is not here means that it is: an order must
/// not wait for ever because VirtFusion has found a new one.
const STATES_BEFORE: [&str; 8] = [
    "new",
    "pending",
    "queued",
    "created",
    "awaiting_build",
    "building",
    "installing",
    "provisioning",
];
/// What is kept of VirtFusion's words about a server or a failure.
const DATA_BYTES_MAX: usize = 16 * 1024;
const REASON_CHARACTERS_MAX: usize = 500;

/// Why a call did not do what it should.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Worth another try: after so many seconds at least, or by the host's back-off.
    Retry { least: Option<u32>, reason: String },
    /// The server or user does not exist; which call says so.
    NotFound(String),
    /// No retry can help.
    Final(String),
}

/// A new server.
pub(crate) struct Made {
    pub(crate) id: u64,
    pub(crate) data: Value,
}

/// What VirtFusion says about a server.
pub(crate) struct Seen {
    pub(crate) state: BuildState,
    pub(crate) data: Value,
}

/// How far the system of a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BuildState {
    UnderWay,
    Built,
    Failed,
}

/// A customer of VirtFusion's.
pub(crate) struct Account {
    pub(crate) id: u64,
    /// It was made just now, so it has no servers.
    pub(crate) is_new: bool,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Building {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    build_failed: Option<bool>,
}

/// VirtFusion's account of a customer, which is made where there is none; our id is the external relation.
pub(crate) fn ensure_user(user: &User) -> Result<Account, Failure> {
    let (answer, is_new) = match find_user(user) {
        Err(Failure::NotFound(_)) => match create_user(user) {
            // Another order of the same customer may have been quicker, and then there is one now.
            Err(Failure::Final(reason)) => match find_user(user) {
                Err(Failure::NotFound(_)) => return Err(Failure::Final(reason)),
                found => (found?, false),
            },
            created => (created?, true),
        },
        found => (found?, false),
    };
    let id = read::<Data<WithId>>(&answer)?.data.id;
    Ok(Account { id, is_new })
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
    add(call("POST", "/users").json(&json!({
        "name": name,
        "email": user.email,
        "extRelationId": user.id,
        "sendMail": false,
    })))
}

/// Ids of an account's servers. VirtFusion may answer 404 where there are none.
pub(crate) fn servers_of(account: u64) -> Result<Vec<u64>, Failure> {
    let answer = match send(call("GET", format!("/servers/user/{account}"))) {
        Err(Failure::NotFound(_)) => return Ok(Vec::new()),
        found => found?,
    };
    let servers = read::<Data<Vec<WithId>>>(&answer)?.data;
    Ok(servers.into_iter().map(|server| server.id).collect())
}

/// Makes a server; it has no system yet.
pub(crate) fn create_server(user: u64, package: u64, group: u64) -> Result<Made, Failure> {
    let order = json!({ "packageId": package, "userId": user, "hypervisorId": group });
    let answer = add(call("POST", "/servers").json(&order))?;
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

/// Looks how far a server is.
pub(crate) fn view(server: u64) -> Result<Seen, Failure> {
    let answer = send(call("GET", format!("/servers/{server}")))?;
    let building = read::<Data<Building>>(&answer)?.data;
    let is_before = |state: String| STATES_BEFORE.contains(&state.to_ascii_lowercase().as_str());
    let state = if building.build_failed == Some(true) {
        BuildState::Failed
    } else if building.state.is_some_and(is_before) {
        BuildState::UnderWay
    } else {
        BuildState::Built
    };
    Ok(Seen {
        state,
        data: data(&answer),
    })
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
        Ok(_) | Err(Failure::NotFound(_)) => Ok(()),
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

/// A call that makes something. There is nothing that VirtFusion could fail to know, so a 404 means a wrong path.
fn add(call: Call) -> Result<Answer, Failure> {
    send(call).map_err(|failure| match failure {
        Failure::NotFound(what) => Failure::Retry {
            least: Some(SETTING_SECONDS),
            reason: format!("{what}: answered 404; check the setting `{URL}`"),
        },
        failure => failure,
    })
}

/// The one place that judges an answer.
fn send(call: Call) -> Result<Answer, Failure> {
    let what = format!("VirtFusion, {} {}", call.method, call.path);
    let retry = |least, why: &str| Failure::Retry {
        least,
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
            &format!("redirects; check the setting `{URL}`"),
        )),
        401 | 403 => Err(retry(
            Some(SETTING_SECONDS),
            &format!(
                "refused the token ({}); check the setting `{TOKEN}`",
                answer.status
            ),
        )),
        404 => Err(Failure::NotFound(what)),
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

impl Failure {
    /// A server whose system is not installed yet.
    pub(crate) fn still_building() -> Failure {
        Failure::Retry {
            least: Some(BUILDING_SECONDS),
            reason: "VirtFusion is still building the server".to_owned(),
        }
    }

    /// What a job answers whose try failed. Pauses double with every try, also where VirtFusion names one: otherwise a
    /// hundred tries would be over within minutes, and what takes an operator a weekend to mend would be given up.
    pub(crate) fn after_try(self, attempt: u32, longest: u32) -> JobFailure {
        let pause = |least: u32| {
            let doublings = attempt.saturating_sub(1).min(16);
            least.saturating_mul(1 << doublings).min(longest.max(least))
        };
        match self {
            Failure::Retry { least, reason } => JobFailure::Retry {
                after: least.map(pause),
                reason,
            },
            failure => JobFailure::fatal(failure.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotFound(what) => write!(f, "{what}: VirtFusion does not know the server"),
            Failure::Retry { reason, .. } => write!(f, "gave up: {reason}"),
            Failure::Final(reason) => f.write_str(reason),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        match problem {
            Problem::Internal(reason) => Failure::Retry { least: None, reason },
            problem => Failure::Final(problem.to_string()),
        }
    }
}
