//! The primitives behind a plugin that runs natively: those that the measured routes use, on the host's core.

use std::sync::Arc;

use mooring_core::ids::{ServiceId, UserId};
use mooring_core::work::Work;
use mooring_core::{events, ledger, page, records, services, settings, users};
use mooring_manifest::Manifest;
use mooring_sdk::backend::Backend;
use mooring_sdk::money::Amount;
use mooring_sdk::{List, Order, Page};
use mooring_sdk::{
    endpoints, jobs, keys, ledger as sdk_ledger, log, outbound, payments, records as sdk_records,
    services as sdk_services, settings as sdk_settings, signatures, users as sdk_users, webhooks,
};

use crate::bills;

/// One run's.
pub(crate) struct Primitives {
    pub(crate) work: Work,
    pub(crate) manifest: Arc<Manifest>,
}

/// What no measured route asks for.
macro_rules! unused {
    ($(fn $name:ident(&mut self $(, $argument:ident: $type:ty)*) $(-> $result:ty)?;)*) => {
        $(fn $name(&mut self $(, $argument: $type)*) $(-> $result)? {
            $(let _ = $argument;)*
            unreachable!("no measured route calls {}", stringify!($name))
        })*
    };
}

impl Backend for Primitives {
    fn now(&mut self) -> u64 {
        self.work.now().millis()
    }

    fn random(&mut self, len: u32) -> Vec<u8> {
        self.work.random(len as usize)
    }

    fn log(&mut self, _: log::Level, _: &str) {}

    fn setting(&mut self, name: &str) -> Result<Option<String>, sdk_settings::SettingsError> {
        settings::get(&mut self.work, &self.manifest.settings, name)
            .map_err(|error| sdk_settings::SettingsError::Internal(error.to_string()))
    }

    fn setting_is_set(&mut self, name: &str) -> Result<bool, sdk_settings::SettingsError> {
        settings::is_set(&mut self.work, &self.manifest.settings, name)
            .map_err(|error| sdk_settings::SettingsError::Internal(error.to_string()))
    }

    fn user_get(&mut self, id: u64) -> Result<sdk_users::User, sdk_users::UserError> {
        users::get(&mut self.work, UserId(id))
            .map(user)
            .map_err(user_error)
    }

    fn user_find_by_email(&mut self, email: &str) -> Result<sdk_users::User, sdk_users::UserError> {
        users::find_by_email(&mut self.work, email)
            .map(user)
            .map_err(user_error)
    }

    fn service_get(&mut self, id: &str) -> Result<sdk_services::Service, sdk_services::ServiceError> {
        let id = ServiceId::parse(id).map_err(|_| sdk_services::ServiceError::NotFound)?;
        match services::get(&mut self.work, &id) {
            Ok(found) => Ok(service(found)),
            Err(services::ServiceError::NotFound) => Err(sdk_services::ServiceError::NotFound),
            Err(error) => Err(sdk_services::ServiceError::Internal(error.to_string())),
        }
    }

    fn ledger_post(
        &mut self,
        posting: sdk_ledger::NewPosting,
    ) -> Result<sdk_ledger::Posted, sdk_ledger::LedgerError> {
        let entries = posting.entries.iter().map(|entry| ledger::NewEntry {
            account: entry.account.clone(),
            direction: match entry.direction {
                sdk_ledger::Direction::Debit => ledger::Direction::Debit,
                sdk_ledger::Direction::Credit => ledger::Direction::Credit,
            },
            minor: entry.amount.minor,
            currency: entry.amount.currency.clone(),
            exponent: entry.amount.exponent,
        });
        let new = ledger::NewPosting {
            idempotency_key: posting.idempotency_key.clone(),
            description: posting.description.clone(),
            entries: entries.collect(),
            metadata: posting.metadata.clone(),
        };
        let posted = ledger::post(&mut self.work, new)
            .map_err(|error| sdk_ledger::LedgerError::Internal(error.to_string()))?;
        let made = posted.posting;
        let entries = made.entries.into_iter().map(|entry| sdk_ledger::Entry {
            account: entry.account,
            direction: match entry.direction {
                ledger::Direction::Debit => sdk_ledger::Direction::Debit,
                ledger::Direction::Credit => sdk_ledger::Direction::Credit,
            },
            amount: Amount {
                minor: entry.amount.minor,
                currency: entry.amount.currency.code().to_owned(),
                exponent: entry.amount.currency.exponent(),
            },
        });
        let posting = sdk_ledger::Posting {
            id: made.id.to_string(),
            idempotency_key: made.idempotency_key,
            description: made.description,
            entries: entries.collect(),
            metadata: made.metadata.as_str().to_owned(),
            created_at: made.created_at.millis(),
            sequence: made.sequence,
        };
        Ok(sdk_ledger::Posted {
            posting,
            repeated: posted.repeated,
        })
    }

