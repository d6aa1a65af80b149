//! What a primitive's refusal is in this API.

use mooring_core::StoreError;
use mooring_core::audit::AuditError;
use mooring_core::check::InvalidField;
use mooring_core::services::ServiceError;
use mooring_core::tenants::TenantError;
use mooring_core::users::UserError;

use super::problem::{Code, Problem};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        Problem::internal(&error)
    }
}

impl From<InvalidField> for Problem {
    fn from(error: InvalidField) -> Problem {
        // Primitives spell fields as the WIT does, this API in snake case.
        Problem::invalid(&error.field.replace('-', "_"), error.reason)
    }
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Problem {
        match error {
            AuditError::Invalid(error) => error.into(),
            AuditError::Store(error) => Problem::internal(&error),
        }
    }
}

impl From<TenantError> for Problem {
    fn from(error: TenantError) -> Problem {
        match error {
            TenantError::NameTaken(_) => Problem::new(
                Code::Conflict,
                "There is a tenant of this name already. Choose another one.",
            ),
            TenantError::NotFound => Problem::new(
                Code::NotFound,
                "There is no such tenant. See those there are: mooring tenant list",
            ),
            TenantError::Invalid(error) => error.into(),
            TenantError::Store(error) => Problem::internal(&error),
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Problem {
        match error {
            UserError::EmailTaken(user) => Problem::new(
                Code::Conflict,
                format!("User {user} has this e-mail address already."),
            ),
            UserError::ExternalRefTaken(user) => Problem::new(
                Code::Conflict,
                format!("User {user} has this external reference already."),
            ),
            UserError::Invalid(error) => error.into(),
            UserError::NotFound => Problem::new(
                Code::NotFound,
                "The tenant has no such user. See those it has: mooring user list --tenant TENANT",
            ),
            UserError::Store(error) => Problem::internal(&error),
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Problem {
        match error {
            ServiceError::NotFound => Problem::new(
                Code::NotFound,
                "The tenant has no such service. See those it has: mooring service list --tenant TENANT",
            ),
            ServiceError::UnknownUser(user) => {
                Problem::new(Code::NotFound, format!("There is no user {user}."))
            }
            ServiceError::ExternalRefTaken(service) => Problem::new(
                Code::Conflict,
                format!("{service} has this external reference already."),
            ),
            ServiceError::WrongStatus(status) => {
                Problem::new(Code::WrongState, format!("The service is {status}."))
            }
            ServiceError::NotYoursToLift(by) => Problem::new(
                Code::WrongState,
                format!("The service was suspended by {by}, who alone may lift that."),
            ),
            ServiceError::Invalid(error) => error.into(),
            ServiceError::Store(error) => Problem::internal(&error),
        }
    }
}
