//! `KEY=VALUE`: one tag of a request.

use serde_json::{Deserializer, Value};

use crate::names::{Label, Text};
use crate::request::draft::parse;

/// Reads a tag. A key in double quotes, which is a JSON string, may have `=` in it.
pub(super) fn read(tag: &str) -> Result<(Label, Text), String> {
    if let Some((key, rest)) = quoted(tag)
        && let Some(value) = rest.strip_prefix('=')
    {
        return Ok((parse(&key)?, parse(value)?));
    }
    let (key, value) = tag.split_once('=').ok_or("a tag is written KEY=VALUE")?;
    Ok((parse(key)?, parse(value)?))
}

/// The JSON string at the start, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    if !text.starts_with('"') {
        return None;
    }
    let mut strings = Deserializer::from_str(text).into_iter::<String>();
    let key = strings.next()?.ok()?;
    Some((key, text.get(strings.byte_offset()..)?))
}

/// Writes a tag as it is read.
pub(super) fn written(key: &Label, value: &Text) -> String {
    let key = key.as_str();
    if key.contains('=') || key.starts_with('"') {
        format!("{}={value}", Value::from(key))
    } else {
        format!("{key}={value}")
    }
}
