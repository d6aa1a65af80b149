//! The primitives, in memory.

mod accounts;
mod backend;
mod endpoints;
mod events;
mod journal;
pub(in crate::testing) mod payments;
mod queue;
mod signatures;
mod store;
mod subscriptions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mooring_manifest::Manifest;

use crate::http::Principal;
use crate::ledger::Posting;
use crate::outbound::{Answer, Call, OutboundError};
use crate::page::{List, Order, Page};
use crate::payments::PaymentEvent;
use crate::problem::{Denial, InvalidField};
use crate::records::Document;
use crate::services::{Service, Status, Transition};

const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// Everything that a failed call gives back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    pub(super) now: u64,
    /// Of ids and of chance.
    count: u64,
    pub(super) users: Vec<accounts::Stored>,
    pub(super) services: Vec<Service>,
    histories: BTreeMap<String, Vec<Transition>>,
    /// What suspended services become when they are lifted.
    resumes: BTreeMap<String, Status>,
    pub(super) postings: Vec<Posting>,
    guarded: BTreeSet<String>,
    collections: BTreeMap<String, Vec<Document>>,
    /// The last number of each sequence.
    sequences: BTreeMap<String, u64>,
    jobs: Vec<queue::Queued>,
    pub(super) events: Vec<events::Stored>,
    endpoints: Vec<endpoints::Stored>,
    pub(super) deliveries: Vec<crate::endpoints::Delivery>,
    keys: Vec<accounts::Key>,
    pub(super) payments: Vec<payments::Stored>,
    /// What the plugin is told before the transaction ends.
    pub(super) announced: VecDeque<PaymentEvent>,
    /// What it failed to take, by the job that tells it again.
    pub(super) untold: BTreeMap<String, PaymentEvent>,
    /// Whose accounts payments are posted to.
    plugin: String,
    pub(super) without_refunds: BTreeSet<String>,
    pub(super) without_captures: BTreeSet<String>,
}

/// An outbound call that a test expects, and what comes back.
#[derive(Clone, Debug)]
pub(super) struct Scripted {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) outcome: Result<Answer, OutboundError>,
}

/// Whoever is called out to.
pub(super) type World = Box<dyn FnMut(&Call) -> Result<Answer, OutboundError>>;

/// Answers of a job's first run, for its second.
#[derive(Default)]
pub(super) struct Recording(VecDeque<(Call, Result<Answer, OutboundError>)>);

enum Tape {
    Off,
    Record(Recording),
    Play(Recording),
}

pub(super) struct Memory {
    manifest: Manifest,
    pub(super) state: State,
    pub(super) settings: BTreeMap<String, String>,
    /// Secrets before their rotation, while they are still valid.
    pub(super) predecessors: BTreeMap<String, String>,
    pub(super) script: VecDeque<Scripted>,
    /// Answers what no script does.
    pub(super) world: Option<World>,
    pub(super) calls: Vec<Call>,
    pub(super) log: Vec<String>,
    tape: Tape,
    principal: Option<Principal>,
    writes: bool,
    in_job: bool,
}

/// Jobs act for the tenant, with every scope.
pub(super) fn job_principal() -> Principal {
    Principal {
        tenant: "test".to_owned(),
        key: "key_job".to_owned(),
        scopes: Vec::new(),
        user: None,
    }
}

impl State {
    /// An id like the host's: a prefix and 22 characters.
    fn id(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}_{:0>22}", self.count)
    }

    /// What the commit settles.
    pub(super) fn settle(&mut self) {
        for (place, posting) in (1..).zip(&mut self.postings) {
            posting.sequence = Some(place);
        }
    }

    pub(super) fn fingerprint(&self) -> String {
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            self.users,
            self.services,
            self.histories,
            self.postings,
            self.collections,
            self.jobs,
            self.events,
            self.keys.len(),
            self.payments,
            self.endpoints,
            self.deliveries
        )
    }
}

impl Memory {
    pub(super) fn new(manifest: Manifest) -> Memory {
        // 2027-01-15T08:00:00Z
        let state = State {
            now: 1_800_000_000_000,
            plugin: manifest.name.clone(),
            ..State::default()
        };
        Memory {
            manifest,
            state,
            settings: BTreeMap::new(),
            predecessors: BTreeMap::new(),
            script: VecDeque::new(),
            world: None,
            calls: Vec::new(),
            log: Vec::new(),
            tape: Tape::Off,
            principal: None,
            writes: false,
            in_job: false,
        }
    }

