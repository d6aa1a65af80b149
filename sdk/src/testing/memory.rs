//! The primitives, in memory.

mod accounts;
mod events;
mod journal;
pub(in crate::testing) mod payments;
mod queue;
mod signatures;
mod store;
mod subscriptions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mooring_manifest::{Manifest, SettingKind};

use crate::backend::Backend;
use crate::http::Principal;
use crate::jobs::{JobError, NewJob, Scheduled};
use crate::keys::{KeyError, Minted, NewKey};
use crate::ledger::{LedgerError, NewPosting, Posted, Posting, StatementLine};
use crate::log::Level;
use crate::money::Amount;
use crate::outbound::{Answer, Call, OutboundError};
use crate::page::{List, Order, Page};
use crate::payments::{
    Attempt, Failure, NewPayment, NewRefund, Payment, PaymentError, PaymentEvent, PaymentFilter, Refund,
};
use crate::problem::{Denial, InvalidField};
use crate::records::{Document, IndexValue, RecordError};
use crate::services::{
    NewService, Service, ServiceChanges, ServiceError, ServiceFilter, Status, Suspender, Transition,
};
use crate::settings::SettingsError;
use crate::signatures::{Algorithm, SignatureError};
use crate::users::{NewUser, User, UserChanges, UserError};
use crate::webhooks::{Emitted, Event, EventError, NewEvent};

const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// Everything that a failed call gives back.
#[derive(Clone, Debug, Default)]
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
    jobs: Vec<queue::Queued>,
    pub(super) events: Vec<events::Stored>,
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
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            self.users,
            self.services,
            self.histories,
            self.postings,
            self.collections,
            self.jobs,
            self.events,
            self.keys.len(),
            self.payments
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
        let missing = std::iter::once(target.url_setting.as_str())
            .chain(target.auth.settings())
            .find(|&setting| !self.settings.contains_key(setting));
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

impl Backend for Memory {
    fn now(&mut self) -> u64 {
        self.state.now
    }

    fn random(&mut self, len: u32) -> Vec<u8> {
        let mut state = self.state.count.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        self.state.count += 1;
        let next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(next)
            .take(len.min(1024) as usize)
            .collect()
    }

    fn log(&mut self, level: Level, message: &str) {
        self.log
            .push(format!("{}: {message}", format!("{level:?}").to_lowercase()));
    }

    fn setting(&mut self, name: &str) -> Result<Option<String>, SettingsError> {
        self.reads().map_err(SettingsError::Denied)?;
        let declared = self.manifest.settings.iter().find(|setting| setting.name == name);
        match declared {
            None => Err(SettingsError::Undeclared(name.to_owned())),
            Some(setting) if setting.kind == SettingKind::Secret => {
                Err(SettingsError::Secret(name.to_owned()))
            }
            Some(setting) => Ok(self
                .settings
                .get(name)
                .cloned()
                .or_else(|| setting.default.clone())),
        }
    }

    fn setting_is_set(&mut self, name: &str) -> Result<bool, SettingsError> {
        self.reads().map_err(SettingsError::Denied)?;
        let declared = self.manifest.settings.iter().find(|setting| setting.name == name);
        let setting = declared.ok_or_else(|| SettingsError::Undeclared(name.to_owned()))?;
        Ok(setting.default.is_some() || self.settings.contains_key(name))
    }

    fn user_create(&mut self, user: NewUser) -> Result<User, UserError> {
        self.writes()?;
        self.state.user_create(user)
    }

    fn user_get(&mut self, id: u64) -> Result<User, UserError> {
        self.reads()?;
        self.state.user_get(id)
    }

    fn user_find_by_email(&mut self, email: &str) -> Result<User, UserError> {
        self.reads()?;
        self.state.user_find_by_email(email)
    }

    fn user_find_by_external_ref(&mut self, external_ref: &str) -> Result<User, UserError> {
        self.reads()?;
        self.state.user_find_by_external_ref(external_ref)
    }

    fn user_update(&mut self, id: u64, changes: UserChanges) -> Result<User, UserError> {
        self.writes()?;
        self.state.user_update(id, changes)
    }

    fn user_verify_password(&mut self, id: u64, password: &str) -> Result<bool, UserError> {
        self.reads()?;
        self.state.user_verify_password(id, password)
    }