    fn record_create(
        &mut self,
        collection: &str,
        id: &str,
        data: &str,
    ) -> Result<sdk_records::Document, sdk_records::RecordError> {
        records::create(&mut self.work, &self.manifest.collections, collection, id, data)
            .map(document)
            .map_err(record_error)
    }

    fn record_put(
        &mut self,
        collection: &str,
        id: &str,
        data: &str,
    ) -> Result<sdk_records::Document, sdk_records::RecordError> {
        records::put(&mut self.work, &self.manifest.collections, collection, id, data)
            .map(document)
            .map_err(record_error)
    }

    fn record_get(
        &mut self,
        collection: &str,
        id: &str,
    ) -> Result<sdk_records::Document, sdk_records::RecordError> {
        records::get(&mut self.work, &self.manifest.collections, collection, id)
            .map(document)
            .map_err(record_error)
    }

    fn record_list(
        &mut self,
        collection: &str,
        filter: Option<sdk_records::IndexValue>,
        page: Page,
    ) -> Result<List<sdk_records::Document>, sdk_records::RecordError> {
        let filter = filter.map(|filter| records::IndexValue {
            index: filter.index,
            value: filter.value,
        });
        let page = page::Page {
            offset: page.offset,
            limit: page.limit,
            order: match page.order {
                Order::OldestFirst => page::Order::OldestFirst,
                Order::NewestFirst => page::Order::NewestFirst,
            },
        };
        let declared = &self.manifest.collections;
        let listed = records::list(&mut self.work, declared, collection, filter.as_ref(), page)
            .map_err(record_error)?
            .map(document);
        Ok(List {
            items: listed.items,
            total: listed.total,
        })
    }

    fn payment_create(
        &mut self,
        new: payments::NewPayment,
    ) -> Result<payments::Payment, payments::PaymentError> {
        bills::create(&mut self.work, new)
    }

    fn event_emit(&mut self, event: webhooks::NewEvent) -> Result<webhooks::Emitted, webhooks::EventError> {
        let new = events::NewEvent {
            kind: event.kind,
            subject: event.subject,
            data: event.data,
            dedupe_key: event.dedupe_key,
            deliver: event.deliver,
        };
        let emitted = events::emit(&mut self.work, new)
            .map_err(|error| webhooks::EventError::Internal(error.to_string()))?;
        let event = webhooks::Event {
            id: emitted.event.id.to_string(),
            kind: emitted.event.kind,
            subject: emitted.event.subject,
            data: emitted.event.data.as_str().to_owned(),
            created_at: emitted.event.created_at.millis(),
        };
        Ok(webhooks::Emitted {
            event,
            repeated: emitted.repeated,
        })
    }