    pub(super) fn enter(&mut self, principal: Option<Principal>, writes: bool, in_job: bool) {
        self.principal = principal;
        self.writes = writes;
        self.in_job = in_job;
    }

    pub(super) fn record(&mut self) {
        self.tape = Tape::Record(Recording::default());
    }

    pub(super) fn play(&mut self, recording: Recording) {
        self.tape = Tape::Play(recording);
    }

    pub(super) fn stop(&mut self) -> Recording {
        match std::mem::replace(&mut self.tape, Tape::Off) {
            Tape::Record(recording) | Tape::Play(recording) => recording,
            Tape::Off => Recording::default(),
        }
    }

    fn reads(&self) -> Result<(), Denial> {
        if self.principal.is_some() {
            Ok(())
        } else {
            Err(Denial::Anonymous)
        }
    }

    fn writes(&self) -> Result<(), Denial> {
        self.reads()?;
        if self.writes {
            Ok(())
        } else {
            Err(Denial::ReadOnly)
        }
    }

    /// The target's settings that the operator has not given.
    fn missing_setting(&self, target: &str) -> Result<Option<String>, OutboundError> {
        let target = self
            .manifest
            .targets
            .iter()
            .find(|declared| declared.name == target)
            .ok_or_else(|| OutboundError::UnknownTarget(target.to_owned()))?;
        let has_default = |name: &str| {
            let mut declared = self.manifest.settings.iter();
            declared.any(|setting| setting.name == name && setting.default.is_some())
        };
        let missing = std::iter::once(target.url_setting.as_str())
            .chain(target.auth.settings())
            .find(|&setting| !self.settings.contains_key(setting) && !has_default(setting));
        Ok(missing.map(str::to_owned))
    }

    pub(super) fn expect(&mut self, method: &str, path: &str, outcome: Result<Answer, OutboundError>) {
        self.script.push_back(Scripted {
            method: method.to_owned(),
            path: path.to_owned(),
            outcome,
        });
    }

    fn perform(&mut self, call: &Call) -> Result<Answer, OutboundError> {
        let expected = self.script.pop_front();
        let Some(expected) = expected else {
            if let Some(world) = &mut self.world {
                self.calls.push(call.clone());
                return world(call);
            }
            panic!(
                "unexpected outbound call {} {}: the test has scripted no answer",
                call.method, call.path
            );
        };
        assert_eq!(
            (call.method.as_str(), call.path.as_str()),
            (&*expected.method, &*expected.path)
        );
        self.calls.push(call.clone());
        expected.outcome
    }
}

/// A text for people: so many characters, none of them a control character.
fn text(field: &str, text: &str, range: std::ops::RangeInclusive<usize>) -> Result<(), InvalidField> {
    length(field, text, range)?;
    if text.chars().any(char::is_control) {
        return Err(InvalidField::new(field, "must not contain control characters"));
    }
    Ok(())
}

/// So many characters, whatever they are.
fn length(field: &str, text: &str, range: std::ops::RangeInclusive<usize>) -> Result<(), InvalidField> {
    let length = text.chars().count();
    if range.contains(&length) {
        return Ok(());
    }
    Err(InvalidField::new(
        field,
        format!("must have {} to {} characters", range.start(), range.end()),
    ))
}

/// A JSON object within its limit; empty means `{}` where that is allowed.
fn object(field: &str, text: &str) -> Result<String, InvalidField> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(InvalidField::new(field, "is larger than 64 KiB"));
    }
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(_)) => Ok(text.to_owned()),
        _ => Err(InvalidField::new(field, "is not a JSON object")),
    }
}

fn object_or_empty(field: &str, text: &str) -> Result<String, InvalidField> {
    if text.is_empty() {
        Ok("{}".to_owned())
    } else {
        object(field, text)
    }
}

/// One page of what is in order of creation.
fn paged<T: Clone>(items: &[&T], page: Page) -> Result<List<T>, InvalidField> {
    if !(1..=500).contains(&page.limit) {
        return Err(InvalidField::new("limit", "must be 1 to 500"));
    }
    let (offset, limit) = (page.offset as usize, page.limit as usize);
    let part = match page.order {
        Order::OldestFirst => items
            .iter()
            .skip(offset)
            .take(limit)
            .map(|&item| item.clone())
            .collect(),
        Order::NewestFirst => items
            .iter()
            .rev()
            .skip(offset)
            .take(limit)
            .map(|&item| item.clone())
            .collect(),
    };
    Ok(List {
        items: part,
        total: items.len() as u64,
    })
}
