//! Services and their state machine.

use super::{State, length, object, object_or_empty, paged};
use crate::page::{List, Page};
use crate::problem::Denial;
use crate::services::{
    NewService, Service, ServiceChanges, ServiceError, ServiceFilter, Status, Suspender, Transition,
};

impl From<Denial> for ServiceError {
    fn from(denial: Denial) -> ServiceError {
        ServiceError::Denied(denial)
    }
}

impl State {
    pub(super) fn service(&self, id: &str) -> Result<&Service, ServiceError> {
        self.services
            .iter()
            .find(|service| service.id == id)
            .ok_or(ServiceError::NotFound)
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Service)) -> Result<Service, ServiceError> {
        let now = self.now;
        let service = self
            .services
            .iter_mut()
            .find(|service| service.id == id)
            .ok_or(ServiceError::NotFound)?;
        change(service);
        service.updated_at = now;
        Ok(service.clone())
    }

    fn step(&mut self, id: &str, to: Status, by: Option<Suspender>) -> Result<Service, ServiceError> {
        let (at, from) = (self.now, self.service(id)?.status);
        self.histories
            .entry(id.to_owned())
            .or_default()
            .push(Transition { at, from, to, by });
        self.change(id, |service| {
            service.status = to;
            service.suspended_by = by.filter(|_| to == Status::Suspended);
            service.terminated_at = (to == Status::Terminated).then_some(at);
        })
    }

    fn check_ref(&self, id: &str, external_ref: Option<&str>) -> Result<(), ServiceError> {
        let Some(external_ref) = external_ref else {
            return Ok(());
        };
        length("external-ref", external_ref, 1..=200).map_err(ServiceError::Invalid)?;
        let other = self
            .services
            .iter()
            .find(|other| other.external_ref.as_deref() == Some(external_ref));
        match other {
            Some(other) if other.id != id => Err(ServiceError::ExternalRefTaken(other.id.clone())),
            _ => Ok(()),
        }
    }

    pub(super) fn service_create(&mut self, new: NewService) -> Result<Service, ServiceError> {
        self.user_get(new.user)
            .map_err(|_| ServiceError::UnknownUser(new.user))?;
        length("product", &new.product, 0..=200).map_err(ServiceError::Invalid)?;
        length("label", &new.label, 0..=253).map_err(ServiceError::Invalid)?;
        let metadata = object_or_empty("metadata", &new.metadata).map_err(ServiceError::Invalid)?;
        self.check_ref("", new.external_ref.as_deref())?;
        let service = Service {
            id: self.id("svc"),
            user: new.user,
            status: Status::Pending,
            suspended_by: None,
            product: new.product,
            label: new.label,
            external_ref: new.external_ref,
            metadata,
            created_at: self.now,
            updated_at: self.now,
            terminated_at: None,
        };
        self.services.push(service.clone());
        Ok(service)
    }

    pub(super) fn service_list(
        &self,
        filter: ServiceFilter,
        page: Page,
    ) -> Result<List<Service>, ServiceError> {
        let matching: Vec<&Service> = self
            .services
            .iter()
            .filter(|service| filter.user.is_none_or(|user| service.user == user))
            .filter(|service| filter.status.is_none_or(|status| service.status == status))
            .collect();
        paged(&matching, page).map_err(ServiceError::Invalid)
    }

    pub(super) fn service_update(
        &mut self,
        id: &str,
        changes: ServiceChanges,
    ) -> Result<Service, ServiceError> {
        self.service(id)?;
        self.check_ref(id, changes.external_ref.as_deref())?;
        if let Some(product) = &changes.product {
            length("product", product, 0..=200).map_err(ServiceError::Invalid)?;
        }
        if let Some(label) = &changes.label {
            length("label", label, 0..=253).map_err(ServiceError::Invalid)?;
        }
        if let Some(metadata) = &changes.metadata {
            object("metadata", metadata).map_err(ServiceError::Invalid)?;
        }
        self.change(id, |service| {
            service.product = changes.product.unwrap_or_else(|| service.product.clone());
            service.label = changes.label.unwrap_or_else(|| service.label.clone());
            service.external_ref = changes.external_ref.or_else(|| service.external_ref.clone());
            service.metadata = changes.metadata.unwrap_or_else(|| service.metadata.clone());
        })
    }

    pub(super) fn service_activate(&mut self, id: &str) -> Result<Service, ServiceError> {
        let service = self.service(id)?.clone();
        match service.status {
            Status::Pending => self.step(id, Status::Active, None),
            Status::Active => Ok(service),
            Status::Terminated => Err(ServiceError::WrongStatus(service.status)),
            Status::Suspended => {
                self.resumes.insert(id.to_owned(), Status::Active);
                Ok(service)
            }
        }
    }

    pub(super) fn service_suspend(&mut self, id: &str, by: Suspender) -> Result<Service, ServiceError> {
        let service = self.service(id)?.clone();
        match (service.status, service.suspended_by) {
            (Status::Terminated, _) => Err(ServiceError::WrongStatus(service.status)),
            (Status::Suspended, Some(Suspender::User)) if by == Suspender::Operator => {
                self.step(id, Status::Suspended, Some(by))
            }
            (Status::Suspended, _) => Ok(service),
            (from @ (Status::Pending | Status::Active), _) => {
                self.resumes.insert(id.to_owned(), from);
                self.step(id, Status::Suspended, Some(by))
            }
        }
    }

    pub(super) fn service_unsuspend(&mut self, id: &str, by: Suspender) -> Result<Service, ServiceError> {
        let service = self.service(id)?.clone();
        match (service.status, service.suspended_by) {
            (Status::Terminated, _) => Err(ServiceError::WrongStatus(service.status)),
            (Status::Suspended, Some(other)) if by != Suspender::Operator && by != other => {
                Err(ServiceError::NotYoursToLift(other))
            }
            (Status::Suspended, _) => {
                let before = self.resumes.remove(id).unwrap_or(Status::Active);
                self.step(id, before, None)
            }
            (Status::Pending | Status::Active, _) => Ok(service),
        }
    }

    pub(super) fn service_terminate(&mut self, id: &str) -> Result<Service, ServiceError> {
        let service = self.service(id)?.clone();
        if service.status == Status::Terminated {
            Ok(service)
        } else {
            self.step(id, Status::Terminated, None)
        }
    }
}
