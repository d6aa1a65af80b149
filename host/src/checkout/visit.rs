//! One visit of a payer: what was asked, and what is answered.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ALLOW, HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use mooring_core::ids::{AttemptId, JobId};
use mooring_core::payments::AttemptState;
use url::Url;

use super::choose::{picked, prefer};
use super::form::{self, Mistakes};
use super::headers::{self, Sheet, see_other, web_url};
use super::language::{self, Language};
use super::page::{self, View};
use super::scene::{Scene, scene};
use super::words::{Words, words};
use super::{Bill, Choice, Till, TillError, Try};
use crate::exchange::Reply;

/// How long a payer reads that it is paid before being taken back.
const READING: Duration = Duration::from_secs(5);
/// Between two looks at a payment that is about to change.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// A request for the page.
pub(crate) struct Visit<'r> {
    /// What the link carries.
    pub(crate) reference: &'r str,
    /// Without the `?`.
    pub(crate) query: &'r str,
    /// As sent.
    pub(crate) accept_language: Option<&'r str>,
    /// Where the payer calls from.
    pub(crate) address: IpAddr,
    /// The provider's name, as the manifest says it.
    pub(crate) provider: &'r str,
    /// How long an answer may wait for a gateway.
    pub(crate) wait: Duration,
    /// What is wanted.
    pub(crate) wish: Wish,
}

/// What a payer wants.
pub(crate) enum Wish {
    /// The page.
    See,
    /// What this form says, `application/x-www-form-urlencoded`.
    Act(Bytes),
}

/// Why a visit has no page of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    WrongMethod,
    Malformed,
    TooLarge,
    TooSlow,
    /// Seconds to wait.
    TooMany(u32),
    Unavailable,
}

/// How the payer has come here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// By the link.
    Link,
    /// From a form of the page, or the page looks again by itself.
    Page,
    /// From the form that picked a way to pay: on to the gateway, once it has answered.
    Picked,
    /// From the gateway.
    Gateway,
}

/// What an address of the page says.
struct Asked {
    language: Option<Language>,
    arrival: Arrival,
    /// The gateway that the link is for, as some providers give one link for each.
    gateway: Option<String>,
}

/// Answers a visit.
pub(crate) async fn answer<P: Sync, T: Till<P>>(till: &T, plugin: &P, visit: Visit<'_>) -> Reply {
    let asked = Asked::new(visit.query);
    let result = match till.bill(plugin, visit.reference) {
        Ok(Some(bill)) => match &visit.wish {
            Wish::See => see(till, plugin, &visit, &asked, bill).await,
            Wish::Act(body) => act(till, plugin, &visit, &asked, bill, body).await,
        },
        Ok(None) => Err(Refusal::NotFound),
        Err(_) => Err(Refusal::Unavailable),
    };
    result.unwrap_or_else(|refusal| refuse(refusal, visit.query, visit.accept_language, visit.provider))
}

/// A page that says why there is no other, in the payer's language.
pub(crate) fn refuse(refusal: Refusal, query: &str, accept_language: Option<&str>, provider: &str) -> Reply {
    let language = Asked::new(query).language.map(Language::tag);
    let language = language::choose(language, None, accept_language);
    let (status, title, hint, extra) = refusal.said(words(language));
    headers::page(Sheet {
        status,
        language,
        html: page::problem(language, provider, title, hint),
        logo: None,
        refresh: None,
        extra,
    })
}

async fn see<P: Sync, T: Till<P>>(
    till: &T,
    plugin: &P,
    visit: &Visit<'_>,
    asked: &Asked,
    mut bill: Bill,
) -> Result<Reply, Refusal> {
    if asked.arrival == Arrival::Gateway && !bill.status.is_final() {
        // The gateway's own news may not have arrived yet.
        let attempt = bill.attempt.as_ref().filter(|attempt| !attempt.state.is_final());
        if let Some(id) = attempt.map(|attempt| attempt.id.clone()) {
            // If it cannot be asked now, the page says where things stood, and a job asks later.
            let _ = look_up(till, plugin, visit, &bill, &id).await;
            bill = read(till, plugin, visit)?;
        }
    }
    // Once something has been tried, what failed decides what is offered next.
    if let (Some(gateway), None) = (&asked.gateway, &bill.attempt) {
        prefer(&mut bill.ways, gateway);
    }
    let scene = scene(&bill);
    let exit = exit(&bill, &scene, asked.arrival);
    if let Some((url, _)) = exit.as_ref().filter(|(_, after)| after.is_zero())
        && asked.arrival == Arrival::Gateway
    {
        return Ok(see_other(url.as_str()));
    }
    Ok(show(visit, asked, &bill, &scene, exit, &Mistakes::new()))
}