    unused! {
        fn user_create(&mut self, new: sdk_users::NewUser) -> Result<sdk_users::User, sdk_users::UserError>;
        fn user_find_by_external_ref(&mut self, text: &str) -> Result<sdk_users::User, sdk_users::UserError>;
        fn user_update(&mut self, id: u64, changes: sdk_users::UserChanges) -> Result<sdk_users::User, sdk_users::UserError>;
        fn user_verify_password(&mut self, id: u64, password: &str) -> Result<bool, sdk_users::UserError>;
        fn user_list(&mut self, page: Page) -> Result<List<sdk_users::User>, sdk_users::UserError>;
        fn service_create(&mut self, new: sdk_services::NewService) -> Result<sdk_services::Service, sdk_services::ServiceError>;
        fn service_find_by_external_ref(&mut self, text: &str) -> Result<sdk_services::Service, sdk_services::ServiceError>;
        fn service_list(&mut self, filter: sdk_services::ServiceFilter, page: Page) -> Result<List<sdk_services::Service>, sdk_services::ServiceError>;
        fn service_update(&mut self, id: &str, changes: sdk_services::ServiceChanges) -> Result<sdk_services::Service, sdk_services::ServiceError>;
        fn service_activate(&mut self, id: &str) -> Result<sdk_services::Service, sdk_services::ServiceError>;
        fn service_suspend(&mut self, id: &str, by: sdk_services::Suspender) -> Result<sdk_services::Service, sdk_services::ServiceError>;
        fn service_unsuspend(&mut self, id: &str, by: sdk_services::Suspender) -> Result<sdk_services::Service, sdk_services::ServiceError>;
        fn service_terminate(&mut self, id: &str) -> Result<sdk_services::Service, sdk_services::ServiceError>;
        fn service_history(&mut self, id: &str) -> Result<Vec<sdk_services::Transition>, sdk_services::ServiceError>;
        fn ledger_get(&mut self, id: &str) -> Result<sdk_ledger::Posting, sdk_ledger::LedgerError>;
        fn ledger_find(&mut self, key: &str) -> Result<sdk_ledger::Posting, sdk_ledger::LedgerError>;
        fn ledger_guard(&mut self, account: &str) -> Result<(), sdk_ledger::LedgerError>;
        fn ledger_balance(&mut self, account: &str, currency: &str) -> Result<Amount, sdk_ledger::LedgerError>;
        fn ledger_statement(&mut self, account: &str, currency: &str, page: Page) -> Result<List<sdk_ledger::StatementLine>, sdk_ledger::LedgerError>;
        fn record_next_number(&mut self, sequence: &str) -> Result<u64, sdk_records::RecordError>;
        fn record_delete(&mut self, collection: &str, id: &str) -> Result<(), sdk_records::RecordError>;
        fn job_schedule(&mut self, job: jobs::NewJob) -> Result<jobs::Scheduled, jobs::JobError>;
        fn job_cancel(&mut self, id: &str) -> Result<(), jobs::JobError>;
        fn event_get(&mut self, id: &str) -> Result<webhooks::Event, webhooks::EventError>;
        fn event_find(&mut self, key: &str) -> Result<webhooks::Event, webhooks::EventError>;
        fn event_list(&mut self, kind: Option<&str>, page: Page) -> Result<List<webhooks::Event>, webhooks::EventError>;
        fn endpoint_create(&mut self, endpoint: endpoints::NewEndpoint) -> Result<endpoints::Made, endpoints::EndpointError>;
        fn endpoint_list(&mut self, page: Page) -> Result<List<endpoints::Endpoint>, endpoints::EndpointError>;
        fn endpoint_get(&mut self, id: &str) -> Result<endpoints::Endpoint, endpoints::EndpointError>;
        fn endpoint_update(&mut self, id: &str, changes: endpoints::EndpointChanges) -> Result<endpoints::Endpoint, endpoints::EndpointError>;
        fn endpoint_delete(&mut self, id: &str) -> Result<(), endpoints::EndpointError>;
        fn endpoint_rotate(&mut self, id: &str) -> Result<String, endpoints::EndpointError>;
        fn endpoint_deliveries(&mut self, endpoint: Option<&str>, state: Option<endpoints::DeliveryState>, page: Page) -> Result<List<endpoints::Delivery>, endpoints::EndpointError>;
        fn endpoint_redeliver(&mut self, delivery: &str) -> Result<endpoints::Delivery, endpoints::EndpointError>;
        fn endpoint_test(&mut self, endpoint: &str, kind: &str, data: &str) -> Result<endpoints::Delivery, endpoints::EndpointError>;
        fn key_mint(&mut self, key: keys::NewKey) -> Result<keys::Minted, keys::KeyError>;
        fn payment_get(&mut self, id: &str) -> Result<payments::Payment, payments::PaymentError>;
        fn payment_find(&mut self, reference: &str) -> Result<payments::Payment, payments::PaymentError>;
        fn payment_list(&mut self, filter: payments::PaymentFilter, page: Page) -> Result<List<payments::Payment>, payments::PaymentError>;
        fn payment_attempts(&mut self, id: &str) -> Result<Vec<payments::Attempt>, payments::PaymentError>;
        fn payment_refunds(&mut self, id: &str) -> Result<Vec<payments::Refund>, payments::PaymentError>;
        fn payment_cancel(&mut self, id: &str) -> Result<payments::Payment, payments::PaymentError>;
        fn payment_fail(&mut self, id: &str, reason: payments::Failure) -> Result<payments::Payment, payments::PaymentError>;
        fn payment_refund(&mut self, new: payments::NewRefund) -> Result<payments::Refund, payments::PaymentError>;
        fn payment_capture(&mut self, id: &str, amount: Option<Amount>) -> Result<String, payments::PaymentError>;
        fn payment_void(&mut self, id: &str) -> Result<String, payments::PaymentError>;
        fn signature_verify(&mut self, setting: &str, algorithm: signatures::Algorithm, message: &[u8], candidates: &[Vec<u8>]) -> Result<bool, signatures::SignatureError>;
        fn outbound_is_configured(&mut self, target: &str) -> Result<bool, outbound::OutboundError>;
        fn outbound_send(&mut self, call: outbound::Call) -> Result<outbound::Answer, outbound::OutboundError>;
    }
}

