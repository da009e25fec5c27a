//! What good inventories mean.

use respo::yaml::InventoryDocument;
use respo::{Inventory, Resource};
use serde_json::json;

use crate::{fixtures, only_problem};

fn good(name: &str) -> InventoryDocument {
    let (_, text) = fixtures("good")
        .into_iter()
        .find(|(path, _)| path.ends_with(format!("{name}.yaml")))
        .unwrap();
    InventoryDocument::parse(&text).unwrap()
}

/// The resources of an inventory with one pool.
fn inventory(text: &str) -> Inventory {
    let mut document = InventoryDocument::parse(text).unwrap();
    assert_eq!(document.pools.len(), 1);
    document.pools.remove(0).1
}

fn attributes(resource: &Resource) -> Vec<&str> {
    resource.attributes.iter().map(|word| word.as_str()).collect()
}

/// The properties of the only entity of the only resource.
fn properties(properties: &str) -> serde_json::Value {
    let inventory = inventory(&format!(
        "pool:\n  name: lab\n  resources:\n    bench-1:\n      entities:\n        dut:\n          \
         properties: {properties}\n"
    ));
    let entity = &inventory.find("bench-1").unwrap().entities["dut"];
    serde_json::to_value(&entity.properties).unwrap()
}

#[test]
fn the_example_of_the_format_is_read_whole() {
    let document = good("issue_example");
    let (name, inventory) = &document.pools[0];
    assert_eq!(name.as_str(), "software update testbenches");
    assert_eq!(inventory.len(), 1);
    let resource = serde_json::to_value(&**inventory.find("resource1").unwrap()).unwrap();
    assert_eq!(
        resource,
        json!({
            "name": "resource1",
            "location": "office1",
            "attributes": ["a", "b"],
            "entities": {
                "programmer": {
                    "attributes": ["c", "d"],
                    "properties": {"socket": "127.0.0.1:1234", "api_key": "xyz"},
                },
                "dut": {
                    "attributes": ["e", "f"],
                    "properties": {"socket": "127.0.0.1:4567", "api_key": "foobar"},
                },
            },
        })
    );
}

#[test]
fn pools_keep_the_order_of_the_file() {
    let document = good("every_key");
    let names: Vec<&str> = document.pools.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["first", "second"]);
    assert!(document.pools[1].1.is_empty());
}

#[test]
fn attributes_may_be_a_list_or_a_text_with_spaces_or_commas() {
    for written in
        ["[lin, can]", "lin can", "\"can,lin\"", "\" can , lin,\"", "|\n        can\n        lin"]
    {
        for key in ["attributes", "tags"] {
            let inventory = inventory(&format!(
                "pool:\n  name: lab\n  resources:\n    bench-1:\n      {key}: {written}\n"
            ));
            assert_eq!(attributes(inventory.find("bench-1").unwrap()), ["can", "lin"], "{written}");
        }
    }
}

#[test]
fn nothing_where_a_map_or_list_is_expected_is_an_empty_one() {
    let document = good("nothing_said");
    let sizes: Vec<usize> = document.pools.iter().map(|(_, inventory)| inventory.len()).collect();
    assert_eq!(sizes, [0, 0, 0, 5]);
    let inventory = &document.pools[3].1;
    assert_eq!(inventory.find("bench-5").unwrap().entities.len(), 3);
    for resource in inventory.resources() {
        assert_eq!(resource.attributes.len() + usize::from(resource.location.is_some()), 0);
    }
}

#[test]
fn a_number_or_boolean_is_taken_as_written_where_a_text_is_expected() {
    let document = good("literals");
    let (name, inventory) = &document.pools[0];
    assert_eq!(name.as_str(), "2026-11");
    let first = inventory.find("1").unwrap();
    assert_eq!(first.location.as_ref().unwrap().as_str(), "12");
    assert_eq!(first.description.as_ref().unwrap().as_str(), "1.50");
    assert_eq!(first.endpoint.as_ref().unwrap().as_str(), "true");
    assert_eq!(attributes(first), ["007", "1.10", "42", "true"]);
    assert_eq!(attributes(inventory.find("007").unwrap()), ["0x1F"]);
    assert_eq!(attributes(inventory.find("true").unwrap()), ["no"]);
}

