//! Who answers the primitives when a plugin runs natively.
//!
//! [`crate::testing::TestHost`] is one; a benchmark can bring another, which stands on the real store, and run the very
//! same plugin code:
//!
//! ```text
//! let (response, backend) = with_backend(backend, || handle::<MyPlugin>(Outcome::Route(3), request));
//! ```

use std::any::Any;
use std::cell::RefCell;

pub use crate::dispatch::{Outcome, describe, describe_gateway, handle};

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

/// Every function that the contract imports, in the SDK's types. The functions of [`crate::users`] and its neighbours
/// say what each one does.
#[allow(missing_docs, reason = "each is documented where plugins call it")]
pub trait Backend: Any {
    fn now(&mut self) -> u64;
    fn random(&mut self, len: u32) -> Vec<u8>;
    fn log(&mut self, level: Level, message: &str);

    fn setting(&mut self, name: &str) -> Result<Option<String>, SettingsError>;
    fn setting_is_set(&mut self, name: &str) -> Result<bool, SettingsError>;

    fn user_create(&mut self, user: NewUser) -> Result<User, UserError>;
    fn user_get(&mut self, id: u64) -> Result<User, UserError>;
    fn user_find_by_email(&mut self, email: &str) -> Result<User, UserError>;
    fn user_find_by_external_ref(&mut self, external_ref: &str) -> Result<User, UserError>;
    fn user_update(&mut self, id: u64, changes: UserChanges) -> Result<User, UserError>;
    fn user_verify_password(&mut self, id: u64, password: &str) -> Result<bool, UserError>;
    fn user_list(&mut self, page: Page) -> Result<List<User>, UserError>;

    fn service_create(&mut self, service: NewService) -> Result<Service, ServiceError>;
    fn service_get(&mut self, id: &str) -> Result<Service, ServiceError>;
    fn service_find_by_external_ref(&mut self, external_ref: &str) -> Result<Service, ServiceError>;
    fn service_list(&mut self, filter: ServiceFilter, page: Page) -> Result<List<Service>, ServiceError>;
    fn service_update(&mut self, id: &str, changes: ServiceChanges) -> Result<Service, ServiceError>;
    fn service_activate(&mut self, id: &str) -> Result<Service, ServiceError>;
    fn service_suspend(&mut self, id: &str, by: Suspender) -> Result<Service, ServiceError>;
    fn service_unsuspend(&mut self, id: &str, by: Suspender) -> Result<Service, ServiceError>;
    fn service_terminate(&mut self, id: &str) -> Result<Service, ServiceError>;
    fn service_history(&mut self, id: &str) -> Result<Vec<Transition>, ServiceError>;

    fn ledger_post(&mut self, posting: NewPosting) -> Result<Posted, LedgerError>;
    fn ledger_get(&mut self, id: &str) -> Result<Posting, LedgerError>;
    fn ledger_find(&mut self, idempotency_key: &str) -> Result<Posting, LedgerError>;
    fn ledger_guard(&mut self, account: &str) -> Result<(), LedgerError>;
    fn ledger_balance(&mut self, account: &str, currency: &str) -> Result<Amount, LedgerError>;
    fn ledger_statement(
        &mut self,
        account: &str,
        currency: &str,
        page: Page,
    ) -> Result<List<StatementLine>, LedgerError>;

    fn record_create(&mut self, collection: &str, id: &str, data: &str) -> Result<Document, RecordError>;
    fn record_put(&mut self, collection: &str, id: &str, data: &str) -> Result<Document, RecordError>;
    fn record_get(&mut self, collection: &str, id: &str) -> Result<Document, RecordError>;
    fn record_delete(&mut self, collection: &str, id: &str) -> Result<(), RecordError>;
    fn record_next_number(&mut self, sequence: &str) -> Result<u64, RecordError>;
    fn record_list(
        &mut self,
        collection: &str,
        filter: Option<IndexValue>,
        page: Page,
    ) -> Result<List<Document>, RecordError>;

    fn job_schedule(&mut self, job: NewJob) -> Result<Scheduled, JobError>;
    fn job_cancel(&mut self, id: &str) -> Result<(), JobError>;

    fn event_emit(&mut self, event: NewEvent) -> Result<Emitted, EventError>;
    fn event_get(&mut self, id: &str) -> Result<Event, EventError>;
    fn event_find(&mut self, dedupe_key: &str) -> Result<Event, EventError>;
    fn event_list(&mut self, kind: Option<&str>, page: Page) -> Result<List<Event>, EventError>;

