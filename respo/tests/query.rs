//! The query-string form: what is written reads back the same, and mistakes are named.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use proptest::prelude::*;
use respo::{Label, LockAction, LockQuery, Selector, Text, Token, Wait};

fn request_of(query: &str) -> respo::Request {
    match LockQuery::parse(query).unwrap().action {
        LockAction::Request(request) => request,
        LockAction::Resume(_) => panic!("not a request: {query}"),
    }
}

fn whole_milliseconds(mut request: respo::Request) -> respo::Request {
    let milliseconds =
        |d: std::time::Duration| std::time::Duration::from_millis(d.as_micros() as u64);
    request.hold = respo::Hold::Connection { linger: milliseconds(request.linger()) };
    request.max_duration = request.max_duration.map(milliseconds);
    if let Wait::UpTo(limit) = request.wait {
        request.wait = Wait::UpTo(milliseconds(limit));
    }
    request
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(
        request in common::history::request(5),
        description in proptest::option::of("[^\\p{Cc}\u{FFFD}]{1,40}"),
        holder in proptest::option::of("[a-z&=+%#?/ ]{0,20}[a-z]"),
        tags in proptest::collection::btree_map("[a-z&+%]{1,5}", "[a-z=&+%]{1,5}", 0..3),
        pool in proptest::option::of("[a-zA-Zäöü &=]{0,9}[a-z]"),
    ) {
        let mut request = whole_milliseconds(request);
        request.description = description.and_then(|text| Text::new(text).ok());
        request.holder = holder.map(|text| Label::new(text).unwrap());
        request.tags = tags
            .into_iter()
            .map(|(key, value)| (Label::new(key).unwrap(), Text::new(value).unwrap()))
            .collect();
        let query = LockQuery {
            pool: pool.map(|pool| Label::new(pool).unwrap()),
            action: LockAction::Request(request),
        };
        let written = query.to_string();
        prop_assert_eq!(LockQuery::parse(&written), Ok(query), "{}", written);
    }

    #[test]
    fn a_selector_reads_back_the_same(selector in common::history::selector(5)) {
        prop_assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
    }

    #[test]
    fn no_query_panics(query in "(resource|entities|attributes|wait|tag|x)?=?[\\[\\],a-z0-9%&=\"' ]{0,40}|.*") {
        drop(LockQuery::parse(&query));
    }
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
    ];
    for (query, parameter, problem) in cases {
        let error = LockQuery::parse(query).expect_err(query);
        assert_eq!(error.parameter, parameter, "{query}");
        assert!(error.problem.contains(problem), "{query}: {}", error.problem);
    }
}