    fn user_list(&mut self, page: Page) -> Result<List<User>, UserError> {
        self.reads()?;
        let users: Vec<&User> = self.state.users.iter().map(|stored| &stored.user).collect();
        paged(&users, page).map_err(UserError::Invalid)
    }

    fn service_create(&mut self, service: NewService) -> Result<Service, ServiceError> {
        self.writes()?;
        self.state.service_create(service)
    }

    fn service_get(&mut self, id: &str) -> Result<Service, ServiceError> {
        self.reads()?;
        self.state.service(id).cloned()
    }

    fn service_find_by_external_ref(&mut self, external_ref: &str) -> Result<Service, ServiceError> {
        self.reads()?;
        let found = self
            .state
            .services
            .iter()
            .find(|service| service.external_ref.as_deref() == Some(external_ref));
        found.cloned().ok_or(ServiceError::NotFound)
    }

    fn service_list(&mut self, filter: ServiceFilter, page: Page) -> Result<List<Service>, ServiceError> {
        self.reads()?;
        self.state.service_list(filter, page)
    }

    fn service_update(&mut self, id: &str, changes: ServiceChanges) -> Result<Service, ServiceError> {
        self.writes()?;
        self.state.service_update(id, changes)
    }

    fn service_activate(&mut self, id: &str) -> Result<Service, ServiceError> {
        self.writes()?;
        self.state.service_activate(id)
    }

    fn service_suspend(&mut self, id: &str, by: Suspender) -> Result<Service, ServiceError> {
        self.writes()?;
        self.state.service_suspend(id, by)
    }

    fn service_unsuspend(&mut self, id: &str, by: Suspender) -> Result<Service, ServiceError> {
        self.writes()?;
        self.state.service_unsuspend(id, by)
    }

    fn service_terminate(&mut self, id: &str) -> Result<Service, ServiceError> {
        self.writes()?;
        self.state.service_terminate(id)
    }

    fn service_history(&mut self, id: &str) -> Result<Vec<Transition>, ServiceError> {
        self.reads()?;
        self.state.service(id)?;
        Ok(self.state.histories.get(id).cloned().unwrap_or_default())
    }

    fn ledger_post(&mut self, posting: NewPosting) -> Result<Posted, LedgerError> {
        self.writes()?;
        self.state.ledger_post(posting)
    }

    fn ledger_get(&mut self, id: &str) -> Result<Posting, LedgerError> {
        self.reads()?;
        self.state.posting(|posting| posting.id == id)
    }

    fn ledger_find(&mut self, idempotency_key: &str) -> Result<Posting, LedgerError> {
        self.reads()?;
        self.state
            .posting(|posting| posting.idempotency_key == idempotency_key)
    }

    fn ledger_guard(&mut self, account: &str) -> Result<(), LedgerError> {
        self.writes()?;
        self.state.ledger_guard(account)
    }

    fn ledger_balance(&mut self, account: &str, currency: &str) -> Result<Amount, LedgerError> {
        self.reads()?;
        self.state.ledger_balance(account, currency)
    }

    fn ledger_statement(
        &mut self,
        account: &str,
        currency: &str,
        page: Page,
    ) -> Result<List<StatementLine>, LedgerError> {
        self.reads()?;
        self.state.ledger_statement(account, currency, page)
    }

    fn record_create(&mut self, collection: &str, id: &str, data: &str) -> Result<Document, RecordError> {
        self.writes()?;
        self.state
            .record_write(&self.manifest, collection, id, data, false)
    }

    fn record_put(&mut self, collection: &str, id: &str, data: &str) -> Result<Document, RecordError> {
        self.writes()?;
        self.state
            .record_write(&self.manifest, collection, id, data, true)
    }

    fn record_get(&mut self, collection: &str, id: &str) -> Result<Document, RecordError> {
        self.reads()?;
        self.state.record_get(&self.manifest, collection, id)
    }

    fn record_delete(&mut self, collection: &str, id: &str) -> Result<(), RecordError> {
        self.writes()?;
        self.state.record_delete(&self.manifest, collection, id)
    }

    fn record_list(
        &mut self,
        collection: &str,
        filter: Option<IndexValue>,
        page: Page,
    ) -> Result<List<Document>, RecordError> {
        self.reads()?;
        self.state
            .record_list(&self.manifest, collection, filter.as_ref(), page)
    }

    fn job_schedule(&mut self, job: NewJob) -> Result<Scheduled, JobError> {
        self.writes()?;
        self.state.job_schedule(job)
    }

