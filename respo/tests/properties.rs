//! What counts as equal among properties, and where they are found.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use respo::property::{MAX_PROPERTY_CHARS, has_properties};
use respo::{PropertyError, PropertyPath, PropertyValue, Scalar};
use serde_json::{Value, json};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn scalar(text: &str) -> Scalar {
    Scalar::of(&parsed(text)).unwrap()
}

fn has(properties: &Value, path: &str, wanted: Value) -> bool {
    let properties: BTreeMap<String, Value> = serde_json::from_value(properties.clone()).unwrap();
    let path = PropertyPath::new(path).unwrap();
    has_properties(&[(path, PropertyValue::of(&wanted).unwrap())].into(), &properties)
}

#[test]
fn equal_numbers_are_equal_however_they_are_written() {
    for same in [
        &["1", "1.0", "1e0", "10e-1", "0.1e1"][..],
        &["0", "-0", "0.0", "-0.0", "0e5"],
        &["-7", "-7.0"],
        &["0.5", "5e-1", "0.50"],
        &["1000000000000000000", "1e18"],
        &["9223372036854775808", "9223372036854775808.0"],
        &["-9223372036854775808", "-9223372036854775808.0"],
        &["1e300", "1.0e300"],
    ] {
        for text in same {
            assert_eq!(scalar(same[0]), scalar(text), "{text}");
        }
    }
}

#[test]
fn different_scalars_are_different() {
    let all = [
        "1",
        "2",
        "-1",
        "0",
        "0.1",
        "\"1\"",
        "\"1.0\"",
        "true",
        "\"true\"",
        "false",
        "null",
        "\"null\"",
        "\"\"",
        "18446744073709551615",
        "18446744073709551614",
        "1.8446744073709552e19",
        "9007199254740993",
        "9007199254740992",
        "9223372036854775807",
        "9.223372036854776e18",
        "-9223372036854775808",
        "1e-300",
    ];
    for (n, one) in all.iter().enumerate() {
        for other in &all[..n] {
            assert_ne!(scalar(one), scalar(other), "{one} {other}");
        }
    }
    assert_eq!(scalar("18446744073709551615").to_json(), json!(u64::MAX));
    assert_eq!(Scalar::of(&json!([])), None);
    assert_eq!(Scalar::of(&json!({})), None);
}

#[test]
fn a_path_goes_through_maps_and_keys_with_dots() {
    let properties = json!({
        "a": {"b": {"c": 1}, "b.c": 2}, "a.b": {"c": 3}, "a.b.c": 4, "x": [{"y": 1}], "z": null,
    });
    for n in 1..=4 {
        assert!(has(&properties, "a.b.c", json!(n)), "{n}");
    }
    assert!(!has(&properties, "a.b.c", json!(5)));
    assert!(!has(&properties, "a.b", json!(1)));
    assert!(!has(&properties, "x.y", json!(1)), "a list has no keys");
    assert!(!has(&properties, "x.0", json!(1)));
    assert!(has(&properties, "z", json!(null)));
    assert!(!has(&properties, "other", json!(null)), "what is not there is not null");
    assert!(!has(&properties, "z.a", json!(null)));
}

#[test]
fn a_list_is_asked_for_by_what_it_contains() {
    let properties = json!({"circuits": ["a", "b", 1.0, true], "one": "a"});
    for (wanted, contained) in [
        (json!(["a"]), true),
        (json!(["b", "a", "a"]), true),
        (json!([1, true]), true),
        (json!([]), true),
        (json!(["1"]), false),
        (json!(["a", "c"]), false),
        (json!("a"), false),
        (json!([null]), false),
    ] {
        assert_eq!(has(&properties, "circuits", wanted.clone()), contained, "{wanted}");
    }
    assert!(!has(&properties, "one", json!(["a"])), "a text is no list");
    assert!(!has(&properties, "one", json!([])));
}

#[test]
fn all_that_is_wanted_must_be_there() {
    let properties: BTreeMap<String, Value> =
        [("a".to_owned(), json!(1)), ("b".to_owned(), json!(2))].into();
    let wanted = |pairs: &[(&str, i32)]| {
        let each = pairs.iter().map(|(path, value)| {
            (PropertyPath::new(path).unwrap(), PropertyValue::of(&json!(value)).unwrap())
        });
        each.collect()
    };
    assert!(has_properties(&wanted(&[]), &properties));
    assert!(has_properties(&wanted(&[("a", 1), ("b", 2)]), &properties));
    assert!(!has_properties(&wanted(&[("a", 1), ("b", 3)]), &properties));
}

#[test]
fn bad_paths_and_values_are_refused() {
    for path in ["", ".", "a.", ".a", "a..b"] {
        assert_eq!(PropertyPath::new(path), Err(PropertyError::Path(path.to_owned())));
    }
    let long = "x".repeat(MAX_PROPERTY_CHARS + 1);
    assert_eq!(PropertyPath::new(&long), Err(PropertyError::TooLong));
    assert_eq!(PropertyPath::new(".".repeat(MAX_PROPERTY_CHARS + 1)), Err(PropertyError::TooLong));
    assert_eq!(PropertyValue::of(&json!(long)), Err(PropertyError::TooLong));
    assert_eq!(PropertyValue::of(&json!([long])), Err(PropertyError::TooLong));
    assert!(PropertyPath::new("ü".repeat(MAX_PROPERTY_CHARS)).is_ok());
    for value in [json!({}), json!([[]]), json!([{}])] {
        assert!(matches!(PropertyValue::of(&value), Err(PropertyError::Value(_))), "{value}");
    }
}

proptest! {
    #[test]
    fn a_scalar_is_the_same_after_json(number in any::<f64>(), whole in any::<i64>(), text in ".*") {
        let number = if number.is_finite() { json!(number) } else { json!(0) };
        for value in [number, json!(whole), json!(whole as f64), json!(text)] {
            let scalar = Scalar::of(&value).unwrap();
            prop_assert_eq!(Scalar::of(&scalar.to_json()).unwrap(), scalar.clone());
            prop_assert_eq!(scalar.to_json().as_f64(), value.as_f64());
        }
    }
}
