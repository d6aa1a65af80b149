//! Asking a gateway now, because somebody waits for the answer.

use std::time::Duration;

use super::asking::{self, Question};
use super::{Attempt, AttemptState, PaymentError, rows};
use crate::ids::{AttemptId, JobId};
use crate::work::Work;

/// Within this time the question asked before is the same one: a payer who presses twice does not ask twice.
const SAME_QUESTION: Duration = Duration::from_secs(2);

/// Asks the gateway of an attempt of the tenant what has become of it, now rather than when its turn comes, in the job that
/// is given; of one that is being taken back, whether that is done. Nothing for one that is over; for one that is on its way
/// to its gateway, the job that takes it there. Repeating it is safe.
pub fn look_up(work: &mut Work, attempt: &AttemptId) -> Result<Option<JobId>, PaymentError> {
    let tenant = work.tenant().id;
    let before = rows::attempt(work, tenant, attempt)?;
    if before.state.is_final() {
        return Ok(None);
    }
    if before.state == AttemptState::Starting {
        return Ok(Some(before.job));
    }
    let now = work.now();
    if let Some(newest) = &before.asked
        && newest.at <= now
        && now < newest.at.after(SAME_QUESTION)
    {
        return Ok(Some(newest.job.clone()));
    }
    let question = if before.abandoned {
        Question::Abandon
    } else {
        Question::LookUp
    };
    let mut attempt = before.clone();
    let job = asking::ask_at_once(work, &mut attempt, question)?;
    rows::save_attempt(work, &before, &attempt)?;
    Ok(Some(job))
}

impl Attempt {
    /// Whether it is being taken back: no other attempt can begin until that is done.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PluginName;
    use crate::jobs;
    use crate::money::{Amount, Currency};
    use crate::payments::{
        self, Attempt, CaptureMode, JOB_ABANDON, JOB_LOOK_UP, JOB_START, NewAttempt, NewPayment, Progress,
    };
    use crate::testing::World;

    fn begun(world: &World) -> Attempt {
        let new = NewPayment {
            reference: None,
            amount: Amount::new(1900, Currency::parse("EUR").unwrap()),
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
        let attempt = NewAttempt {
            gateway: PluginName::parse("sandbox").unwrap(),
            method: "card".to_owned(),
            payer_ip: None,
        };
        let mut work = world.work();
        let payment = payments::create(&mut work, new).unwrap();
        let attempt = payments::begin(&mut work, &payment.id, attempt).unwrap();
        work.commit().unwrap();
        attempt
    }

    fn asked(world: &World, attempt: &Attempt) -> Option<(JobId, String)> {
        let mut work = world.work();
        let job = look_up(&mut work, &attempt.id).unwrap();
        let job = job.map(|job| jobs::get(&mut work, &job).unwrap());
        work.commit().unwrap();
        job.map(|job| (job.id, job.kind))
    }

    fn say(world: &World, attempt: &Attempt, state: AttemptState) {
        let mut work = world.work();
        payments::apply(&mut work, &attempt.id, Progress::new(state)).unwrap();
        work.commit().unwrap();
    }

    #[test]
    fn a_gateway_is_asked_now_and_not_twice_for_one_impatient_payer() {
        let world = World::new();
        let attempt = begun(&world);
        assert_eq!(asked(&world, &attempt).unwrap().1, JOB_START);
        say(&world, &attempt, AttemptState::Waiting);
        let (first, kind) = asked(&world, &attempt).unwrap();
        assert_eq!(kind, JOB_LOOK_UP);
        world.pass(Duration::from_secs(1));
        assert_eq!(asked(&world, &attempt).unwrap().0, first);
        world.pass(SAME_QUESTION);
        assert_ne!(asked(&world, &attempt).unwrap().0, first);
    }

    #[test]
    fn of_what_is_being_taken_back_it_is_asked_whether_that_is_done() {
        let world = World::new();
        let attempt = begun(&world);
        say(&world, &attempt, AttemptState::Waiting);
        let mut work = world.work();
        assert!(payments::abandon(&mut work, &attempt.id).unwrap().is_abandoned());
        work.commit().unwrap();
        world.pass(SAME_QUESTION);
        assert_eq!(asked(&world, &attempt).unwrap().1, JOB_ABANDON);
        say(&world, &attempt, AttemptState::Cancelled);
        assert_eq!(asked(&world, &attempt), None);
    }
}
