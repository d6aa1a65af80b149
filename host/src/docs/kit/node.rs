//! The sample in JavaScript, for Node.

use std::fmt::Write;

use super::auth::Auth;
use super::literal::{Style, json_text};
use super::plan::{Call, Plan};
use super::{about, fill, one_line};

const STYLE: Style = Style {
    null: "null",
    yes: "true",
    no: "false",
    object: ("{ ", " }"),
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
        let _ = writeln!(variables, "const {name} = process.env.{name} ?? {default};");
    }
    let calls: Vec<_> = plan.calls.iter().map(|call| written(call)).collect();
    let values = [
        ("ABOUT", about.as_str()),
        ("USAGE", &usage),
        ("BASE_URL", &json_text(plan.base_url)),
        ("VARIABLES", &variables),
        ("AUTHORIZE", &authorize(&plan.auth)),
        ("CALLS", &format!("let answer;\n{}", calls.join("\n"))),
    ];
    fill(include_str!("templates/sample.mjs"), &values)
}

fn authorize(auth: &Auth) -> String {
    if let Some(signed) = auth.signed() {
        let lines = [
            "const timestamp = String(Math.floor(Date.now() / 1000));".to_owned(),
            format!(
                "const signature = createHmac(\"sha256\", {}).update(`${{timestamp}}.${{body}}`);",
                signed.secret
            ),
            format!("headers[{}] = key;", json_text(&signed.key_header)),
            format!("headers[{}] = timestamp;", json_text(&signed.timestamp_header)),
            format!(
                "headers[{}] = signature.digest(\"hex\");",
                json_text(&signed.signature_header)
            ),
        ];
        return lines.map(|line| format!("  {line}")).join("\n");
    }
    match auth.header() {
        Some((name, before)) => format!("  headers[{}] = {} + key;", json_text(name), json_text(before)),
        None => format!("  // {}", auth.remark()),
    }
}

fn written(call: &Call<'_>) -> String {
    let mut text = format!("// {}\n", one_line(call.summary));
    let mut options = Vec::new();
    options.extend(call.key.as_ref().map(|key| format!("key: {key}")));
    options.extend(STYLE.query(call).map(|query| format!("query: {query}")));
    options.extend(
        call.body
            .as_ref()
            .map(|body| format!("body: {}", STYLE.part(body))),
    );
    let mut arguments = vec![
        json_text(call.name),
        json_text(call.method),
        STYLE.path(&call.path),
    ];
    if !options.is_empty() {
        arguments.push(format!("{{ {} }}", options.join(", ")));
    }
    let _ = writeln!(text, "answer = await call({});", arguments.join(", "));
    for save in &call.saves {
        let _ = writeln!(
            text,
            "const {} = pick(answer, {});",
            save.name,
            json_text(&save.pointer)
        );
    }
    text
}
