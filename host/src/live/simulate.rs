//! Having a payment paid, declined or expired without money, as a gateway in test mode would.

use mooring_core::audit::{self, AuditError, NewEntry};
use mooring_core::ids::PluginName;
use mooring_core::payments::{
    self, Attempt, AttemptState, Failure, NewAttempt, Payment, PaymentError, Progress, Status,
};
use mooring_core::work::Work;
use serde_json::json;

use super::Live;
use crate::admin::operations::{Outcome, Simulation, SimulationError};
use crate::runtime::TransactError;

impl Live {
    /// Does it in one transaction, in which the plugin that made the payment is told.
    pub(super) async fn run_simulation(&self, simulation: Simulation) -> Result<Payment, SimulationError> {
        let ready = self
            .runtime
            .ready_gateways(&simulation.tenant, &simulation.payment)
            .map_err(|error| SimulationError::Internal(Box::new(error)))?;
        let ways = ready.into_iter().filter(|gateway| gateway.test_mode);
        let ways = ways.flat_map(|gateway| {
            let methods = gateway.methods.into_iter();
            methods.map(move |method| (gateway.name.clone(), method.name))
        });
        let ways: Vec<_> = ways.collect();
        let (tenant, plugin) = (simulation.tenant.clone(), simulation.payment.plugin.clone());
        let done = self
            .runtime
            .transact(&tenant, &plugin, move |work| simulate(work, &simulation, &ways))
            .await;
        done.map_err(|error| match error {
            TransactError::Refused(error) => error,
            TransactError::Busy => SimulationError::Busy,
            error => SimulationError::Internal(Box::new(error)),
        })
    }
}

/// `ways`: gateways in test mode that can take the payment, and their methods.
fn simulate(
    work: &mut Work,
    simulation: &Simulation,
    ways: &[(PluginName, String)],
) -> Result<Payment, SimulationError> {
    let (tenant, id) = (simulation.tenant.id, &simulation.payment.id);
    let payment = payments::get_any(work, tenant, id)?;
    if payment.status.is_final() {
        return Err(PaymentError::WrongStatus(payment.status).into());
    }
    let Some(first) = ways.first() else {
        return Err(SimulationError::NoTestGateway(simulation.tenant.name.clone()));
    };
    let open = payments::open_attempt(work, id)?;
    if let Some(open) = &open
        && !ways.iter().any(|(gateway, _)| *gateway == open.gateway)
    {
        return Err(SimulationError::RealGateway(open.gateway.clone()));
    }
    let said = match simulation.outcome {
        Outcome::Expired => return expire(work, simulation),
        Outcome::Paid(amount) => Progress {
            received: Some(amount),
            ..simulated(AttemptState::Succeeded)
        },
        Outcome::Declined => Progress {
            failure: Some(Failure {
                code: String::from("5051"),
                message: String::from("Insufficient funds"),
            }),
            ..simulated(AttemptState::Declined)
        },
    };
    let attempt = match open {
        Some(open) => open,
        None => begin(work, &payment, first)?,
    };
    payments::apply(work, &attempt.id, said)?;
    note(work, simulation)?;
    Ok(payments::get_any(work, tenant, id)?)
}

fn begin(
    work: &mut Work,
    payment: &Payment,
    (gateway, method): &(PluginName, String),
) -> Result<Attempt, PaymentError> {
    let new = NewAttempt {
        gateway: gateway.clone(),
        method: method.clone(),
        payer_ip: None,
    };
    payments::begin(work, &payment.id, new)
}

fn expire(work: &mut Work, simulation: &Simulation) -> Result<Payment, SimulationError> {
    let payment = payments::expire(work, &simulation.payment.id)?;
    if payment.status != Status::Expired {
        // Its money is under way, so its time is not over yet.
        return Err(PaymentError::WrongStatus(payment.status).into());
    }
    note(work, simulation)?;
    Ok(payment)
}

fn simulated(state: AttemptState) -> Progress {
    Progress {
        details: Some(json!({ "simulated": true }).to_string()),
        ..Progress::new(state)
    }
}

fn note(work: &mut Work, simulation: &Simulation) -> Result<(), SimulationError> {
    let details = match simulation.outcome {
        Outcome::Paid(amount) => json!({ "outcome": "paid", "amount": amount.to_string() }),
        Outcome::Declined => json!({ "outcome": "declined" }),
        Outcome::Expired => json!({ "outcome": "expired" }),
    };
    let entry = NewEntry {
        who: simulation.actor.to_owned(),
        action: String::from("payment.simulate"),
        subject: simulation.payment.id.to_string(),
        tenant: Some(simulation.tenant.id),
        details: details.into(),
    };
    match audit::append(work, entry) {
        Ok(_) => Ok(()),
        Err(AuditError::Store(error)) => Err(PaymentError::Store(error).into()),
        Err(error) => Err(SimulationError::Internal(Box::new(error))),
    }
}

#[cfg(test)]
mod tests {
    use mooring_core::draws::Draws;
    use mooring_core::money::{Amount, Currency};
    use mooring_core::page::Page;
    use mooring_core::payments::{CaptureMode, EventKind, NewPayment};
    use mooring_core::tenants;
    use mooring_core::time::Timestamp;
    use mooring_core::work::HostWork;
    use mooring_store::Store;

    use super::*;

