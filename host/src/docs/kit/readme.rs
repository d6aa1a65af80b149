//! What the kit says of itself.

use std::fmt::Write;

use super::plan::Plan;

pub(super) fn text(plan: &Plan<'_>) -> String {
    let mut text = format!("# {}: integration kit\n\n{}\n\n", plan.title, plan.summary);
    let base = plan.base_url;
    let _ = writeln!(
        text,
        "The whole surface: [{base}/docs]({base}/docs), and as OpenAPI [{base}/openapi.json]({base}/openapi.json).\n"
    );
    text.push_str("| file | |\n| --- | --- |\n");
    for (file, about) in [
        (
            "postman_collection.json",
            "for Postman: import it, and set its variables",
        ),
        ("sample.sh", "`bash sample.sh`"),
        ("sample.mjs", "`node sample.mjs`"),
        ("sample.php", "`php sample.php`"),
        ("sample.py", "`python3 sample.py`"),
    ] {
        let _ = writeln!(text, "| {file} | {about} |");
    }
    text.push_str(
        "\nAll of them make the same requests, in this order. They end with 1 if one was refused.\n\n",
    );
    text.push_str("| request | |\n| --- | --- |\n");
    for call in &plan.calls {
        let _ = writeln!(text, "| {} | {} |", call.name, call.summary);
    }
    text.push_str("\n| variable | default |\n| --- | --- |\n");
    let _ = writeln!(text, "| BASE_URL | {base} |");
    for variable in &plan.variables {
        let default = match variable.default.as_str() {
            "" => "none; requests that need it are skipped",
            default => default,
        };
        let _ = writeln!(text, "| {} | {default} |", variable.name);
    }
    text
}
