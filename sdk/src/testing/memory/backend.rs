//! What plugins call, handed to the part that keeps its rules.

use mooring_manifest::SettingKind;

use super::{Memory, Tape, paged};
use crate::backend::Backend;
use crate::endpoints::{
    Delivery, DeliveryState, Endpoint, EndpointChanges, EndpointError, Made, NewEndpoint,
};
use crate::jobs::{JobError, NewJob, Scheduled};
use crate::keys::{KeyError, Minted, NewKey};
use crate::ledger::{LedgerError, NewPosting, Posted, Posting, StatementLine};
use crate::log::Level;
use crate::money::Amount;
use crate::outbound::{Answer, Call, OutboundError};
use crate::page::{List, Page};
use crate::payments::{
    Attempt, Failure, NewPayment, NewRefund, Payment, PaymentError, PaymentFilter, Refund,
};
use crate::records::{Document, IndexValue, RecordError};
use crate::services::{
    NewService, Service, ServiceChanges, ServiceError, ServiceFilter, Suspender, Transition,
};
use crate::settings::SettingsError;
use crate::signatures::{Algorithm, SignatureError};
use crate::users::{NewUser, User, UserChanges, UserError};
use crate::webhooks::{Emitted, Event, EventError, NewEvent};

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

    fn record_next_number(&mut self, sequence: &str) -> Result<u64, RecordError> {
        self.writes()?;
        self.state.record_next_number(sequence)
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

    fn endpoint_create(&mut self, endpoint: NewEndpoint) -> Result<Made, EndpointError> {
        self.writes()?;
        self.state.endpoint_create(&self.manifest, endpoint)
    }

    fn endpoint_list(&mut self, page: Page) -> Result<List<Endpoint>, EndpointError> {
        self.reads()?;
        self.state.endpoint_list(page)
    }

    fn endpoint_get(&mut self, id: &str) -> Result<Endpoint, EndpointError> {
        self.reads()?;
        self.state.endpoint_get(id)
    }

    fn endpoint_update(&mut self, id: &str, changes: EndpointChanges) -> Result<Endpoint, EndpointError> {
        self.writes()?;
        self.state.endpoint_update(id, changes)
    }

    fn endpoint_delete(&mut self, id: &str) -> Result<(), EndpointError> {
        self.writes()?;
        self.state.endpoint_delete(id)
    }

    fn endpoint_rotate(&mut self, id: &str) -> Result<String, EndpointError> {
        self.writes()?;
        self.state.endpoint_rotate(id)
    }

    fn endpoint_deliveries(
        &mut self,
        endpoint: Option<&str>,
        state: Option<DeliveryState>,
        page: Page,
    ) -> Result<List<Delivery>, EndpointError> {
        self.reads()?;
        self.state.endpoint_deliveries(endpoint, state, page)
    }

    fn endpoint_redeliver(&mut self, delivery: &str) -> Result<Delivery, EndpointError> {
        self.writes()?;
        self.state.endpoint_redeliver(delivery)
    }

    fn endpoint_test(&mut self, endpoint: &str, kind: &str, data: &str) -> Result<Delivery, EndpointError> {
        self.writes()?;
        self.state.endpoint_test(endpoint, kind, data)
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
