use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use respo::condition::{MAX_CONDITION_CHARS, MAX_CONDITION_NODES};
use respo::{Condition, Name, Resource};
use serde_json::json;

use super::{bench, refusal};

/// The stack of a thread of tokio is 2 MiB; half of that must do, even without optimization.
fn with_little_stack<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn_scoped(scope, act);
        thread.unwrap().join().unwrap()
    })
}

fn nested(open: &str, inside: &str, close: &str, times: usize) -> String {
    open.repeat(times) + inside + &close.repeat(times)
}

#[test]
fn nothing_nested_deeply_reaches_the_parser() {
    let deep = [
        nested("(", "true", ")", 500),
        nested("!", "true", "", 1_000),
        nested("-", "1", "", 1_000),
        nested("[", "1", "]", 500),
        nested("1+", "1", "", 500),
        nested("name.", "a", "", 200),
        nested("true?1:", "1", "", 100),
        nested("size(", "1", ")", 150),
        nested("", "name", "[0]", 300),
        nested("(", "", "", 1_000),
        nested("!(", "true", ")", 250),
        nested("1 in ", "1", "", 200),
        nested("[1].exists(x, ", "true", ")", 60),
        nested("[(1 + -(", "1", "))]", 60),
        nested("true && (", "true", ")", 80),
        nested("true ? (true) : (", "true", ")", 50),
    ];
    with_little_stack(|| {
        for text in &deep {
            let error = refusal(text);
            assert!(error.contains("the condition is nested too deeply at character"), "{error}");
        }
        for text in [nested("(", "", "", 2_000), "a".repeat(MAX_CONDITION_CHARS + 1)] {
            assert!(refusal(&text).starts_with("a condition has at most 1024 characters"));
        }
    });
}

#[test]
fn what_is_just_not_too_deep_is_parsed_and_evaluated_with_little_stack() {
    let deep = [
        nested("(", "true", ")", 23),
        nested("!", "true", "", 24),
        nested("[", "1", "]", 22) + " == [1]",
        nested("1+", "1", "", 23) + " == 1",
        "properties".to_owned() + &".a".repeat(23) + "== 1",
        nested("true ? 1 : ", "1", "", 22) + " == 1",
        nested("size(", "[]", ")", 11) + " == 1",
        "true".to_owned() + &" && true".repeat(110),
        "false".to_owned() + &" || (true && true)".repeat(55),
        nested("[1].exists(x, ", "true", ")", 1),
        "[1].exists(x, [2].exists(y, ".to_owned() + &nested("(", "y > x", ")", 16) + "))",
    ];
    with_little_stack(|| {
        for text in &deep {
            let condition = Condition::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let _outcome = condition.accepts(&bench());
        }
    });
}

#[test]
fn there_are_not_too_many_parts_or_loops() {
    let many = "[".to_owned() + &"1,".repeat(MAX_CONDITION_CHARS / 2 - 8) + "1] == []";
    assert!(Condition::new(&many).is_ok() || MAX_CONDITION_NODES < 512);
    let many = "true".to_owned() + &"&&1<2".repeat(200);
    assert!(refusal(&many).contains("the condition has more than 512 parts at character"));
    let three = "[1].all(x, [1].all(y, [1].all(z, x == y)))";
    let error = refusal(three);
    assert!(error.starts_with("more than 2 loops stand in one another at character 30"), "{error}");
    // In the list that is gone through it is not in the loop.
    assert!(Condition::new("[1].map(x, x).map(x, x).map(x, [x].map(y, y)) == [[1]]").is_ok());
}

fn large() -> Resource {
    let mut resource = Resource::new(Name::new("r").unwrap());
    let list: Vec<u64> = (0..2_000).collect();
    resource.properties.insert("list".to_owned(), json!(list));
    resource.properties.insert("text".to_owned(), json!("x".repeat(100_000)));
    resource
}

