//! The provider's own examples; `cases/README.md` says how they are written.

use serde_json::Value;

use crate::{Host, PREFIXES, host_with_reseller};

struct Step {
    call: String,
    body: String,
    status: u16,
    answer: Value,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(call) = lines.next() {
        if call.trim().is_empty() {
            continue;
        }
        let mut body = String::new();
        let status = loop {
            let line = lines.next().expect("an answer");
            match line.strip_prefix("=> ") {
                Some(status) => break status.parse().expect("a status"),
                None => body.push_str(line),
            }
        };
        let mut answer = String::new();
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
            answer.push_str(line);
        }
        steps.push(Step {
            call: call.to_owned(),
            body,
            status,
            answer: serde_json::from_str(&answer).expect("an answer of JSON"),
        });
    }
    steps
}

/// Equal, where `"…"` stands for anything but null. Numbers count, not the way they are written.
fn alike(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (got, Value::String(any)) if any == "…" => !got.is_null(),
        (Value::Number(got), Value::Number(wanted)) => got.as_f64() == wanted.as_f64(),
        (Value::Array(got), Value::Array(wanted)) => {
            got.len() == wanted.len() && got.iter().zip(wanted).all(|(got, wanted)| alike(got, wanted))
        }
        (Value::Object(got), Value::Object(wanted)) => {
            got.keys().eq(wanted.keys()) && got.iter().all(|(key, got)| alike(got, &wanted[key]))
        }
        _ => got == wanted,
    }
}

fn converse(text: &str, prefix: &str) {
    let (mut host, user) = host_with_reseller("distributor", "498.5");
    host.set("merchant_id", "7");
    host.set("merchant_name", "Acme Store");
    let merchant = host.key(&["merchant"]);
    let mut id = String::new();
    for step in steps(text) {
        let words: Vec<&str> = step.call.split(' ').collect();
        let [method, path, token] = words[..] else {
            panic!("{:?} is no call", step.call);
        };
        let path = format!("{prefix}{}", path.replace("{id}", &id));
        let request = host.request(method, &path);
        let request = match token {
            "merchant" => request.key(&merchant),
            "user" => request.key(&user),
            _ => request,
        };
        let reply = request.body(step.body).send();
        let answer = reply.json();
        assert_eq!(reply.status, step.status, "{} answered {answer}", step.call);
        assert!(alike(&answer, &step.answer), "{} answered {answer}", step.call);
        id = answer["id"].as_str().map_or(id, str::to_owned);
    }
}

#[test]
fn the_documents_examples_hold_under_both_prefixes() {
    for prefix in PREFIXES {
        converse(include_str!("../../cases/merchant.txt"), prefix);
        converse(include_str!("../../cases/reseller.txt"), prefix);
    }
}

#[test]
fn both_prefixes_have_the_same_routes() {
    let host = Host::new();
    let routes = &host.manifest().routes;
    let of = |prefix: &str, v1: bool| {
        let mut found: Vec<_> = routes
            .iter()
            .filter(|route| route.path.starts_with("/api/v1/") == v1)
            .map(|route| {
                (
                    route.method.clone(),
                    route.path.strip_prefix(prefix).unwrap().to_owned(),
                )
            })
            .collect();
        found.sort();
        found
    };
    assert_eq!(of("/api", false), of("/api/v1", true));
    assert_eq!(of("/api", false).len(), 16);
}
