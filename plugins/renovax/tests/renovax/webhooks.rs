use mooring_sdk::endpoints;
use mooring_sdk::money::Amount;
use mooring_sdk::payments;
use mooring_sdk::testing::{AttemptDone, RefundOutcome};
use serde_json::{Value, json};

use crate::{Host, INVOICES, get, host, invoice, post, usd};

/// What was sent: kinds and bodies, without what is only recorded.
fn sent(host: &Host) -> Vec<(String, String)> {
    let events = host.events().into_iter();
    let told = events.filter(|event| event.kind != "invoice.created");
    told.map(|event| (event.kind, event.data)).collect()
}

fn newest(host: &Host) -> Value {
    serde_json::from_str(&sent(host).last().expect("an event").1).expect("JSON")
}

fn tether(amount: &str) -> Amount {
    Amount::parse_decimal(amount, "USDT").expect("an amount")
}

fn by_tether(received: &str, credited: &str) -> AttemptDone {
    AttemptDone {
        gateway: "sandbox".to_owned(),
        method: "crypto:USDT:ethereum".to_owned(),
        received: Some(tether(received)),
        credited: Some(usd(credited)),
        details: json!({ "tx_hash": "0x7a8b9c", "network": "ethereum", "confirmations": 12, "provider_id": "x" }),
        ..AttemptDone::default()
    }
}

#[test]
fn the_documents_example_byte_for_byte() {
    let (mut host, token) = host();
    host.set("merchant_id", "42");
    host.set("default_currency", "MXN");
    host.set("fx_rates", "USD/MXN=18.0");
    host.set("fx_markup_percent", "0");
    host.set("fee_percent", "2.5");
    let order = json!({ "amount": 100, "currency": "USD", "metadata": { "user_id": 4321 } });
    let (payment, id) = invoice(&mut host, &token, &order);
    host.advance(2500);
    host.pay(&payment, by_tether("100", "100"));
    assert_eq!(
        sent(&host),
        [(
            "invoice.paid".to_owned(),
            format!(
                concat!(
                    r#"{{"event_type":"invoice.paid","invoice_id":"{}","merchant_id":42,"status":"confirmed","#,
                    r#""invoice_amount":"100.00","invoice_currency":"USD","amount_received":"100.00000000","currency":"USDT","#,
                    r#""fee":"2.50000000","amount_net":"97.50000000","amount_received_fiat":"1800.00","amount_net_fiat":"1755.00","#,
                    r#""fx_rate_used":"18.000000","fx_pair":"USD/MXN","customer_paid_fee":false,"driver":"crypto:USDT:ethereum","#,
                    r#""tx_hash":"0x7a8b9c","network":"ethereum","confirmations":12,"provider_id":null,"#,
                    r#""paid_at":"2027-01-15T08:00:02Z","confirmed_at":"2027-01-15T08:00:02Z","metadata":{{"user_id":4321}}}}"#
                ),
                id
            )
        )]
    );
    let event = host.events().pop().unwrap();
    assert_eq!(event.subject, id);
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}/{id}"))["amount_received_fiat"],
        "1800.00"
    );
}

#[test]
fn ordinary_money_has_two_places_and_no_coins() {
    let (mut host, token) = host();
    host.set("fee_percent", "2.9");
    host.set("fee_fixed", "0.30");
    let (payment, id) = invoice(&mut host, &token, &json!({ "amount": "49.90" }));
    let done = AttemptDone {
        gateway: "stripe".to_owned(),
        details: json!({ "provider_id": "pi_1N", "tx_hash": "no", "network": "no", "confirmations": 1 }),
        ..AttemptDone::default()
    };
    host.pay(&payment, done);
    assert_eq!(
        sent(&host)[0].1,
        format!(
            concat!(
                r#"{{"event_type":"invoice.paid","invoice_id":"{}","merchant_id":1,"status":"confirmed","#,
                r#""invoice_amount":"49.90","invoice_currency":"USD","amount_received":"49.90","currency":"USD","#,
                r#""fee":"1.75","amount_net":"48.15","customer_paid_fee":false,"driver":"stripe","#,
                r#""tx_hash":null,"network":null,"confirmations":null,"provider_id":"pi_1N","#,
                r#""paid_at":"2027-01-15T08:00:00Z","confirmed_at":"2027-01-15T08:00:00Z","metadata":{{}}}}"#
            ),
            id
        )
    );
}

