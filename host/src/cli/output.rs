//! What a command prints: the interface's JSON, or a table of some of it.

use std::io::Write as _;

use serde_json::Value;

/// A column, or a line of a single item: its heading, and where in the JSON its value lies (RFC 6901).
pub(super) type Column = (&'static str, &'static str);

/// Where a command's results go.
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Output {
        Output { json }
    }

    /// `{items, total}`.
    pub(super) fn list(&self, answer: &Value, columns: &[Column]) {
        if self.json {
            return print(&format!("{answer}\n"));
        }
        let items = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        print(&table(items, columns));
        let total = answer["total"].as_u64().unwrap_or(items.len() as u64);
        if total != items.len() as u64 {
            eprintln!("{} of {total}; see --offset and --limit", items.len());
        }
    }

    /// One thing.
    pub(super) fn item(&self, answer: &Value, fields: &[Column]) {
        if self.json {
            return print(&format!("{answer}\n"));
        }
        let width = fields
            .iter()
            .map(|(heading, _)| heading.len())
            .max()
            .unwrap_or_default();
        for (heading, pointer) in fields {
            print(&format!("{heading:width$}  {}\n", cell(answer.pointer(pointer))));
        }
    }

    /// A list inside of one thing, for people, if there is anything in it; the JSON has it already.
    pub(super) fn part(&self, answer: &Value, field: &str, columns: &[Column]) {
        let items = answer[field].as_array().map(Vec::as_slice).unwrap_or_default();
        if !self.json && !items.is_empty() {
            print(&format!("\n{}", table(items, columns)));
        }
    }

    /// What people should know beside what was shown.
    pub(super) fn note(&self, sentence: &str) {
        if !self.json {
            print(&format!("\n{sentence}\n"));
        }
    }

    /// What was done, for people; with `--json` what the interface answered, if anything.
    pub(super) fn done(&self, answer: &Value, sentence: &str) {
        match (self.json, answer) {
            (false, _) => print(&format!("{sentence}\n")),
            (true, Value::Null) => {}
            (true, answer) => print(&format!("{answer}\n")),
        }
    }
}

fn table(items: &[Value], columns: &[Column]) -> String {
    let headings = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let cells = |item: &Value| {
        columns
            .iter()
            .map(|(_, pointer)| cell(item.pointer(pointer)))
            .collect()
    };
    let rows: Vec<Vec<String>> = std::iter::once(headings).chain(items.iter().map(cells)).collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let padded = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        // Names and labels come from front-ends; a terminal must not obey what they hold.
        Some(Value::String(text)) => text.chars().flat_map(visible).collect(),
        Some(Value::Array(values)) if values.is_empty() => "-".to_owned(),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| cell(Some(value)))
            .collect::<Vec<_>>()
            .join(","),
        Some(value) => value.to_string(),
    }
}

fn visible(char: char) -> Vec<char> {
    if char.is_control() {
        char.escape_default().collect()
    } else {
        vec![char]
    }
}

/// A reader that has gone away (`| head`) is no reason to fail.
pub(super) fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_aligned_and_control_characters_shown() {
        let items = [
            json!({"a": "x", "b": ["p", "q"]}),
            json!({"a": "ö\u{1b}[1m", "b": [], "c": true}),
        ];
        let text = table(&items, &[("A", "/a"), ("B", "/b"), ("C", "/c")]);
        let expected = "\
A           B    C
x           p,q  -
ö\\u{1b}[1m  -    yes
";
        assert_eq!(text, expected);
    }
}
