//! Services: ordered and driven by the shop, seen and switched by their users.

use mooring_sdk::prelude::*;
use mooring_sdk::services::{self, NewService, Service, ServiceFilter, Status, Suspender};
use mooring_sdk::users::{self, UserError};
use mooring_sdk::{Order, PageQuery, settings};

use crate::convert::{self, PackageNames};
use crate::error::Error;
use crate::model::{self, Done, Power, Provision, ServiceRef};
use crate::provisioning::{self, Driver, Machine};
use crate::virtfusion;

/// Services read at a time while terminated ones are left out.
const BATCH: u32 = 200;

/// `POST reseller/provision-server`. The shop makes the customer first, so an unknown e-mail is a mistake.
pub(crate) fn provision(Json(order): Json<Provision>) -> Result<Json<Done>, Error> {
    let label = convert::hostname(order.hostname)?;
    for (field, number) in [
        ("package_id", order.package_id),
        ("group_id", order.group_id),
        ("os_id", order.os_id),
    ] {
        if number.0 == 0 {
            return Err(Error::invalid(field, "must be more than zero"));
        }
    }
    let user = match users::find_by_email(&order.email) {
        Ok(user) => user,
        Err(UserError::NotFound) => return Err(Error::invalid("email", "unknown user")),
        Err(error) => return Err(error.into()),
    };
    let driver = driver()?;
    let machine = Machine::ordered(driver, order.package_id.0, order.group_id.0, order.os_id.0);
    let service = services::create(NewService {
        user: user.id,
        product: order.package_id.0.to_string(),
        label,
        external_ref: None,
        metadata: machine.clone().into_metadata("{}")?,
    })?;
    let service = match driver {
        Driver::VirtFusion => provisioning::plan(service, machine.clone())?,
        Driver::Local => services::activate(&service.id)?,
    };
    Ok(Json(Done {
        status: Some(convert::status(&service, &machine)),
        service_id: Some(service.id),
        driver: Some(driver.as_str()),
        ..Done::default()
    }))
}

/// What new services run on. Where one of VirtFusion's settings is missing, it still is VirtFusion: the jobs then name the
/// setting, instead of services without a server.
fn driver() -> Result<Driver, Problem> {
    if settings::is_set(virtfusion::URL)? || settings::is_set(virtfusion::TOKEN)? {
        Ok(Driver::VirtFusion)
    } else {
        Ok(Driver::Local)
    }
}

/// `POST server.suspend`. The shop suspends as the operator, so the user cannot lift it.
pub(crate) fn suspend(Json(order): Json<ServiceRef>) -> Result<Json<Done>, Error> {
    let service = live(&order.service_id)?;
    let service = services::suspend(&service.id, Suspender::Operator)?;
    follow(service)
}

/// `POST server.unsuspend`. Tries again what was given up while the server was set up.
pub(crate) fn unsuspend(Json(order): Json<ServiceRef>) -> Result<Json<Done>, Error> {
    let service = live(&order.service_id)?;
    let service = services::unsuspend(&service.id, Suspender::Operator)?;
    let mut machine = Machine::of(&service)?;
    machine.forgive();
    provisioning::plan(service, machine)?;
    Ok(Json(Done::default()))
}

/// `POST server.terminate`. Repeating it is safe, and tries a deletion again that was given up.
pub(crate) fn terminate(Json(order): Json<ServiceRef>) -> Result<Json<Done>, Error> {
    let service = services::terminate(&find(&order.service_id)?.id)?;
    follow(service)
}

/// Has the machine follow its service.
fn follow(service: Service) -> Result<Json<Done>, Error> {
    let machine = Machine::of(&service)?;
    provisioning::plan(service, machine)?;
    Ok(Json(Done::default()))
}

/// A service of this tenant. Text that is no id names no service.
fn find(id: &str) -> Result<Service, Error> {
    match services::get(id) {
        Err(services::ServiceError::Invalid(_)) => Err(Error::ServiceNotFound),
        other => Ok(other?),
    }
}

fn live(id: &str) -> Result<Service, Error> {
    let service = find(id)?;
    if service.status == Status::Terminated {
        Err(Error::ServiceNotFound)
    } else {
        Ok(service)
    }
}

/// `GET services`. A key without a user sees the whole tenant's.
pub(crate) fn list(
    principal: Principal,
    Query(query): Query<PageQuery>,
) -> Result<Json<Vec<model::Service>>, Error> {
    let wanted = query.page(Order::NewestFirst);
    let names = PackageNames::load()?;
    let filter = ServiceFilter {
        user: principal.user,
        status: None,
    };
    let mut page = Page::newest(BATCH);
    let mut skip = wanted.offset;
    let mut shown = Vec::new();
    loop {
        let part = services::list(filter, page)?;
        for service in part
            .items
            .iter()
            .filter(|service| service.status != Status::Terminated)
        {
            if skip > 0 {
                skip -= 1;
            } else if shown.len() < wanted.limit as usize {
                shown.push(convert::service(service, &Machine::of(service)?, &names));
            }
        }
        page.offset += u64::from(BATCH);
        if shown.len() == wanted.limit as usize || page.offset >= part.total {
            return Ok(Json(shown));
        }
    }
}

/// `GET services/{id}`.
pub(crate) fn view(
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<model::ServiceDetail>, Error> {
    let service = own(&principal, &id)?;
    let machine = Machine::of(&service)?;
    Ok(Json(model::ServiceDetail {
        service: convert::service(&service, &machine, &PackageNames::load()?),
        error: machine.error.map(|reason| failure(&principal, reason)),
        vf_data: machine.data,
        created_at: service.created_at,
    }))
}

/// Why a service failed, for whoever asks: VirtFusion's own words are for the operator alone.
fn failure(principal: &Principal, reason: String) -> String {
    if principal.user.is_none() {
        reason
    } else {
        "the server could not be set up or changed".to_owned()
    }
}

/// `POST services/{id}/power`.
pub(crate) fn power(
    principal: Principal,
    Path(id): Path<String>,
    Json(power): Json<Power>,
) -> Result<Json<Done>, Error> {
    let service = own(&principal, &id)?;
    let machine = Machine::of(&service)?;
    match service.status {
        Status::Suspended | Status::Terminated => return Err(Error::Forbidden),
        Status::Pending if machine.error.is_some() => {
            return Err(Error::invalid("service", "could not be set up"));
        }
        Status::Pending => return Err(Error::invalid("service", "is still being built")),
        Status::Active => {}
    }
    if machine.driver == Driver::Local {
        return Err(Error::invalid(
            "service",
            "is tracked locally only: it has no server to switch",
        ));
    }
    provisioning::switch(&service, machine, power.action)?;
    Ok(Json(Done::default()))
}

/// A service that the key's user may see; the others do not exist for it.
fn own(principal: &Principal, id: &str) -> Result<Service, Error> {
    let service = find(id)?;
    match principal.user {
        Some(user) if user != service.user => Err(Error::ServiceNotFound),
        _ => Ok(service),
    }
}
