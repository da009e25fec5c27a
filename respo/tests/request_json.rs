//! The JSON form of a request: it reads back equal, what was kept before is still read, and mistakes are
//! found where they are.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{parsers, requests};
use proptest::prelude::*;
use respo::{LockAction, LockQuery, Request};
use serde_json::{Value, json};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_written_reads_back_equal(request in requests::request()) {
        let written = serde_json::to_string(&request).unwrap();
        prop_assert_eq!(Request::from_json(written.as_bytes()), Ok(request.clone()), "{}", written);
        prop_assert_eq!(serde_json::from_str::<Request>(&written).unwrap(), request.clone());
        // Through a tree of values, whose maps have lost their order.
        let tree: Value = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(serde_json::from_value::<Request>(tree).unwrap(), request);
    }

    #[test]
    fn whatever_is_given_is_read_or_refused(bytes in any::<Vec<u8>>()) {
        parsers::request_json(&bytes);
    }

    #[test]
    fn whatever_pieces_there_are_are_read_or_refused(pieces in prop::collection::vec(piece(), 0..30)) {
        parsers::request_json(format!("{{\"requirements\":[{{{}", pieces.concat()).as_bytes());
        parsers::request_json(pieces.concat().as_bytes());
    }

    #[test]
    fn a_request_with_one_place_changed_is_read_or_refused(
        request in requests::request(),
        at in any::<prop::sample::Index>(),
        piece in piece(),
    ) {
        let mut written = serde_json::to_string(&request).unwrap();
        let places: Vec<usize> = written.char_indices().map(|(at, _)| at).collect();
        written.insert_str(places[at.index(places.len())], piece);
        parsers::request_json(written.as_bytes());
    }
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "null",
            "true",
            "-1",
            "1e400",
            "1.5",
            "NaN",
            "\\u0000",
            " ",
            "\"count\":2,",
            "\"resource\":\"a\"",
            "\"keys\":[\"b\"]",
            "\"stack\":\"s\"",
            "\"properties\":{",
            "\"a.b\":1",
            "\"entities\":[{",
            "\"attributes\":[",
            "\"where\":\"true\"",
            "}]}",
            "\"wait\":\"0\"",
        ][..],
    )
}