#[test]
fn a_fee_that_the_customer_pays_is_on_top() {
    let (mut host, token) = host();
    host.set("fee_percent", "2.5");
    host.set("customer_pays_fee", "true");
    let (payment, _) = invoice(&mut host, &token, &json!({ "amount": 100 }));
    host.pay(&payment, AttemptDone::default());
    let body = newest(&host);
    for (field, value) in [
        ("invoice_amount", json!("100.00")),
        ("amount_received", json!("102.50")),
        ("fee", json!("2.50")),
        ("amount_net", json!("100.00")),
        ("customer_paid_fee", json!(true)),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
}

#[test]
fn the_tolerance_decides_between_paid_partial_and_overpaid() {
    // Received, the settings for what is forgiven, and what it is called.
    for (received, short, percent, partial, kind) in [
        ("100.00", "0.01", "0.5", "0", "invoice.paid"),
        ("99.50", "0.01", "0.5", "0", "invoice.paid"),
        ("99.49", "0.01", "0.5", "0", "invoice.partial"),
        ("99.99", "0.01", "0", "0", "invoice.paid"),
        ("99.98", "0.01", "0", "0", "invoice.partial"),
        ("99.99", "0", "0", "0", "invoice.partial"),
        ("95.00", "5", "0.5", "0", "invoice.paid"),
        ("0.01", "0.01", "0.5", "0", "invoice.partial"),
        ("50.00", "0.01", "0.5", "50", "invoice.partial"),
        ("49.99", "0.01", "0.5", "50", "invoice.failed"),
        ("100.01", "0.01", "0.5", "0", "invoice.overpaid"),
        ("250.00", "0.01", "0.5", "0", "invoice.overpaid"),
    ] {
        let (mut host, token) = host();
        host.set("tolerance_short", short);
        host.set("tolerance_short_percent", percent);
        host.set("tolerance_partial_min_percent", partial);
        let (payment, id) = invoice(&mut host, &token, &json!({ "amount": 100 }));
        host.pay(&payment, AttemptDone::received(usd(received)));
        let body = newest(&host);
        assert_eq!(
            (&body["event_type"], sent(&host).len()),
            (&json!(kind), 1),
            "{received}"
        );
        let status = if kind == "invoice.failed" {
            "failed"
        } else {
            "confirmed"
        };
        assert_eq!(body["status"], status);
        assert_eq!(
            get(&mut host, &token, &format!("{INVOICES}/{id}"))["status"],
            status
        );
        if status == "confirmed" {
            assert_eq!(body["amount_received"], received);
        } else {
            assert_eq!(body["amount_received"], Value::Null);
        }
    }
}

#[test]
fn fees_in_coins_are_the_same_part_and_always_add_up() {
    // Received, worth, the fee per cent; shown: received, fee and net.
    for (coin, received, worth, percent, shown) in [
        (
            "USDT",
            "100",
            "100",
            "2.5",
            ["100.00000000", "2.50000000", "97.50000000"],
        ),
        (
            "USDT",
            "50.12345678",
            "50.12",
            "2.5",
            ["50.12345678", "1.25008621", "48.87337057"],
        ),
        (
            "BTC",
            "0.00150000",
            "100",
            "2.5",
            ["0.00150000", "0.00003750", "0.00146250"],
        ),
        (
            "ETH",
            "0.033333333",
            "100",
            "0",
            ["0.03333333", "0.00000000", "0.03333333"],
        ),
        (
            "ETH",
            "0.033333335",
            "100",
            "2.5",
            ["0.03333334", "0.00083333", "0.03250001"],
        ),
        (
            "USDC",
            "99.999999",
            "100",
            "100",
            ["99.99999900", "99.99999900", "0.00000000"],
        ),
    ] {
        let (mut host, token) = host();
        host.set("fee_percent", percent);
        let (payment, _) = invoice(&mut host, &token, &json!({ "amount": 100 }));
        let done = AttemptDone {
            method: format!("crypto:{coin}:chain"),
            received: Some(Amount::parse_decimal(received, coin).unwrap()),
            credited: Some(usd(worth)),
            ..AttemptDone::default()
        };
        host.pay(&payment, done);
        let body = newest(&host);
        assert_eq!(body["currency"], coin);
        for (field, shown) in ["amount_received", "fee", "amount_net"].iter().zip(shown) {
            assert_eq!(body[field], shown, "{coin} {received}: {field}");
        }
        // The merchant's currency is the invoice's, and what came is not.
        assert_eq!(body["fx_pair"], format!("{coin}/USD"));
    }
}

#[test]
fn what_was_paid_in_another_currency_than_the_merchants_is_told_in_that_too() {
    // Coin, received, worth; the rate shown.
    for (coin, received, worth, rate) in [
        ("USDT", "100", "100", "1.000000"),
        ("USDT", "100.2", "100", "0.998004"),
        ("BTC", "0.00150000", "100", "66666.666667"),
    ] {
        let (mut host, token) = host();
        host.set("fee_percent", "2.5");
        let (payment, _) = invoice(&mut host, &token, &json!({ "amount": 100 }));
        let done = AttemptDone {
            method: format!("crypto:{coin}:chain"),
            received: Some(Amount::parse_decimal(received, coin).unwrap()),
            credited: Some(usd(worth)),
            ..AttemptDone::default()
        };
        host.pay(&payment, done);
        let body = newest(&host);
        for (field, value) in [
            ("amount_received_fiat", "100.00"),
            ("amount_net_fiat", "97.50"),
            ("fx_rate_used", rate),
            ("fx_pair", &format!("{coin}/USD")),
        ] {
            assert_eq!(body[field], value, "{coin} {received}: {field}");
        }
    }
}

#[test]
fn what_was_paid_in_the_merchants_currency_needs_no_conversion() {
    let (mut host, token) = host();
    host.set("default_currency", "MXN");
    host.set("fx_rates", "USD/MXN=18.0");
    let (payment, _) = invoice(&mut host, &token, &json!({ "amount": 100, "currency": "USD" }));
    let done = AttemptDone {
        received: Some(Amount::parse_decimal("1800", "MXN").unwrap()),
        credited: Some(usd("100")),
        ..AttemptDone::default()
    };
    host.pay(&payment, done);
    let body = newest(&host);
    assert_eq!(
        (&body["amount_received"], &body["currency"], body.get("fx_pair")),
        (&json!("1800.00"), &json!("MXN"), None)
    );
}

#[test]
fn the_merchant_is_told_nothing_of_personal_merchants_and_earns_nothing_by_them() {
    let (mut host, merchant) = host();
    host.set("fee_percent", "10");
    // Whatever is emitted for delivery goes there too.
    let endpoint = endpoints::NewEndpoint {
        webhook: "merchant".to_owned(),
        url: "https://merchant.example/hook".to_owned(),
        ..endpoints::NewEndpoint::default()
    };
    host.act(|| endpoints::create(endpoint)).expect("an endpoint");
    let ada = crate::user(&mut host, "ada", "user");
    let token = host.key_of(ada, &["user"]);
    let order = json!({ "amount": 100, "metadata": { "user_id": 4321 } });
    post(&mut host, &token, "/api/invoices", &order, 201);
    let payment = host.payments()[0].id.clone();
    host.pay(&payment, AttemptDone::default());
    let balances = |host: &mut Host| {
        ["merchant:renovax:balance", "renovax:personal:1"].map(|account| {
            host.act(|| mooring_sdk::ledger::balance(account, "USD"))
                .expect("a balance")
        })
    };
    assert_eq!(balances(&mut host), [usd("0"), usd("90")]);

    // The operator sends a part back, and then the rest of what it can.
    for amount in ["30", "70"] {
        let part = payments::NewRefund {
            payment: payment.clone(),
            amount: Some(usd(amount)),
            reason: String::new(),
            idempotency_key: None,
        };
        host.act(|| payments::refund(part)).expect("a refund");
        host.run_jobs();
    }
    assert_eq!(balances(&mut host)[0], usd("0"));
    let kept: Vec<String> = host.events().into_iter().map(|event| event.kind).collect();
    assert_eq!(kept, ["invoice.created", "invoice.paid", "invoice.refunded"]);
    assert_eq!(host.deliveries().len(), 0);

    let (payment, _) = invoice(&mut host, &merchant, &json!({ "amount": 100 }));
    host.pay(&payment, AttemptDone::default());
    assert_eq!(host.deliveries().len(), 1);
    assert_eq!(balances(&mut host)[0], usd("90"));
}

#[test]
fn the_rate_is_the_one_of_the_invoice_and_worse_by_the_markup() {
    // Rate, markup, received in dollars; the rate shown, and what it comes to.
    for (rate, markup, received, shown, fiat, net) in [
        ("18.0", "1.000", "100.00", "17.820000", "1782.00", "1737.45"),
        ("18.0", "0.5", "100.00", "17.910000", "1791.00", "1746.23"),
        ("18.123456", "1.234", "99.99", "17.899813", "1789.80", "1745.05"),
        ("0.0000613", "0", "100.00", "0.000061", "0.01", "0.01"),
        ("18", "99.999", "100.00", "0.000180", "0.02", "0.02"),
    ] {
        let (mut host, token) = host();
        host.set("default_currency", "MXN");
        host.set("fx_rates", &format!("USD/MXN={rate}"));
        host.set("fx_markup_percent", markup);
        host.set("fee_percent", "2.5");
        let (payment, _) = invoice(&mut host, &token, &json!({ "amount": 100, "currency": "USD" }));
        // What the operator changes now is for the next invoice.
        host.set("fx_rates", "");
        host.set("default_currency", "EUR");
        host.pay(&payment, AttemptDone::received(usd(received)));
        let body = newest(&host);
        for (field, value) in [
            ("fx_rate_used", shown),
            ("amount_received_fiat", fiat),
            ("amount_net_fiat", net),
            ("fx_pair", "USD/MXN"),
        ] {
            assert_eq!(body[field], value, "{rate} {markup}: {field}");
        }
    }
}

/// Ends an invoice, given its payment's id and its own.
type End = fn(&mut Host, &str, &str);

#[test]
fn what_ends_without_money_has_no_money_in_it() {
    let ends: [(&str, &str, End); 3] = [
        ("invoice.expired", "expired", |host, payment, _| {
            host.expire(payment);
        }),
        ("invoice.canceled", "canceled", |host, _, id| {
            let token = host.key(&["merchant"]);
            post(host, &token, &format!("{INVOICES}/{id}/cancel"), &json!({}), 200);
        }),
        ("invoice.failed", "failed", |host, payment, _| {
            host.act(|| payments::fail(payment, payments::Failure::new("fraud", "Tor")))
                .unwrap();
        }),
    ];
    for (kind, status, end) in ends {
        let (mut host, token) = host();
        host.set("customer_pays_fee", "true");
        let order = json!({ "amount": 100, "client_remote_id": "a", "metadata": { "order": "ü" } });
        let (payment, id) = invoice(&mut host, &token, &order);
        host.decline(&payment, "5051", "Insufficient funds");
        end(&mut host, &payment, &id);
        host.run_jobs();
        assert_eq!(
            sent(&host),
            [(
                kind.to_owned(),
                format!(
                    concat!(
                        r#"{{"event_type":"{}","invoice_id":"{}","merchant_id":1,"status":"{}","#,
                        r#""invoice_amount":"100.00","invoice_currency":"USD","amount_received":null,"currency":null,"#,
                        r#""fee":null,"amount_net":null,"customer_paid_fee":false,"driver":null,"tx_hash":null,"network":null,"#,
                        r#""confirmations":null,"provider_id":null,"paid_at":null,"confirmed_at":null,"metadata":{{"order":"ü"}}}}"#
                    ),
                    kind, id, status
                )
            )]
        );
    }
}

#[test]
fn only_a_refund_of_all_is_told_and_every_one_that_failed() {
    let (mut host, token) = host();
    let (payment, id) = invoice(&mut host, &token, &json!({ "amount": 100 }));
    host.pay(&payment, by_tether("100", "100"));
    let refund = format!("{INVOICES}/{id}/refund");
    post(&mut host, &token, &refund, &json!({ "amount": 40 }), 200);
    host.next_refund(RefundOutcome::failed("no", "No."));
    assert_eq!(host.post(&refund).key(&token).body("").send().status, 422);
    host.next_refund(RefundOutcome::Pending);
    post(&mut host, &token, &refund, &json!({ "amount": 20 }), 200);
    host.next_refund(RefundOutcome::failed("no", "No."));
    assert_eq!(host.post(&refund).key(&token).body("").send().status, 422);
    post(&mut host, &token, &refund, &json!({ "amount": 40 }), 200);
    let kinds = |host: &Host| sent(host).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(
        kinds(&host),
        ["invoice.paid", "invoice.refund_failed", "invoice.refund_failed"]
    );
    assert_eq!(newest(&host)["status"], "confirmed");

    let pending = host
        .refunds(&payment)
        .into_iter()
        .find(|refund| refund.amount == usd("20"))
        .unwrap();
    host.settle_refund(&pending.id, RefundOutcome::succeeded("re_9"));
    assert_eq!(kinds(&host).last().unwrap(), "invoice.refunded");
    let body = newest(&host);
    assert_eq!(
        (&body["status"], &body["amount_received"]),
        (&json!("refunded"), &json!("100.00000000"))
    );
    assert_eq!(
        (&body["driver"], &body["tx_hash"]),
        (&json!("crypto:USDT:ethereum"), &json!("0x7a8b9c"))
    );
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}?status=refunded"))["meta"]["total"],
        1
    );
}

