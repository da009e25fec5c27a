//! The schemas of the OpenAPI document say what the parsers take.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Display;
use std::str::FromStr;

use jsonschema::Validator;
use proptest::prelude::*;
use respo::openapi::LeaseRequest;
use respo::wire::EventId;
use respo::{
    DurationError, HumanDuration, Label, MAX_NAME_CHARS, MAX_TEXT_CHARS, Name, Request, Text, Wait,
    Word,
};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The schema of `T`, with everything that it refers to.
fn schema_of<T: ToSchema>() -> Validator {
    let mut schemas = Vec::new();
    T::schemas(&mut schemas);
    let mut schema = serde_json::to_value(T::schema()).unwrap();
    schema["components"] =
        json!({"schemas": schemas.into_iter().collect::<std::collections::BTreeMap<_, _>>()});
    jsonschema::validator_for(&schema).unwrap()
}

/// Texts of which many are nearly valid.
fn texts() -> impl Strategy<Value = String> {
    let odd = "[ \\ta-c1-3._:/,\\[\\]{}\"'`~+-\u{7f}\u{85}\u{a0}\u{2028}\u{3000}é😀]{0,5}";
    let durations = "([0-9]{1,2}(d|h|m|s|ms|us|x)? ?){0,3}";
    prop_oneof![odd, durations, any::<String>(), Just("forever".to_owned())]
}

fn agrees<T: ToSchema + FromStr<Err: Display>>(text: &str) -> Result<(), TestCaseError> {
    let is_taken = text.parse::<T>().map(drop).map_err(|error| error.to_string());
    let says = schema_of::<T>().is_valid(&Value::from(text));
    prop_assert_eq!(is_taken.is_ok(), says, "{:?}: {:?}", text, is_taken);
    Ok(())
}

proptest! {
    #[test]
    fn a_text_is_valid_by_its_schema_if_it_is_taken(text in texts()) {
        agrees::<Name>(&text)?;
        agrees::<Word>(&text)?;
        agrees::<Label>(&text)?;
        agrees::<Text>(&text)?;
        agrees::<EventId>(&text)?;
        // White space around a duration is taken, too, which clients need not know. And a pattern cannot say how long the
        // longest duration is: that is what its format is for.
        let is_too_long = matches!(text.parse::<HumanDuration>(), Err(DurationError::TooLong(_)));
        if text.trim() == text && !is_too_long {
            agrees::<HumanDuration>(&text)?;
            agrees::<Wait>(&text)?;
        }
    }
}

#[test]
fn the_longest_text_is_valid_by_its_schema_and_a_longer_one_is_not() {
    for (schema, most) in [
        (schema_of::<Name>(), MAX_NAME_CHARS),
        (schema_of::<Word>(), MAX_NAME_CHARS),
        (schema_of::<Label>(), MAX_NAME_CHARS),
        (schema_of::<Text>(), MAX_TEXT_CHARS),
    ] {
        assert!(schema.is_valid(&json!("x".repeat(most))));
        assert!(!schema.is_valid(&json!("x".repeat(most + 1))));
    }
}

#[test]
fn a_request_is_valid_by_its_schema_if_it_is_taken() {
    let whole = json!({
        "requirements": [
            {
                "count": 2, "resource": ["bench-1", "bench-2"], "location": "office1", "attributes": "can",
                "entities": [{"attributes": ["jtag"], "properties": {"a.b": 1}}], "where": "true",
                "properties": {"gsm": {"operator": "GTE"}, "x": null, "list": ["a", 1]}, "stack": "cell",
            },
            {"keys": ["a", "b"], "count": 2.0, "stack": "cell"},
        ],
        "priority": -5, "description": "nightly", "name": "ci", "tags": {"build": "88"}, "wait": "forever",
        "max_duration": "2h",
    });
    let (connection, renewed) = (schema_of::<Request>(), schema_of::<LeaseRequest>());
    let with = |place: &str, value: Value| {
        let mut request = whole.clone();
        match request.pointer_mut(place) {
            Some(there) => *there = value,
            None => {
                let (parent, key) = place.rsplit_once('/').unwrap();
                request.pointer_mut(parent).unwrap()[key] = value;
            }
        }
        request
    };
    let mut requests =
        vec![whole.clone(), with("/linger", json!("30s")), with("/ttl", json!("30s"))];
    for (place, values) in [
        ("/requirements", json!([[], [{}], {}, [1], null])),
        ("/requirements/0/count", json!([0, 1, 254, 257, 1.5, 1.0, "1", null])),
        ("/requirements/0/resource", json!(["a", "", [], ["a"], [""], 1, null])),
        ("/requirements/0/location", json!(["a", " ", "a\n", "", 1, null])),
        ("/requirements/0/attributes", json!([[], "a b", ["a", "a"], ["a,b"], 1])),
        ("/requirements/0/entities", json!([[], [{}], [{"x": 1}], {}, "a"])),
        (
            "/requirements/0/properties",
            json!([{}, {"": 1}, {"a..b": 1}, {"a": {}}, {"a": [[]]}, {"a": [{}]}, []]),
        ),
        ("/requirements/0/where", json!(["", 1, null])),
        ("/requirements/0/keys", json!([["a"], []])),
        ("/requirements/1/keys", json!([[], ["a", "b", "c"], "", 1])),
        ("/requirements/1/location", json!(["office1"])),
        ("/requirements/1/stack", json!(["", 1, "x"])),
        ("/priority", json!([1000, 1001, -1000, -1001, 1.5, 3.0, "1", null])),
        ("/tags", json!([{}, {"": "a"}, {"a": ""}, {"a": 1}, []])),
        ("/wait", json!(["0", "soon", "1 h", "1h 3m", 0, null])),
        ("/max_duration", json!(["1s", "forever", 1])),
        ("/colour", json!(["red"])),
    ] {
        requests.extend(values.as_array().unwrap().iter().map(|value| with(place, value.clone())));
    }
    for request in requests {
        let taken = Request::from_json(request.to_string().as_bytes());
        let is_renewed = request.get("ttl").is_some();
        let schema = if is_renewed { &renewed } else { &connection };
        assert_eq!(schema.is_valid(&request), taken.is_ok(), "{request}\n{taken:?}");
    }
}
