//! The text form of a requirement: what is printed reads back equal, and mistakes are found where they are.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use common::{parsers, requests};
use proptest::prelude::*;
use respo::{Request, Requirement};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_printed_reads_back_equal(requirement in requests::requirement()) {
        let printed = requirement.to_string();
        prop_assert_eq!(printed.parse::<Requirement>(), Ok(requirement), "{:?}", printed);
    }

    #[test]
    fn whatever_is_given_is_read_or_refused(text in any::<String>()) {
        parsers::requirement_text(&text);
    }

    #[test]
    fn whatever_pieces_there_are_are_read_or_refused(pieces in prop::collection::vec(piece(), 0..12)) {
        parsers::requirement_text(&pieces.concat());
    }
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            " ",
            " ",
            " ",
            "2",
            "of",
            "of ",
            "a",
            "b,c",
            ",",
            "+",
            "@",
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            "'",
            "=",
            "location=",
            "resource=",
            "attributes=",
            "entities=",
            "property=",
            "keys=",
            "stack=",
            "count=",
            "where=",
            "properties.",
            "gsm.operator=",
            "1.5",
            "true",
            "null",
            "ü",
            "\u{3000}",
            "\n",
            "[[a,{b=\"}\"}],[c]]",
            "\"x y\"",
            "{p=[1,2] +a=b}",
            "",
        ][..],
    )
}

/// The table of examples in the documentation of the module: each text, and the JSON that it is equal to.
fn documented_examples() -> Vec<(String, String)> {
    let source = include_str!("../src/request/text/mod.rs");
    let rows = source.lines().skip_while(|line| *line != "//! | text | JSON |").skip(2);
    rows.map_while(|line| {
        let cells = line.strip_prefix("//! | `")?.strip_suffix("` |")?;
        let (text, json) = cells.split_once("` | `")?;
        Some((text.to_owned(), json.to_owned()))
    })
    .collect()
}

#[test]
fn the_ten_examples_of_the_documentation_are_equal_to_their_json() {
    let examples = documented_examples();
    assert_eq!(examples.len(), 10);
    for (text, json) in examples {
        let document = format!("{{\"requirements\":[{json}]}}");
        let request = Request::from_json(document.as_bytes()).expect(&json);
        let requirement: Requirement = text.parse().expect(&text);
        assert_eq!(request.requirements(), std::slice::from_ref(&requirement), "{text}");
        assert_eq!(requirement.to_string(), text);
        let written = serde_json::to_value(&request).unwrap();
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(&document).unwrap());
    }
}

#[test]
fn what_is_equal_is_printed_in_one_form() {
    let cases = [
        ("1", "1"),
        ("  1  ", "1"),
        ("1 bench-1", "bench-1"),
        ("count=1 resource=[b,a]", "a,b"),
        ("count=300", ""),
        ("count=3", "3"),
        ("resource=2", "resource=2"),
        ("1 resource=of", "resource=of"),
        ("1 of x", "1 of x"),
        ("1 of [x,y]", "1 of x,y"),
        ("keys=x,y count=2", "2 of x,y"),
        ("stack=\"a b\" +x", "+x @\"a b\""),
        ("@cell", "@cell"),
        ("{ } {b a}", "{} {a b}"),
        ("entities=[[jtag, {gsm.operator = GTE}],[]]", ""),
        ("entities=[[jtag, {gsm.operator=\"a, ]}\"}],[]]", "{jtag gsm.operator=\"a, ]}\"} {}"),
        ("{+odd=word +plain ++plus}", "{++plus +odd=word plain}"),
        ("property=slots=4", "slots=4"),
        ("property=location=x", "properties.location=x"),
        ("\"location\"=x", "properties.location=x"),
        ("\"a b\"=[1, \"c d\" ,true,  x]", "\"a b\"=[\"c d\",x,1,true]"),
        ("x=1.0 y=\"1.0\" z=1.10.2", "x=1 y=\"1.0\" z=1.10.2"),
        ("x=a,b", "x=\"a,b\""),
        ("where= name == \"b\" ", "where= name == \"b\" "),
    ];
    for (text, printed) in cases {
        match text.parse::<Requirement>() {
            Ok(requirement) => assert_eq!(requirement.to_string(), printed, "{text:?}"),
            Err(error) => assert_eq!(printed, "", "{text:?}: {error}"),
        }
    }
}

