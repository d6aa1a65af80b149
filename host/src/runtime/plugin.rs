//! A plugin that is loaded: everything about it that requests need.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::breaker::Breaker;
use super::inspect::World;
use super::instance::GatewayProgram;
use super::pool::Lane;
use super::program::{Answer, Program};
use super::usage::{RouteTotals, RouteUsage};
use crate::bindings::Facts;
use crate::config::PluginLimits;
use crate::exchange::{Cause, Reply, Usage};

/// One version of one plugin. A request holds on to the version that it began with; an upgrade makes a new one.
pub struct Plugin {
    pub(crate) facts: Arc<Facts>,
    pub(crate) role: Role,
    pub(crate) lane: Lane,
    pub(crate) breaker: Breaker,
    routes: Vec<RouteUsage>,
    /// Rejected requests and jobs, which have no route.
    elsewhere: RouteUsage,
}

/// What it implements.
pub(crate) enum Role {
    /// An API surface.
    Provider {
        program: Box<dyn Program>,
        failure_answers: Box<FailureAnswers>,
        /// For documents.
        refusals: Arc<Vec<(Cause, Reply)>>,
    },
    /// What moves the money of payments.
    Gateway(GatewayProgram),
}

/// What the plugin would say when it cannot be asked: its own words for the host's failures, rendered once at load.
pub(crate) struct FailureAnswers {
    unavailable: Reply,
    deadline: Reply,
    plugin_failed: Reply,
    host_failed: Reply,
}

impl Plugin {
    pub(crate) fn new(facts: Arc<Facts>, role: Role, limits: &PluginLimits) -> Plugin {
        Plugin {
            routes: facts
                .manifest
                .routes
                .iter()
                .map(|_| RouteUsage::default())
                .collect(),
            elsewhere: RouteUsage::default(),
            lane: Lane::default(),
            breaker: Breaker::new(limits.breaker_failures, limits.breaker_pause_ms),
            facts,
            role,
        }
    }

    /// Which world it implements.
    pub fn world(&self) -> World {
        match self.role {
            Role::Provider { .. } => World::Provider,
            Role::Gateway(_) => World::Gateway,
        }
    }

    /// What answers requests, if it is a provider.
    pub(crate) fn program(&self) -> Option<&dyn Program> {
        match &self.role {
            Role::Provider { program, .. } => Some(program.as_ref()),
            Role::Gateway(_) => None,
        }
    }

    /// How it words what the host refuses, and the host's failures; a gateway words nothing.
    pub(crate) fn refusals(&self) -> Option<&Arc<Vec<(Cause, Reply)>>> {
        match &self.role {
            Role::Provider { refusals, .. } => Some(refusals),
            Role::Gateway(_) => None,
        }
    }

    /// What takes attempts, if it is a gateway.
    pub(crate) fn gateway(&self) -> Option<&GatewayProgram> {
        match &self.role {
            Role::Provider { .. } => None,
            Role::Gateway(program) => Some(program),
        }
    }

    /// Its name, digest and manifest.
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Totals by route name; `-` for requests without a route and for jobs.
    pub fn usage(&self) -> BTreeMap<String, RouteTotals> {
        let routes = self.facts.manifest.routes.iter().zip(&self.routes);
        let mut totals: BTreeMap<_, _> = routes
            .map(|(route, usage)| (route.name.clone(), usage.totals()))
            .collect();
        totals.insert("-".to_owned(), self.elsewhere.totals());
        totals
    }

    pub(crate) fn count(&self, route: Option<u32>, usage: &Usage, failed: bool) {
        let counted = route
            .and_then(|route| self.routes.get(route as usize))
            .unwrap_or(&self.elsewhere);
        counted.add(usage, failed);
    }
}

impl FailureAnswers {
    /// Where there are no words at all.
    pub(crate) fn of_nobody() -> Reply {
        Reply {
            status: 404,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
            usage: Usage::default(),
        }
    }