fn request(json: &Value) -> Request {
    Request::from_json(json.to_string().as_bytes())
        .unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn requirements(json: &Value) -> Request {
    request(&json!({ "requirements": json }))
}

#[test]
fn every_key_says_what_its_parameter_says() {
    let json = json!({
        "requirements": [{
            "count": 2, "resource": ["b", "a"], "location": "Büro 1", "attributes": ["lin", "can"],
            "entities": [{"attributes": ["jtag"], "properties": {"gsm": {"operator": "GTE"}}}, {}],
            "properties": {"slots": 4, "gsm": {"bands": [1, 2], "on": true}}, "where": "size(entities) > 1",
            "stack": "cell",
        }],
        "priority": -5, "description": "nightly", "name": "ci-7", "tags": {"a=b": "c"},
        "wait": "10m", "linger": "30s", "max_duration": "2h",
    });
    let query = "count=2&resource=a,b&location=Büro 1&attributes=can,lin\
        &entities=[[jtag,{gsm.operator=GTE}],[]]&property=slots=4&property=gsm.bands=[2,1]\
        &property=gsm.on=true&where=size(entities) > 1&stack=cell&priority=-5&description=nightly\
        &name=ci-7&tag=\"a=b\"=c&wait=10m&linger=30s&max_duration=2h";
    let LockAction::Request(same) = LockQuery::parse(query).unwrap().action else {
        panic!("{query}");
    };
    assert_eq!(request(&json), same);
    assert_eq!(
        requirements(&json!([{"keys": "x", "stack": "s"}])),
        requirements(&json!([{"count": 1, "keys": ["x"], "stack": "s"}]))
    );
    assert_eq!(
        requirements(&json!([{"resource": "a"}])),
        requirements(
            &json!([{"resource": ["a", "a"], "attributes": [], "entities": [], "properties": {}}])
        )
    );
}

#[test]
fn what_is_as_if_nothing_were_said_is_left_out() {
    let written = |json: &Value| serde_json::to_value(request(json)).unwrap();
    let all = json!({"requirements": [{"count": 1, "resource": ["a"]}, {"keys": "b"}], "priority": 0, "tags": {},
                     "wait": "forever", "linger": "0"});
    assert_eq!(written(&all), json!({"requirements": [{"resource": "a"}, {"keys": ["b"]}]}));
    let at_once = json!({"requirements": [{}], "wait": "0s"});
    assert_eq!(written(&at_once), json!({"requirements": [{}], "wait": "0"}));
}

/// As the versions before this one wrote them.
#[test]
fn what_was_kept_before_is_still_read() {
    let cases = [
        (r#"{"requirements":[{}]}"#, ""),
        (r#"{"requirements":[{"resource":["bench-1"]}]}"#, "resource=bench-1"),
        (
            r#"{"requirements":[{"resource":["a","b"],"location":"office1","attributes":["can","lin"],"entities":[{"attributes":["arm64"]},{"attributes":[]}]}],"priority":-1000,"description":"d","name":"n","tags":{"k":"v"},"wait":"0s","linger":"1h30m","max_duration":"1us"}"#,
            "resource=a,b&location=office1&attributes=can,lin&entities=[[arm64],[]]&priority=-1000&description=d&name=n&tag=k=v&wait=0&linger=1h30m&max_duration=1us",
        ),
    ];
    for (json, query) in cases {
        let LockAction::Request(same) = LockQuery::parse(query).unwrap().action else {
            panic!("{query}");
        };
        assert_eq!(serde_json::from_str::<Request>(json).unwrap(), same);
    }
    // A program that embeds the engine may have asked for this.
    let nothing = r#"{"requirements":[{}],"max_duration":"0s"}"#;
    let read: Request = serde_json::from_str(nothing).unwrap();
    assert_eq!(read.max_duration, Some(Duration::ZERO));
}

/// What is not a request, where, and what the message says.
fn mistakes() -> Vec<(&'static str, &'static str, &'static str)> {
    vec![
        ("", "", "it is not JSON"),
        ("{\"requirements\":[{}]", "", "it is not JSON"),
        ("{\"requirements\":[{}]} x", "", "it is not JSON"),
        ("[]", "", "expected a request"),
        ("{}", "", "requirements is missing"),
        (r#"{"requirements":[]}"#, "requirements", "at least one"),
        (r#"{"requirements":{}}"#, "requirements", "a list of requirements"),
        (r#"{"requirements":["a"]}"#, "requirements[0]", "expected a requirement"),
        (r#"{"requirements":[[1]]}"#, "requirements[0]", "expected a requirement"),
        (r#"{"requirements":[{}],"colour":1}"#, "colour", "there are requirements, priority"),
        (r#"{"requirements":[{}],"requirements":[{}]}"#, "requirements", "given twice"),
        (r#"{"requirements":[{}],"wait":"0","wait":"0"}"#, "wait", "given twice"),
        (r#"{"requirements":[{}],"wait":"soon"}"#, "wait", "\"forever\""),
        (r#"{"requirements":[{}],"wait":10}"#, "wait", "a duration such as"),
        (r#"{"requirements":[{}],"linger":"9999d"}"#, "linger", "366 days"),
        (r#"{"requirements":[{}],"max_duration":"0"}"#, "max_duration", "longer than nothing"),
        (r#"{"requirements":[{}],"priority":1001}"#, "priority", "-1000 to 1000"),
        (r#"{"requirements":[{}],"priority":1.5}"#, "priority", "a whole number"),
        (r#"{"requirements":[{}],"priority":18446744073709551615}"#, "priority", "-1000 to 1000"),
        (r#"{"requirements":[{}],"name":null}"#, "name", "a text"),
        (r#"{"requirements":[{}],"name":"a\nb"}"#, "name", "printable"),
        (r#"{"requirements":[{}],"tags":{"a":"b","a":"b"}}"#, "tags.a", "given twice"),
        (r#"{"requirements":[{}],"tags":{"":"b"}}"#, "tags.", "must not be empty"),
        (r#"{"requirements":[{}],"tags":{"a":1}}"#, "tags.a", "a text"),
        (r#"{"requirements":[{"count":0}]}"#, "requirements[0].count", "from 1 to 256"),
        (r#"{"requirements":[{"count":-1}]}"#, "requirements[0].count", "from 1 to 256"),
        (r#"{"requirements":[{"count":1e9}]}"#, "requirements[0].count", "from 1 to 256"),
        (
            r#"{"requirements":[{"count":18446744073709551615}]}"#,
            "requirements[0].count",
            "from 1 to 256",
        ),
        (r#"{"requirements":[{"count":"2"}]}"#, "requirements[0].count", "from 1 to 256"),
        (r#"{"requirements":[{"count":1e999}]}"#, "", "it is not JSON"),
        (r#"{"requirements":[{"count":NaN}]}"#, "", "it is not JSON"),
        (r#"{"requirements":[{"count":2,"count":2}]}"#, "requirements[0].count", "given twice"),
        (r#"{"requirements":[{"count":200},{"count":200}]}"#, "requirements", "at most 256"),
        (r#"{"requirements":[{"resource":[]}]}"#, "requirements[0].resource", "it is empty"),
        (
            r#"{"requirements":[{"resource":null}]}"#,
            "requirements[0].resource",
            "a name, or a list",
        ),
        (
            r#"{"requirements":[{"resource":["a","b c"]}]}"#,
            "requirements[0].resource[1]",
            "letters",
        ),
        (r#"{"requirements":[{"resource":["a",["b"]]}]}"#, "requirements[0].resource[1]", "a name"),
        (
            r#"{"requirements":[{},{"keys":["a"],"location":"b"}]}"#,
            "requirements[1].location",
            "go with keys",
        ),
        (
            r#"{"requirements":[{"attributes":[],"keys":["a"]}]}"#,
            "requirements[0].keys",
            "go with attributes",
        ),
        (
            r#"{"requirements":[{"keys":["a"],"entities":[]}]}"#,
            "requirements[0].entities",
            "go with keys",
        ),
        (
            r#"{"requirements":[{"keys":["a"],"properties":{}}]}"#,
            "requirements[0].properties",
            "go with keys",
        ),
        (r#"{"requirements":[{"keys":[]}]}"#, "requirements[0].keys", "it is empty"),
        (r#"{"requirements":[{},{"count":2,"keys":["a"]}]}"#, "requirements[1]", "2 of 1 keys"),
        (
            r#"{"requirements":[{"keys":["a"]},{"keys":["a"]}]}"#,
            "requirements[1]",
            "in another requirement",
        ),
        (
            r#"{"requirements":[{"entities":[{},{"atributes":[]}]}]}"#,
            "requirements[0].entities[1].atributes",
            "there are attributes, properties",
        ),
        (
            r#"{"requirements":[{"entities":[["jtag"]]}]}"#,
            "requirements[0].entities[0]",
            "an entity pattern",
        ),
        (
            r#"{"requirements":[{"properties":{"a":{"b":1},"a.b":1}}]}"#,
            "requirements[0].properties.a.b",
            "given twice",
        ),
        (
            r#"{"requirements":[{"properties":{"a":{"b":1},"a":{"c":1}}}]}"#,
            "requirements[0].properties.a",
            "given twice",
        ),
        (
            r#"{"requirements":[{"properties":{"a":{}}}]}"#,
            "requirements[0].properties.a",
            "an empty map",
        ),
        (
            r#"{"requirements":[{"properties":{"a":[1,[2]]}}]}"#,
            "requirements[0].properties.a[1]",
            "a text, a number",
        ),
        (
            r#"{"requirements":[{"properties":{"a":[{"b":1}]}}]}"#,
            "requirements[0].properties.a[0]",
            "a text, a number",
        ),
        (
            r#"{"requirements":[{"properties":{"":1}}]}"#,
            "requirements[0].properties.",
            "the path of a property",
        ),
        (
            r#"{"requirements":[{"properties":{"a":{".":1}}}]}"#,
            "requirements[0].properties.a..",
            "the path of a property",
        ),
        (
            r#"{"requirements":[{"properties":[]}]}"#,
            "requirements[0].properties",
            "a map of properties",
        ),
        (
            r#"{"requirements":[{"where":" "}]}"#,
            "requirements[0].where",
            "an expression is missing",
        ),
        (
            r#"{"requirements":[{"where":true}]}"#,
            "requirements[0].where",
            "an expression as a text",
        ),
        (
            r#"{"requirements":[{"a\u001bb":1}]}"#,
            r"requirements[0].a\u{1b}b",
            "there is none of this name",
        ),
    ]
}

#[test]
fn a_mistake_says_where_it_is_and_what_would_be_right() {
    for (json, path, problem) in mistakes() {
        let error = Request::from_json(json.as_bytes()).expect_err(json);
        assert_eq!(error.path, path, "{json}: {error}");
        assert!(error.problem.contains(problem), "{json}: {error}");
        assert!(!error.problem.contains(" at line ") || path.is_empty(), "{json}: {error}");
        assert!(serde_json::from_str::<Request>(json).is_err() || path == "max_duration", "{json}");
    }
}

#[test]
fn there_is_not_too_much_of_anything() {
    let names = |count: usize| (0..count).map(|n| format!("n{n}")).collect::<Vec<_>>();
    let map = |count: usize| {
        names(count).into_iter().map(|n| (n, "x".into())).collect::<serde_json::Map<_, _>>()
    };
    let of = |json: Value| json!({"requirements": [json]});
    let cases = [
        (
            json!({"requirements": vec![json!({}); 32]}),
            json!({"requirements": vec![json!({}); 33]}),
        ),
        (
            json!({"requirements": [{}], "tags": map(32)}),
            json!({"requirements": [{}], "tags": map(33)}),
        ),
        (of(json!({"resource": names(256)})), of(json!({"resource": names(257)}))),
        (of(json!({"keys": names(256)})), of(json!({"keys": names(257)}))),
        (of(json!({"attributes": names(256)})), of(json!({"attributes": names(257)}))),
        (
            of(json!({"entities": vec![json!({}); 64]})),
            of(json!({"entities": vec![json!({}); 65]})),
        ),
        (
            of(json!({"entities": [{"attributes": names(256)}]})),
            of(json!({"entities": [{"attributes": names(257)}]})),
        ),
        (of(json!({"properties": map(64)})), of(json!({"properties": map(65)}))),
        (
            of(json!({"properties": {"p": names(256)}})),
            of(json!({"properties": {"p": names(257)}})),
        ),
        (
            of(json!({"properties": {"p": "x".repeat(1024)}})),
            of(json!({"properties": {"p": "x".repeat(1025)}})),
        ),
        (
            of(json!({"properties": {"p".repeat(1024): 1}})),
            of(json!({"properties": {"p".repeat(1025): 1}})),
        ),
    ];
    for (good, bad) in cases {
        request(&good);
        let error = Request::from_json(bad.to_string().as_bytes()).expect_err("too much");
        assert!(error.problem.contains("at most"), "{error}");
    }
}

#[test]
fn hostile_texts_are_refused_with_a_short_message() {
    let (large, long) = (16 << 20, 2 << 20);
    let start = "{\"requirements\":[{\"properties\":{\"a\":";
    let texts = [
        "[".repeat(large),
        "{\"requirements\":".repeat(large / 16),
        format!("{start}{}", "{\"a\":".repeat(large / 5)),
        format!("{start}{}", "[".repeat(large)),
        format!("{start}[{}0]}}}}]}}", "0,".repeat(large / 2)),
        format!("{{\"requirements\":[{}{{}}]}}", "{},".repeat(large / 3)),
        format!("{{\"requirements\":[{{\"{}\":1}}]}}", "k".repeat(long)),
        format!("{{\"requirements\":[{{\"count\":\"{}\"}}]}}", "k".repeat(long)),
        format!("{{\"requirements\":[{{\"count\":1{}}}]}}", "0".repeat(long)),
        format!("{{\"requirements\":[{{}}],\"wait\":\"{}\"}}", "w".repeat(long)),
        format!("{start}1}},\"location\":\"{}\"}}]}}", "l".repeat(long)),
        format!("{{\"requirements\":[{{\"properties\":{{\"{}\":1}}}}]}}", ".".repeat(long)),
    ];
    for (number, text) in texts.iter().enumerate() {
        let message = Request::from_json(text.as_bytes()).expect_err("hostile").to_string();
        assert!(message.chars().count() < 1_500, "{number}: {} characters", message.len());
    }
    assert!(Request::from_json(b"\xff\xfe").is_err());
    assert!(Request::from_json(b"{\"requirements\":[{\"location\":\"\xff\"}]}").is_err());
}
