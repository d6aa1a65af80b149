//! What one tenant writes, another one does not find: every primitive that acts inside a tenant, in one place.

use mooring_manifest::{Collection, Setting, SettingKind};

use crate::events::{self, NewEvent};
use crate::jobs::{self, NewJob};
use crate::ledger::{self, Direction, NewEntry, NewPosting};
use crate::money::{Amount, Currency};
use crate::page::Page;
use crate::payments::{
    self, AttemptState, CaptureMode, Filter, NewAttempt, NewPayment, NewRefund, Progress, RefundProgress,
    RefundState,
};
use crate::records;
use crate::seal::MasterKeys;
use crate::services::{self, NewService, ServiceFilter};
use crate::settings;
use crate::testing::{World, new_user, plugin_name};
use crate::time::Timestamp;
use crate::users;
use crate::work::Work;

const ALL: Page = Page::first(500);

#[test]
fn a_tenant_does_not_find_what_another_one_wrote() {
    let world = World::new();
    let written = world.run(write_everything);
    let globex = &mut world.work_of(&world.globex, "alpha");
    assert_eq!(found(globex, &written), [""; 0]);
    let acme = &mut world.work();
    assert_eq!(
        found(acme, &written).len(),
        38,
        "what its own tenant finds: {:?}",
        found(acme, &written)
    );
}

#[test]
fn a_tenant_can_have_the_same_unique_values_as_another_one() {
    let world = World::new();
    world.run(write_everything);
    let globex = &mut world.work_of(&world.globex, "alpha");
    let written = write_everything(globex);
    assert_eq!(written.user.id.0, 1);
    assert_eq!(found(globex, &written).len(), 38);
}

struct Written {
    user: users::User,
    service: services::Service,
    posting: ledger::Posting,
    job: crate::ids::JobId,
    event: events::Event,
    payment: payments::Payment,
    attempt: payments::Attempt,
    refund: payments::Refund,
}

fn write_everything(work: &mut Work) -> Written {
    let user = users::NewUser {
        external_ref: Some(String::from("ref")),
        ..new_user("a@example.com")
    };
    let user = users::create(work, user).unwrap();
    let service = NewService {
        user: user.id,
        product: String::new(),
        label: String::new(),
        external_ref: Some(String::from("ref")),
        metadata: String::new(),
    };
    let service = services::create(work, service).unwrap();
    let service = services::activate(work, &service.id).unwrap();
    let euro = Amount::new(100, Currency::parse("EUR").unwrap());
    let posting = NewPosting {
        idempotency_key: String::from("key"),
        description: String::new(),
        entries: vec![
            NewEntry::new("a", Direction::Debit, euro),
            NewEntry::new("b", Direction::Credit, euro),
        ],
        metadata: String::new(),
    };
    let posting = ledger::post(work, posting).unwrap().posting;
    records::create(work, &collections(), "plans", "p1", "{}").unwrap();
    let job = NewJob {
        kind: String::from("renew"),
        payload: String::from("{}"),
        run_at: Timestamp(0),
        attempts_max: 0,
        dedupe_key: Some(String::from("key")),
    };
    let scheduled = jobs::schedule(work, job).unwrap();
    assert!(!scheduled.repeated);
    let event = NewEvent {
        kind: String::from("paid"),
        subject: String::new(),
        data: String::from("{}"),
        dedupe_key: Some(String::from("key")),
        deliver: false,
    };
    let emitted = events::emit(work, event).unwrap();
    assert!(!emitted.repeated);
    settings::set(work, &declared(), &MasterKeys::new([1; 32], []), "color", "red").unwrap();
    let (payment, attempt, refund) = pay_and_send_back(work, &user);
    Written {
        user,
        service,
        posting,
        job: scheduled.id,
        event: emitted.event,
        payment,
        attempt,
        refund,
    }
}