    /// Asks `render` for each of the host's failures.
    pub(crate) fn render<E>(mut render: impl FnMut(Cause) -> Result<Reply, E>) -> Result<FailureAnswers, E> {
        Ok(FailureAnswers {
            unavailable: render(Cause::Unavailable(1))?,
            deadline: render(Cause::Deadline)?,
            plugin_failed: render(Cause::PluginFailed)?,
            host_failed: render(Cause::HostFailed)?,
        })
    }

    /// The plugin's words for a failure. Only the host's own failures have any.
    pub(crate) fn answer(&self, cause: &Cause) -> Reply {
        match cause {
            Cause::Unavailable(seconds) => {
                let mut reply = self.unavailable.clone();
                reply
                    .headers
                    .retain(|(name, _)| name != http::header::RETRY_AFTER);
                reply
                    .headers
                    .push((http::header::RETRY_AFTER, http::HeaderValue::from(*seconds)));
                reply
            }
            Cause::Deadline => self.deadline.clone(),
            Cause::PluginFailed => self.plugin_failed.clone(),
            _ => self.host_failed.clone(),
        }
    }
}

/// Headers that belong to the host.
const HOST_HEADERS: [http::HeaderName; 4] = [
    http::header::CONTENT_LENGTH,
    http::header::CONNECTION,
    http::header::TRANSFER_ENCODING,
    http::header::DATE,
];

/// Makes a reply of an answer, or says which rule it breaks.
pub(crate) fn check_answer(answer: Answer, limits: &PluginLimits) -> Result<Reply, String> {
    let Answer {
        status,
        headers,
        body,
        resume_after: _,
    } = answer;
    if !(200..=599).contains(&status) {
        return Err(format!("status {status} is not from 200 to 599"));
    }
    if body.len() > limits.response_bytes_max {
        return Err(format!(
            "a body of {} bytes is over the limit of {} (plugin.response_bytes_max)",
            body.len(),
            limits.response_bytes_max
        ));
    }
    if headers.len() > limits.response_headers_max {
        return Err(format!(
            "{} headers are over the limit of {} (plugin.response_headers_max)",
            headers.len(),
            limits.response_headers_max
        ));
    }
    let headers = headers.into_iter().map(check_header).collect::<Result<_, _>>()?;
    Ok(Reply {
        status,
        headers,
        body: body.into(),
        usage: Usage::default(),
    })
}

fn check_header((name, value): (String, String)) -> Result<(http::HeaderName, http::HeaderValue), String> {
    let parsed = http::HeaderName::try_from(&name).map_err(|_| format!("{name:?} is not a header name"))?;
    if HOST_HEADERS.contains(&parsed) {
        return Err(format!("the header {name} belongs to the host"));
    }
    let value = http::HeaderValue::try_from(&value)
        .map_err(|_| format!("the value of header {name} is not legal"))?;
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, headers: &[(&str, &str)], body: usize) -> Result<Reply, String> {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let limits = PluginLimits {
            response_bytes_max: 10,
            response_headers_max: 2,
            ..PluginLimits::default()
        };
        check_answer(
            Answer {
                status,
                headers,
                body: vec![0; body],
                resume_after: None,
            },
            &limits,
        )
    }

    #[test]
    fn refuses_answers_that_break_a_rule() {
        assert!(check(200, &[("X-A", "1"), ("x-b", "2")], 10).is_ok());
        assert!(check(199, &[], 0).is_err());
        assert!(check(600, &[], 0).is_err());
        assert!(check(200, &[], 11).is_err());
        assert!(check(200, &[("a", ""), ("b", ""), ("c", "")], 0).is_err());
        assert!(check(200, &[("bad name", "")], 0).is_err());
        assert!(check(200, &[("x-a", "split\r\nx-b: 1")], 0).is_err());
        assert!(check(200, &[("Content-Length", "5")], 0).is_err());
    }
}
