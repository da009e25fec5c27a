use serde_json::{Value, json};

use super::*;

fn problem(text: &str) -> (Option<String>, String, String) {
    let NotUnderstood { reference, problem } = message(text).unwrap_err();
    let problem = problem.into_problem();
    assert_eq!(problem.code, "malformed");
    let path = problem.more["path"].as_str().unwrap().to_owned();
    (reference, path, problem.detail)
}

#[track_caller]
fn assert_problem(message: Value, reference: Option<&str>, path: &str, detail: &str) {
    let (found_reference, found_path, found_detail) = problem(&message.to_string());
    assert_eq!(found_reference.as_deref(), reference);
    assert_eq!(found_path, path);
    assert!(found_detail.contains(detail), "{found_detail}");
}

/// One message of each type, with every field.
fn complete() -> Vec<Value> {
    let request = json!({"requirements": [{"resource": "bench-1"}]});
    vec![
        json!({"type": "request", "ref": "r", "pool": "lab", "request": request, "idempotency_key": "k"}),
        json!({"type": "resume", "ref": "r", "pool": "lab", "token": "t"}),
        json!({"type": "cancel", "ref": "r", "id": 1, "pool": "lab", "token": "t"}),
        json!({"type": "release", "ref": "r", "id": 1, "pool": "lab", "token": "t", "resources": ["bench-1"]}),
        json!({"type": "renew", "ref": "r", "id": 1, "pool": "lab", "token": "t", "ttl": "30s"}),
        json!({"type": "extend", "ref": "r", "id": 1, "pool": "lab", "token": "t", "by": "30s"}),
        json!({"type": "transfer", "ref": "r", "id": 1, "pool": "lab", "token": "t", "to": "bob"}),
        json!({"type": "allow", "ref": "r", "id": 1, "pool": "lab", "token": "t", "who": "bob"}),
        json!({"type": "disallow", "ref": "r", "id": 1, "pool": "lab", "token": "t", "who": "bob"}),
        json!({"type": "subscribe", "ref": "r", "pool": "lab", "after": "5-7"}),
        json!({"type": "unsubscribe", "ref": "r", "subscription": "s"}),
        json!({"type": "list", "ref": "r", "of": "resources", "pool": "lab", "query": "state=free"}),
    ]
}

#[test]
fn every_message_is_read_as_its_type_reads_and_writes_it() {
    let complete = complete();
    let types: Vec<_> = complete.iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(types, TYPES);
    for example in &complete {
        let read = message(&example.to_string()).unwrap();
        assert_eq!(read, serde_json::from_value(example.clone()).unwrap());
        assert_eq!(serde_json::to_value(&read).unwrap(), *example);
    }
}

#[test]
fn what_may_be_left_out_may_be() {
    for example in complete() {
        let mut short = example.clone();
        for name in ["pool", "idempotency_key", "token", "resources", "ttl", "after", "query"] {
            if example["type"] != "resume" || name != "token" {
                short.as_object_mut().unwrap().remove(name);
            }
        }
        let read = message(&short.to_string()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), short);
    }
}

#[test]
fn what_must_be_there_is_named_where_it_is_missing() {
    for example in complete() {
        for name in ["type", "ref", "request", "id", "by", "to", "who", "subscription", "of"] {
            let mut short = example.clone();
            if short.as_object_mut().unwrap().remove(name).is_some() {
                let reference = (name != "ref").then_some("r");
                assert_problem(short, reference, name, "it is missing");
            }
        }
    }
}

#[test]
fn an_unknown_field_is_named_and_so_are_those_that_there_are() {
    for mut example in complete() {
        example["colour"] = json!("red");
        let kind = example["type"].as_str().unwrap().to_owned();
        assert_problem(example, Some("r"), "colour", &format!("a {kind:?} has type, ref, "));
    }
}

#[test]
fn a_field_of_a_wrong_kind_is_told_with_its_place() {
    let wrong = json!({"type": "renew", "ref": "r", "id": "seven"});
    assert_problem(wrong, Some("r"), "id", "expected u64");
    let wrong = json!({"type": "renew", "ref": "r", "id": 7, "ttl": "soon"});
    assert_problem(wrong, Some("r"), "ttl", "soon");
    let wrong = json!({"type": "list", "ref": "r", "of": "people"});
    assert_problem(wrong, Some("r"), "of", "resources");
    let wrong = json!({"type": "list", "ref": "r", "of": "leases", "query": "state=free"});
    assert_problem(wrong, Some("r"), "query", "resources only");
    let wrong = json!({"type": "fetch", "ref": "r"});
    assert_problem(wrong, Some("r"), "type", "there are request, resume");
}

#[test]
fn a_mistake_in_a_request_has_the_path_that_it_has_over_http() {
    let request = json!({"requirements": [{"count": 0}]});
    let wrong = json!({"type": "request", "ref": "r", "request": request});
    let expected = "the request at requirements[0].count: 0 is not a count";
    assert_problem(wrong, Some("r"), "requirements[0].count", expected);
    let text =
        r#"{"type":"request","ref":"r","request":{"requirements":[{}],"wait":"0","wait":"0"}}"#;
    assert_eq!(problem(text).0.as_deref(), Some("r"));
}

#[test]
fn bad_refs_are_refused() {
    let with = |reference: Value| json!({"type": "list", "ref": reference, "of": "leases"});
    assert_problem(with(json!("")), None, "ref", "empty");
    assert_problem(with(json!("ü".repeat(65))), None, "ref", "65 characters");
    assert_problem(with(json!(7)), None, "ref", "expected a string");
    assert!(message(&with(json!("ü".repeat(64))).to_string()).is_ok());
}

#[test]
fn what_is_no_object_is_told_as_such() {
    for (text, expected) in [
        ("", "it is not JSON"),
        ("granted", "it is not JSON"),
        ("[]", "expected a JSON object"),
        ("{} {}", "it is not JSON"),
        (r#"{"ref":"r","ref":"r"}"#, "\"ref\" is given twice"),
    ] {
        let (reference, path, detail) = problem(text);
        assert_eq!((reference, path.as_str()), (None, ""));
        assert!(detail.contains(expected), "{text}: {detail}");
    }
}

#[test]
fn an_answer_repeats_little_of_what_was_sent() {
    let long = "x".repeat(100_000);
    for example in [
        json!({"type": long, "ref": "r"}),
        json!({"type": "list", "ref": "r", "of": long}),
        json!({"type": "list", "ref": "r", "of": "leases", long.clone(): 1}),
        json!({"type": "renew", "ref": "r", "id": long}),
        json!({"type": "renew", "ref": "r", "id": 1, "ttl": long}),
        json!({"type": "transfer", "ref": "r", "id": 1, "to": long}),
    ] {
        let (_, path, detail) = problem(&example.to_string());
        assert!(path.len() + detail.len() < 1500, "{detail}");
    }
}
