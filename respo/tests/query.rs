//! The query-string form: what is written reads back the same, and mistakes are named.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::{parsers, requests};
use proptest::prelude::*;
use respo::{LockAction, LockQuery, Request, Requirement, Selector, Token};

fn request_of(query: &str) -> Request {
    match LockQuery::parse(query).unwrap().action {
        LockAction::Request(request) => request,
        LockAction::Resume(_) => panic!("not a request: {query}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_written_reads_back_the_same(
        request in requests::request(),
        pool in proptest::option::of(requests::label()),
    ) {
        let query = LockQuery { pool, action: LockAction::Request(request) };
        let written = query.to_string();
        prop_assert!(written.is_ascii() && !written.contains([' ', '#']), "{}", written);
        prop_assert_eq!(LockQuery::parse(&written), Ok(query), "{}", written);
    }

    #[test]
    fn a_selector_reads_back_the_same(selector in requests::selector()) {
        prop_assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
    }

    #[test]
    fn whatever_is_given_is_read_or_refused(query in any::<String>()) {
        parsers::lock_query(&query);
        parsers::selector(&query);
    }

    #[test]
    fn whatever_pieces_there_are_are_read_or_refused(pieces in prop::collection::vec(piece(), 0..16)) {
        parsers::lock_query(&pieces.concat());
        parsers::selector(&pieces.concat());
    }
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "&",
            "&",
            "&",
            "=",
            "%",
            "%22",
            "%7d",
            "%ff",
            "%20",
            "+",
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            ",",
            "\"",
            "'",
            "\\",
            "a",
            "b=",
            "2",
            "count=",
            "resource=",
            "location=",
            "attributes=",
            "entities=",
            "entity_properties=",
            "property=",
            "where=",
            "keys=",
            "stack=",
            "requirement=",
            "tag=",
            "wait=",
            "priority=",
            "pool=",
            "[[a,{b=[1,\"}\"]}],[c]]",
            "{b=c}",
            "2 of a,b",
            "@s",
            "\u{e4}",
        ][..],
    )
}

#[test]
fn lists_are_written_in_three_ways() {
    let same = [
        "attributes=[a,b]",
        "attributes=a,b",
        "attributes=a&attributes=b",
        "attributes=[\"a\",\"b\"]",
        "attributes=%5Ba,%20b%5D",
    ];
    for query in same {
        assert_eq!(request_of(query), request_of("attributes=[b,a]"), "{query}");
    }
}

#[test]
fn lists_of_lists_are_one_pattern_each() {
    let patterns =
        |query: &str| request_of(query).requirements()[0].selector().unwrap().entities().len();
    assert_eq!(patterns("entities=[[a,b],[c]]"), 2);
    assert_eq!(patterns("entity_properties=[[a,b],[c]]"), 2);
    assert_eq!(patterns("entities=[a,b]&entities=[c]"), 2);
    assert_eq!(patterns("entities=a,b"), 1);
    assert_eq!(patterns("entities=[[a],[a]]"), 2);
    assert_eq!(patterns("entities=[[]]"), 1, "any entity");
    assert_eq!(patterns("entities=[]"), 0);
}

#[test]
fn patterns_keep_their_order() {
    for query in ["entities=[[jtag],[arm64]]", "entities=[[b,{p=1}],[a],[],[b]]"] {
        assert_eq!(LockQuery::parse(query).unwrap().to_string(), query);
    }
    assert_ne!(request_of("entities=[[a],[b]]"), request_of("entities=[[b],[a]]"));
}

#[test]
fn parameters_and_texts_say_the_same() {
    let cases = [
        ("", "1"),
        ("count=3", "3"),
        ("count=2&keys=[a,b,c]", "2 of a,b,c"),
        ("keys=a&keys=b&stack=s", "1 of a,b @s"),
        ("count=2&resource=2&stack=B%C3%BCro+1", "2 resource=2 @\"Büro 1\""),
        ("property=gsm.operator=GTE&property=bands=[1,2]", "gsm.operator=GTE bands=[1,2]"),
        ("property=\"a b\"=\"%26\"", "\"a b\"=\"&\""),
        (
            "entities=[[jtag,{platform=android}],[{p=\"}],[\"},{q=[a,b]}]]",
            "{jtag platform=android} {p=\"}],[\" q=[a,b]}",
        ),
        ("entities={p=[a,b]},x", "{x p=[a,b]}"),
        ("attributes=can&where=size(entities)+%3E+1", "+can where=size(entities) > 1"),
    ];
    for (query, text) in cases {
        let requirement: Requirement = text.parse().expect(text);
        assert_eq!(request_of(query).requirements(), [requirement], "{query}");
        let escaped = text.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
        assert_eq!(request_of(&format!("requirement={escaped}")), request_of(query), "{text}");
    }
}

#[test]
fn several_requirements_are_written_as_a_text_each() {
    let request = request_of("requirement=2+location=office1&requirement=relay+@s&priority=1");
    assert_eq!(request.requested(), 3);
    let query = LockQuery { pool: None, action: LockAction::Request(request) };
    assert_eq!(
        query.to_string(),
        "requirement=2%20location=office1&requirement=relay%20@s&priority=1"
    );
    let one = LockQuery::parse("requirement=2+location=office1").unwrap();
    assert_eq!(one.to_string(), "count=2&location=office1");
}

