//! `docs/protocol.md`, taken apart: its examples and its tables.

use respo::wire::EventId;
use serde_json::Value;

use crate::binaries;

/// The page.
#[derive(Debug)]
pub struct ProtocolPage {
    text: String,
}

/// A line of JSON on the page.
#[derive(Debug, Clone)]
pub struct Example {
    /// The heading that it is under.
    pub section: String,
    /// What it says.
    pub json: Value,
}

impl ProtocolPage {
    /// Reads the page.
    #[must_use]
    pub fn read() -> Self {
        let path = binaries::workspace().join("docs/protocol.md");
        Self { text: std::fs::read_to_string(path).expect("the page is there") }
    }

    /// Every line of every block of JSON, in order.
    #[must_use]
    pub fn examples(&self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut section = String::new();
        let mut inside = false;
        for line in self.text.lines() {
            match line {
                "```json" => inside = true,
                "```" => inside = false,
                _ if inside => {
                    let json = serde_json::from_str(line);
                    let json = json.unwrap_or_else(|error| panic!("{error}: {line}"));
                    examples.push(Example { section: section.clone(), json });
                }
                _ if line.starts_with('#') => {
                    section = line.trim_start_matches('#').trim().to_owned();
                }
                _ => {}
            }
        }
        assert!(!inside, "a block of JSON has no end");
        examples
    }

    /// The only example for which `wanted` holds.
    #[must_use]
    pub fn example(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut found: Vec<Value> = self
            .examples()
            .into_iter()
            .map(|example| example.json)
            .filter(|it| wanted(it))
            .collect();
        assert_eq!(found.len(), 1, "{what}: {found:?}");
        found.remove(0)
    }

    /// The examples under a heading, in order.
    #[must_use]
    pub fn section(&self, heading: &str) -> Vec<Value> {
        let examples = self.examples().into_iter();
        let found: Vec<Value> = examples
            .filter(|example| example.section == heading)
            .map(|example| example.json)
            .collect();
        assert!(!found.is_empty(), "no examples under {heading}");
        found
    }

    /// The rows of the table whose head begins with these cells, each row as its cells.
    #[must_use]
    pub fn table(&self, head: &[&str]) -> Vec<Vec<String>> {
        let is_head = |line: &&str| cells(line).starts_with(&owned(head));
        let rows = self.text.lines().skip_while(|line| !is_head(line)).skip(2);
        let rows: Vec<_> = rows.take_while(|line| line.starts_with('|')).map(cells).collect();
        assert!(!rows.is_empty(), "the page has no table with {head:?}");
        rows
    }
}

/// The words between backquotes.
#[must_use]
pub fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The same, with what is different each time replaced: times, tokens, the epoch of events and the version.
#[must_use]
pub fn masked(json: &Value) -> Value {
    match json {
        Value::Object(object) => {
            let mask = |(key, value): (&String, &Value)| {
                let value = match key.as_str() {
                    "token" => Value::from("TOKEN"),
                    "version" => Value::from("VERSION"),
                    _ => masked(value),
                };
                (key.clone(), value)
            };
            object.iter().map(mask).collect()
        }
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::String(text) if is_time(text) => Value::from("TIME"),
        Value::String(text) if is_event_id(text) => {
            let (_, number) = text.split_once('-').expect("an id");
            Value::from(format!("EPOCH-{number}"))
        }
        other => other.clone(),
    }
}

/// Whether this is a time as the protocol writes it, with six decimals.
fn is_time(text: &str) -> bool {
    let form = "0000-00-00T00:00:00.000000Z";
    let fits = |(c, f): (char, char)| if f == '0' { c.is_ascii_digit() } else { c == f };
    text.len() == form.len() && text.chars().zip(form.chars()).all(fits)
}

/// Whether this is the id of an event, which begins with the time of the server's start in microseconds.
fn is_event_id(text: &str) -> bool {
    let id = text.parse::<EventId>();
    id.is_ok_and(|id| id.epoch > 1_000_000_000_000_000)
}

fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
