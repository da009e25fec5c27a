//! Descriptors of rent-a-bot, and the ids that their resources get.

use std::num::NonZeroU32;

use respo::yaml::{InventoryDocument, InventoryProblems};
use respo::{Inventory, Label};
use serde_json::json;

/// What a descriptor looks like in the field: commas and blanks between tags, empty texts, a key that
/// rent-a-bot does not know, a resource of which nothing is said.
const DESCRIPTOR: &str = "\
# What rent-a-bot serves.
printer-2:
    description: \"Basement printer 2\"
    endpoint: \"tcp://192.0.2.61\"
    tags: \"3d-printer, basement,tool\"
coffee-machine:
    description: |
        Kitchen,
        second floor
    endpoint: \"\"
    tags: \"coffee kitchen food coffee\"
butler:
    tags: [robot, \"kitchen, food\"]
the-lone-resource:
    some-unknown-property: {since: 2019}
    description:
nothing-said:
";

fn read(text: &str) -> Result<InventoryDocument, InventoryProblems> {
    InventoryDocument::parse_any(text)
}

fn inventory(text: &str) -> Inventory {
    let document = read(text).unwrap();
    assert!(document.ids_are_places);
    let [(pool, inventory)] = document.pools.as_slice() else { panic!("{document:?}") };
    assert_eq!(*pool, InventoryDocument::descriptor_pool());
    inventory.clone()
}

fn ids(inventory: &Inventory) -> Vec<(&str, u64)> {
    let resources = inventory.resources().iter();
    resources.map(|resource| (resource.name.as_str(), resource.numeric_id())).collect()
}

fn refused(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn a_descriptor_is_read_with_all_that_it_says() {
    let inventory = inventory(DESCRIPTOR);
    let find = |name: &str| serde_json::to_value(inventory.find(name).unwrap().as_ref()).unwrap();
    assert_eq!(
        find("printer-2"),
        json!({"name": "printer-2", "id": 1, "attributes": ["3d-printer", "basement", "tool"],
            "description": "Basement printer 2", "endpoint": "tcp://192.0.2.61", "entities": {}})
    );
    assert_eq!(
        find("coffee-machine"),
        json!({"name": "coffee-machine", "id": 2, "attributes": ["coffee", "food", "kitchen"],
            "description": "Kitchen, second floor", "entities": {}})
    );
    assert_eq!(find("butler")["attributes"], json!(["food", "kitchen", "robot"]));
    assert_eq!(
        find("the-lone-resource")["properties"],
        json!({"some-unknown-property": {"since": 2019}})
    );
    assert_eq!(find("nothing-said")["id"], 5);
}

#[test]
fn a_descriptor_that_is_written_as_an_inventory_is_the_same_inventory() {
    let document = read(DESCRIPTOR).unwrap();
    let again = InventoryDocument::parse(&document.to_yaml()).unwrap();
    assert_eq!(again.pools, document.pools);
    assert!(!again.ids_are_places, "its ids are given now");
}

#[test]
fn the_pool_of_a_descriptor_is_called_as_is_said() {
    let lab = Label::new("lab").unwrap();
    let document = InventoryDocument::parse_descriptor(DESCRIPTOR, &lab).unwrap();
    assert_eq!(document.pools[0].0, lab);
}

#[test]
fn an_inventory_is_never_taken_for_a_descriptor() {
    for text in [
        "pool: {name: lab, resources: {tags: {tags: a}}}",
        "pools: [{name: lab, resources: {a: {description: x}}}]",
    ] {
        assert_eq!(read(text).unwrap(), InventoryDocument::parse(text).unwrap());
    }
    for text in
        ["name: lab\nresources: {a: {tags: x}}\n", "resources: {a: {tags: x}}\n", "{}", "[]"]
    {
        let mistakes = InventoryDocument::parse(text).unwrap_err().0.len();
        assert_eq!(read(text).unwrap_err().0.len(), mistakes, "{text}");
    }
    let said = refused("resources: {a: {tags: x}}\n");
    assert!(
        said.contains("there is no pool; add `pool:` at the top; a descriptor of rent-a-bot"),
        "{said}"
    );
}

#[test]
fn each_mistake_in_a_descriptor_is_told_with_its_place() {
    let text = "\
Coffee machine:
    tags: \"a[1]\"
printer:
    description: {a: b}
    endpoint: [x]
    tags: {a: b}
printer:
    tags: [[a]]
";
    let said = refused(text);
    let lines: Vec<&str> = said.lines().collect();
    let expected = [
        (
            "line 1, column 1: \"Coffee machine\": a name consists",
            "write Coffee-machine, for example",
        ),
        (
            "line 2, column 11: \"Coffee machine\".tags: an attribute consists",
            "such as \"can,jtag\"",
        ),
        ("line 4, column 18: printer.description: a map where a text is expected", "write a text"),
        ("line 5, column 15: printer.endpoint: a list where a text is expected", "write a text"),
        ("line 6, column 11: printer.tags: a map where a text is expected", "such as \"can,jtag\""),
        ("line 7, column 1: printer: the key is already on line 3", "keep one of them"),
        ("line 8, column 12: printer.tags[0]: a list where a text is expected", "words between"),
    ];
    assert_eq!(lines.len(), expected.len(), "{said}");
    for (line, (start, end)) in lines.iter().zip(expected) {
        assert!(line.starts_with(start) && line.contains(end), "{line}\n{start} … {end}");
    }
}

#[test]
fn a_resource_keeps_its_id_whatever_comes_before_it_in_the_file() {
    let before = inventory("a: {tags: x}\nb: {tags: x}\nc: {tags: x}\n");
    // `a` goes, `new` comes first, `late` last.
    let after = inventory("new: {tags: x}\nc: {tags: x}\nb: {tags: x}\nlate: {tags: x}\n");
    let kept = after.keeping_ids_of(&before);
    assert_eq!(ids(&kept), [("b", 2), ("c", 3), ("late", 4), ("new", 5)]);
    // 1 was that of `a`, and is given to nobody as long as that can be known.
    assert!(kept.with_numeric_id(1).is_none());
    assert_eq!(kept.keeping_ids_of(&kept), kept);
}

#[test]
fn an_id_is_the_given_one_or_one_that_no_other_resource_can_change() {
    let inventory = |text: &str| {
        let yaml = format!("pool: {{name: lab, resources: {{{text}}}}}");
        InventoryDocument::parse(&yaml).unwrap().pools.remove(0).1
    };
    let first = inventory("bench-1: , bench-2: {id: 7}, bench-3: ");
    let id = |inventory: &Inventory, name: &str| inventory.find(name).unwrap().numeric_id();
    // Written down, for it must be the same in every version.
    assert_eq!(id(&first, "bench-1"), 2_788_196_481_476_329);
    assert_eq!(id(&first, "bench-2"), 7);
    let other = inventory("a: {id: 1}, bench-3: , z: ");
    assert_eq!(id(&other, "bench-3"), id(&first, "bench-3"));
    for resource in first.resources() {
        assert_eq!(first.with_numeric_id(resource.numeric_id()), Some(resource));
    }
    assert!(first.with_numeric_id(0).is_none() && first.with_numeric_id(8).is_none());
}

#[test]
fn two_resources_with_the_same_id_are_no_inventory() {
    let text = "pool:\n  name: lab\n  resources:\n    a: {id: 3}\n    b: {id: 3}\n";
    assert_eq!(
        refused(text),
        "line 5, column 13: pool.resources.b.id: the resource on line 4 has the same id; give each \
         resource an id of its own"
    );
    let resource = |name: &str| {
        let mut resource = respo::Resource::new(name.parse().unwrap());
        resource.id = NonZeroU32::new(3);
        resource
    };
    let error = Inventory::new([resource("a"), resource("b")]).unwrap_err();
    assert_eq!(error.to_string(), "a and b have the same id");
}
