//! Reading what calls say, as leniently as rent-a-bot: what it does not know it passes over.

use std::collections::BTreeSet;

use respo::Word;
use serde_json::{Map, Value};
use warp::http::HeaderMap;
use warp::http::header::CONTENT_TYPE;

use super::fault::Fault;

/// The parameters of a call, in order.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The value of a parameter: of several, the last.
    pub(super) fn last(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().rev().find(|(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub(super) fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The whole number that is the value of a parameter.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Fault> {
        self.last(name).map(|text| number_in(&["query", name], text)).transpose()
    }
}

/// The whole number that is written somewhere.
pub(super) fn number_in(place: &[&str], text: &str) -> Result<i64, Fault> {
    text.trim().parse().map_err(|_| not_whole(place))
}

/// The words of tags, which are separated by commas or blanks; nothing if no resource can have one of them.
pub(super) fn words<'t>(tags: impl IntoIterator<Item = &'t str>) -> Option<BTreeSet<Word>> {
    let separates = |c: char| c == ',' || c.is_whitespace();
    let texts = tags.into_iter().flat_map(|tag| tag.split(separates));
    let words: Result<BTreeSet<Word>, _> =
        texts.filter(|text| !text.is_empty()).map(Word::new).collect();
    words.ok().filter(|words| !words.is_empty())
}

/// The map that the body is, if there is one.
pub(super) fn map_of(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Map<String, Value>>, Fault> {
    if body.is_empty() {
        return Ok(None);
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = media_type.is_none_or(|value| {
        let name = value.split(';').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("application/json")
    });
    let not_json = |problem: &str| Fault::unprocessable(&["body"], "json_invalid", problem);
    if !is_json {
        return Err(not_json("the body is to be JSON, with Content-Type: application/json"));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::Object(map)) => Ok(Some(map)),
        Ok(_) => {
            Err(Fault::unprocessable(&["body"], "dict_type", "the body is to be a JSON object"))
        }
        Err(error) => Err(not_json(&format!("the body is not JSON: {error}"))),
    }
}

/// The whole number under `key`; nothing if it is not there, or null.
pub(super) fn number_at(map: &Map<String, Value>, key: &str) -> Result<Option<i64>, Fault> {
    let place = ["body", key];
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => number_in(&place, text).map(Some),
        Some(value) => whole(value).map(Some).ok_or_else(|| not_whole(&place)),
    }
}

fn whole(value: &Value) -> Option<i64> {
    /// Up to this, every whole number has a double of its own: 2^53.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let from_float = |float: f64| {
        // The cast is exact.
        (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
    };
    value.as_i64().or_else(|| value.as_f64().and_then(from_float))
}

fn not_whole(place: &[&str]) -> Fault {
    Fault::unprocessable(place, "int_parsing", "this is to be a whole number")
}
