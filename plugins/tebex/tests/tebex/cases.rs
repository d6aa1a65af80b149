//! Conversations with the store of the demo; `cases/README.md` says how they are written.

use serde_json::Value;

use crate::{answer, host};

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

#[test]
fn the_store_answers_as_the_cases_say() {
    let (mut host, secret) = host();
    let text = include_str!("../../cases/store.txt");
    for step in text.split("\n\n").map(str::trim).filter(|step| !step.is_empty()) {
        let (asked, answered) = step.split_once("=> ").expect("an answer");
        let (call, body) = asked.split_once('\n').expect("a line");
        let (method, path) = call.split_once(' ').expect("a method and a path");
        let (status, wanted) = answered.split_once('\n').unwrap_or((answered, "null"));
        let reply = host.request(method, path).key(&secret).body(body.trim()).send();
        assert_eq!(reply.status.to_string(), status, "{call}: {}", reply.text());
        let wanted: Value = serde_json::from_str(wanted).expect("an answer of JSON");
        let got = answer(&reply);
        assert!(alike(&got, &wanted), "{call} answered {got}");
    }
}
