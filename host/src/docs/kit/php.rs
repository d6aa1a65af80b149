//! The sample in PHP.

use std::fmt::Write;

use super::auth::Auth;
use super::literal::Style;
use super::plan::{Call, Plan};
use super::{about, fill, one_line};

const STYLE: Style = Style {
    null: "null",
    yes: "true",
    no: "false",
    object: ("[", "]"),
    pair: " => ",
    empty: "new stdClass()",
    text: quoted,
    saved: |name| format!("${name}"),
    unique: |before, after| match after {
        "" => format!("{} . $run", quoted(before)),
        after => format!("{} . $run . {}", quoted(before), quoted(after)),
    },
    variable: |name| format!("${}", name.to_ascii_lowercase()),
    joint: " . ",
};

pub(super) fn text(plan: &Plan<'_>) -> String {
    let (about, usage) = about(plan);
    let mut variables = String::new();
    for variable in &plan.variables {
        let (name, default) = (&variable.name, quoted(&variable.default));
        let ours = (STYLE.variable)(name);
        let _ = writeln!(variables, "{ours} = getenv({}) ?: {default};", quoted(name));
    }
    let calls: Vec<_> = plan.calls.iter().map(|call| written(call)).collect();
    let values = [
        ("ABOUT", about.as_str()),
        ("USAGE", &usage),
        ("BASE_URL", &quoted(plan.base_url)),
        ("VARIABLES", &variables),
        ("AUTHORIZE", &authorize(&plan.auth)),
        ("CALLS", &calls.join("\n")),
    ];
    fill(include_str!("templates/sample.php"), &values)
}

fn authorize(auth: &Auth) -> String {
    if let Some(signed) = auth.signed() {
        let secret = (STYLE.variable)(&signed.secret);
        let lines = [
            format!("global {secret};"),
            "$timestamp = (string) time();".to_owned(),
            format!(
                "$headers[] = {} . $key;",
                quoted(&format!("{}: ", signed.key_header))
            ),
            format!(
                "$headers[] = {} . $timestamp;",
                quoted(&format!("{}: ", signed.timestamp_header))
            ),
            format!(
                "$headers[] = {} . hash_hmac('sha256', \"$timestamp.$body\", {secret});",
                quoted(&format!("{}: ", signed.signature_header))
            ),
        ];
        return lines.map(|line| format!("    {line}")).join("\n");
    }
    match auth.header() {
        Some((name, before)) => format!(
            "    $headers[] = {} . $key;",
            quoted(&format!("{name}: {before}"))
        ),
        None => format!("    // {}", auth.remark()),
    }
}

fn written(call: &Call<'_>) -> String {
    let mut text = format!("// {}\n", one_line(call.summary));
    let mut arguments = vec![quoted(call.name), quoted(call.method), STYLE.path(&call.path)];
    arguments.extend(call.key.as_deref().map(STYLE.variable));
    arguments.extend(STYLE.query(call).map(|query| format!("query: {query}")));
    if let Some(body) = &call.body {
        arguments.push(format!("body: {}", STYLE.part(body)));
    }
    let _ = writeln!(text, "$answer = call({});", arguments.join(", "));
    for save in &call.saves {
        let _ = writeln!(text, "${} = pick($answer, {});", save.name, quoted(&save.pointer));
    }
    text
}

/// In single quotes, where nothing but these two means anything.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
