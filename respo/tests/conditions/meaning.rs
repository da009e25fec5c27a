use respo::{Condition, Name, Resource};
use serde_json::json;

use super::{accepts, bench, properties};

#[test]
fn everything_of_a_resource_can_be_asked_for() {
    for text in [
        r#"name == "bench-1""#,
        r#"name.startsWith("bench-") && name.endsWith("1") && name.contains("-")"#,
        r#"location == "office1" && description == 'by the window' && endpoint == null"#,
        r#""can" in attributes && !("arm64" in attributes) && size(attributes) == 3"#,
        r#"attributes == ["can", "lin", "usb"] && attributes[0] == "can""#,
        r#"properties.ram >= 8 && properties.ram < 8.5 && properties["ram"] == 8.0"#,
        r#"properties.share == 0.5 && properties.whole == 2 && properties.spare"#,
        r#"properties.huge == 18446744073709551615u && properties.huge > 9223372036854775807"#,
        r#"properties.nothing == null && has(properties.nothing) && !has(properties.other)"#,
        r#"properties.gsm.operator == "GTE" && 2 in properties.gsm.slots"#,
        r#"["a", "c"].all(c, c in properties.circuits)"#,
        r#"properties["a.b"] == "dotted""#,
        r#"entities.dut.properties.platform == "android" && "jtag" in entities.dut.attributes"#,
        r#"entities.exists(e, "relay" in entities[e].attributes && entities[e].properties.volt == 12)"#,
        r#"entities.exists_one(e, "jtag" in entities[e].attributes)"#,
        r#""dut" in entities && size(entities) == 2"#,
        r#"name + "@" + location == "bench-1@office1""#,
        r#"string(properties.ram) == "8" && int(entities.dut.properties.serial) == 12"#,
        r#"properties.ram > 4 ? location == "office1" : false"#,
        "true",
    ] {
        assert_eq!(accepts(text), Ok(true), "{text}");
    }
    for text in [r#"name == "bench-2""#, "properties.ram > 8", r#"entities.all(e, e == "dut")"#] {
        assert_eq!(accepts(text), Ok(false), "{text}");
    }
}

#[test]
fn a_text_is_no_number() {
    assert_eq!(accepts("entities.dut.properties.serial == 12"), Ok(false));
    assert_eq!(accepts(r#"entities.power.properties.volt == "12""#), Ok(false));
    assert_eq!(accepts("entities.power.properties.volt == 12.0"), Ok(true));
}

#[test]
fn what_cannot_be_evaluated_says_why() {
    for (text, why) in [
        ("properties.other == 1", r#"there is no "other""#),
        ("properties.secret > 1", "> cannot be used with a text and a number"),
        ("properties.secret + 1 == 1", "add cannot be used with a text and a number"),
        ("properties.ram", "it is a number, neither true nor false"),
        ("attributes[7] == name", "a list is shorter than that"),
        ("properties.ram / 0 == 1", "something is divided by zero"),
        ("properties.ram.contains('a')", "contains cannot be used with a number and a text"),
        ("properties.ram.all(x, x)", "a number stands where a iterable should be"),
        ("int(properties.secret) == 1", "int does not accept this value"),
    ] {
        assert_eq!(accepts(text), Err(why.to_owned()), "{text}");
    }
    // What decides by itself does not mind.
    assert_eq!(accepts("properties.other == 1 || true"), Ok(true));
    assert_eq!(accepts("false && properties.other == 1"), Ok(false));
}

#[test]
fn a_failure_does_not_tell_the_values_of_properties() {
    for text in [
        "properties[properties.secret] == 1",
        "entities[properties.secret].attributes == []",
        "properties.secret + 1 == 1",
        "int(properties.secret) == 1",
        "properties.secret && true",
        "-properties.secret == 1",
        "properties.secret.ram == 1",
        "properties[properties.gsm.slots] == 1",
        "[properties.secret][properties.secret] == 1",
        "properties.secret in properties.ram",
        "properties.secret < properties.ram",
        "properties.secret.exists(x, x)",
        "properties.secret",
    ] {
        let why = accepts(text).unwrap_err();
        assert!(!why.contains("s3cr3t"), "{text}: {why}");
    }
}

#[test]
fn a_map_is_gone_through_in_the_order_of_its_keys() {
    let mut resource = Resource::new(Name::new("r").unwrap());
    let keys: Vec<String> = (0..40).map(|n| format!("k{n:02}")).collect();
    resource.properties = keys.iter().map(|key| (key.clone(), json!(1))).collect();
    for text in [
        "properties.map(k, k)[0] == 'k00' && properties.map(k, k)[39] == 'k39'",
        "properties.filter(k, k > 'k10')[0] == 'k11'",
        "([] + properties)[1] == 'k01'",
        "([] + properties.filter(k, true))[1] == 'k01'",
        "[properties].map(p, p.map(k, k)[2])[0] == 'k02'",
        "(true ? properties : []).map(k, k)[3] == 'k03'",
    ] {
        for _ in 0..20 {
            assert_eq!(Condition::new(text).unwrap().accepts(&resource), Ok(true), "{text}");
        }
    }
}

#[test]
fn conditions_with_the_same_text_are_equal_and_show_the_text_alone() {
    let one = Condition::new("name == 'a'").unwrap();
    assert_eq!(one, Condition::new("name == 'a'").unwrap());
    assert_ne!(one, Condition::new("name == 'b'").unwrap());
    assert!(one < Condition::new("name == 'b'").unwrap());
    assert_eq!(format!("{one:?}"), r#""name == 'a'""#);
    assert_eq!(one.to_string(), "name == 'a'");
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    shared(&one);
}

#[test]
fn one_condition_serves_many_resources() {
    let condition = Condition::new("properties.ram == 8").unwrap();
    let mut other = bench();
    other.properties = properties(json!({"ram": 9}));
    assert_eq!(condition.accepts(&bench()), Ok(true));
    assert_eq!(condition.accepts(&other), Ok(false));
    assert_eq!(condition.clone().accepts(&bench()), Ok(true));
}
