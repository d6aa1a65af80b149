//! What the hosted page asks: the payment behind a link, and what the payer decides.

use std::sync::Arc;

use mooring_core::StoreError;
use mooring_core::draws::Draws;
use mooring_core::ids::{AttemptId, JobId, PluginName};
use mooring_core::jobs::{self, JobState};
use mooring_core::payments::{self, NewAttempt, Payment, PaymentError, Status};
use mooring_core::settings::{self, SettingError};
use mooring_core::tenants::TenantRef;
use mooring_core::time::Timestamp;
use mooring_core::work::{HostWork, Work};

use super::Live;
use crate::checkout::{Bill, Brand, Choice, Filled, Link, Till, TillError, Try, Way};
use crate::runtime::{Plugin, SubmitError, TransactError};

impl Till<Arc<Plugin>> for Live {
    fn bill(&self, plugin: &Arc<Plugin>, reference: &str) -> Result<Option<Bill>, TillError> {
        self.read_bill(plugin, reference).map_err(|error| failed(&error))
    }

    async fn begin(&self, link: &Link, choice: Choice) -> Result<(), TillError> {
        let payment = link.payment.clone();
        let new = NewAttempt {
            gateway: choice.gateway,
            method: choice.method,
            payer_ip: Some(choice.address.to_string()),
        };
        self.at(link, move |work| {
            let newest = payments::attempts(work, &payment)?.pop();
            if newest.map_or(0, |attempt| attempt.number) != choice.after {
                return Err(Refused::Late);
            }
            payments::begin(work, &payment, new.clone())?;
            Ok(())
        })
        .await
    }

    async fn submit(&self, link: &Link, attempt: &AttemptId, filled: Filled) -> Result<(), TillError> {
        let submitted = self
            .runtime
            .submit(&link.tenant, attempt, filled.into_fields())
            .await;
        match submitted {
            Ok(_) => Ok(()),
            Err(SubmitError::NotFound | SubmitError::NotWaiting(_)) => Err(TillError::Late),
            Err(error @ (SubmitError::Unavailable | SubmitError::Store(_))) => Err(failed(&error)),
        }
    }

    async fn look_up(&self, link: &Link, attempt: &AttemptId) -> Result<Option<JobId>, TillError> {
        let attempt = attempt.clone();
        self.at(link, move |work| Ok(payments::look_up(work, &attempt)?))
            .await
    }

    async fn abandon(&self, link: &Link, attempt: &AttemptId) -> Result<(), TillError> {
        let attempt = attempt.clone();
        self.at(link, move |work| {
            payments::abandon(work, &attempt)?;
            Ok(())
        })
        .await
    }

    async fn cancel(&self, link: &Link) -> Result<(), TillError> {
        let payment = link.payment.clone();
        self.at(link, move |work| {
            // The payer decided on a page that may be older than what the gateway has said since.
            if payments::get(work, &payment)?.status != Status::Pending {
                return Err(Refused::Late);
            }
            payments::cancel(work, &payment)?;
            Ok(())
        })
        .await
    }