    fn job_cancel(&mut self, id: &str) -> Result<(), JobError> {
        self.writes()?;
        self.state.job_cancel(id)
    }

    fn event_emit(&mut self, event: NewEvent) -> Result<Emitted, EventError> {
        self.writes()?;
        self.state.event_emit(event)
    }

    fn event_get(&mut self, id: &str) -> Result<Event, EventError> {
        self.reads()?;
        self.state.event(|stored| stored.event.id == id)
    }

    fn event_find(&mut self, dedupe_key: &str) -> Result<Event, EventError> {
        self.reads()?;
        self.state
            .event(|stored| stored.dedupe_key.as_deref() == Some(dedupe_key))
    }

    fn event_list(&mut self, kind: Option<&str>, page: Page) -> Result<List<Event>, EventError> {
        self.reads()?;
        self.state.event_list(kind, page)
    }

    fn key_mint(&mut self, key: NewKey) -> Result<Minted, KeyError> {
        self.writes()?;
        let held = self
            .principal
            .as_ref()
            .map(|principal| principal.scopes.clone())
            .unwrap_or_default();
        self.state.key_mint(&self.manifest, &held, key)
    }

    fn payment_create(&mut self, payment: NewPayment) -> Result<Payment, PaymentError> {
        self.writes()?;
        self.state.payment_create(&self.manifest, payment)
    }

    fn payment_get(&mut self, id: &str) -> Result<Payment, PaymentError> {
        self.reads()?;
        self.state.payment_get(id)
    }

    fn payment_find(&mut self, reference: &str) -> Result<Payment, PaymentError> {
        self.reads()?;
        self.state.payment_find(reference)
    }

    fn payment_list(&mut self, filter: PaymentFilter, page: Page) -> Result<List<Payment>, PaymentError> {
        self.reads()?;
        self.state.payment_list(filter, page)
    }

    fn payment_attempts(&mut self, id: &str) -> Result<Vec<Attempt>, PaymentError> {
        self.reads()?;
        self.state.payment_attempts(id)
    }

    fn payment_refunds(&mut self, id: &str) -> Result<Vec<Refund>, PaymentError> {
        self.reads()?;
        self.state.payment_refunds(id)
    }

    fn payment_cancel(&mut self, id: &str) -> Result<Payment, PaymentError> {
        self.writes()?;
        self.state.payment_cancel(id)
    }

    fn payment_fail(&mut self, id: &str, reason: Failure) -> Result<Payment, PaymentError> {
        self.writes()?;
        self.state.payment_fail(id, reason)
    }

    fn payment_refund(&mut self, refund: NewRefund) -> Result<Refund, PaymentError> {
        self.writes()?;
        self.state.payment_refund(refund)
    }

    fn payment_capture(&mut self, id: &str, amount: Option<Amount>) -> Result<String, PaymentError> {
        self.writes()?;
        self.state.payment_capture(id, amount)
    }

    fn payment_void(&mut self, id: &str) -> Result<String, PaymentError> {
        self.writes()?;
        self.state.payment_void(id)
    }

    fn signature_verify(
        &mut self,
        setting: &str,
        algorithm: Algorithm,
        message: &[u8],
        candidates: &[Vec<u8>],
    ) -> Result<bool, SignatureError> {
        self.reads().map_err(SignatureError::Denied)?;
        self.verify(setting, algorithm, message, candidates)
    }

    fn outbound_is_configured(&mut self, target: &str) -> Result<bool, OutboundError> {
        self.reads().map_err(OutboundError::Denied)?;
        self.missing_setting(target).map(|missing| missing.is_none())
    }

    fn outbound_send(&mut self, call: Call) -> Result<Answer, OutboundError> {
        if !self.in_job {
            return Err(OutboundError::NotInAJob);
        }
        if let Some(setting) = self.missing_setting(&call.target)? {
            return Err(OutboundError::NotConfigured(setting));
        }
        if !call.path.starts_with('/') {
            return Err(OutboundError::Refused(
                "the path does not start with `/`".to_owned(),
            ));
        }
        if let Tape::Play(recording) = &mut self.tape
            && let Some((recorded, _)) = recording.0.front()
            && *recorded == call
            && let Some((_, outcome)) = recording.0.pop_front()
        {
            return outcome;
        }
        let outcome = self.perform(&call);
        if let Tape::Record(recording) = &mut self.tape {
            recording.0.push_back((call, outcome.clone()));
        }
        outcome
    }
}
