//! Matching is exact: each entity pattern gets an entity of its own if there is any way to do it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use proptest::collection::vec;
use proptest::prelude::*;
use respo::{
    AttributeMatcher, Entity, EntityPattern, Inventory, Label, Matcher, Name, Resource, Selector,
    Word,
};

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

/// Tries every way of giving each pattern an entity of its own.
fn some_way(patterns: &[EntityPattern], entities: &[Entity]) -> bool {
    let Some((pattern, others)) = patterns.split_first() else {
        return true;
    };
    (0..entities.len()).any(|n| {
        let mut rest = entities.to_vec();
        let entity = rest.remove(n);
        pattern.attributes.is_subset(&entity.attributes) && some_way(others, &rest)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_way_is_found_whenever_there_is_one(
        entities in vec(common::history::entity(), 0..6),
        patterns in vec(common::history::entity(), 0..6),
    ) {
        let patterns: Vec<EntityPattern> = patterns
            .into_iter()
            .map(|entity| EntityPattern { attributes: entity.attributes })
            .collect();
        let mut resource = Resource::new(Name::new("r").unwrap());
        let names = (0..).map(|n| Name::new(format!("e{n}")).unwrap());
        resource.entities = names.zip(entities.iter().cloned()).collect();
        let selector = Selector::any().with_entities(patterns.iter().cloned());
        let expected = some_way(&patterns, &entities);
        prop_assert_eq!(respo::matcher::matches(&selector, &resource), expected);
    }

    #[test]
    fn the_index_finds_what_looking_at_each_finds(
        resources in common::history::resources(8),
        selector in common::history::selector(8),
    ) {
        let inventory = Inventory::new(resources).unwrap();
        let each: Vec<_> = (0u32..)
            .map(respo::ResourceIndex)
            .zip(inventory.resources())
            .filter(|(_, resource)| respo::matcher::matches(&selector, resource))
            .map(|(index, _)| index)
            .collect();
        let candidates = AttributeMatcher.candidates(&selector, &inventory);
        prop_assert_eq!(&candidates, &each);
        if candidates.is_empty() {
            prop_assert!(!AttributeMatcher.unmatched(&selector, &inventory).is_empty());
        }
    }
}