    fn has_ended(&self, job: &JobId) -> Result<bool, TillError> {
        let draws = no_draws();
        let mut work = HostWork::read(&self.store, &draws);
        match jobs::get(&mut work, job) {
            Ok(job) => Ok(!matches!(job.state, JobState::Waiting | JobState::Running)),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// Why work on a payment was refused.
enum Refused {
    /// The payment has moved on.
    Late,
    Error(PaymentError),
}

impl From<PaymentError> for Refused {
    fn from(error: PaymentError) -> Refused {
        match error {
            PaymentError::WrongStatus(_) | PaymentError::AttemptOpen(_) => Refused::Late,
            other => Refused::Error(other),
        }
    }
}

impl Live {
    fn read_bill(&self, plugin: &Plugin, reference: &str) -> Result<Option<Bill>, PaymentError> {
        let facts = plugin.facts();
        let draws = no_draws();
        let mut work = HostWork::read(&self.store, &draws);
        let now = work.now();
        let Some((tenant, payment)) = payments::resolve(&mut work, &facts.name, reference)? else {
            return Ok(None);
        };
        let mut work = work.within(tenant.clone(), facts.name.clone());
        let payment = payments::get(&mut work, &payment)?;
        let attempt = payments::attempts(&mut work, &payment.id)?.pop();
        let brand = brand(&mut work, plugin)?;
        let ways = self.ways(&tenant, &payment)?;
        let has_tries_left = payment.has_tries_left();
        Ok(Some(Bill {
            link: Link {
                tenant,
                plugin: facts.name.clone(),
                payment: payment.id,
            },
            status: payment.status,
            due: payment.due,
            received: payment.received,
            refunded: payment.refunded,
            description: payment.description,
            failure: payment.failure,
            expires_at: payment.expires_at,
            success_url: payment.success_url,
            cancel_url: payment.cancel_url,
            failure_url: payment.failure_url,
            locale: payment.locale,
            attempt: attempt.map(|attempt| Try {
                abandoned: attempt.is_abandoned(),
                test_mode: self.is_test_gateway(&attempt.gateway),
                id: attempt.id,
                number: attempt.number,
                gateway: attempt.gateway,
                method: attempt.method,
                state: attempt.state,
                action: attempt.action,
                failure: attempt.failure,
            }),
            has_tries_left,
            ways,
            brand,
            now,
        }))
    }

    /// One that is not loaded any more is taken for a real one.
    fn is_test_gateway(&self, name: &PluginName) -> bool {
        let installed = self.runtime.plugin(name);
        installed.is_some_and(|installed| {
            let gateway = &installed.plugin.facts().manifest.gateway;
            gateway.as_ref().is_some_and(|gateway| gateway.test_mode)
        })
    }

    /// Real gateways before those of test mode; none for a payment that cannot be tried any more.
    fn ways(&self, tenant: &TenantRef, payment: &Payment) -> Result<Vec<Way>, StoreError> {
        if payment.status.is_final() || !payment.has_tries_left() {
            return Ok(Vec::new());
        }
        let mut ways = Vec::new();
        for gateway in self.runtime.ready_gateways(tenant, payment)? {
            ways.extend(gateway.methods.into_iter().map(|method| Way {
                gateway: gateway.name.clone(),
                method: method.name,
                label: method.label,
                test_mode: gateway.test_mode,
            }));
        }
        ways.sort_by_key(|way| way.test_mode);
        Ok(ways)
    }

    /// Does work for the plugin that made the payment, and tells it.
    async fn at<T: Send + 'static>(
        &self,
        link: &Link,
        act: impl FnMut(&mut Work) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, TillError> {
        match self.runtime.transact(&link.tenant, &link.plugin, act).await {
            Ok(done) => Ok(done),
            Err(TransactError::Refused(Refused::Late)) => Err(TillError::Late),
            Err(TransactError::Refused(Refused::Error(error))) => Err(failed(&error)),
            Err(error @ (TransactError::Busy | TransactError::Store(_) | TransactError::Failed)) => {
                tracing::error!(%error, "a payer's wish was not carried out");
                Err(TillError::Unavailable)
            }
        }
    }
}

/// How the tenant wants to appear. A setting that cannot be read is one that is not set.
fn brand(work: &mut Work, plugin: &Plugin) -> Result<Brand, StoreError> {
    let manifest = &plugin.facts().manifest;
    let Some(checkout) = &manifest.checkout else {
        return Ok(Brand::default());
    };
    let mut read = |name: &str| match settings::get(work, &manifest.settings, name) {
        Ok(value) => Ok(value.filter(|value| !value.is_empty())),
        Err(SettingError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(%error, plugin = %plugin.facts().name, "a setting of the hosted page cannot be read");
            Ok(None)
        }
    };
    let mut optional = |name: &Option<String>| name.as_deref().map_or(Ok(None), &mut read);
    Ok(Brand {
        color: optional(&checkout.color_setting)?,
        logo_url: optional(&checkout.logo_setting)?,
        name: read(&checkout.name_setting)?.unwrap_or_default(),
    })
}

/// Reading draws nothing, so any seed will do.
fn no_draws() -> Arc<Draws> {
    Draws::with_seed(Timestamp::now(), [0; 32])
}

fn failed(error: &dyn std::error::Error) -> TillError {
    tracing::error!(
        error = crate::chain::chain(error),
        "the hosted page cannot be served"
    );
    TillError::Unavailable
}