async fn act<P: Sync, T: Till<P>>(
    till: &T,
    plugin: &P,
    visit: &Visit<'_>,
    asked: &Asked,
    bill: Bill,
    body: &[u8],
) -> Result<Reply, Refusal> {
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let field = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    // Of the attempt that the payer looks at, if that is still the one.
    let attempt = bill
        .attempt
        .as_ref()
        .filter(|attempt| field("attempt") == Some(attempt.id.as_str()));
    let mut mark = "on=1";
    let done = match (field("do"), attempt) {
        (Some("pay"), _) => {
            mark = "go=1";
            let way = field("way").and_then(|value| picked(&bill.ways, value));
            let after = field("after").and_then(|number| number.parse().ok());
            match (way, after) {
                (Some(way), Some(after)) if after == bill.tries() && is_choosing(&bill) => {
                    let choice = Choice {
                        gateway: way.gateway.clone(),
                        method: way.method.clone(),
                        after,
                        address: visit.address,
                    };
                    begin(till, plugin, visit, &bill, choice).await
                }
                (_, Some(_)) => Err(TillError::Late),
                (_, None) => return Err(Refusal::Malformed),
            }
        }
        (Some("submit"), Some(attempt)) => match scene(&bill) {
            Scene::Form(_, asked_for) => match form::check(asked_for, &fields, bill.now) {
                Ok(filled) => till.submit(&bill.link, &attempt.id, filled).await,
                Err(mistakes) => {
                    let mut reply = show(visit, asked, &bill, &scene(&bill), None, &mistakes);
                    reply.status = StatusCode::UNPROCESSABLE_ENTITY.as_u16();
                    return Ok(reply);
                }
            },
            _ => Err(TillError::Late),
        },
        (Some("check"), Some(attempt)) => look_up(till, plugin, visit, &bill, &attempt.id).await,
        (Some("switch"), Some(attempt)) => abandon(till, plugin, visit, &bill, attempt).await,
        (Some("cancel"), attempt) if bill.cancel_url.is_some() => {
            let is_the_newest = attempt.is_some() || bill.attempt.is_none();
            if is_the_newest && scene(&bill).can_be_cancelled() {
                till.cancel(&bill.link).await
            } else {
                Err(TillError::Late)
            }
        }
        (Some("submit" | "check" | "switch"), None) => Err(TillError::Late),
        _ => return Err(Refusal::Malformed),
    };
    match done {
        Ok(()) | Err(TillError::Late) => Ok(see_other(&asked.address(mark))),
        Err(TillError::Unavailable) => Err(Refusal::Unavailable),
    }
}

fn is_choosing(bill: &Bill) -> bool {
    matches!(scene(bill), Scene::Choose { .. })
}

/// Begins an attempt and waits until its gateway has answered.
async fn begin<P: Sync, T: Till<P>>(
    till: &T,
    plugin: &P,
    visit: &Visit<'_>,
    bill: &Bill,
    choice: Choice,
) -> Result<(), TillError> {
    till.begin(&bill.link, choice).await?;
    let started = |bill: &Bill| {
        let attempt = bill.attempt.as_ref();
        attempt.is_some_and(|attempt| attempt.state != AttemptState::Starting)
    };
    wait(till, plugin, visit, started, None).await
}

/// Asks the gateway, and waits until it has answered.
async fn look_up<P: Sync, T: Till<P>>(
    till: &T,
    plugin: &P,
    visit: &Visit<'_>,
    before: &Bill,
    attempt: &AttemptId,
) -> Result<(), TillError> {
    let Some(job) = till.look_up(&before.link, attempt).await? else {
        return Ok(());
    };
    let stands = |bill: &Bill| (bill.status, bill.attempt.as_ref().map(|attempt| attempt.state));
    let moved = |bill: &Bill| stands(bill) != stands(before);
    wait(till, plugin, visit, moved, Some(&job)).await
}

/// Takes an attempt back, and waits until it is known that it has charged nothing.
async fn abandon<P: Sync, T: Till<P>>(
    till: &T,
    plugin: &P,
    visit: &Visit<'_>,
    bill: &Bill,
    attempt: &Try,
) -> Result<(), TillError> {
    till.abandon(&bill.link, &attempt.id).await?;
    let over = |bill: &Bill| {
        let attempt = bill.attempt.as_ref();
        bill.status.is_final() || attempt.is_none_or(|attempt| attempt.state.is_final())
    };
    wait(till, plugin, visit, over, None).await
}

