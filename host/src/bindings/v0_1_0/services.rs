//! `services`

use mooring_core::ids::{ServiceId, UserId};
use mooring_core::services as core;
use mooring_core::time::Timestamp;

use super::wit::mooring::plugin::services::{
    Host, NewService, Service, ServiceChanges, ServiceError, ServiceFilter, ServicePage, Status, Suspender,
    Transition,
};
use super::{common_errors, types};
use crate::bindings::Desk;

impl Host for Desk {
    fn create(&mut self, service: NewService) -> Result<Service, ServiceError> {
        self.check_record("metadata", &service.metadata)?;
        Ok(core::create(self.write()?, service.into())?.into())
    }

    fn get(&mut self, id: String) -> Result<Service, ServiceError> {
        Ok(core::get(self.read()?, &parse(&id)?)?.into())
    }

    fn find_by_external_ref(&mut self, external_ref: String) -> Result<Service, ServiceError> {
        Ok(core::find_by_external_ref(self.read()?, &external_ref)?.into())
    }

    fn list(&mut self, filter: ServiceFilter, page: types::Page) -> Result<ServicePage, ServiceError> {
        let filter = core::ServiceFilter {
            user: filter.user.map(UserId),
            status: filter.status.map(core::Status::from),
        };
        let listing = core::list(self.read()?, filter, page.into())?;
        Ok(ServicePage {
            items: listing.items.into_iter().map(Service::from).collect(),
            total: listing.total,
        })
    }

    fn update(&mut self, id: String, changes: ServiceChanges) -> Result<Service, ServiceError> {
        self.check_record("metadata", changes.metadata.as_deref().unwrap_or_default())?;
        Ok(core::update(self.write()?, &parse(&id)?, changes.into())?.into())
    }

    fn activate(&mut self, id: String) -> Result<Service, ServiceError> {
        Ok(core::activate(self.write()?, &parse(&id)?)?.into())
    }

    fn suspend(&mut self, id: String, by: Suspender) -> Result<Service, ServiceError> {
        Ok(core::suspend(self.write()?, &parse(&id)?, by.into())?.into())
    }

    fn unsuspend(&mut self, id: String, by: Suspender) -> Result<Service, ServiceError> {
        Ok(core::unsuspend(self.write()?, &parse(&id)?, by.into())?.into())
    }

    fn terminate(&mut self, id: String) -> Result<Service, ServiceError> {
        Ok(core::terminate(self.write()?, &parse(&id)?)?.into())
    }

    fn history(&mut self, id: String) -> Result<Vec<Transition>, ServiceError> {
        let history = core::history(self.read()?, &parse(&id)?)?;
        Ok(history.into_iter().map(Transition::from).collect())
    }
}

/// What is no id is nobody's id.
fn parse(id: &str) -> Result<ServiceId, ServiceError> {
    ServiceId::parse(id).map_err(|_| ServiceError::NotFound)
}

impl From<core::Service> for Service {
    fn from(service: core::Service) -> Service {
        Service {
            id: service.id.to_string(),
            user: service.user.0,
            status: service.status.into(),
            suspended_by: service.suspended_by.map(Suspender::from),
            product: service.product,
            label: service.label,
            external_ref: service.external_ref,
            metadata: service.metadata.as_str().to_owned(),
            created_at: service.created_at.millis(),
            updated_at: service.updated_at.millis(),
            terminated_at: service.terminated_at.map(Timestamp::millis),
            extensions: Vec::new(),
        }
    }
}

impl From<NewService> for core::NewService {
    fn from(service: NewService) -> core::NewService {
        core::NewService {
            user: UserId(service.user),
            product: service.product,
            label: service.label,
            external_ref: service.external_ref,
            metadata: service.metadata,
        }
    }
}

impl From<ServiceChanges> for core::ServiceChanges {
    fn from(changes: ServiceChanges) -> core::ServiceChanges {
        core::ServiceChanges {
            product: changes.product,
            label: changes.label,
            external_ref: changes.external_ref,
            metadata: changes.metadata,
        }
    }
}

impl From<core::Transition> for Transition {
    fn from(transition: core::Transition) -> Transition {
        Transition {
            at: transition.at.millis(),
            from: transition.from.into(),
            to: transition.to.into(),
            by: transition.by.map(Suspender::from),
        }
    }
}

impl From<core::Status> for Status {
    fn from(status: core::Status) -> Status {
        match status {
            core::Status::Pending => Status::Pending,
            core::Status::Active => Status::Active,
            core::Status::Suspended => Status::Suspended,
            core::Status::Terminated => Status::Terminated,
        }
    }
}

impl From<Status> for core::Status {
    fn from(status: Status) -> core::Status {
        match status {
            Status::Pending => core::Status::Pending,
            Status::Active => core::Status::Active,
            Status::Suspended => core::Status::Suspended,
            Status::Terminated => core::Status::Terminated,
        }
    }
}

impl From<core::Suspender> for Suspender {
    fn from(suspender: core::Suspender) -> Suspender {
        match suspender {
            core::Suspender::Operator => Suspender::Operator,
            core::Suspender::User => Suspender::User,
            core::Suspender::System => Suspender::System,
        }
    }
}

impl From<Suspender> for core::Suspender {
    fn from(suspender: Suspender) -> core::Suspender {
        match suspender {
            Suspender::Operator => core::Suspender::Operator,
            Suspender::User => core::Suspender::User,
            Suspender::System => core::Suspender::System,
        }
    }
}

common_errors!(ServiceError);

impl From<core::ServiceError> for ServiceError {
    fn from(error: core::ServiceError) -> ServiceError {
        match error {
            core::ServiceError::NotFound => ServiceError::NotFound,
            core::ServiceError::UnknownUser(user) => ServiceError::UnknownUser(user.0),
            core::ServiceError::ExternalRefTaken(id) => ServiceError::ExternalRefTaken(id.to_string()),
            core::ServiceError::WrongStatus(status) => ServiceError::WrongStatus(status.into()),
            core::ServiceError::NotYoursToLift(suspender) => ServiceError::NotYoursToLift(suspender.into()),
            core::ServiceError::Invalid(invalid) => invalid.into(),
            core::ServiceError::Store(error) => error.into(),
        }
    }
}
