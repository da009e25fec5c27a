//! The problem documents that an operation may be answered with.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::problem::Kind;

/// Lists the codes of an operation's problems, apart from those that any call may be answered with.
const EXTENSION: &str = "x-problems";

/// What any call may be answered with.
const OF_ANY: [Kind; 4] = [Kind::Malformed, Kind::Timeout, Kind::TooLarge, Kind::Internal];

/// Said before the connection is closed, by whoever accepts it.
const OVERLOADED: (&str, &str) = ("overloaded", "there are as many connections as allowed");

/// The code of a kind of problem, and what it means.
type Meaning = (&'static str, &'static str);

/// Puts a response for each status in the place of the list of codes.
pub(super) fn describe(path: &str, method: &str, operation: &mut Value) {
    let mut by_status: BTreeMap<u16, Vec<Meaning>> = BTreeMap::from([(503, vec![OVERLOADED])]);
    for kind in kinds(path, method, operation) {
        let meanings = by_status.entry(kind.status()).or_default();
        meanings.push((kind.code(), kind.title()));
    }
    for (status, meanings) in by_status {
        let response = &mut operation["responses"][status.to_string()];
        let before = response["description"].as_str().map(|text| format!("{text} Or "));
        let meanings_in_words: Vec<String> =
            meanings.iter().map(|(code, title)| format!("`{code}`: {title}")).collect();
        let description = before.unwrap_or_default() + &meanings_in_words.join("; ") + ".";
        response["description"] = description.into();
        response["content"]["application/problem+json"] =
            json!({"schema": schema(status, &meanings)});
        if let Some(headers) = headers(status, &meanings) {
            response["headers"] = headers;
        }
    }
}

/// The kinds of problem that the operation lists, and those of any.
fn kinds(path: &str, method: &str, operation: &mut Value) -> Vec<Kind> {
    let listed = operation.as_object_mut().and_then(|map| map.remove(EXTENSION));
    let codes = listed.iter().flat_map(|listed| listed.as_array().into_iter().flatten());
    let mut kinds = OF_ANY.to_vec();
    if method != "get" {
        kinds.push(Kind::CrossOrigin);
    }
    if path.contains('{') {
        // What stands there may be such that it is no path of this operation.
        kinds.push(Kind::NotFound);
    }
    for code in codes {
        match Kind::ALL.into_iter().find(|kind| *code == kind.code()) {
            Some(kind) if !kinds.contains(&kind) => kinds.push(kind),
            Some(_) => {}
            // Left where it is, it is found by a test.
            None => operation[EXTENSION] = code.clone(),
        }
    }
    kinds
}

fn schema(status: u16, meanings: &[Meaning]) -> Value {
    let codes: Vec<&str> = meanings.iter().map(|(code, _)| *code).collect();
    json!({
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "properties": {"status": {"const": status}, "code": {"enum": codes}}},
        ]
    })
}

/// The headers that go with a status. One that is not there with each of its codes is not promised.
fn headers(status: u16, meanings: &[Meaning]) -> Option<Value> {
    let retry_after = |required: bool| {
        let schema = json!({"type": "integer", "minimum": 0});
        let description = "When to try again, in seconds.";
        json!({"Retry-After": {"description": description, "required": required, "schema": schema}})
    };
    match status {
        401 => Some(json!({"WWW-Authenticate": {"required": true, "schema": {"type": "string"}}})),
        409 => Some(retry_after(meanings.iter().all(|(code, _)| *code == Kind::Busy.code()))),
        429 => Some(retry_after(meanings.iter().all(|(code, _)| *code == Kind::QueueFull.code()))),
        503 => Some(retry_after(false)),
        _ => None,
    }
}
