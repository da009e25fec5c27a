//! Matching is exact: each entity pattern gets an entity of its own if there is any way to do it. What matches
//! nothing is explained.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "matcher/brute_force.rs"]
mod brute_force;
mod common;
#[path = "matcher/explanations.rs"]
mod explanations;

use respo::{AttributeMatcher, Entity, Inventory, Label, Matcher, Name, Resource, Word};

fn words(list: &str) -> std::collections::BTreeSet<Word> {
    list.split_whitespace().map(|word| Word::new(word).unwrap()).collect()
}

fn bench(name: &str, location: &str, attributes: &str, entities: &[&str]) -> Resource {
    let mut resource = Resource::new(Name::new(name).unwrap());
    resource.location = Some(Label::new(location).unwrap());
    resource.attributes = words(attributes);
    for (n, attributes) in entities.iter().enumerate() {
        let entity = Entity { attributes: words(attributes), ..Entity::default() };
        resource.entities.insert(Name::new(format!("e{n}")).unwrap(), entity);
    }
    resource
}

fn lab() -> Inventory {
    Inventory::new([
        bench("bench-1", "office1", "can lin", &["jtag swd", "arm64"]),
        bench("bench-2", "office1", "can", &["jtag", "jtag arm64"]),
        bench("bench-3", "office2", "lin", &["riscv"]),
    ])
    .unwrap()
}

fn found(query: &str) -> Vec<&'static str> {
    let names = ["bench-1", "bench-2", "bench-3"];
    let candidates = AttributeMatcher.candidates(&query.parse().unwrap(), &lab());
    candidates.iter().map(|index| names[index.as_usize()]).collect()
}

#[test]
fn everything_that_is_said_must_hold() {
    assert_eq!(found(""), ["bench-1", "bench-2", "bench-3"]);
    assert_eq!(found("resource=bench-3,bench-1,bench-9"), ["bench-1", "bench-3"]);
    assert_eq!(found("location=office1"), ["bench-1", "bench-2"]);
    assert_eq!(found("attributes=can,lin"), ["bench-1"]);
    assert_eq!(found("location=office1&attributes=lin"), ["bench-1"]);
    assert_eq!(found("location=office2&attributes=can"), [""; 0]);
}

#[test]
fn each_pattern_is_matched_by_an_entity_of_its_own() {
    assert_eq!(found("entities=[[jtag]]"), ["bench-1", "bench-2"]);
    assert_eq!(found("entities=[[jtag],[jtag]]"), ["bench-2"]);
    // The first entity that has jtag is the only one for the first pattern: a greedy choice fails.
    assert_eq!(found("entities=[[arm64],[jtag]]"), ["bench-1", "bench-2"]);
    assert_eq!(found("entities=[[jtag],[arm64],[jtag]]"), [""; 0]);
}

fn unmatched(query: &str) -> Vec<(&'static str, String)> {
    let parts = AttributeMatcher.unmatched(&query.parse().unwrap(), &lab());
    parts.into_iter().map(|part| (part.part, part.value)).collect()
}

#[test]
fn what_matches_nothing_is_named() {
    let cases = [
        ("resource=bench-9", "resource", "bench-9"),
        ("location=office9", "location", "office9"),
        ("attributes=can,usb", "attributes", "usb"),
        ("entities=[[jtag],[mips]]", "entities", "[mips]"),
        ("entities=[[riscv],[riscv]]", "entities", "[[riscv],[riscv]]"),
        ("location=office2&attributes=can", "combination", "location=office2&attributes=[can]"),
    ];
    for (query, part, value) in cases {
        assert_eq!(unmatched(query), [(part, value.to_owned())], "{query}");
    }
    let both = [("location", "office9".to_owned()), ("attributes", "usb".to_owned())];
    assert_eq!(unmatched("location=office9&attributes=usb"), both);
}

#[test]
fn candidates_are_in_the_order_of_the_inventory() {
    let names = ["r10", "r2", "r1"].map(|name| Resource::new(Name::new(name).unwrap()));
    let inventory = Inventory::new(names).unwrap();
    let candidates = AttributeMatcher.candidates(&"resource=r10,r2".parse().unwrap(), &inventory);
    assert_eq!(candidates, [respo::ResourceIndex(1), respo::ResourceIndex(2)]);
}