#[test]
fn what_would_take_too_long_or_too_much_memory_is_not_evaluated() {
    let too_expensive = Err("it is too expensive to evaluate".to_owned());
    let double = ".map(x, [x, x])".repeat(10);
    let texts = [
        "properties.list.all(x, properties.list.all(y, x + y >= 0))".to_owned(),
        "properties.list.map(x, properties.list).size() == 2000".to_owned(),
        "properties.list.map(x, properties.text + string(x)).size() == 2000".to_owned(),
        "properties.list.exists(x, properties.list == [x])".to_owned()
            + &" || properties.list.exists(x, properties.list == properties.list)".repeat(3),
        format!("[properties.list]{double} == []"),
        format!("[properties.text]{} == []", ".map(x, x + x)".repeat(10)),
        "properties.list.filter(x, properties.text.contains(string(x))).size() == 0".to_owned(),
        "properties.list.all(x, x in properties.list)".to_owned(),
        "properties.list.exists(x, [properties.list] == 1)".to_owned(),
        "[properties.list.map(x, x)].exists(l, properties.list.exists(y, size([l]) == 2))"
            .to_owned(),
        "properties.list.exists(x, properties.list + [x] == 1)".to_owned(),
        "properties.list.exists(x, properties.text + 'x' == 1)".to_owned(),
    ];
    for text in texts {
        assert_eq!(Condition::new(&text).unwrap().accepts(&large()), too_expensive, "{text}");
    }
    for text in [
        "properties.list.all(x, x >= 0)",
        "7 in properties.list && properties.text.contains('x')",
        "properties.list.filter(x, x > 10).size() == 1989",
        "properties.list.map(x, x + 1)[5] == 6",
    ] {
        assert_eq!(Condition::new(text).unwrap().accepts(&large()), Ok(true), "{text}");
    }
}

/// Pieces of expressions, of which most that are put together make no sense.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "?",
    ":",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "!=",
    "==",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "&",
    "in",
    "name",
    "location",
    "attributes",
    "properties",
    "entities",
    "properties.ram",
    "x",
    "y",
    "1",
    "0",
    "-1",
    "1u",
    "1.5",
    "1e308",
    "9223372036854775807",
    "18446744073709551615u",
    "0x7f",
    "'a'",
    "\"b\"",
    "''",
    "'\\n'",
    "'\\u00e9'",
    "'",
    "\"",
    "\\",
    "true",
    "false",
    "null",
    "has(",
    "size(",
    "int(",
    "string(",
    ".all(x,",
    ".exists(x,",
    ".exists_one(x,",
    ".filter(x,",
    ".map(x,",
    ".map(y,",
    ".contains(",
    ".size()",
    "properties.gsm",
    "entities.dut",
    "matches",
    " ",
    "\n",
    "é",
    "\u{0}",
    "//",
    "r'",
    "@",
    "_",
    ".in",
    "if",
    "1.",
    ".5",
    "0x",
    "1e",
    "u",
    "double(",
    "uint(",
    "[0]",
    "['ram']",
    "@result",
    "`a`",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn no_soup_of_tokens_makes_it_panic(pieces in vec(select(PIECES), 1..24), spaced in any::<bool>()) {
        let text = pieces.join(if spaced { " " } else { "" });
        match Condition::new(&text) {
            Ok(condition) => {
                if let Err(why) = condition.accepts(&bench()) {
                    prop_assert!(!why.contains("s3cr3t"));
                }
            }
            Err(error) => {
                prop_assert!(!error.problem.contains('\n'), "{}", error);
                prop_assert!(!error.problem.contains("was not parsed"), "{}", error);
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        let _outcome = Condition::new(text);
    }
}

/// Expressions that make sense more often than not.
fn expression() -> impl Strategy<Value = String> {
    let leaf = select(
        &[
            "name",
            "location",
            "attributes",
            "properties",
            "entities",
            "properties.ram",
            "properties.huge",
            "properties.share",
            "properties.gsm",
            "properties.circuits",
            "properties.secret",
            "1",
            "0",
            "-9223372036854775808",
            "2.5",
            "18446744073709551615u",
            "'a'",
            "''",
            "true",
            "false",
            "null",
            "[]",
            "[1, 2]",
        ][..],
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operators = select(
            &["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"][..],
        );
        let loops = select(&["all", "exists", "exists_one", "filter", "map"][..]);
        let functions = select(&["size", "int", "uint", "double", "string", "!", "-"][..]);
        let methods = select(&["contains", "startsWith", "endsWith"][..]);
        prop_oneof![
            (inner.clone(), operators, inner.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), loops, inner.clone())
                .prop_map(|(a, each, b)| format!("{a}.{each}(x, x == {b})")),
            inner.clone().prop_map(|a| format!("{a}.map(y, [y, y])")),
            (functions, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            (inner.clone(), methods, inner.clone()).prop_map(|(a, f, b)| format!("{a}.{f}({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}, {b}]")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_expression_makes_it_panic_or_tell_secrets(text in expression()) {
        if let Ok(condition) = Condition::new(format!("({text}) == true")) {
            let outcome = condition.accepts(&bench());
            prop_assert_eq!(&outcome, &condition.accepts(&bench()), "the same each time");
            if let Err(why) = outcome {
                prop_assert!(!why.contains("s3cr3t"), "{}", why);
            }
        }
    }
}