#[test]
fn what_is_not_a_finite_number_is_a_text_where_one_is_expected() {
    let inventory = inventory("pool: {name: .nan, resources: {.inf: {tags: [-.inf]}}}");
    assert_eq!(attributes(inventory.find(".inf").unwrap()), ["-.inf"]);
}

#[test]
fn an_alias_stands_for_its_anchor() {
    let document = good("aliases");
    let inventory = &document.pools[0].1;
    let [first, second] = inventory.resources() else { panic!() };
    assert_eq!(first.attributes, second.attributes);
    assert_eq!(first.location, second.location);
    assert_eq!(first.entities["dut"], second.entities["dut"]);
    assert_eq!(second.entities["second"].properties["socket"], "127.0.0.1:1");
}

#[test]
fn an_inventory_may_be_written_as_json() {
    let document = good("json");
    let properties = &document.pools[0].1.find("bench-1").unwrap().entities["dut"].properties;
    assert_eq!(serde_json::to_value(properties).unwrap(), json!({"port": 4567, "path": "a/bé"}));
}

#[test]
fn tags_of_the_core_schema_are_understood() {
    let document = good("own_tags");
    let (name, inventory) = &document.pools[0];
    assert_eq!(name.as_str(), "1");
    let properties = &inventory.find("bench-1").unwrap().entities["dut"].properties;
    assert_eq!(
        serde_json::to_value(properties).unwrap(),
        json!({"port": 1, "ratio": 2, "on": true, "none": null})
    );
}

#[test]
fn an_exclamation_mark_or_the_tag_of_texts_makes_a_text() {
    assert_eq!(
        properties("{a: ! 1, b: !!str 2, c: ! , d: ! [3]}"),
        json!({"a": "1", "b": "2", "c": "", "d": [3]})
    );
}

#[test]
fn properties_are_free_form() {
    assert_eq!(
        properties(
            "{a: 1, b: -2.5, c: true, d: ~, e: [x, [y]], f: {g: {h: 127.0.0.1:80}}, '1': z}"
        ),
        json!({
            "a": 1, "b": -2.5, "c": true, "d": null, "e": ["x", ["y"]],
            "f": {"g": {"h": "127.0.0.1:80"}}, "1": "z",
        })
    );
}

#[test]
fn a_serial_number_keeps_its_digits() {
    assert_eq!(
        properties(
            "{a: 007, b: 123456789012345678901234567890, c: 12e3456, d: 18446744073709551615}"
        ),
        json!({
            "a": "007", "b": "123456789012345678901234567890", "c": "12e3456",
            "d": 18_446_744_073_709_551_615_u64,
        })
    );
}

#[test]
fn what_only_yaml_1_1_takes_for_a_boolean_or_number_is_a_text() {
    assert_eq!(
        properties("{a: yes, b: off, c: 12:30, d: 1_000, e: 0o17, f: 0x10}"),
        json!({"a": "yes", "b": "off", "c": "12:30", "d": "1_000", "e": 15, "f": 16})
    );
}

#[test]
fn a_byte_order_mark_and_any_line_ends_are_fine() {
    let text = "pool:\n  name: lab\n  resources:\n    bench-1:\n      location: office1\n";
    let expected = InventoryDocument::parse(text).unwrap();
    for text in [
        format!("\u{FEFF}{text}"),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
        format!("---\n{text}...\n"),
        text.trim_end().to_owned(),
    ] {
        assert_eq!(InventoryDocument::parse(&text).unwrap(), expected, "{text:?}");
    }
}

#[test]
fn columns_count_characters_and_lines_count_any_line_end() {
    let text = "\u{FEFF}pool:\r\n  name: lab # größer\r\n  resources: {\"größe\": {}, b 1: {}}\r\n";
    let places: Vec<_> = crate::problems(text).iter().map(|it| (it.line, it.column)).collect();
    assert_eq!(places, [(Some(3), Some(15)), (Some(3), Some(28))]);
}

#[test]
fn the_problem_in_the_protocol_is_reported_as_it_says() {
    let text = "pool:\n  name: lab\n  resources:\n    bench-1: {location: [office1]}\n";
    assert_eq!(
        only_problem(text),
        "line 4, column 25: pool.resources.bench-1.location: a list where a text is expected; \
         write one location, such as \"office1\""
    );
}
