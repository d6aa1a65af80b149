//! The imports, in the SDK's types. One function each, so that what a plugin does not use is not linked.

use super::bindings::mooring::plugin as wit;
use super::convert::{self, Convert};
use super::gateway_bindings::mooring::plugin::signatures;
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

macro_rules! imports {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty = $call:expr;)*) => {
        $(
            #[inline]
            pub(crate) fn $name($($argument: $type),*) -> $result {
                $call.convert()
            }
        )*
    };
}

#[inline]
pub(crate) fn now() -> u64 {
    wit::context::now()
}

#[inline]
pub(crate) fn random(len: u32) -> Vec<u8> {
    wit::context::random(len)
}

#[inline]
pub(crate) fn log(level: Level, message: &str) {
    wit::log::write(convert::level(level), message);
}

imports! {
    setting(name: &str) -> Result<Option<String>, SettingsError> = wit::settings::get(name);
    setting_is_set(name: &str) -> Result<bool, SettingsError> = wit::settings::is_set(name);

    user_create(user: NewUser) -> Result<User, UserError> = wit::users::create(&user.convert());
    user_get(id: u64) -> Result<User, UserError> = wit::users::get(id);
    user_find_by_email(email: &str) -> Result<User, UserError> = wit::users::find_by_email(email);
    user_find_by_external_ref(external_ref: &str) -> Result<User, UserError> =
        wit::users::find_by_external_ref(external_ref);
    user_update(id: u64, changes: UserChanges) -> Result<User, UserError> =
        wit::users::update(id, &changes.convert());
    user_verify_password(id: u64, password: &str) -> Result<bool, UserError> =
        wit::users::verify_password(id, password);
    user_list(page: Page) -> Result<List<User>, UserError> = wit::users::list(page.convert());

    service_create(service: NewService) -> Result<Service, ServiceError> =
        wit::services::create(&service.convert());
    service_get(id: &str) -> Result<Service, ServiceError> = wit::services::get(id);
    service_find_by_external_ref(external_ref: &str) -> Result<Service, ServiceError> =
        wit::services::find_by_external_ref(external_ref);
    service_list(filter: ServiceFilter, page: Page) -> Result<List<Service>, ServiceError> =
        wit::services::list(filter.convert(), page.convert());
    service_update(id: &str, changes: ServiceChanges) -> Result<Service, ServiceError> =
        wit::services::update(id, &changes.convert());
    service_activate(id: &str) -> Result<Service, ServiceError> = wit::services::activate(id);
    service_suspend(id: &str, by: Suspender) -> Result<Service, ServiceError> =
        wit::services::suspend(id, by.convert());
    service_unsuspend(id: &str, by: Suspender) -> Result<Service, ServiceError> =
        wit::services::unsuspend(id, by.convert());
    service_terminate(id: &str) -> Result<Service, ServiceError> = wit::services::terminate(id);
    service_history(id: &str) -> Result<Vec<Transition>, ServiceError> = wit::services::history(id);

    ledger_post(posting: NewPosting) -> Result<Posted, LedgerError> = wit::ledger::post(&posting.convert());
    ledger_get(id: &str) -> Result<Posting, LedgerError> = wit::ledger::get(id);
    ledger_find(idempotency_key: &str) -> Result<Posting, LedgerError> = wit::ledger::find(idempotency_key);
    ledger_guard(account: &str) -> Result<(), LedgerError> = wit::ledger::guard(account);
    ledger_balance(account: &str, currency: &str) -> Result<Amount, LedgerError> =
        wit::ledger::balance(account, currency);
    ledger_statement(account: &str, currency: &str, page: Page) -> Result<List<StatementLine>, LedgerError> =
        wit::ledger::statement(account, currency, page.convert());

    record_create(collection: &str, id: &str, data: &str) -> Result<Document, RecordError> =
        wit::records::create(collection, id, data);
    record_put(collection: &str, id: &str, data: &str) -> Result<Document, RecordError> =
        wit::records::put(collection, id, data);
    record_get(collection: &str, id: &str) -> Result<Document, RecordError> = wit::records::get(collection, id);
    record_next_number(sequence: &str) -> Result<u64, RecordError> = wit::records::next_number(sequence);
    record_delete(collection: &str, id: &str) -> Result<(), RecordError> = wit::records::delete(collection, id);
    record_list(collection: &str, filter: Option<IndexValue>, page: Page) -> Result<List<Document>, RecordError> =
        wit::records::list(collection, filter.convert().as_ref(), page.convert());

    job_schedule(job: NewJob) -> Result<Scheduled, JobError> = wit::jobs::schedule(&job.convert());
    job_cancel(id: &str) -> Result<(), JobError> = wit::jobs::cancel(id);

    event_emit(event: NewEvent) -> Result<Emitted, EventError> = wit::webhooks::emit(&event.convert());
    event_get(id: &str) -> Result<Event, EventError> = wit::webhooks::get(id);
    event_find(dedupe_key: &str) -> Result<Event, EventError> = wit::webhooks::find(dedupe_key);
    event_list(kind: Option<&str>, page: Page) -> Result<List<Event>, EventError> =
        wit::webhooks::list(kind, page.convert());

    endpoint_create(endpoint: NewEndpoint) -> Result<Made, EndpointError> =
        wit::endpoints::create(&endpoint.convert());
    endpoint_list(page: Page) -> Result<List<Endpoint>, EndpointError> = wit::endpoints::list(page.convert());
    endpoint_get(id: &str) -> Result<Endpoint, EndpointError> = wit::endpoints::get(id);
    endpoint_update(id: &str, changes: EndpointChanges) -> Result<Endpoint, EndpointError> =
        wit::endpoints::update(id, &changes.convert());
    endpoint_delete(id: &str) -> Result<(), EndpointError> = wit::endpoints::delete(id);
    endpoint_rotate(id: &str) -> Result<String, EndpointError> = wit::endpoints::rotate(id);
    endpoint_deliveries(endpoint: Option<&str>, state: Option<DeliveryState>, page: Page)
        -> Result<List<Delivery>, EndpointError> =
        wit::endpoints::deliveries(endpoint, state.convert(), page.convert());
    endpoint_redeliver(delivery: &str) -> Result<Delivery, EndpointError> = wit::endpoints::redeliver(delivery);
    endpoint_test(endpoint: &str, kind: &str, data: &str) -> Result<Delivery, EndpointError> =
        wit::endpoints::test(endpoint, kind, data);

    key_mint(key: NewKey) -> Result<Minted, KeyError> = wit::keys::mint(&key.convert());

    payment_create(payment: NewPayment) -> Result<Payment, PaymentError> = wit::payments::create(&payment.convert());
    payment_get(id: &str) -> Result<Payment, PaymentError> = wit::payments::get(id);
    payment_find(reference: &str) -> Result<Payment, PaymentError> = wit::payments::find(reference);
    payment_list(filter: PaymentFilter, page: Page) -> Result<List<Payment>, PaymentError> =
        wit::payments::list(filter.convert(), page.convert());
    payment_attempts(id: &str) -> Result<Vec<Attempt>, PaymentError> = wit::payments::attempts(id);
    payment_refunds(id: &str) -> Result<Vec<Refund>, PaymentError> = wit::payments::refunds(id);
    payment_cancel(id: &str) -> Result<Payment, PaymentError> = wit::payments::cancel(id);
    payment_fail(id: &str, reason: Failure) -> Result<Payment, PaymentError> =
        wit::payments::fail(id, &reason.convert());
    payment_refund(refund: NewRefund) -> Result<Refund, PaymentError> = wit::payments::request_refund(&refund.convert());
    payment_capture(id: &str, amount: Option<Amount>) -> Result<String, PaymentError> =
        wit::payments::capture(id, amount.convert().as_ref());
    payment_void(id: &str) -> Result<String, PaymentError> = wit::payments::void(id);

    signature_verify(setting: &str, algorithm: Algorithm, message: &[u8], candidates: &[Vec<u8>])
        -> Result<bool, SignatureError> =
        signatures::verify(setting, algorithm.convert(), message, candidates);

    outbound_is_configured(target: &str) -> Result<bool, OutboundError> = wit::outbound::is_configured(target);
    outbound_send(call: Call) -> Result<Answer, OutboundError> = wit::outbound::send(&call.convert());
}
