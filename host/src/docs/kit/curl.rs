//! The sample with curl.

use std::fmt::Write;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::auth::Auth;
use super::literal::{Piece, pieces};
use super::plan::{Call, Part, Plan};
use super::{about, fill, one_line};

pub(super) fn text(plan: &Plan<'_>) -> String {
    let (about, usage) = about(plan);
    let mut variables = String::new();
    for variable in &plan.variables {
        let (name, default) = (&variable.name, &variable.default);
        let _ = writeln!(variables, "{name}=\"${{{name}:-{}}}\"", escaped(default));
    }
    let calls: Vec<_> = plan.calls.iter().map(|call| written(call)).collect();
    let needs = if plan.auth.secret().is_some() {
        "curl, openssl"
    } else {
        "curl"
    };
    let values = [
        ("ABOUT", about.as_str()),
        ("USAGE", &usage),
        ("NEEDS", needs),
        ("BASE_URL", &escaped(plan.base_url)),
        ("VARIABLES", &variables),
        ("AUTHORIZE", &authorize(&plan.auth)),
        ("CALLS", &calls.join("\n")),
    ];
    fill(include_str!("templates/sample.sh"), &values)
}

fn authorize(auth: &Auth) -> String {
    if let Some(signed) = auth.signed() {
        let lines = [
            "local timestamp signature".to_owned(),
            "timestamp=\"$(date +%s)\"".to_owned(),
            format!(
                "signature=\"$(printf '%s.%s' \"$timestamp\" \"$body\" | openssl dgst -sha256 -hmac \"${}\" -r)\"",
                signed.secret
            ),
            format!(
                "ARGUMENTS+=(--header \"{}: $key\" --header \"{}: $timestamp\")",
                signed.key_header, signed.timestamp_header
            ),
            format!(
                "ARGUMENTS+=(--header \"{}: ${{signature%% *}}\")",
                signed.signature_header
            ),
        ];
        return lines.map(|line| format!("  {line}")).join("\n");
    }
    match auth.header() {
        Some((name, before)) => format!("  ARGUMENTS+=(--header \"{name}: {before}$key\")"),
        None => format!("  : # {}", auth.remark()),
    }
}

fn written(call: &Call<'_>) -> String {
    let mut text = format!("# {}\n", one_line(call.summary));
    let key = call
        .key
        .as_ref()
        .map_or_else(|| "-".to_owned(), |key| format!("\"${key}\""));
    let _ = write!(
        text,
        "call {} {} \"{}\" {key}",
        call.name,
        call.method,
        address(call)
    );
    if let Some(body) = &call.body {
        let _ = write!(text, " {}", quoted(&pieces(body)));
    }
    text.push('\n');
    for save in &call.saves {
        // A list's first element is the first that is found anyway.
        let fields = save.pointer.split('/').skip(1);
        let fields: Vec<_> = fields.filter(|field| field.parse::<usize>().is_err()).collect();
        let _ = writeln!(text, "{}=\"$(pick {})\"", save.name, fields.join(" "));
    }
    text
}

/// Path and query, inside double quotes.
fn address(call: &Call<'_>) -> String {
    let mut text = String::new();
    for part in &call.path {
        text.push('/');
        text.push_str(&inside(part));
    }
    for (index, (name, part)) in call.query.iter().enumerate() {
        let mark = if index == 0 { '?' } else { '&' };
        let _ = write!(text, "{mark}{name}={}", inside(part));
    }
    text
}

fn inside(part: &Part) -> String {
    match part {
        Part::Json(value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            // Paths are written as they are in the manifest; of these, only dots and hyphens would be changed.
            if text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
            {
                text
            } else {
                utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
            }
        }
        Part::Saved { name, .. } | Part::Variable(name) => format!("$(segment \"${name}\")"),
        Part::Unique { before, after } => {
            format!("$(segment \"{}${{RUN}}{}\")", escaped(before), escaped(after))
        }
        Part::Object(_) => String::new(),
    }
}

/// A JSON text in single quotes, interrupted where something is filled in.
fn quoted(pieces: &[Piece]) -> String {
    let mut text = String::from("'");
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(&piece.replace('\'', "'\\''")),
            Piece::Saved(name) | Piece::Variable(name) => {
                let _ = write!(text, "'\"${name}\"'");
            }
            Piece::Run => text.push_str("'\"$RUN\"'"),
        }
    }
    text.push('\'');
    text
}

/// Inside double quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`' | '}') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
