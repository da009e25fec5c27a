//! `PATH=VALUE`: one property in the text form.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::scan::{Mistake, Scanner};
use crate::property::{MAX_PROPERTY_CHARS, PropertyError, PropertyPath, PropertyValue, Scalar};
use crate::request::sizes::shown;

/// Reads a property. Whatever follows it is left.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<(PropertyPath, PropertyValue), Mistake> {
    let path = read_path(scanner)?;
    if !scanner.take('=') {
        return scanner.mistake("a property is written PATH=VALUE; here '=' is missing");
    }
    Ok((path, read_value(scanner)?))
}

fn read_path(scanner: &mut Scanner<'_>) -> Result<PropertyPath, Mistake> {
    let at = scanner.at();
    let mistake = |problem| Mistake { at, problem };
    if scanner.peek() == Some('"') {
        return path_of(&scanner.take_quoted()?).map_err(mistake);
    }
    let path = scanner.take_while(|c| c != '=' && is_plain(c));
    match path.chars().find(|&c| !is_path(c)) {
        Some(odd) => Err(mistake(format!(
            "a path with {odd:?} in it is written in quotes; a comparison belongs into where="
        ))),
        None => path_of(path).map_err(mistake),
    }
}

/// Checks a path; what is wrong with a long one is not repeated in full.
pub(in crate::request) fn path_of(path: &str) -> Result<PropertyPath, String> {
    PropertyPath::new(path).map_err(|error| match error {
        PropertyError::Path(path) => PropertyError::Path(cut(&path).to_owned()).to_string(),
        error => error.to_string(),
    })
}

fn cut(path: &str) -> &str {
    path.char_indices().nth(MAX_PROPERTY_CHARS).map_or(path, |(end, _)| &path[..end])
}

fn read_value(scanner: &mut Scanner<'_>) -> Result<PropertyValue, Mistake> {
    let at = scanner.at();
    let value = match scanner.peek() {
        Some('[') => read_list(scanner)?,
        _ => read_scalar(scanner, |_| true)?,
    };
    PropertyValue::of(&value).map_err(|error| Mistake { at, problem: error.to_string() })
}

fn read_list(scanner: &mut Scanner<'_>) -> Result<Value, Mistake> {
    let start = scanner.at();
    scanner.take('[');
    let mut items = Vec::new();
    scanner.skip_blanks();
    if scanner.take(']') {
        return Ok(Value::Array(items));
    }
    loop {
        scanner.skip_blanks();
        items.push(read_scalar(scanner, |c| c != ',')?);
        scanner.skip_blanks();
        if scanner.take(']') {
            return Ok(Value::Array(items));
        }
        if scanner.peek().is_none() {
            let problem = "the list that begins here does not end; it is written [a,b]".to_owned();
            return Err(Mistake { at: start, problem });
        }
        if !scanner.take(',') {
            return scanner.mistake("between the items of a list there is a comma");
        }
    }
}

/// A text in quotes, or what stands there up to a blank, a bracket, a brace, or what `goes_on` refuses.
fn read_scalar(scanner: &mut Scanner<'_>, goes_on: fn(char) -> bool) -> Result<Value, Mistake> {
    if scanner.peek() == Some('"') {
        return scanner.take_quoted().map(Value::String);
    }
    let at = scanner.at();
    let word = scanner.take_while(|c| is_plain(c) && goes_on(c));
    if word.starts_with('=') {
        let problem = "a property is compared with a single '='; an expression belongs into where=, \
                       and a text that begins with '=' into double quotes";
        return Err(Mistake { at, problem: problem.to_owned() });
    }
    match scanner.peek() {
        Some('\'' | '`' | '{' | '"') => scanner.mistake(ODD),
        Some('[') => scanner.mistake(
            "a list has no lists in it, and a text with '[' in it is put into double quotes",
        ),
        _ if word.is_empty() => {
            scanner.mistake("a value is missing; the empty text is written \"\"")
        }
        _ => Ok(scalar_of(word)),
    }
}

/// What a value or a label without quotes cannot have in it.
pub(super) const ODD: &str =
    "a text with quotes, braces or brackets in it is put into double quotes";

/// JSON's numbers, `true`, `false` and `null` are what they look like; everything else is a text.
fn scalar_of(word: &str) -> Value {
    match serde_json::from_str(word) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::String(word.to_owned()),
    }
}

/// What may stand in a value without quotes.
pub(super) fn is_plain(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"[]{}\"'`".contains(c)
}

/// What may stand in a path without quotes.
fn is_path(c: char) -> bool {
    c.is_alphanumeric() || "._-:/".contains(c)
}

/// Whether `path` can be written without quotes.
pub(super) fn is_plain_path(path: &str) -> bool {
    path.chars().all(is_path)
}

/// `PATH=VALUE`, as it is read.
pub(super) struct Written<'p>(pub(super) &'p PropertyPath, pub(super) &'p PropertyValue);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.as_str();
        if is_plain_path(path) {
            f.write_str(path)?;
        } else {
            f.write_str(&in_quotes(path))?;
        }
        write!(f, "={}", written_value(self.1))
    }
}

pub(super) fn written_value(value: &PropertyValue) -> String {
    match value {
        PropertyValue::Equal(scalar) => written_scalar(scalar),
        PropertyValue::Contains(items) => written_list(items),
    }
}

fn written_list(items: &BTreeSet<Scalar>) -> String {
    format!("[{}]", items.iter().map(written_scalar).collect::<Vec<_>>().join(","))
}

fn written_scalar(scalar: &Scalar) -> String {
    match scalar.to_json() {
        Value::String(text) if scalar_of(&text).is_string() => written_text(&text),
        Value::String(text) => in_quotes(&text),
        other => other.to_string(),
    }
}

/// A text or a label, in quotes where it needs them.
pub(super) fn written_text(text: &str) -> String {
    let plain = !text.is_empty() && !text.starts_with('=');
    if plain && text.chars().all(|c| c != ',' && is_plain(c)) {
        text.to_owned()
    } else {
        in_quotes(text)
    }
}

/// A JSON string without control characters.
pub(super) fn in_quotes(text: &str) -> String {
    let mut written = String::new();
    for c in Value::from(text).to_string().chars() {
        if c.is_control() {
            written.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            written.push(c);
        }
    }
    written
}

/// What follows a term that is over: a blank, the end, or what `closes`.
pub(super) fn expect_end(scanner: &Scanner<'_>, closes: Option<char>) -> Result<(), Mistake> {
    match scanner.peek() {
        Some(c) if !c.is_whitespace() && Some(c) != closes => scanner.mistake(format!(
            "after this there is a blank before {}; {ODD}",
            shown(scanner.rest().split_whitespace().next().unwrap_or_default())
        )),
        _ => Ok(()),
    }
}
