use super::*;
use crate::ids::UserId;

fn refusal(change: impl FnOnce(&mut NewPayment)) -> PaymentError {
    let shop = Shop::new();
    let mut new = new_payment();
    change(&mut new);
    create(&mut shop.work(), new).unwrap_err()
}

#[test]
fn a_payment_waits_for_its_payer() {
    let shop = Shop::new();
    let payment = shop.payment(|_| {});
    assert_eq!(payment.status, Status::Pending);
    assert_eq!(payment.reference, payment.id.as_str());
    assert_eq!(
        (payment.due, payment.received, payment.refunded),
        (euros(1_000), euros(0), euros(0))
    );
    assert_eq!(shop.payment_now(&payment), payment);
    let (tenant, id) = resolve(&mut shop.host(), &payment.plugin, &payment.reference)
        .unwrap()
        .unwrap();
    assert_eq!((tenant, id), (shop.acme.clone(), payment.id));
    assert!(shop.waiting(JOB_EXPIRE).is_empty());
}

#[test]
fn values_that_break_a_rule_are_refused_by_name_and_in_their_order() {
    type Change = fn(&mut NewPayment);
    let cases: [(&str, Change); 21] = [
        ("reference", |new| new.reference = Some("x".repeat(15))),
        ("reference", |new| new.reference = Some("x".repeat(65))),
        ("reference", |new| {
            new.reference = Some("a/bcdefghijklmnop".into());
        }),
        ("amount", |new| new.amount.minor = 0),
        ("amount", |new| new.amount.minor = -1),
        ("description", |new| new.description = "x".repeat(501)),
        ("success-url", |new| new.success_url = Some("/thanks".into())),
        ("cancel-url", |new| {
            new.cancel_url = Some("javascript:alert(1)".into());
        }),
        ("failure-url", |new| {
            new.failure_url = Some(format!("https://a.b/{}", "x".repeat(2_000)));
        }),
        ("expires-at", |new| new.expires_at = Some(Timestamp(1_000_000))),
        ("gateways", |new| new.gateways = vec!["Not A Name".into()]),
        ("gateways", |new| new.gateways = vec!["sandbox/".into()]),
        ("gateways", |new| new.gateways = vec!["sandbox".into(); 51]),
        ("crypto-only", |new| {
            (new.fiat_only, new.crypto_only) = (true, true);
        }),
        ("locale", |new| new.locale = Some("de".into())),
        ("fee", |new| new.fee = Some(fee(1_000_001, 0))),
        ("fee", |new| new.fee = Some(fee(0, -1))),
        ("tolerance", |new| new.tolerance = Some(tolerance(-1, 0, 0))),
        ("tolerance", |new| {
            new.tolerance = Some(tolerance(0, 1_000_001, 0));
        }),
        ("tolerance", |new| {
            new.tolerance = Some(tolerance(0, 0, 1_000_001));
        }),
        ("metadata", |new| new.metadata = "[]".into()),
    ];
    for (index, (field, change)) in cases.into_iter().enumerate() {
        let error = refusal(|new| {
            change(new);
            // Comes after all of them.
            new.user = Some(UserId(7));
        });
        assert!(
            matches!(&error, PaymentError::Invalid(invalid) if invalid.field == field),
            "{index} {error}"
        );
    }
    let both = refusal(|new| (new.amount.minor, new.locale) = (0, Some("de".into())));
    assert!(matches!(both, PaymentError::Invalid(invalid) if invalid.field == "amount"));
    let huge = refusal(|new| (new.amount.minor, new.fee) = (i64::MAX, Some(fee(1, 0))));
    assert!(matches!(huge, PaymentError::Invalid(invalid) if invalid.field == "fee"));
}

#[test]
fn an_unknown_user_is_refused_before_a_taken_reference() {
    let shop = Shop::new();
    let reference = Some(String::from("order-0000000001"));
    shop.payment(|new| new.reference.clone_from(&reference));
    let new = NewPayment {
        reference,
        user: Some(UserId(7)),
        ..new_payment()
    };
    let error = create(&mut shop.work(), new).unwrap_err();
    assert!(matches!(error, PaymentError::UnknownUser(UserId(7))), "{error}");
}

#[test]
fn a_reference_leads_to_one_payment_of_a_plugin_whoever_its_tenant_is() {
    let shop = Shop::new();
    let reference = "order-0000000001";
    let first = shop.payment(|new| new.reference = Some(reference.into()));
    let again = || NewPayment {
        reference: Some(reference.into()),
        ..new_payment()
    };
    let own = create(&mut shop.work(), again()).unwrap_err();
    assert!(matches!(own, PaymentError::ReferenceTaken(Some(id)) if id == first.id));
    let others = create(&mut shop.work_of(&shop.globex, "alpha"), again()).unwrap_err();
    assert!(matches!(others, PaymentError::ReferenceTaken(None)));
    let beta = &mut shop.work_of(&shop.acme, "beta");
    create(beta, again()).unwrap();
    assert!(matches!(get(beta, &first.id), Err(PaymentError::NotFound)));
    assert_eq!(find(&mut shop.work(), reference).unwrap().id, first.id);
}

#[test]
fn the_payer_pays_the_fee_only_where_the_payment_says_so() {
    let shop = Shop::new();
    let merchant = shop.payment(|new| {
        new.fee = Some(Fee {
            paid_by: FeePayer::Merchant,
            ..fee(25_000, 30)
        });
    });
    assert_eq!(merchant.due, euros(1_000));
    let payer = shop.payment(|new| new.fee = Some(fee(25_000, 30)));
    assert_eq!(payer.due, euros(1_055));
}