/// Looks again and again, a little less often each time, until it is so, the job is over, or patience is.
async fn wait<P: Sync, T: Till<P>>(
    till: &T,
    plugin: &P,
    visit: &Visit<'_>,
    is_so: impl Fn(&Bill) -> bool,
    job: Option<&JobId>,
) -> Result<(), TillError> {
    let deadline = Instant::now() + visit.wait;
    let mut pause = PAUSE_MIN;
    loop {
        let Some(bill) = till.bill(plugin, visit.reference)? else {
            return Err(TillError::Late);
        };
        let ended = match job {
            Some(job) => till.has_ended(job)?,
            None => false,
        };
        if is_so(&bill) || ended || Instant::now() >= deadline {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn read<P: Sync, T: Till<P>>(till: &T, plugin: &P, visit: &Visit<'_>) -> Result<Bill, Refusal> {
    match till.bill(plugin, visit.reference) {
        Ok(Some(bill)) => Ok(bill),
        Ok(None) => Err(Refusal::NotFound),
        Err(_) => Err(Refusal::Unavailable),
    }
}

/// Where the payer goes by itself, and when; only somebody who is in the middle of paying is taken anywhere.
fn exit(bill: &Bill, scene: &Scene<'_>, arrival: Arrival) -> Option<(Url, Duration)> {
    let to = |url: &Option<String>, after| Some((url.as_deref().and_then(web_url)?, after));
    match scene {
        Scene::AtGateway(_, url) if arrival == Arrival::Picked => Some((web_url(url)?, Duration::ZERO)),
        _ if arrival == Arrival::Link => None,
        Scene::Choose { failed: Some(_) } | Scene::Failed(_) => to(&bill.failure_url, Duration::ZERO),
        Scene::Paid | Scene::Authorized => to(&bill.success_url, READING),
        Scene::Cancelled => to(&bill.cancel_url, Duration::ZERO),
        _ => None,
    }
}

fn show(
    visit: &Visit<'_>,
    asked: &Asked,
    bill: &Bill,
    scene: &Scene<'_>,
    exit: Option<(Url, Duration)>,
    mistakes: &Mistakes,
) -> Reply {
    let picked = asked.language.map(Language::tag);
    let language = language::choose(picked, bill.locale.as_deref(), visit.accept_language);
    let view = View {
        language,
        bill,
        scene,
        mistakes,
        exit: exit.as_ref().map(|(url, _)| url),
        provider: visit.provider,
        gateway: asked.gateway.as_deref(),
    };
    let html = page::page(&view);
    let refresh = match &exit {
        Some((url, after)) => Some((*after, url.to_string())),
        None => scene.looks_again_after(bill).map(|after| {
            // A start that takes long still leads to the gateway in the end.
            let starting = matches!(scene, Scene::Starting(_)) && asked.arrival == Arrival::Picked;
            (after, asked.address(if starting { "go=1" } else { "on=1" }))
        }),
    };
    headers::page(Sheet {
        status: StatusCode::OK,
        language,
        html,
        logo: bill.brand.logo_url.as_deref().and_then(web_url),
        refresh,
        extra: None,
    })
}

impl Asked {
    fn new(query: &str) -> Asked {
        let mut asked = Asked {
            language: None,
            arrival: Arrival::Link,
            gateway: None,
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "lang" => asked.language = Language::of_tag(&value),
                "returned" => asked.arrival = Arrival::Gateway,
                "go" => asked.arrival = Arrival::Picked,
                "on" => asked.arrival = Arrival::Page,
                "gateway" => asked.gateway = Some(value.into_owned()),
                // Gateways add their own.
                _ => {}
            }
        }
        asked
    }

    /// The page's own address, relative to it, with a mark and in the language that the payer has picked.
    fn address(&self, mark: &str) -> String {
        match self.language {
            Some(language) => format!("?{mark}&lang={}", language.tag()),
            None => format!("?{mark}"),
        }
    }
}

impl Refusal {
    fn said(self, words: &Words) -> (StatusCode, &str, &str, Option<(HeaderName, HeaderValue)>) {
        match self {
            Refusal::NotFound => (StatusCode::NOT_FOUND, words.not_found, words.not_found_hint, None),
            Refusal::WrongMethod => {
                let allow = (ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
                (
                    StatusCode::METHOD_NOT_ALLOWED,
                    words.wrong_method,
                    words.bad_request_hint,
                    Some(allow),
                )
            }
            Refusal::Malformed => (
                StatusCode::BAD_REQUEST,
                words.bad_request,
                words.bad_request_hint,
                None,
            ),
            Refusal::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                words.too_large,
                words.bad_request_hint,
                None,
            ),
            Refusal::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                words.bad_request,
                words.bad_request_hint,
                None,
            ),
            Refusal::TooMany(seconds) => (
                StatusCode::TOO_MANY_REQUESTS,
                words.too_many,
                words.too_many_hint,
                Some((RETRY_AFTER, HeaderValue::from(seconds))),
            ),
            Refusal::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                words.unavailable,
                words.unavailable_hint,
                None,
            ),
        }
    }
}