/// A paid payment with a refund under way, and both known to the gateway as `ref`.
fn pay_and_send_back(
    work: &mut Work,
    user: &users::User,
) -> (payments::Payment, payments::Attempt, payments::Refund) {
    let euro = Amount::new(100, Currency::parse("EUR").unwrap());
    let new = NewPayment {
        reference: None,
        amount: euro,
        user: Some(user.id),
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
    let payment = payments::create(work, new).unwrap();
    let new = NewAttempt {
        gateway: plugin_name("gateway"),
        method: String::from("card"),
        payer_ip: None,
    };
    let attempt = payments::begin(work, &payment.id, new).unwrap();
    let paid = Progress {
        gateway_ref: Some(String::from("ref")),
        received: Some(euro),
        ..Progress::new(AttemptState::Succeeded)
    };
    let attempt = payments::apply(work, &attempt.id, paid).unwrap();
    let refund = payments::refund(work, all_of(&payment)).unwrap();
    let refund = payments::apply_refund(work, &refund.id, under_way()).unwrap();
    let payment = payments::get(work, &payment.id).unwrap();
    (payment, attempt, refund)
}

fn all_of(payment: &payments::Payment) -> NewRefund {
    NewRefund {
        payment: payment.id.clone(),
        amount: None,
        reason: String::new(),
        idempotency_key: Some(String::from("key")),
    }
}

fn under_way() -> RefundProgress {
    RefundProgress {
        state: RefundState::Pending,
        gateway_ref: Some(String::from("ref")),
        failure: None,
    }
}

/// The names of everything through which something of `written` can be reached.
fn found(work: &mut Work, written: &Written) -> Vec<&'static str> {
    let tenant = work.tenant().id;
    let Written {
        user,
        service,
        posting,
        job,
        event,
        ..
    } = written;
    let filter = |user, status| ServiceFilter { user, status };
    let (owner, status) = (Some(user.id), Some(service.status));
    let reached = [
        ("user by id", users::get(work, user.id).is_ok()),
        ("user by e-mail", users::find_by_email(work, &user.email).is_ok()),
        (
            "user by reference",
            users::find_by_external_ref(work, "ref").is_ok(),
        ),
        ("users", users::list(work, ALL).unwrap().total > 0),
        (
            "user's change",
            users::update(work, user.id, users::UserChanges::default()).is_ok(),
        ),
        ("service by id", services::get(work, &service.id).is_ok()),
        (
            "service by reference",
            services::find_by_external_ref(work, "ref").is_ok(),
        ),
        (
            "services",
            services::list(work, filter(None, None), ALL).unwrap().total > 0,
        ),
        (
            "services by user",
            services::list(work, filter(owner, None), ALL).unwrap().total > 0,
        ),
        (
            "services by status",
            services::list(work, filter(None, status), ALL).unwrap().total > 0,
        ),
        (
            "services by both",
            services::list(work, filter(owner, status), ALL).unwrap().total > 0,
        ),
        ("service's step", services::activate(work, &service.id).is_ok()),
        ("service's history", services::history(work, &service.id).is_ok()),
        ("posting by id", ledger::get(work, &posting.id).is_ok()),
        ("posting by key", ledger::find(work, "key").is_ok()),
        ("balance", ledger::balance(work, "b", "EUR").unwrap().minor != 0),
        (
            "document",
            records::get(work, &collections(), "plans", "p1").is_ok(),
        ),
        (
            "documents",
            records::list(work, &collections(), "plans", None, ALL)
                .unwrap()
                .total
                > 0,
        ),
        ("event by id", events::get(work, &event.id).is_ok()),
        ("event by key", events::find(work, "key").is_ok()),
        ("events", events::list(work, None, ALL).unwrap().total > 0),
        (
            "events of all plugins",
            events::list_any(work, tenant, None, ALL).unwrap().total > 0,
        ),
        (
            "setting",
            settings::get(work, &declared(), "color").unwrap().is_some(),
        ),
        ("job", jobs::cancel(work, job).is_ok()),
    ];
    let of_payments = found_of_payments(work, written);
    let reached = reached.into_iter().chain(of_payments);
    reached
        .filter(|(_, reached)| *reached)
        .map(|(name, _)| name)
        .collect()
}

/// As [`found`], of payments.
fn found_of_payments(work: &mut Work, written: &Written) -> Vec<(&'static str, bool)> {
    let tenant = work.tenant().id;
    let Written {
        user,
        payment,
        attempt,
        refund,
        ..
    } = written;
    let gateway = plugin_name("gateway");
    let theirs = Filter {
        user: Some(user.id),
        status: Some(payment.status),
    };
    let new_attempt = NewAttempt {
        gateway: gateway.clone(),
        method: String::from("card"),
        payer_ip: None,
    };
    let refused = payments::begin(work, &payment.id, new_attempt);
    let again = Progress {
        received: attempt.received,
        ..Progress::new(AttemptState::Succeeded)
    };
    let link = payments::resolve(work, &payment.plugin, &payment.reference).unwrap();
    vec![
        ("payment by id", payments::get(work, &payment.id).is_ok()),
        (
            "payment by reference",
            payments::find(work, &payment.reference).is_ok(),
        ),
        (
            "payments by both",
            payments::list(work, &theirs, ALL).unwrap().total > 0,
        ),
        (
            "payments of all plugins",
            payments::list_any(work, tenant, &Filter::default(), ALL)
                .unwrap()
                .total
                > 0,
        ),
        (
            "where the payment's link leads",
            link.is_some_and(|(owner, _)| owner.id == tenant),
        ),
        ("attempts", payments::attempts(work, &payment.id).is_ok()),
        (
            "attempt by id",
            payments::attempt(work, tenant, &attempt.id).is_ok(),
        ),
        (
            "attempt by the gateway's id",
            payments::attempt_by_gateway_ref(work, tenant, &gateway, "ref").is_ok(),
        ),
        (
            "attempt's beginning",
            matches!(refused, Err(payments::PaymentError::WrongStatus(_))),
        ),
        (
            "attempt's news",
            payments::apply(work, &attempt.id, again).is_ok(),
        ),
        (
            "refund by id",
            payments::refund_any(work, tenant, &refund.id).is_ok(),
        ),
        (
            "refund by the gateway's id",
            payments::refund_by_gateway_ref(work, tenant, &gateway, "ref").is_ok(),
        ),
        (
            "refund's news",
            payments::apply_refund(work, &refund.id, under_way()).is_ok(),
        ),
        ("refund by key", payments::refund(work, all_of(payment)).is_ok()),
    ]
}

fn collections() -> Vec<Collection> {
    vec![Collection {
        name: String::from("plans"),
        indexes: Vec::new(),
        operated: None,
    }]
}

fn declared() -> Vec<Setting> {
    let (name, summary) = (String::from("color"), String::new());
    vec![Setting {
        name,
        kind: SettingKind::Text,
        default: None,
        summary,
        schema: None,
    }]
}
