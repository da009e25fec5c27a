//! Whether a resource suits a selector.

use std::collections::BTreeMap;

use respo::property::WantedProperties;
use respo::{Entity, EntityPattern, Name, PropertyPath, PropertyValue, Resource, Selector, Word};
use serde_json::{Value, json};
use tests::specification::matching::suits;

fn properties(value: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn wanted(path: &str, value: Value) -> WantedProperties {
    [(PropertyPath::new(path).unwrap(), PropertyValue::of(&value).unwrap())].into()
}

fn phone() -> Resource {
    let mut phone = Resource::new(Name::new("phone").unwrap());
    phone.properties = properties(json!({
        "os": "android", "gsm": {"operator": "GTE", "slots": 2.0}, "gsm.band": 7,
        "circuits": ["p", "q", 3], "empty": null
    }));
    phone
}

fn has(path: &str, value: Value) -> bool {
    let properties = wanted(path, value);
    suits(&Selector { properties, ..Selector::any() }, &phone())
}

#[test]
fn a_property_is_found_by_its_path_whether_the_dots_are_in_a_key_or_between_keys() {
    assert!(has("os", json!("android")) && !has("os", json!("ios")));
    assert!(has("gsm.operator", json!("GTE")) && has("gsm.band", json!(7)));
    assert!(!has("operator", json!("GTE")) && !has("gsm", json!("GTE")));
}

#[test]
fn numbers_are_equal_however_written_and_no_number_equals_a_text() {
    assert!(has("gsm.slots", json!(2)) && has("gsm.band", json!(7.0)));
    assert!(!has("gsm.slots", json!("2")) && !has("gsm.slots", json!(3)));
    assert!(has("empty", json!(null)) && !has("missing", json!(null)));
}

#[test]
fn a_list_asks_for_a_list_that_contains_all_of_it() {
    assert!(has("circuits", json!(["q"])) && has("circuits", json!([3.0, "p"])));
    assert!(!has("circuits", json!(["r"])) && !has("circuits", json!("q")));
    assert!(!has("os", json!(["android"])));
}

#[test]
fn each_pattern_needs_an_entity_of_its_own_with_both_attributes_and_properties() {
    let word = |word: &str| Word::new(word).unwrap();
    let entity = |attributes: &[&str], os: &str| Entity {
        attributes: attributes.iter().map(|one| word(one)).collect(),
        properties: properties(json!({ "os": os })),
    };
    let pattern = |attribute: &str, os: Option<&str>| EntityPattern {
        attributes: [word(attribute)].into(),
        properties: os.map(|os| wanted("os", json!(os))).unwrap_or_default(),
    };
    let mut bench = Resource::new(Name::new("bench").unwrap());
    bench.entities.insert(Name::new("one").unwrap(), entity(&["x", "y"], "android"));
    bench.entities.insert(Name::new("two").unwrap(), entity(&["x"], "ios"));
    let suits = |patterns: &[EntityPattern]| {
        suits(&Selector::any().with_entities(patterns.iter().cloned()), &bench)
    };
    assert!(suits(&[pattern("x", None), pattern("y", None)]), "the first must take the second");
    assert!(!suits(&[pattern("y", None), pattern("y", None)]));
    assert!(!suits(&[pattern("y", Some("ios"))]), "no entity has both");
    assert!(suits(&[pattern("x", Some("ios")), pattern("x", Some("android"))]));
    assert!(!suits(&[pattern("x", None), pattern("x", None), pattern("x", None)]));
}
