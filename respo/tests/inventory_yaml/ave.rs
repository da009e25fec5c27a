//! The stacks that AVE's broker is configured with.

use respo::yaml::{InventoryDocument, InventoryProblems};
use respo::{Inventory, Label, Stack};
use serde_json::json;

/// What a configuration looks like in the field: one piece of equipment in several stacks, more said of it in one of
/// them, a stack of one, the same stack twice, and much that is about the broker itself. With tabs, as JSON may have.
const CONFIGURATION: &str = "\
{
\t\"logging\": true,
\t\"host\": \"broker.example\",
\t\"port\": 4000,
\t\"remote\": {\"host\": \"master.example\", \"port\": 4000, \"policy\": \"share\", \"authkey\": \"secret\"},
\t\"stacks\": [
\t\t[{\"type\": \"relay\", \"uid\": \"00014007.a\"}, {\"type\": \"handset\", \"serial\": \"CB5A1QH2K2\"}],
\t\t[{\"type\": \"relay\", \"uid\": \"00014007.a\"}, {\"type\": \"handset\", \"serial\": \"CB5121X6KM\"}],
\t\t[{\"type\": \"handset\", \"serial\": \"CB5121X6KM\", \"product.model\": \"d1123\"},
\t\t {\"uid\": \"00014007.a\", \"type\": \"relay\", \"circuits\": {\"usb.pc.vcc\": 1}}],
\t\t[{\"type\": \"wlan\", \"uid\": \"dongle 1\"}]
\t]
}
";

fn read(text: &str) -> Result<InventoryDocument, InventoryProblems> {
    InventoryDocument::parse_any(text)
}

fn inventory(text: &str) -> Inventory {
    let document = read(text).unwrap();
    let [(pool, inventory)] = document.pools.as_slice() else { panic!("{document:?}") };
    assert_eq!(*pool, InventoryDocument::stacks_pool());
    inventory.clone()
}

fn stack(names: &[&str]) -> Stack {
    Stack(names.iter().map(|name| name.parse().unwrap()).collect())
}

fn refused(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn each_profile_of_a_stack_becomes_one_resource_with_all_that_is_said_of_it() {
    let inventory = inventory(CONFIGURATION);
    let find = |name: &str| serde_json::to_value(inventory.find(name).unwrap().as_ref()).unwrap();
    assert_eq!(inventory.len(), 4);
    assert_eq!(
        find("handset-CB5121X6KM"),
        json!({"name": "handset-CB5121X6KM", "attributes": ["handset"], "entities": {}, "properties":
            {"type": "handset", "serial": "CB5121X6KM", "product.model": "d1123"}})
    );
    assert_eq!(
        find("relay-00014007.a")["properties"],
        json!({"type": "relay", "uid": "00014007.a", "circuits": {"usb.pc.vcc": 1}})
    );
    assert_eq!(find("wlan-dongle-1")["properties"]["uid"], "dongle 1");
}

#[test]
fn the_stacks_are_those_of_two_or_more_and_each_is_there_once() {
    assert_eq!(
        inventory(CONFIGURATION).stacks(),
        [
            stack(&["handset-CB5121X6KM", "relay-00014007.a"]),
            stack(&["handset-CB5A1QH2K2", "relay-00014007.a"]),
        ]
    );
}

#[test]
fn stacks_that_are_written_as_an_inventory_are_the_same_inventory_without_the_brokers_key() {
    let document = read(CONFIGURATION).unwrap();
    let written = document.to_yaml();
    assert_eq!(InventoryDocument::parse(&written).unwrap(), document);
    assert!(!written.contains("secret"), "{written}");
}

#[test]
fn the_pool_of_stacks_is_called_as_is_said() {
    let lab = Label::new("lab").unwrap();
    let document = InventoryDocument::parse_stacks(CONFIGURATION, &lab).unwrap();
    assert_eq!(document.pools[0].0, lab);
    assert_eq!(InventoryDocument::parse_any_as(CONFIGURATION, &lab).unwrap(), document);
    let own = "pool: {name: own, resources: {a: , b: }, stacks: [[a, b]]}";
    let document = InventoryDocument::parse_any_as(own, &lab).unwrap();
    assert_eq!(document.pools[0].0.as_str(), "own");
}

#[test]
fn an_inventory_is_never_taken_for_stacks() {
    for text in [
        "pool: {name: lab, resources: {a: , b: }, stacks: [[a, {type: relay, uid: b}]]}",
        "name: lab\nresources: {a: , b: }\nstacks: [[a, b]]\n",
        "resources: {a: , b: }\nstacks: [[{type: relay, uid: b}]]\n",
        "stacks: [[a, b]]\n",
        "stacks: []\n",
        "{}",
    ] {
        let mistakes = InventoryDocument::parse(text).unwrap_err().0.len();
        assert_eq!(read(text).unwrap_err().0.len(), mistakes, "{text}");
    }
    let said = refused("stacks: []\n");
    assert!(
        said.contains("a configuration of AVE's broker has `stacks` there, lists of"),
        "{said}"
    );
}

#[test]
fn each_mistake_in_stacks_is_told_with_its_place() {
    let text = r#"{"stacks": [
  {"type": "relay", "uid": "a"},
  [],
  [{"uid": "a"}, {"type": "relay", "serial": "x"}],
  [{"type": "relay"}, {"type": ["relay"], "uid": "a"}],
  [{"type": "relay", "uid": ""}, {"type": "relay", "uid": {"a": 1}}],
  ["a", {"type": "relay", "uid": "a"}, null],
  [{"type": "relay", "uid": "a", "port": 1}, {"type": "relay", "uid": "b"}, {"type": "relay", "uid": "a"}],
  [{"type": "relay", "uid": "a", "port": 2}, {"type": "relay", "uid": "x/y z"}],
  [{"type": "relay", "uid": "x/y-z"}],
  [{"type": "a\nb", "uid": "1"}, {"type": "a b", "uid": "1"}]
]}"#;
    let said = refused(text);
    let lines: Vec<&str> = said.lines().collect();
    let expected = [
        ("line 2, column 3: stacks[0]: a map where a list is expected", "write a list of profiles"),
        ("line 3, column 3: stacks[1]: the stack is empty", "write a list of profiles"),
        ("line 4, column 4: stacks[2][0]: the profile has no type", "\"type\": \"handset\""),
        (
            "line 5, column 4: stacks[3][0]: the profile has nothing that identifies",
            "its uid if not",
        ),
        ("line 5, column 32: stacks[3][1].type: a list where a text is expected", "write a text"),
        ("line 6, column 29: stacks[4][0].uid: an empty text", "write a text"),
        ("line 6, column 59: stacks[4][1].uid: a map where a text is expected", "write a text"),
        ("line 7, column 4: stacks[5][0]: a text where a map is expected", "write a map such as"),
        ("line 7, column 40: stacks[5][2]: nothing where a map is expected", "write a map such as"),
        (
            "line 8, column 77: stacks[6][2]: relay-a is already in the stack, on line 8",
            "remove it",
        ),
        ("line 9, column 4: stacks[7][0].port: relay-a has another \"port\" on line 7", "keep one"),
        (
            "line 10, column 4: stacks[8][0]: the resource would be called relay-x/y-z, as is that of \
             \"relay\" \"x/y z\" on line 9",
            "under another name",
        ),
        (
            "line 11, column 34: stacks[9][1]: the resource would be called a-b-1, as is that of \
             \"a\\nb\" \"1\" on line 11",
            "under another name",
        ),
    ];
    assert_eq!(lines.len(), expected.len(), "{said}");
    for (line, (start, end)) in lines.iter().zip(expected) {
        assert!(line.starts_with(start) && line.contains(end), "{said}\n{start} … {end}");
    }
}

#[test]
fn a_profile_in_several_stacks_is_told_of_once_where_it_has_a_mistake_and_aliases_are_no_mistake() {
    let text = "stacks:\n- - &r {type: relay, uid: a}\n  - {type: handset, serial: 007}\n- - *r\n  - {type: handset, serial: b}\n";
    let inventory = inventory(text);
    assert_eq!(inventory.stacks().len(), 2);
    let handset = inventory.find("handset-007").unwrap();
    assert_eq!(handset.properties["serial"], json!("007"));
}