fn document(record: records::Record) -> sdk_records::Document {
    sdk_records::Document {
        id: record.id,
        data: record.data.as_str().to_owned(),
        created_at: record.created_at.millis(),
        updated_at: record.updated_at.millis(),
    }
}

fn record_error(error: records::RecordError) -> sdk_records::RecordError {
    sdk_records::RecordError::Internal(error.to_string())
}

fn user(user: users::User) -> sdk_users::User {
    sdk_users::User {
        id: user.id.0,
        has_password: user.has_password(),
        email: user.email,
        name: user.name,
        role: user.role,
        external_ref: user.external_ref,
        metadata: user.metadata.as_str().to_owned(),
        created_at: user.created_at.millis(),
        updated_at: user.updated_at.millis(),
    }
}

fn user_error(error: users::UserError) -> sdk_users::UserError {
    match error {
        users::UserError::NotFound => sdk_users::UserError::NotFound,
        error => sdk_users::UserError::Internal(error.to_string()),
    }
}

fn service(service: services::Service) -> sdk_services::Service {
    let suspender = |by| match by {
        services::Suspender::Operator => sdk_services::Suspender::Operator,
        services::Suspender::User => sdk_services::Suspender::User,
        services::Suspender::System => sdk_services::Suspender::System,
    };
    sdk_services::Service {
        id: service.id.to_string(),
        user: service.user.0,
        status: match service.status {
            services::Status::Pending => sdk_services::Status::Pending,
            services::Status::Active => sdk_services::Status::Active,
            services::Status::Suspended => sdk_services::Status::Suspended,
            services::Status::Terminated => sdk_services::Status::Terminated,
        },
        suspended_by: service.suspended_by.map(suspender),
        product: service.product,
        label: service.label,
        external_ref: service.external_ref,
        metadata: service.metadata.as_str().to_owned(),
        created_at: service.created_at.millis(),
        updated_at: service.updated_at.millis(),
        terminated_at: service.terminated_at.map(mooring_core::time::Timestamp::millis),
    }
}