    fn endpoint_create(&mut self, endpoint: NewEndpoint) -> Result<Made, EndpointError>;
    fn endpoint_list(&mut self, page: Page) -> Result<List<Endpoint>, EndpointError>;
    fn endpoint_get(&mut self, id: &str) -> Result<Endpoint, EndpointError>;
    fn endpoint_update(&mut self, id: &str, changes: EndpointChanges) -> Result<Endpoint, EndpointError>;
    fn endpoint_delete(&mut self, id: &str) -> Result<(), EndpointError>;
    fn endpoint_rotate(&mut self, id: &str) -> Result<String, EndpointError>;
    fn endpoint_deliveries(
        &mut self,
        endpoint: Option<&str>,
        state: Option<DeliveryState>,
        page: Page,
    ) -> Result<List<Delivery>, EndpointError>;
    fn endpoint_redeliver(&mut self, delivery: &str) -> Result<Delivery, EndpointError>;
    fn endpoint_test(&mut self, endpoint: &str, kind: &str, data: &str) -> Result<Delivery, EndpointError>;

    fn key_mint(&mut self, key: NewKey) -> Result<Minted, KeyError>;

    fn payment_create(&mut self, payment: NewPayment) -> Result<Payment, PaymentError>;
    fn payment_get(&mut self, id: &str) -> Result<Payment, PaymentError>;
    fn payment_find(&mut self, reference: &str) -> Result<Payment, PaymentError>;
    fn payment_list(&mut self, filter: PaymentFilter, page: Page) -> Result<List<Payment>, PaymentError>;
    fn payment_attempts(&mut self, id: &str) -> Result<Vec<Attempt>, PaymentError>;
    fn payment_refunds(&mut self, id: &str) -> Result<Vec<Refund>, PaymentError>;
    fn payment_cancel(&mut self, id: &str) -> Result<Payment, PaymentError>;
    fn payment_fail(&mut self, id: &str, reason: Failure) -> Result<Payment, PaymentError>;
    fn payment_refund(&mut self, refund: NewRefund) -> Result<Refund, PaymentError>;
    fn payment_capture(&mut self, id: &str, amount: Option<Amount>) -> Result<String, PaymentError>;
    fn payment_void(&mut self, id: &str) -> Result<String, PaymentError>;

    fn signature_verify(
        &mut self,
        setting: &str,
        algorithm: Algorithm,
        message: &[u8],
        candidates: &[Vec<u8>],
    ) -> Result<bool, SignatureError>;

    fn outbound_is_configured(&mut self, target: &str) -> Result<bool, OutboundError>;
    fn outbound_send(&mut self, call: Call) -> Result<Answer, OutboundError>;
}

thread_local! {
    /// Written by `with_backend` only.
    static CURRENT: RefCell<Option<Box<dyn Backend>>> = const { RefCell::new(None) };
}

/// Runs `work` on this thread with `backend` behind the primitives, and gives the backend back.
///
/// It is moved rather than borrowed, because a thread-local cannot hold a borrow in safe code; a backend that must
/// outlive a panic of `work` keeps its state behind an `Rc` or `Arc`.
///
/// # Panics
/// When called from inside `work`.
pub fn with_backend<B: Backend, T>(backend: B, work: impl FnOnce() -> T) -> (T, B) {
    struct Clear;
    impl Drop for Clear {
        fn drop(&mut self) {
            CURRENT.with_borrow_mut(|current| *current = None);
        }
    }

    CURRENT.with_borrow_mut(|current| {
        assert!(current.is_none(), "a plugin is running on this thread already");
        *current = Some(Box::new(backend));
    });
    let clear = Clear;
    let result = work();
    let backend: Box<dyn Any> = CURRENT
        .with_borrow_mut(Option::take)
        .expect("only `with_backend` takes the backend out");
    drop(clear);
    (
        result,
        *backend.downcast().expect("it is the backend that was put in"),
    )
}

pub(crate) fn current<T>(call: impl FnOnce(&mut dyn Backend) -> T) -> T {
    CURRENT.with_borrow_mut(|current| {
        call(current.as_deref_mut().expect(
            "a primitive was called outside a host: natively, run the plugin in `testing::TestHost` or `with_backend`",
        ))
    })
}