#[test]
fn expiry_is_a_job_of_the_plugin_that_made_the_payment() {
    let shop = Shop::new();
    let end = at(&shop, 60);
    let payment = shop.payment(|new| new.expires_at = Some(end));
    let jobs = shop.waiting(JOB_EXPIRE);
    assert_eq!(jobs.len(), 1);
    let job = &jobs[0];
    assert_eq!(
        (job.run_at, job.attempts_max, &job.plugin),
        (end, 100, &payment.plugin)
    );
    let payload: PaymentJob = serde_json::from_str(job.payload.as_str()).unwrap();
    assert_eq!(payload.payment, payment.id);
}

#[test]
fn plugins_can_neither_schedule_nor_cancel_jobs_of_the_host() {
    let shop = Shop::new();
    let new = |kind: &str, key: &str| jobs::NewJob {
        kind: kind.to_owned(),
        payload: String::from("{}"),
        run_at: Timestamp(0),
        attempts_max: 0,
        dedupe_key: Some(key.to_owned()),
    };
    let mut work = shop.work();
    for (field, kind, key) in [("kind", JOB_EXPIRE, "key"), ("dedupe-key", "mine", "mooring.key")] {
        let error = jobs::schedule(&mut work, new(kind, key)).unwrap_err();
        assert!(matches!(error, jobs::JobError::Invalid(invalid) if invalid.field == field));
    }
    let end = at(&shop, 60);
    shop.payment(|new| new.expires_at = Some(end));
    let job = &shop.waiting(JOB_EXPIRE)[0];
    let error = jobs::cancel(&mut shop.work(), &job.id).unwrap_err();
    assert!(matches!(error, jobs::JobError::NotFound));
}

#[test]
fn lists_are_exact_for_every_filter() {
    let shop = Shop::new();
    let user = shop
        .run(|work| crate::users::create(work, crate::testing::new_user("a@example.com")))
        .unwrap();
    let theirs = shop.payment(|new| new.user = Some(user.id));
    let nobodys = shop.payment(|_| {});
    let ended = shop.payment(|new| new.user = Some(user.id));
    shop.run(|work| cancel(work, &ended.id)).unwrap();
    let beta = {
        let mut work = shop.work_of(&shop.acme, "beta");
        let payment = create(&mut work, new_payment()).unwrap();
        work.commit().unwrap();
        payment
    };
    let ids = |payments: &[&Payment]| payments.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let cases = [
        (None, None, vec![&theirs, &nobodys, &ended]),
        (Some(user.id), None, vec![&theirs, &ended]),
        (None, Some(Status::Pending), vec![&theirs, &nobodys]),
        (Some(user.id), Some(Status::Cancelled), vec![&ended]),
        (Some(user.id), Some(Status::Failed), vec![]),
    ];
    for (user, status, expected) in cases {
        let filter = Filter { user, status };
        let found = list(&mut shop.work(), &filter, Page::first(10)).unwrap();
        let found_ids: Vec<_> = found.items.into_iter().map(|one| one.id).collect();
        assert_eq!(
            (found.total as usize, found_ids),
            (expected.len(), ids(&expected)),
            "{filter:?}"
        );
    }
    let all = list_any(
        &mut shop.host(),
        shop.acme.id,
        &Filter::default(),
        Page::newest(2),
    )
    .unwrap();
    let newest: Vec<_> = all.items.into_iter().map(|one| one.id).collect();
    assert_eq!((all.total, newest), (4, ids(&[&beta, &ended])));
    let pending = Filter {
        user: None,
        status: Some(Status::Pending),
    };
    let all = list_any(&mut shop.host(), shop.acme.id, &pending, Page::first(10)).unwrap();
    assert_eq!(all.total, 3);
}

#[test]
fn the_operator_finds_a_payment_by_its_id_and_by_any_plugins_reference() {
    let shop = Shop::new();
    let mine = shop.payment(|new| new.reference = Some("order-0000000001".into()));
    let other = {
        let mut work = shop.work_of(&shop.globex, "beta");
        let new = NewPayment {
            reference: Some("invoice-000000002".into()),
            ..new_payment()
        };
        let payment = create(&mut work, new).unwrap();
        work.commit().unwrap();
        payment
    };
    let mut host = shop.host();
    for (text, tenant, payment) in [
        (mine.id.as_str(), &shop.acme, &mine),
        ("order-0000000001", &shop.acme, &mine),
        (other.id.as_str(), &shop.globex, &other),
        ("invoice-000000002", &shop.globex, &other),
    ] {
        let found = find_anywhere(&mut host, text).unwrap();
        assert_eq!(found, Some((tenant.clone(), payment.clone())), "{text}");
    }
    for text in ["", "order-0000000009", "pay_0123456789abcdefghijAB"] {
        assert_eq!(find_anywhere(&mut host, text).unwrap(), None, "{text}");
    }
}

fn fee(parts_per_million: u32, fixed_minor: i64) -> Fee {
    Fee {
        parts_per_million,
        fixed_minor,
        paid_by: FeePayer::Payer,
    }
}

fn tolerance(short_minor: i64, short_ppm: u32, partial_min_ppm: u32) -> Tolerance {
    Tolerance {
        short_minor,
        short_ppm,
        partial_min_ppm,
    }
}