    fn euros(minor: i64) -> Amount {
        Amount::new(minor, Currency::parse("EUR").unwrap())
    }

    fn ways(gateway: &str) -> Vec<(PluginName, String)> {
        vec![(gateway.parse().unwrap(), String::from("card"))]
    }

    /// A work in which a payment of 10.00 EUR waits for its payer.
    fn waiting() -> (Work, Payment) {
        let draws = Draws::with_seed(Timestamp(1_000_000), [1; 32]);
        let mut host = HostWork::write(&Store::in_memory(), &draws);
        let tenant = tenants::create(&mut host, "shop".parse().unwrap(), "")
            .unwrap()
            .to_ref();
        let mut work = host.within(tenant, "renovax".parse().unwrap());
        let new = NewPayment {
            reference: None,
            amount: euros(1_000),
            user: None,
            description: String::new(),
            metadata: String::new(),
            success_url: None,
            cancel_url: None,
            failure_url: None,
            expires_at: None,
            gateways: Vec::new(),
            fiat_only: false,
            crypto_only: false,
            capture: CaptureMode::Automatic,
            locale: None,
            fee: None,
            tolerance: None,
        };
        let payment = payments::create(&mut work, new).unwrap();
        (work, payment)
    }

    fn run(
        work: &mut Work,
        payment: &Payment,
        outcome: Outcome,
        gateway: &str,
    ) -> Result<Payment, SimulationError> {
        let simulation = Simulation {
            tenant: work.tenant().clone(),
            payment: payment.clone(),
            outcome,
            actor: "admin",
        };
        simulate(work, &simulation, &ways(gateway))
    }

    #[test]
    fn what_is_simulated_happens_and_is_announced_and_noted() {
        let cases = [
            (
                Outcome::Paid(euros(1_000)),
                Status::Succeeded,
                EventKind::Succeeded,
            ),
            (Outcome::Paid(euros(500)), Status::Succeeded, EventKind::Succeeded),
            (Outcome::Declined, Status::Pending, EventKind::AttemptFailed),
            (Outcome::Expired, Status::Expired, EventKind::Expired),
        ];
        for (outcome, status, kind) in cases {
            let (mut work, payment) = waiting();
            let after = run(&mut work, &payment, outcome, "sandbox").unwrap();
            assert_eq!(after.status, status, "{outcome:?}");
            let told: Vec<_> = work
                .take_announcements()
                .into_iter()
                .map(|one| one.kind)
                .collect();
            assert_eq!(told, [kind], "{outcome:?}");
            let noted = audit::list(&mut work, None, Page::first(10)).unwrap();
            assert_eq!(noted.items[0].action, "payment.simulate");
            assert_eq!(noted.items[0].subject, payment.id.as_str());
        }
    }

    #[test]
    fn an_attempt_that_is_open_is_driven_on() {
        let (mut work, payment) = waiting();
        let open = begin(&mut work, &payment, &ways("sandbox")[0]).unwrap();
        run(&mut work, &payment, Outcome::Declined, "sandbox").unwrap();
        run(&mut work, &payment, Outcome::Paid(euros(1_000)), "sandbox").unwrap();
        let states = payments::attempts(&mut work, &payment.id).unwrap();
        let states: Vec<_> = states
            .iter()
            .map(|attempt| (attempt.number, attempt.state))
            .collect();
        assert_eq!(
            states,
            [(1, AttemptState::Declined), (2, AttemptState::Succeeded)]
        );
        assert_eq!(open.number, 1);
    }

    #[test]
    fn real_money_and_what_is_over_are_left_alone() {
        let (mut work, payment) = waiting();
        begin(&mut work, &payment, &ways("stripe")[0]).unwrap();
        for outcome in [Outcome::Paid(euros(1_000)), Outcome::Expired] {
            let refused = run(&mut work, &payment, outcome, "sandbox");
            assert!(
                matches!(refused, Err(SimulationError::RealGateway(_))),
                "{refused:?}"
            );
        }
        payments::cancel(&mut work, &payment.id).unwrap();
        let refused = run(&mut work, &payment, Outcome::Declined, "sandbox");
        let is_over = matches!(
            refused,
            Err(SimulationError::Payment(PaymentError::WrongStatus(
                Status::Cancelled
            )))
        );
        assert!(is_over, "{refused:?}");
    }

    #[test]
    fn money_under_way_does_not_expire() {
        let (mut work, payment) = waiting();
        let open = begin(&mut work, &payment, &ways("sandbox")[0]).unwrap();
        payments::apply(&mut work, &open.id, Progress::new(AttemptState::Processing)).unwrap();
        let refused = run(&mut work, &payment, Outcome::Expired, "sandbox");
        let is_under_way = matches!(
            refused,
            Err(SimulationError::Payment(PaymentError::WrongStatus(
                Status::Processing
            )))
        );
        assert!(is_under_way, "{refused:?}");
    }

    #[test]
    fn without_a_test_gateway_nothing_happens() {
        let (mut work, payment) = waiting();
        let simulation = Simulation {
            tenant: work.tenant().clone(),
            payment,
            outcome: Outcome::Expired,
            actor: "admin",
        };
        let refused = simulate(&mut work, &simulation, &[]);
        assert!(
            matches!(refused, Err(SimulationError::NoTestGateway(_))),
            "{refused:?}"
        );
    }
}