#[test]
fn money_that_nobody_asked_for_is_no_news() {
    let (mut host, token) = host();
    let (payment, id) = invoice(&mut host, &token, &json!({ "amount": 100 }));
    host.begin(&payment, "sandbox", "card");
    host.expire(&payment);
    host.pay(&payment, AttemptDone::default());
    host.run_jobs();
    assert_eq!(sent(&host).len(), 1);
    assert_eq!(
        get(&mut host, &token, &format!("{INVOICES}/{id}"))["status"],
        "expired"
    );
}

#[test]
fn bodies_are_small_and_without_space_around_them() {
    let (mut host, token) = host();
    host.set("default_currency", "MXN");
    host.set("fx_rates", "USD/MXN=18.123456789");
    let order = json!({
        "amount": "999999999.99", "currency": "USD", "client_remote_id": "x".repeat(191),
        "metadata": { "text": "é".repeat(1018) },
    });
    let (payment, _) = invoice(&mut host, &token, &order);
    let mut done = by_tether("999999999.99999999", "999999999.99");
    done.details["tx_hash"] = json!("0".repeat(128));
    host.pay(&payment, done);
    let body = sent(&host).pop().unwrap().1;
    assert!(body.len() < 4096, "{}", body.len());
    assert_eq!(body.trim(), body);
    assert!(body.starts_with('{') && body.ends_with('}'));
}

#[test]
fn the_manifest_declares_the_documents_deliveries() {
    let host = Host::new();
    let [webhook] = &host.manifest().webhooks[..] else {
        panic!("one endpoint");
    };
    assert_eq!(webhook.retry_seconds, [30, 120, 600, 3600, 21_600, 86_400]);
    assert_eq!(webhook.timeout_ms, 10_000);
    assert_eq!(
        (webhook.url_setting.as_str(), webhook.secret_setting.as_deref()),
        ("webhook_url", Some("webhook_secret"))
    );
    let names: Vec<&str> = webhook
        .headers
        .iter()
        .map(|header| header.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "X-Renovax-Event-Id",
            "X-Renovax-Event-Type",
            "X-Renovax-Signature"
        ]
    );
}
