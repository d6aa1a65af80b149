//! The journal of a host that works: intact at rest and under load, and only ever longer.

use mooring_tests::TestHost;
use mooring_tests::paymenter::invoice_paid;
use serde_json::json;

#[tokio::test]
async fn a_new_hosts_journals_are_intact() {
    let host = TestHost::start();
    let printed = host.mooring_ok(&["ledger", "verify"]);
    assert!(
        printed.contains(&host.demo_tenant()) && printed.contains("yes"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_stays_intact_under_load() {
    const CLIENTS: usize = 8;
    const INVOICES: usize = 40;
    let host = TestHost::start();
    let (admin, tenant) = (host.admin(), host.demo_tenant());
    admin
        .set(&tenant, "paymenter", "rate_limit_per_minute", "0")
        .await;
    let before = admin.verify_ledgers().await;

    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let api = host.paymenter();
            tokio::spawn(async move {
                for number in 0..INVOICES {
                    // Every second invoice is everybody's: one of them posts it, the others are told so.
                    let own = format!("c{client}-{number}");
                    let shared = format!("all-{number}");
                    invoice_paid(&api, if number % 2 == 0 { &own } else { &shared }, "10.01").await;
                }
            })
        })
        .collect();
    // A journal can be checked at any time, and what is checked is one state of it.
    let mut seen = before;
    while clients.iter().any(|client| !client.is_finished()) {
        let verified = admin.verify_ledgers().await;
        assert!(verified >= seen, "a journal only grows");
        seen = verified;
    }
    for client in clients {
        client.await.expect("the client is done");
    }

    let postings = (CLIENTS * INVOICES / 2 + INVOICES / 2) as u64;
    assert_eq!(admin.verify_ledgers().await, before + postings);
    let sequences: Vec<u64> = admin
        .all(&tenant, "ledger/postings")
        .await
        .iter()
        .map(|posting| {
            posting["sequence"]
                .as_u64()
                .expect("a committed posting has its place")
        })
        .collect();
    let gapless: Vec<u64> = (1..=sequences.len() as u64).collect();
    assert_eq!(sequences, gapless);
}

#[tokio::test]
async fn every_posting_balances() {
    let host = TestHost::start();
    let (api, tenant) = (host.paymenter(), host.demo_tenant());
    invoice_paid(&api, "INV-1", "0.01").await;
    invoice_paid(&api, "INV-2", "999999999.99").await;
    invoice_paid(&api, "INV-3", "19.99").await;
    let topup = json!({ "kind": "topup", "amount_usd": "5.00", "external_ref": "r", "meta": {} });
    api.post("/api/v1/reseller/credit-event", &topup)
        .await
        .expect(200);
    let postings = host.admin().all(&tenant, "ledger/postings").await;
    assert!(!postings.is_empty());
    for posting in postings {
        let mut sums: std::collections::BTreeMap<String, i128> = std::collections::BTreeMap::new();
        for entry in posting["entries"].as_array().expect("entries") {
            let amount = &entry["amount"];
            let minor = amount["minor"]
                .as_i64()
                .or_else(|| amount["minor"].as_str()?.parse().ok())
                .expect("minor");
            let sign = if entry["direction"] == "debit" { -1 } else { 1 };
            *sums.entry(amount["currency"].to_string()).or_default() += i128::from(minor) * sign;
        }
        assert!(sums.values().all(|sum| *sum == 0), "{posting}");
    }
    host.admin().verify_ledgers().await;
}
