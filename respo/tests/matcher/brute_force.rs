use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use respo::matcher::{matches, pairing};
use respo::property::WantedProperties;
use respo::{
    AttributeMatcher, Condition, Entity, EntityPattern, Inventory, Label, Matcher, Name,
    PropertyPath, PropertyValue, Resource, ResourceIndex, Scalar, Selector, Word,
};
use serde_json::{Value, json};

use super::common::history;

/// Values of properties: few, so that they meet, and some that look alike.
fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(1),
        json!(1.0),
        json!("1"),
        json!(2),
        json!(-0.0),
        json!(0),
        json!(true),
        json!(null),
        json!("a"),
        json!([1, 2]),
        json!(["a", "b"]),
        json!([1.0, "a"]),
        json!([]),
        json!({"b": 1}),
        json!({"b": ["a"]}),
    ])
}

fn key() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "a.b", "c"]).prop_map(str::to_owned)
}

fn properties() -> impl Strategy<Value = BTreeMap<String, Value>> {
    btree_map(key(), value(), 0..3)
}

fn wanted() -> impl Strategy<Value = WantedProperties> {
    let value = value().prop_filter_map("no map", |value| PropertyValue::of(&value).ok());
    let path = key().prop_map(|key| PropertyPath::new(key).unwrap());
    prop_oneof![2 => Just(WantedProperties::new()), 1 => btree_map(path, value, 1..3)]
}

fn entity() -> impl Strategy<Value = Entity> {
    (history::entity(), properties())
        .prop_map(|(entity, properties)| Entity { properties, ..entity })
}

fn pattern() -> impl Strategy<Value = EntityPattern> {
    let words = btree_set(select(vec!["x", "y"]), 0..2);
    (words, wanted()).prop_map(|(words, properties)| EntityPattern {
        attributes: words.into_iter().map(|word| Word::new(word).unwrap()).collect(),
        properties,
    })
}

fn with_entities(mut resource: Resource, entities: Vec<Entity>) -> Resource {
    let names = (0..).map(|n| Name::new(format!("e{n}")).unwrap());
    resource.entities = names.zip(entities).collect();
    resource
}

fn resources() -> impl Strategy<Value = Vec<Resource>> {
    let more = vec((properties(), vec(entity(), 0..3)), 6);
    (history::resources(6), more).prop_map(|(resources, more)| {
        let both = resources.into_iter().zip(more);
        both.map(|(resource, (properties, entities))| {
            with_entities(Resource { properties, ..resource }, entities)
        })
        .collect()
    })
}

/// Conditions, and the same said in Rust. What cannot be evaluated is not satisfied.
type Check = fn(&Resource) -> bool;
const CONDITIONS: &[(&str, Check)] = &[
    ("true", |_| true),
    ("\"a\" in attributes || location == \"office2\"", |resource| {
        let office2 = Label::new("office2").unwrap();
        resource.attributes.contains(&Word::new("a").unwrap()) || resource.location == Some(office2)
    }),
    ("properties.a == 1", |resource| resource.properties.get("a").is_some_and(is_one)),
    ("has(properties.c) || name < \"r3\"", |resource| {
        resource.properties.contains_key("c") || resource.name.as_str() < "r3"
    }),
    (
        "entities.exists(e, \"x\" in entities[e].attributes && entities[e].properties.a == 1)",
        |resource| {
            let x = Word::new("x").unwrap();
            let with_x = resource.entities.values().filter(|entity| entity.attributes.contains(&x));
            let mut a = with_x.map(|entity| entity.properties.get("a"));
            a.any(|a| a.is_some_and(is_one))
        },
    ),
    ("size(entities) == 2", |resource| resource.entities.len() == 2),
    ("size(properties.c) == 2", |resource| match resource.properties.get("c") {
        Some(Value::Array(items)) => items.len() == 2,
        _ => false,
    }),
];

fn is_one(value: &Value) -> bool {
    value.as_f64() == Some(1.0)
}

/// The number of one of the conditions.
fn condition() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![1 => Just(None), 1 => (0..CONDITIONS.len()).prop_map(Some)]
}

/// Whether `value` has something that is as wanted at `path`, with every way of taking keys from the path.
fn found(value: &BTreeMap<String, Value>, path: &str, wanted: &PropertyValue) -> bool {
    let whole = Value::Object(value.clone().into_iter().collect());
    fn at(value: &Value, keys: &[&str], wanted: &PropertyValue) -> bool {
        if keys.is_empty() {
            return is_as_wanted(value, wanted);
        }
        (1..=keys.len()).any(|taken| {
            let below = value.get(keys[..taken].join("."));
            below.is_some_and(|below| at(below, &keys[taken..], wanted))
        })
    }
    let keys: Vec<&str> = path.split('.').collect();
    at(&whole, &keys, wanted)
}

