//! A command's way to the running host, and what it says when that goes wrong.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Url};
use serde_json::Value;

use super::output::Output;
use crate::admin::BASE;
use crate::chain::chain;
use crate::data;

/// Longer than the host takes to compile the largest component.
const TIMEOUT: Duration = Duration::from_mins(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which host to talk to, and how to print what it says.
#[derive(Debug, clap::Args)]
pub(super) struct Remote {
    /// URL of the admin interface; without it, the host of the data folder
    #[arg(long, value_name = "URL", env = "MOORING_ADMIN", global = true)]
    admin: Option<String>,
    /// The operator's token; without it, that of the data folder
    #[arg(long, env = "MOORING_ADMIN_TOKEN", hide_env_values = true, global = true)]
    token: Option<String>,
    /// The running host's data folder
    #[arg(long, value_name = "DIR", default_value = "mooring-data", global = true)]
    data: PathBuf,
    /// Print the interface's JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Remote {
    pub(super) fn connect(&self) -> Result<Client, Failure> {
        let (base, token) = match (&self.admin, &self.token) {
            (Some(admin), Some(token)) => (admin.clone(), token.clone()),
            (admin, token) => {
                let (addresses, stored) =
                    data::find_running(&self.data).map_err(|error| Failure::refused(chain(&error)))?;
                let elsewhere = admin
                    .as_ref()
                    .filter(|admin| admin.trim_end_matches('/') != addresses.admin);
                if let Some(elsewhere) = elsewhere {
                    // The folder's token is the secret of the folder's host, and nobody else's business.
                    return Err(Failure::usage(format!(
                        "{elsewhere} is not the host of this data folder; give its token with --token or MOORING_ADMIN_TOKEN"
                    )));
                }
                (addresses.admin, token.clone().unwrap_or(stored))
            }
        };
        let base = Url::parse(&base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                Failure::usage(format!(
                    "--admin takes a URL such as http://127.0.0.1:8081, not `{base}`"
                ))
            })?;
        // The token goes to this host only: no proxy of the environment, no redirect.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Failure::refused(chain(&error)))?;
        Ok(Client {
            base,
            token,
            http,
            json: self.json,
            output: Output::new(self.json),
        })
    }
}

/// An admin interface.
pub(super) struct Client {
    base: Url,
    token: String,
    http: reqwest::Client,
    json: bool,
    pub(super) output: Output,
}

impl Client {
    pub(super) async fn get(&self, path: &[&str], query: &[(&str, String)]) -> Result<Value, Failure> {
        self.send(self.request(Method::GET, path, query)).await
    }

    pub(super) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, Failure> {
        self.send(self.request(Method::POST, path, &[]).json(body)).await
    }

    pub(super) async fn patch(&self, path: &[&str], body: &Value) -> Result<Value, Failure> {
        self.send(self.request(Method::PATCH, path, &[]).json(body)).await
    }

    pub(super) async fn delete(&self, path: &[&str]) -> Result<Value, Failure> {
        self.send(self.request(Method::DELETE, path, &[])).await
    }

    /// A component; empty where the query names a bundled one.
    pub(super) async fn upload(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        component: Vec<u8>,
    ) -> Result<Value, Failure> {
        let request = self.request(Method::POST, path, query);
        self.send(request.header("content-type", "application/wasm").body(component))
            .await
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, String)]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(BASE.split('/').skip(1))
                .extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url).bearer_auth(&self.token)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        let value = match (body.is_empty(), serde_json::from_slice::<Value>(&body)) {
            (true, _) => Value::Null,
            (false, Ok(value)) => value,
            (false, Err(_)) => {
                let text = format!(
                    "{} answered {status}, but not as a mooring host does; check --admin",
                    self.base
                );
                return Err(Failure::refused(text));
            }
        };
        if status.is_success() {
            return Ok(value);
        }
        let detail = value["detail"]
            .as_str()
            .map_or_else(|| format!("the host answered {status}"), str::to_owned);
        Err(Failure {
            message: if self.json {
                value.to_string()
            } else {
                format!("error: {detail}")
            },
            exit: 1,
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        if error.is_timeout() {
            return Failure::refused(format!(
                "{} did not answer in time; look at the host's log",
                self.base
            ));
        }
        let cause = std::error::Error::source(error).map(chain).unwrap_or_default();
        Failure::refused(format!(
            "cannot reach the admin interface at {} ({cause}); is the host running? Start it with `mooring serve`, or name another with --admin",
            self.base
        ))
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub(super) struct Failure {
    /// One line.
    message: String,
    exit: u8,
}

impl Failure {
    /// The host, or the world, said no.
    pub(super) fn refused(message: impl std::fmt::Display) -> Failure {
        Failure {
            message: format!("error: {message}"),
            exit: 1,
        }
    }

    /// The command cannot be understood.
    pub(super) fn usage(message: impl std::fmt::Display) -> Failure {
        Failure {
            message: format!("error: {message}"),
            exit: 2,
        }
    }

    pub(super) fn report(self) -> ExitCode {
        eprintln!("{}", self.message);
        ExitCode::from(self.exit)
    }
}
