//! Runs the text files of `cases/`: requests and answers as the provider's documents print them, field by field in their
//! order. White space between the parts of an answer does not count, everything else does.
//!
//! A file is a list of steps on one host, each behind a line of `=`:
//! ```text
//! POST clients/create            a request below /api/v1/2/{key}/, with headers, an empty line and a body
//! set NAME=VALUE                 the administrator sets a setting
//! advance MILLISECONDS           time goes by
//! pay {"card_type": "Visa"}      the payer pays the newest payment, and the gateway tells this of it
//! decline 5051 {…} Insufficient funds
//! webhook payment.success        the newest event, of this kind, has this body
//! ```
//! `{uuid}` stands for the uuid of the newest payment.

use std::fs;
use std::path::Path;

use mooring_sdk::testing::AttemptDone;

use crate::{Host, host, newest, path};

#[test]
fn answers_are_as_in_the_documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("a folder of cases")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 5, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).expect("a text");
        let (mut host, key) = host();
        for (number, step) in text.split("\n====\n").enumerate() {
            let at = format!("{}, step {}", file.display(), number + 1);
            run(&mut host, &key, step, &at);
        }
    }
}

fn run(host: &mut Host, key: &str, step: &str, at: &str) {
    let (line, rest) = step.split_once('\n').unwrap_or((step, ""));
    let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "set" => {
            let (name, value) = argument.split_once('=').expect("NAME=VALUE");
            host.set(name, value);
        }
        "advance" => host.advance(argument.parse().expect("milliseconds")),
        "pay" => {
            let payment = newest(host);
            host.pay(&payment, details(argument));
        }
        "decline" => {
            let payment = newest(host);
            let (code, rest) = argument.split_once(' ').expect("a code");
            let (card, message) = rest.rsplit_once("} ").expect("details and a message");
            host.decline_with(&payment, code, message, details(&format!("{card}}}")));
        }
        "webhook" => {
            let event = host.events().pop().expect("an event");
            assert_eq!(event.kind, argument, "{at}");
            assert_eq!(event.data, compact(&filled(host, rest)), "{at}");
        }
        "GET" | "POST" => request(host, key, word, argument, rest, at),
        _ => panic!("{at}: `{word}` is no step"),
    }
}

fn details(json: &str) -> AttemptDone {
    AttemptDone::default().with_details(serde_json::from_str(json).expect("details in JSON"))
}

fn request(host: &mut Host, key: &str, method: &str, below: &str, rest: &str, at: &str) {
    let rest = format!("\n{rest}");
    let Some((asked, answer)) = rest.split_once("\n--> ") else {
        panic!("{at} has no answer");
    };
    let (status, expected) = answer.split_once('\n').expect("a status and a body");
    let (headers, body) = asked.split_once("\n\n").unwrap_or((asked, ""));
    let below = filled(host, below);
    let before = host.fingerprint();
    let mut request = host.request(method, &path(key, &below)).body(body.trim_end());
    for header in headers.lines().filter(|line| !line.is_empty()) {
        let (name, value) = header.split_once(": ").expect("NAME: VALUE");
        request = request.header(&name.to_ascii_lowercase(), value);
    }
    let reply = request.send();
    assert_eq!(reply.status.to_string(), status, "{at}: {}", reply.text());
    assert_eq!(reply.text(), compact(&filled(host, expected)), "{at}");
    if reply.status >= 400 || method == "GET" && !below.starts_with("webhook/") {
        assert_eq!(before, host.fingerprint(), "{at} must leave nothing behind");
    }
}

fn filled(host: &Host, text: &str) -> String {
    match host.payments().last() {
        Some(payment) => text.replace("{uuid}", &payment.reference),
        None => text.to_owned(),
    }
}

/// Without white space between the parts of a JSON text.
fn compact(json: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    json.chars()
        .filter(|&character| {
            let keep = inside || !character.is_whitespace();
            if !escaped && character == '"' {
                inside = !inside;
            }
            escaped = inside && !escaped && character == '\\';
            keep
        })
        .collect()
}
