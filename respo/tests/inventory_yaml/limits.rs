//! What is bounded is bounded exactly there, and says so.

use std::fmt::Write as _;

use respo::inventory::{MAX_ATTRIBUTES, MAX_ENTITIES, MAX_RESOURCES, MAX_STACK_SIZE, MAX_STACKS};
use respo::yaml::{InventoryDocument, MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_NODES, MAX_PROBLEMS};

use crate::{only_problem, problems};

fn with_resources(count: usize) -> String {
    let mut text = "pool:\n  name: lab\n  resources:\n".to_owned();
    for index in 0..count {
        writeln!(text, "    b{index}:").unwrap();
    }
    text
}

fn with_entities(count: usize) -> String {
    let entities: Vec<String> = (0..count).map(|index| format!("e{index}: ")).collect();
    format!(
        "pool: {{name: lab, resources: {{bench-1: {{entities: {{{}}}}}}}}}",
        entities.join(", ")
    )
}

fn with_attributes(before: &str, between: &str, after: &str, count: usize) -> String {
    let attributes: Vec<String> = (0..count).map(|index| format!("a{index}")).collect();
    let attributes = attributes.join(between);
    format!("pool: {{name: lab, resources: {{bench-1: {{tags: {before}{attributes}{after}}}}}}}")
}

/// An inventory with so many stacks, each of so many resources.
fn with_stacks(count: usize, size: usize) -> String {
    let mut text = with_resources(count + size);
    text.push_str("  stacks:\n");
    for first in 0..count {
        let names: Vec<String> = (first..first + size).map(|index| format!("b{index}")).collect();
        writeln!(text, "    - [{}]", names.join(", ")).unwrap();
    }
    text
}

/// An inventory with a property of so many lists in each other.
fn with_lists(depth: usize) -> String {
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    format!(
        "pool: {{name: lab, resources: {{b: {{entities: {{e: {{properties: \
         {{p: {open}{close}}}}}}}}}}}}}"
    )
}

#[test]
fn a_pool_has_at_most_so_many_resources() {
    assert_eq!(problems(&with_resources(MAX_RESOURCES)), []);
    assert_eq!(
        only_problem(&with_resources(MAX_RESOURCES + 1)),
        "line 4, column 5: pool.resources: 100001 resources are more than the 100000 allowed; \
         keep at most 100000"
    );
}

#[test]
fn a_resource_has_at_most_so_many_entities() {
    assert_eq!(problems(&with_entities(MAX_ENTITIES)), []);
    assert_eq!(
        only_problem(&with_entities(MAX_ENTITIES + 1)),
        "line 1, column 51: pool.resources.bench-1.entities: 65 entities are more than the 64 \
         allowed; keep at most 64"
    );
}

#[test]
fn a_resource_has_at_most_so_many_attributes() {
    for (before, between, after) in [("[", ", ", "]"), ("\"", " ", "\""), ("\"", ",", "\"")] {
        assert_eq!(problems(&with_attributes(before, between, after, MAX_ATTRIBUTES)), []);
        assert_eq!(
            only_problem(&with_attributes(before, between, after, MAX_ATTRIBUTES + 1)),
            "line 1, column 47: pool.resources.bench-1.tags: 257 attributes are more than the \
             256 allowed; keep at most 256"
        );
    }
}

#[test]
fn a_pool_has_at_most_so_many_stacks() {
    assert_eq!(problems(&with_stacks(MAX_STACKS, 2)), []);
    assert_eq!(
        only_problem(&with_stacks(MAX_STACKS + 1, 2)),
        "line 10008, column 5: pool.stacks: 10001 stacks are more than the 10000 allowed; \
         keep at most 10000"
    );
}

#[test]
fn a_stack_has_at_most_so_many_resources() {
    assert_eq!(problems(&with_stacks(2, MAX_STACK_SIZE)), []);
    assert_eq!(
        only_problem(&with_stacks(1, MAX_STACK_SIZE + 1)),
        "line 71, column 7: pool.stacks[0]: 65 resources in a stack are more than the 64 allowed; \
         keep at most 64"
    );
}

#[test]
fn lists_and_maps_nest_so_many_levels() {
    // The maps round the property are seven levels.
    assert_eq!(problems(&with_lists(MAX_DEPTH - 7)), []);
    let problem = only_problem(&with_lists(MAX_DEPTH - 6));
    assert!(problem.contains("nested more than 64 deep; flatten the value"), "{problem}");
}

#[test]
fn a_document_has_at_most_so_many_bytes() {
    let mut text = "pool:\n  name: lab\n#".to_owned();
    text.push_str(&" ".repeat(MAX_DOCUMENT_BYTES - text.len()));
    assert_eq!(problems(&text), []);
    text.push(' ');
    assert_eq!(
        only_problem(&text),
        "16777217 bytes are more than the 16777216 allowed; \
         split the inventory, or shorten its properties"
    );
}

#[test]
fn a_document_has_at_most_so_many_values() {
    let with_items = |count: usize| {
        format!(
            "pool:\n  name: lab\n  resources:\n    b:\n      entities:\n        e:\n          \
             properties:\n            p:\n{}",
            "            -\n".repeat(count)
        )
    };
    // Seven maps, each in the one before under a key; the name's key and value; `p` and its list.
    let others = 7 + 6 + 2 + 2;
    assert_eq!(problems(&with_items(MAX_NODES - others)), []);
    assert_eq!(
        only_problem(&with_items(MAX_NODES - others + 1)),
        "more than 1000000 values; split the inventory, or shorten its properties"
    );
}

#[test]
fn so_many_problems_are_listed() {
    let with_mistakes = |count: usize| {
        let mut text = "pool:\n  name: lab\n  resources:\n".to_owned();
        for index in 0..count {
            writeln!(text, "    b{index}: {{colour: blue}}").unwrap();
        }
        problems(&text)
    };
    assert_eq!(with_mistakes(MAX_PROBLEMS).len(), MAX_PROBLEMS);
    let found = with_mistakes(MAX_PROBLEMS + 1);
    assert_eq!(found.len(), MAX_PROBLEMS + 1);
    assert_eq!(
        found.last().unwrap().to_string(),
        "more mistakes; only the first 1000 are listed; correct these and check again"
    );
    let printed = respo::yaml::InventoryProblems(found).to_string();
    assert_eq!(printed.lines().count(), MAX_PROBLEMS + 1);
}

#[test]
fn an_empty_inventory_is_allowed() {
    let document = InventoryDocument::parse("pool: {name: lab}").unwrap();
    assert!(document.pools[0].1.is_empty());
}