fn is_as_wanted(value: &Value, wanted: &PropertyValue) -> bool {
    let same = |a: &Value, b: &Scalar| match (a, b.to_json()) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => *a == b,
    };
    match (wanted, value) {
        (PropertyValue::Equal(scalar), value) => same(value, scalar),
        (PropertyValue::Contains(scalars), Value::Array(items)) => {
            scalars.iter().all(|scalar| items.iter().any(|item| same(item, scalar)))
        }
        _ => false,
    }
}

fn has(properties: &BTreeMap<String, Value>, wanted: &WantedProperties) -> bool {
    wanted.iter().all(|(path, wanted)| found(properties, path.as_str(), wanted))
}

fn suits(pattern: &EntityPattern, entity: &Entity) -> bool {
    pattern.attributes.iter().all(|word| entity.attributes.contains(word))
        && has(&entity.properties, &pattern.properties)
}

/// The first way, by the order of entities, of giving each pattern an entity of its own.
fn first_way(patterns: &[EntityPattern], entities: &[Entity], taken: &mut Vec<usize>) -> bool {
    let Some((pattern, others)) = patterns.split_first() else {
        return true;
    };
    for (place, entity) in entities.iter().enumerate() {
        if taken.contains(&place) || !suits(pattern, entity) {
            continue;
        }
        taken.push(place);
        if first_way(others, entities, taken) {
            return true;
        }
        taken.pop();
    }
    false
}

fn satisfies(selector: &Selector, condition: Option<usize>, resource: &Resource) -> bool {
    let entities: Vec<Entity> = resource.entities.values().cloned().collect();
    (selector.names.is_empty() || selector.names.contains(&resource.name))
        && (selector.location.is_none() || selector.location == resource.location)
        && selector.attributes.iter().all(|word| resource.attributes.contains(word))
        && has(&resource.properties, &selector.properties)
        && first_way(selector.entities(), &entities, &mut Vec::new())
        && condition.is_none_or(|number| CONDITIONS[number].1(resource))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn the_pairing_is_the_first_of_all_ways(
        entities in vec(entity(), 0..6),
        patterns in vec(pattern(), 0..6),
    ) {
        let resource = with_entities(Resource::new(Name::new("r").unwrap()), entities.clone());
        let selector = Selector::any().with_entities(patterns.iter().cloned());
        let mut places = Vec::new();
        let some_way = first_way(&patterns, &entities, &mut places);
        prop_assert_eq!(matches(&selector, &resource), some_way);
        let expected: Vec<Name> =
            places.iter().map(|place| Name::new(format!("e{place}")).unwrap()).collect();
        prop_assert_eq!(pairing(&selector, &resource), expected);
    }

    #[test]
    fn candidates_are_what_looking_at_each_finds(
        resources in resources(),
        selector in history::selector(6),
        wanted in wanted(),
        patterns in vec(pattern(), 0..3),
        condition in condition(),
    ) {
        let mut selector = if patterns.len() == 2 { Selector::any() } else { selector };
        selector.properties = wanted;
        selector.entities.extend(patterns);
        selector.condition = condition.map(|number| Condition::new(CONDITIONS[number].0).unwrap());
        let inventory = Inventory::new(resources).unwrap();
        let each: Vec<ResourceIndex> = (0u32..)
            .map(ResourceIndex)
            .zip(inventory.resources())
            .filter(|(_, resource)| satisfies(&selector, condition, resource))
            .map(|(index, _)| index)
            .collect();
        prop_assert_eq!(&AttributeMatcher.candidates(&selector, &inventory), &each);
        for (index, resource) in (0u32..).map(ResourceIndex).zip(inventory.resources()) {
            prop_assert_eq!(matches(&selector, resource), each.contains(&index));
        }
        if each.is_empty() {
            let parts = AttributeMatcher.unmatched(&selector, &inventory);
            prop_assert!(!parts.is_empty());
            let distinct: BTreeSet<_> = parts.iter().map(|part| (part.part, &part.detail)).collect();
            prop_assert_eq!(distinct.len(), parts.len(), "{:?}", parts);
        }
    }
}

#[test]
fn without_patterns_or_a_way_there_is_no_pairing() {
    let resource = with_entities(Resource::new(Name::new("r").unwrap()), vec![Entity::default()]);
    assert_eq!(pairing(&Selector::any(), &resource), []);
    let two = Selector::any().with_entities([EntityPattern::default(), EntityPattern::default()]);
    assert_eq!(pairing(&two, &resource), []);
}

#[test]
fn many_patterns_that_suit_many_entities_are_paired_at_once() {
    let entities = vec![Entity::default(); 64];
    let resource = with_entities(Resource::new(Name::new("r").unwrap()), entities);
    let selector = Selector::any().with_entities(vec![EntityPattern::default(); 64]);
    let names: Vec<Name> = resource.entities.keys().cloned().collect();
    assert_eq!(pairing(&selector, &resource), names);
}
