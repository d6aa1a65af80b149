use mooring_sdk::ledger::{self, Entry, LedgerError, NewPosting};
use mooring_sdk::money::Amount;
use mooring_sdk::records::{self, IndexValue, RecordError};
use mooring_sdk::services::{self, NewService, ServiceError, Status, Suspender};
use mooring_sdk::settings::{self, SettingsError};
use mooring_sdk::testing::TestHost;
use mooring_sdk::users::{self, NewUser, UserChanges, UserError};
use mooring_sdk::webhooks::{self, NewEvent};
use mooring_sdk::{Page, all};
use serde_json::json;

use crate::surface::Shown;

fn host() -> TestHost<Shown> {
    let mut host = TestHost::<Shown>::new();
    let user = NewUser {
        email: "a@example.com".to_owned(),
        external_ref: Some("ref".to_owned()),
        password: Some("password".to_owned()),
        ..NewUser::default()
    };
    host.act(|| users::create(user))
        .expect("a user that keeps the rules");
    host
}

#[test]
fn users_are_unique() {
    host().act(|| {
        let user = |email: &str, external_ref: Option<&str>| NewUser {
            email: email.to_owned(),
            external_ref: external_ref.map(str::to_owned),
            ..NewUser::default()
        };
        assert_eq!(
            users::create(user(" A@EXAMPLE.com", None)),
            Err(UserError::EmailTaken(1))
        );
        assert_eq!(
            users::create(user("b@example.com", Some("ref"))),
            Err(UserError::ExternalRefTaken(1))
        );
        assert!(matches!(
            users::create(user("nobody", None)),
            Err(UserError::Invalid(_))
        ));
        assert_eq!(users::create(user("b@example.com", None)).unwrap().id, 2);
        assert_eq!(users::find_by_email("B@example.com ").unwrap().id, 2);
        assert_eq!(users::find_by_external_ref("ref").unwrap().id, 1);
        let changes = UserChanges {
            email: Some("A@example.com".to_owned()),
            ..UserChanges::default()
        };
        assert_eq!(users::update(2, changes.clone()), Err(UserError::EmailTaken(1)));
        assert_eq!(users::update(1, changes).unwrap().email, "A@example.com");
        assert_eq!(users::verify_password(1, "password"), Ok(true));
        assert_eq!(users::verify_password(2, "password"), Ok(false));
        assert_eq!(users::get(3), Err(UserError::NotFound));
        assert_eq!(all(users::list).unwrap().len(), 2);
    });
}

#[test]
fn services_follow_their_state_machine() {
    host().act(|| {
        let service = || {
            services::create(NewService {
                user: 1,
                ..NewService::default()
            })
            .unwrap()
            .id
        };
        let id = service();
        assert_eq!(
            services::suspend(&id, Suspender::User).unwrap().status,
            Status::Suspended
        );
        assert_eq!(
            services::unsuspend(&id, Suspender::System),
            Err(ServiceError::NotYoursToLift(Suspender::User))
        );
        assert_eq!(
            services::suspend(&id, Suspender::System).unwrap().suspended_by,
            Some(Suspender::User)
        );
        assert_eq!(
            services::suspend(&id, Suspender::Operator).unwrap().suspended_by,
            Some(Suspender::Operator)
        );
        assert_eq!(
            services::unsuspend(&id, Suspender::Operator).unwrap().status,
            Status::Pending
        );
        services::suspend(&id, Suspender::System).unwrap();
        assert_eq!(services::activate(&id).unwrap().status, Status::Suspended);
        assert_eq!(
            services::unsuspend(&id, Suspender::Operator).unwrap().status,
            Status::Active
        );
        let ended = services::terminate(&id).unwrap();
        assert_eq!(
            (ended.status, services::terminate(&id).unwrap()),
            (Status::Terminated, ended)
        );
        assert_eq!(
            services::activate(&id),
            Err(ServiceError::WrongStatus(Status::Terminated))
        );
        assert_eq!(services::history(&id).unwrap().len(), 6);
        assert_eq!(services::get("svc_x"), Err(ServiceError::NotFound));
        let nobody = NewService {
            user: 9,
            ..NewService::default()
        };
        assert_eq!(services::create(nobody), Err(ServiceError::UnknownUser(9)));
    });
}

