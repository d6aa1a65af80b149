//! The Postman collection, format 2.1.

use serde_json::{Value, json};

use super::auth::Auth;
use super::literal::{Piece, pieces};
use super::plan::{Call, Part, Plan};
use crate::docs::pretty;

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// Runs before every request: what a run's own values end with.
const RUN: &str = "pm.collectionVariables.set('RUN', String(Date.now()));";

pub(super) fn text(plan: &Plan<'_>) -> String {
    let mut variables = vec![json!({ "key": "BASE_URL", "value": plan.base_url })];
    variables.extend(
        plan.variables
            .iter()
            .map(|variable| json!({ "key": variable.name, "value": variable.default })),
    );
    let mut before = vec![RUN.to_owned()];
    before.extend(signing(&plan.auth));
    pretty(&json!({
        "info": { "name": plan.title, "description": plan.summary, "schema": SCHEMA },
        "variable": variables,
        "event": [script("prerequest", &before)],
        "item": folders(plan),
    }))
}

/// One for each group, in the order of their first requests; requests without a group beside them.
fn folders(plan: &Plan<'_>) -> Vec<Value> {
    let mut folders: Vec<Value> = Vec::new();
    for call in &plan.calls {
        let item = item(call, &plan.auth);
        if call.group.is_empty() {
            folders.push(item);
            continue;
        }
        let folder = folders.iter_mut().find(|folder| folder["name"] == call.group);
        match folder.and_then(|folder| folder["item"].as_array_mut()) {
            Some(items) => items.push(item),
            None => folders.push(json!({ "name": call.group, "item": [item] })),
        }
    }
    folders
}

fn item(call: &Call<'_>, auth: &Auth) -> Value {
    let mut headers = vec![json!({ "key": "Accept", "value": "application/json" })];
    if let (Some(key), Some((name, before))) = (&call.key, auth.header()) {
        headers.push(json!({ "key": name, "value": format!("{before}{{{{{key}}}}}") }));
    }
    let path: Vec<_> = call.path.iter().map(inside).collect();
    let query: Vec<_> = call
        .query
        .iter()
        .map(|(name, part)| json!({ "key": name, "value": inside(part) }))
        .collect();
    let mut raw = format!("{{{{BASE_URL}}}}/{}", path.join("/"));
    for (index, (name, part)) in call.query.iter().enumerate() {
        raw.push(if index == 0 { '?' } else { '&' });
        raw = raw + name + "=" + &inside(part);
    }
    let mut request = json!({
        "method": call.method,
        "description": call.summary,
        "url": { "raw": raw, "host": ["{{BASE_URL}}"], "path": path, "query": query },
    });
    if let Some(body) = &call.body {
        headers.push(json!({ "key": "Content-Type", "value": "application/json" }));
        let raw: String = pieces(body).iter().map(filled).collect();
        request["body"] = json!({ "mode": "raw", "raw": raw, "options": { "raw": { "language": "json" } } });
    }
    request["header"] = headers.into();
    let mut item = json!({ "name": call.name, "request": request });
    if !call.saves.is_empty() {
        let saves: Vec<_> = call
            .saves
            .iter()
            .map(|save| {
                let steps: Vec<_> = save.pointer.split('/').skip(1).collect();
                format!(
                    "pm.collectionVariables.set({}, {}.reduce((value, step) => value?.[step], pm.response.json()));",
                    json!(save.name),
                    json!(steps)
                )
            })
            .collect();
        item["event"] = json!([script("test", &saves)]);
    }
    item
}

fn script(listen: &str, lines: &[String]) -> Value {
    json!({ "listen": listen, "script": { "type": "text/javascript", "exec": lines } })
}

/// What signs a request, where requests are signed. Postman fills variables in after the script, so the script does it itself.
fn signing(auth: &Auth) -> Vec<String> {
    let Some(signed) = auth.signed() else {
        return Vec::new();
    };
    let header = |name: &str, value: &str| {
        format!(
            "pm.request.headers.upsert({{ key: {}, value: {value} }});",
            json!(name)
        )
    };
    vec![
        "const timestamp = String(Math.floor(Date.now() / 1000));".to_owned(),
        "const body = pm.request.body?.raw ? pm.variables.replaceIn(pm.request.body.raw) : '';".to_owned(),
        "if (body) pm.request.body.update({ mode: 'raw', raw: body });".to_owned(),
        format!(
            "const signature = CryptoJS.HmacSHA256(`${{timestamp}}.${{body}}`, pm.variables.get({}));",
            json!(signed.secret)
        ),
        header(&signed.timestamp_header, "timestamp"),
        header(&signed.signature_header, "signature.toString(CryptoJS.enc.Hex)"),
    ]
}

fn inside(part: &Part) -> String {
    match part {
        Part::Json(Value::String(text)) => text.clone(),
        Part::Json(value) => value.to_string(),
        Part::Saved { name, .. } | Part::Variable(name) => format!("{{{{{name}}}}}"),
        Part::Unique { before, after } => format!("{before}{{{{RUN}}}}{after}"),
        Part::Object(_) => String::new(),
    }
}

fn filled(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => text.clone(),
        Piece::Saved(name) | Piece::Variable(name) => format!("{{{{{name}}}}}"),
        Piece::Run => "{{RUN}}".to_owned(),
    }
}