#[test]
fn a_tag_may_have_an_equals_sign_in_its_key() {
    let query = "tag=\"a=b\"=c=d&tag=e=f";
    let request = request_of(query);
    let tags: Vec<_> = request.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(tags, [("a=b", "c=d"), ("e", "f")]);
}

#[test]
fn beside_a_body_there_is_a_pool_only() {
    let pool = |query: &str| LockQuery::parse_beside_body(query);
    assert_eq!(pool(""), Ok(None));
    assert_eq!(pool("pool=lab%201").unwrap().unwrap().as_str(), "lab 1");
    for (query, parameter, problem) in [
        ("pool=a&pool=b", "pool", "given twice"),
        ("pool=", "pool", "must not be empty"),
        ("pool=%ff", "pool", "UTF-8"),
        ("pool=a&resource=b", "resource", "There it is requirements[0].resource"),
        ("tag=a=b", "tag", "There it is tags"),
        ("wait=0", "wait", "belongs into the body"),
        ("requirement=2", "requirement", "There it is requirements"),
        ("resume=00000000000000000000000000000000", "resume", "leave the body out"),
        ("colour=red", "colour", "none of this name"),
    ] {
        let error = pool(query).expect_err(query);
        assert_eq!(error.parameter, parameter, "{query}");
        assert!(error.problem.contains(problem), "{query}: {}", error.problem);
    }
}

#[test]
fn a_token_resumes() {
    let token = Token::from_random([0xab; 16]);
    let query = LockQuery::parse(&format!("resume={}", token.reveal())).unwrap();
    assert_eq!(query.action, LockAction::Resume(token));
}

#[test]
fn mistakes_name_the_parameter() {
    let cases = [
        ("colour=red", "colour", "there is none of this name"),
        ("resource=", "resource", "it is empty"),
        ("resource=[]", "resource", "it is empty"),
        ("resource=a b", "resource", "letters, digits"),
        ("resource=[a", "resource", "ends with ']'"),
        ("resource=[[a]]", "resource", "not a list of lists"),
        ("attributes=a,,b", "attributes", "must not be empty"),
        ("location=a&location=b", "location", "given twice"),
        ("entities=[[a],b]", "entities", "[[a,b],[c]]"),
        ("entities=[[a],[b]", "entities", "[[a,b],[c]]"),
        ("priority=high", "priority", "-1000 to 1000"),
        ("priority=1001", "priority", "-1000 to 1000"),
        ("description=", "description", "must not be empty"),
        ("tag=ci", "tag", "KEY=VALUE"),
        ("tag=a=1&tag=a=2", "tag", "given twice"),
        ("wait=soon", "wait", "forever"),
        ("wait=-1", "wait", "not a duration"),
        ("wait=9999d", "wait", "366 days"),
        ("linger=1x", "linger", "not a duration"),
        ("max_duration=0", "max_duration", "longer than nothing"),
        ("resume=abc", "resume", "32 hexadecimal digits"),
        ("resume=00000000000000000000000000000000&wait=0", "wait", "does not go with resume"),
        ("description=%ff", "description", "UTF-8"),
        ("count=0", "count", "from 1 to 256"),
        ("count=257", "count", "from 1 to 256"),
        ("count=2&count=2", "count", "given twice"),
        ("keys=", "keys", "it is empty"),
        ("keys=[]", "keys", "it is empty"),
        ("keys=a&location=b", "location", "does not go with keys"),
        ("property=a=1&keys=b", "keys", "does not go with properties"),
        ("keys=a&count=2", "keys", "2 of 1 keys"),
        ("stack=", "stack", "must not be empty"),
        ("property=a", "property", "'=' is missing"),
        ("property=a=1&property=a=2", "property", "given twice"),
        ("property=a=b c", "property", "double quotes"),
        ("where=", "where", "an expression is missing"),
        ("entities=[[{a}]]", "entities", "'=' is missing"),
        ("entities=[[{a=1},{a=2}]]", "entities", "given twice"),
        ("entities=[[{a=1]]", "entities", "[[a,b],[c]]"),
        ("attributes={a=1}", "attributes", "not one of them"),
        ("requirement=", "requirement", "requirement 1: column 1: it is empty"),
        ("requirement=1&requirement=a b", "requirement", "requirement 2: column 3"),
        ("requirement=1 of a&requirement=1 of a", "requirement", "requirement 2: the key a"),
        ("requirement=200&requirement=200", "requirement", "at most 256"),
        ("requirement=1&location=a", "location", "does not go with requirement"),
        ("location=a&requirement=1", "requirement", "does not go with location"),
    ];
    for (query, parameter, problem) in cases {
        let error = LockQuery::parse(query).expect_err(query);
        assert_eq!(error.parameter, parameter, "{query}");
        assert!(error.problem.contains(problem), "{query}: {}", error.problem);
    }
}
