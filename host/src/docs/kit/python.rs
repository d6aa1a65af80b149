//! The sample in Python.

use std::fmt::Write;

use super::auth::Auth;
use super::literal::{Style, json_text};
use super::plan::{Call, Plan};
use super::{about, fill, one_line};

const STYLE: Style = Style {
    null: "None",
    yes: "True",
    no: "False",
    object: ("{", "}"),
    pair: ": ",
    empty: "{}",
    text: json_text,
    saved: str::to_owned,
    unique: |before, after| match after {
        "" => format!("{} + RUN", json_text(before)),
        after => format!("{} + RUN + {}", json_text(before), json_text(after)),
    },
    variable: str::to_owned,
    joint: " + ",
};

pub(super) fn text(plan: &Plan<'_>) -> String {
    let (about, usage) = about(plan);
    let mut variables = String::new();
    for variable in &plan.variables {
        let (name, default) = (&variable.name, json_text(&variable.default));
        let _ = writeln!(
            variables,
            "{name} = os.environ.get({}, {default})",
            json_text(name)
        );
    }
    let calls: Vec<_> = plan.calls.iter().map(|call| written(call)).collect();
    let values = [
        ("ABOUT", about.as_str()),
        ("USAGE", &usage),
        ("BASE_URL", &json_text(plan.base_url)),
        ("VARIABLES", &variables),
        ("AUTHORIZE", &authorize(&plan.auth)),
        ("CALLS", &calls.join("\n")),
    ];
    fill(include_str!("templates/sample.py"), &values)
}

fn authorize(auth: &Auth) -> String {
    if let Some(signed) = auth.signed() {
        let lines = [
            "timestamp = str(int(time.time()))".to_owned(),
            "message = timestamp.encode() + b\".\" + body".to_owned(),
            format!("headers[{}] = key", json_text(&signed.key_header)),
            format!("headers[{}] = timestamp", json_text(&signed.timestamp_header)),
            format!(
                "headers[{}] = hmac.new({}.encode(), message, hashlib.sha256).hexdigest()",
                json_text(&signed.signature_header),
                signed.secret
            ),
        ];
        return lines.map(|line| format!("    {line}\n")).concat();
    }
    match auth.header() {
        Some((name, before)) => format!("    headers[{}] = {} + key\n", json_text(name), json_text(before)),
        None => format!("    # {}\n", auth.remark()),
    }
}

fn written(call: &Call<'_>) -> String {
    let mut text = format!("# {}\n", one_line(call.summary));
    let mut arguments = vec![
        json_text(call.name),
        json_text(call.method),
        STYLE.path(&call.path),
    ];
    arguments.extend(call.key.clone());
    arguments.extend(STYLE.query(call).map(|query| format!("query={query}")));
    if let Some(body) = &call.body {
        arguments.push(format!("body={}", STYLE.part(body)));
    }
    let _ = writeln!(text, "answer = call({})", arguments.join(", "));
    for save in &call.saves {
        let _ = writeln!(text, "{} = pick(answer, {})", save.name, json_text(&save.pointer));
    }
    text
}
