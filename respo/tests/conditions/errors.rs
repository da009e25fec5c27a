use super::refusal;

#[test]
fn an_error_says_what_is_wrong_and_points_to_it() {
    let write = "write it like \"can\" in attributes && properties.ram >= 8";
    let cases = [
        ("", "a condition is not empty; write one such as \"can\" in attributes".to_owned()),
        ("name ==", format!("the condition ends too early at character 8: name ==^; {write}")),
        ("name == 'a' 'b'", format!("'b' is out of place at character 13: name == 'a' ^'b'; {write}")),
        ("name = 'a'", "= compares nothing at character 6: name ^= 'a'; write ==".to_owned()),
        ("name == 'a' and true", "\"and\" is no operator at character 13: name == 'a' ^and true; write &&".to_owned()),
        ("name == 'a", "a text is not closed at character 9: name == ^'a; put ' at its end, on the same line".to_owned()),
        ("name == \"ü\" && nam == 'a'", "there is no variable \"nam\" at character 16: name == \"ü\" && ^nam == 'a'; \
            there are name, location, attributes, description, endpoint, properties, entities; texts are written in quotes".to_owned()),
        ("name.matches('a')", "there is no function \"matches\" at character 6: name.^matches('a'); there are \
            size, int, uint, double, string, has, contains, startsWith, endsWith, all, exists, exists_one, filter, map".to_owned()),
        ("name.contains()", "contains is called on a text, with one argument at character 6: name.^contains(); write x.contains(\"…\")".to_owned()),
        ("attributes.map(a, a, a, a)", "map is not called like this at character 12: attributes.^map(a, a, a, a); \
            write list.map(x, condition on x)".to_owned()),
        ("1 + 1", "the result is a sum or a text at character 3: 1 ^+ 1; a condition is true or false, as with ==, in, < or has(…)".to_owned()),
        ("{'a': 1} == name", "braces mean nothing here at character 1: ^{'a': 1} == name; lists are written as [a, b]; there are no maps".to_owned()),
        ("attributes.exists(name, true)", "\"name\" cannot be the variable of a loop here at character 18: attributes.exists^(name, true); \
            choose a name that is not in use, such as x".to_owned()),
        ("name == '\\q'", "this is no escape at character 10: name == '^\\q'; after \\ stands one of a b f n r t v \" ' \\, or xHH, uHHHH, UHHHHHHHH".to_owned()),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
fn an_error_in_a_long_text_shows_what_is_around_it_on_one_line() {
    let text =
        format!("{}\n&& nam == 'x' && {}", "name == 'a' && true", "true && ".repeat(9) + "true");
    let error = refusal(&text);
    assert!(error.starts_with("there is no variable \"nam\" at character 24: name == 'a' && true && ^nam == 'x' && true && tr…; "), "{error}");
}

#[test]
fn an_error_is_one_line_whatever_the_text_is() {
    for text in ["-\n*", "name\n==\n\t*", "name\r\n.in", "\n\n)"] {
        assert!(!refusal(text).contains(char::is_control), "{text:?}");
    }
}

#[test]
fn what_could_hide_something_from_the_check_of_depth_is_refused() {
    for text in [
        "name == r'a'",
        "name == b'a'",
        "name == '''a'''",
        "name == \"\"\"a\"\"\"",
        "name == '' // (",
        "name == `a`",
        "name == 'a\n'",
        "name == '\\u00'",
        "name == '\\ud800'",
        "name == '\\x+1'",
        "a.`b` == 1",
        "name == @result",
        "name == 'a';",
        "ñame == 'a'",
        "Foo{a: 1} == 1",
        "name.?a == 1",
        "[?name] == []",
        "b == b\"a\"",
        "name & 1",
        "name | 1",
        "name == 'a' or true",
        "not true",
    ] {
        refusal(text);
    }
}

#[test]
fn functions_of_time_and_types_are_not_there() {
    for text in [
        "timestamp('2020-01-01T00:00:00Z') == null",
        "now() == 1",
        "duration('1s') == null",
        "type(name) == string",
        "dyn(name) == 'a'",
        "optional.of(1).hasValue()",
        "bytes(name) == null",
        "name.matches('a')",
        "_+_(1, 2) == 3",
        ".name == 'a'",
        "attributes.in_order() == []",
        "if(true)",
        "math.greatest(1, 2) == 2",
        "random() == 1",
        "size() == 1",
        "size(name, name) == 1",
        "has(name)",
        "string == name",
    ] {
        refusal(text);
    }
}