#[test]
fn the_ledger_refuses_in_its_order() {
    let usd = |minor| Amount::from_minor(minor, "USD").unwrap();
    let posting = |key: &str, entries: Vec<Entry>| NewPosting {
        idempotency_key: key.to_owned(),
        entries,
        ..NewPosting::default()
    };
    host().act(|| {
        assert_eq!(ledger::post(posting("", vec![])), Err(LedgerError::EntryCount(0)));
        let pair = |debit, credit| vec![Entry::debit("a", usd(debit)), Entry::credit("b", usd(credit))];
        assert!(matches!(
            ledger::post(posting("", pair(1, 2))),
            Err(LedgerError::Invalid(_))
        ));
        assert!(matches!(
            ledger::post(posting("k", pair(-1, -1))),
            Err(LedgerError::Invalid(_))
        ));
        assert_eq!(
            ledger::post(posting("k", pair(1, 2))),
            Err(LedgerError::Unbalanced("USD".to_owned()))
        );
        let first = ledger::post(posting("k", pair(5, 5))).unwrap();
        assert!(!first.repeated && first.posting.sequence.is_none());
        assert!(ledger::post(posting("k", pair(5, 5))).unwrap().repeated);
        assert_eq!(
            ledger::post(posting("k", pair(6, 6))),
            Err(LedgerError::KeyReused(first.posting.id))
        );
        ledger::guard("b").unwrap();
        let back = |amount| vec![Entry::debit("b", usd(amount)), Entry::credit("a", usd(amount))];
        assert_eq!(
            ledger::post(posting("l", back(6))),
            Err(LedgerError::Insufficient("b".to_owned()))
        );
        ledger::post(posting("l", back(2))).unwrap();
        let huge = ledger::post(posting("m", pair(i64::MAX, i64::MAX)));
        assert!(matches!(huge, Err(LedgerError::Overflow(_))));
        assert_eq!(ledger::balance("b", "USD").unwrap().minor, 3);
        assert_eq!(ledger::balance("never", "USD").unwrap().to_string(), "0.00");
        assert_eq!(ledger::find("k").unwrap().entries.len(), 2);
        assert_eq!(ledger::get("pst_x"), Err(LedgerError::NotFound));
        assert_eq!(ledger::statement("b", "USD", Page::oldest(10)).unwrap().total, 0);
    });
}

#[test]
fn records_keep_their_indexes() {
    host().act(|| {
        let thing = |colour: &str, serial: u32| json!({ "colour": colour, "maker": { "serial": serial } });
        records::create("things", "1", &thing("red", 1)).unwrap();
        assert_eq!(
            records::create("things", "1", &thing("red", 1)),
            Err(RecordError::Exists)
        );
        let taken = RecordError::Taken {
            index: "serial".to_owned(),
            document: "1".to_owned(),
        };
        assert_eq!(records::put("things", "2", &thing("red", 1)), Err(taken));
        records::put("things", "2", &thing("red", 2)).unwrap();
        records::put("things", "1", &thing("blue", 1)).unwrap();
        let red = Some(IndexValue::new("colour", "red"));
        assert_eq!(records::list("things", red, Page::oldest(10)).unwrap().total, 1);
        let second = Some(IndexValue::new("serial", "2"));
        assert_eq!(
            records::list("things", second, Page::oldest(10)).unwrap().items[0].id,
            "2"
        );
        let unknown = Some(IndexValue::new("size", "2"));
        assert_eq!(
            records::list("things", unknown, Page::oldest(10)),
            Err(RecordError::UnknownIndex("size".to_owned()))
        );
        assert!(matches!(
            records::list("things", None, Page::oldest(0)),
            Err(RecordError::Invalid(_))
        ));
        assert_eq!(
            records::get("others", "1"),
            Err(RecordError::UnknownCollection("others".to_owned()))
        );
        assert!(matches!(
            records::put("things", "3", &json!([])),
            Err(RecordError::Invalid(_))
        ));
        records::delete("things", "1").unwrap();
        assert_eq!(records::delete("things", "1"), Err(RecordError::NotFound));
        let newest = records::list("things", None, Page::newest(1)).unwrap();
        assert_eq!((newest.total, newest.items[0].id.as_str()), (1, "2"));
    });
}

#[test]
fn events_happen_once() {
    host().act(|| {
        let event = |data: u32| NewEvent::new("paid", "inv", &data).once("key");
        let first = webhooks::emit(event(1)).unwrap();
        let second = webhooks::emit(event(2)).unwrap();
        assert!(second.repeated && second.event == first.event);
        assert_eq!(webhooks::find("key").unwrap().read::<u32>(), Ok(1));
        webhooks::emit(NewEvent::new("other", "", &json!({})).silent()).unwrap();
        assert_eq!(webhooks::list(Some("paid"), Page::oldest(10)).unwrap().total, 1);
        assert_eq!(webhooks::list(None, Page::oldest(10)).unwrap().total, 2);
    });
}

#[test]
fn settings_have_defaults_and_secrets_stay_secret() {
    let mut host = host();
    assert_eq!(
        host.act(|| settings::get("greeting")),
        Ok(Some("hello".to_owned()))
    );
    host.set("greeting", "hi");
    host.set("token", "t");
    host.act(|| {
        assert_eq!(settings::get("greeting"), Ok(Some("hi".to_owned())));
        assert_eq!(
            settings::get("token"),
            Err(SettingsError::Secret("token".to_owned()))
        );
        assert_eq!(
            (settings::is_set("token"), settings::is_set("peer_url")),
            (Ok(true), Ok(false))
        );
        assert_eq!(
            settings::get("nothing"),
            Err(SettingsError::Undeclared("nothing".to_owned()))
        );
    });
}
