//! `mooring settings`

use serde_json::{Map, Value, json};

use super::client::{Failure, Remote};
use super::output::Column;
use super::place::Place;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what is set; secrets only show whether they are
    Get {
        #[command(flatten)]
        place: Place,
    },
    /// Set values, all of them or none
    ///
    /// NAME=@FILE takes the value from a file and NAME=- from standard input, so that a secret is neither in the shell's
    /// history nor in the list of processes; a lone - reads NAME=VALUE lines. NAME=@@TEXT is the text @TEXT.
    Set {
        #[command(flatten)]
        place: Place,
        /// Several may be given
        #[arg(value_name = "NAME=VALUE", required_unless_present = "unset")]
        values: Vec<String>,
        /// Go back to the manifest's default
        #[arg(long, value_name = "NAME")]
        unset: Vec<String>,
    },
}

const SETTING: [Column; 6] = [
    ("NAME", "/name"),
    ("KIND", "/kind"),
    ("SET", "/is_set"),
    ("VALUE", "/value"),
    ("DEFAULT", "/default"),
    ("SUMMARY", "/summary"),
];

impl Args {
    pub(super) async fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Get { place } => {
                let client = self.remote.connect()?;
                client
                    .output
                    .list(&client.get(&place.path("settings"), &[]).await?, &SETTING);
            }
            Command::Set { place, values, unset } => {
                let mut changes = parse(&values, &mut std::io::stdin())?;
                changes.extend(unset.into_iter().map(|name| (name, Value::Null)));
                let client = self.remote.connect()?;
                let answer = client
                    .patch(&place.path("settings"), &json!({ "values": changes }))
                    .await?;
                client.output.list(&answer, &SETTING);
            }
        }
        Ok(())
    }
}

fn parse(values: &[String], stdin: &mut dyn std::io::Read) -> Result<Map<String, Value>, Failure> {
    let mut changes = Map::new();
    let from_stdin = values
        .iter()
        .filter(|value| *value == "-" || value.ends_with("=-"))
        .count();
    if from_stdin > 1 {
        return Err(Failure::usage(
            "standard input can be read once only; put NAME=VALUE lines there and give a lone -",
        ));
    }
    for value in values {
        if value == "-" {
            let text = read(stdin)?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let (name, value) = split(line)?;
                changes.insert(name.to_owned(), value.into());
            }
            continue;
        }
        let (name, value) = split(value)?;
        let value = match value.strip_prefix('@') {
            Some(text) if text.starts_with('@') => text.to_owned(),
            Some(file) => without_line_end(
                std::fs::read_to_string(file)
                    .map_err(|error| Failure::refused(format!("cannot read {file}: {error}")))?,
            ),
            None if value == "-" => read(stdin)?,
            None => value.to_owned(),
        };
        changes.insert(name.to_owned(), value.into());
    }
    Ok(changes)
}

fn split(pair: &str) -> Result<(&str, &str), Failure> {
    // The pair is not repeated: it may be a secret whose name was forgotten.
    pair.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::usage("settings are given as NAME=VALUE"))
}

fn read(stdin: &mut dyn std::io::Read) -> Result<String, Failure> {
    let mut text = String::new();
    stdin
        .read_to_string(&mut text)
        .map_err(|error| Failure::refused(format!("cannot read standard input: {error}")))?;
    Ok(without_line_end(text))
}

/// Editors and `echo` end a file with a line break that is not meant.
fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(values: &[&str], stdin: &str) -> Option<Value> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        parse(&values, &mut stdin.as_bytes()).ok().map(Value::Object)
    }

    #[test]
    fn values_come_from_arguments_files_and_standard_input() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("secret");
        std::fs::write(&file, "s3cret\n").expect("a file");
        let from_file = format!("a=@{}", file.display());
        assert_eq!(parsed(&[&from_file], ""), Some(json!({"a": "s3cret"})));
        assert_eq!(parsed(&["a=b=c", "d="], ""), Some(json!({"a": "b=c", "d": ""})));
        assert_eq!(parsed(&["a=-"], "x\n"), Some(json!({"a": "x"})));
        assert_eq!(parsed(&["-"], "a=1\n\nb=2\n"), Some(json!({"a": "1", "b": "2"})));
        assert_eq!(parsed(&["a=@@home"], ""), Some(json!({"a": "@home"})));
    }

    #[test]
    fn what_is_no_pair_is_refused_without_showing_it() {
        assert_eq!(parsed(&["secret"], ""), None);
        assert_eq!(parsed(&["=x"], ""), None);
        assert_eq!(parsed(&["a=-", "b=-"], "x"), None);
        assert_eq!(parsed(&["a=@/nowhere/at/all"], ""), None);
    }
}