#[test]
fn a_mistake_says_where_it_is_and_what_would_be_right() {
    let cases = [
        ("", 1, "any one resource is written 1"),
        ("   ", 4, "it is empty"),
        ("0", 1, "a whole number from 1 to 256"),
        ("257 a", 1, "a whole number from 1 to 256"),
        ("99999999999999999999999", 1, "a whole number from 1 to 256"),
        ("2 count=3", 9, "given twice"),
        ("2 of", 5, "list of keys"),
        ("2 of a, b", 6, "no blanks in it"),
        ("3 of a,b", 1, "it asks for 3 of 2 keys"),
        ("2 of a,b +can", 10, "does not go with keys"),
        ("+can keys=a,b", 11, "does not go with attributes"),
        ("bench-1 bench-2", 9, "names are given already"),
        ("bench-1 resource=bench-2", 18, "names are given already"),
        ("bench 2", 7, "a count comes first"),
        ("of", 1, "comes after a count"),
        ("bänk", 1, "letters, digits"),
        ("Büro=1 ü=1 +", 12, "must not be empty"),
        ("+a,b", 1, "',' is not one of them"),
        ("location=", 10, "must not be empty"),
        ("location=\"Büro 1", 10, "do not end"),
        ("location=\"Büro\"1", 16, "a blank"),
        ("location='Büro 1'", 10, "double quotes"),
        ("@", 2, "must not be empty"),
        ("@a @b", 5, "given twice"),
        ("{a", 1, "do not end"),
        ("{a}{b}", 4, "a blank"),
        ("{a=}", 4, "a value is missing"),
        ("{a=1 a=2}", 6, "given twice"),
        ("{a, b}", 2, "',' is not one of them"),
        ("x=[a", 3, "does not end"),
        ("x=[a b]", 6, "a comma"),
        ("x=[a,]", 6, "a value is missing"),
        ("x=[[a]]", 4, "no lists in it"),
        ("x={a}", 3, "double quotes"),
        ("x=", 3, "a value is missing"),
        ("=x", 1, "path of a property"),
        ("a..b=x", 1, "path of a property"),
        ("x==1", 3, "where="),
        ("x!=1", 1, "where="),
        ("x=1 x=2", 5, "given twice"),
        ("\"x\"", 4, "'=' is missing"),
        ("entities=[[a]", 10, "does not end"),
        ("entities=[[a],b]", 10, "[[a,b],[c]]"),
        ("where=", 7, "an expression is missing"),
        ("where=  ", 7, "an expression is missing"),
    ];
    for (text, column, problem) in cases {
        let error = text.parse::<Requirement>().expect_err(text);
        assert!(error.problem.contains(problem), "{text:?}: {error}");
        assert_eq!(error.column, column, "{text:?}: {error}");
    }
}

#[test]
fn there_is_not_too_much_of_anything() {
    let words = |count: usize, word: &str| {
        (0..count).map(|n| format!("{word}{n}")).collect::<Vec<_>>().join(" ")
    };
    let list = |count: usize| words(count, "n").replace(' ', ",");
    let patterns = |count: usize| vec!["{}"; count].join(" ");
    let properties =
        |count: usize| (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join(" ");
    for (good, bad) in [
        (list(256), list(257)),
        (format!("1 of {}", list(256)), format!("1 of {}", list(257))),
        (words(256, "+n"), words(257, "+n")),
        (format!("{{{}}}", words(256, "n")), format!("{{{}}}", words(257, "n"))),
        (patterns(64), patterns(65)),
        (properties(64), properties(65)),
        (format!("p=[{}]", list(256)), format!("p=[{}]", list(257))),
        (format!("p={}", "x".repeat(1024)), format!("p={}", "x".repeat(1025))),
        (format!("{}=1", "x".repeat(1024)), format!("{}=1", "x".repeat(1025))),
    ] {
        good.parse::<Requirement>().expect(&good);
        let error = bad.parse::<Requirement>().expect_err(&bad);
        assert!(error.problem.contains("at most"), "{error}");
    }
}
