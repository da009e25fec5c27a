//! What is written reads back equal.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use respo::rules::GroupTag;
use respo::yaml::InventoryDocument;
use respo::{
    Allowance, Entity, Inventory, Label, MAX_DURATION, Name, Resource, Rules, Stack, Text, Word,
};
use serde_json::{Number, Value};

use crate::{fixtures, text_lines};

/// Texts that are easily read as something else, and random ones.
fn any_text() -> impl Strategy<Value = String> {
    let tricky = text_lines("tricky_texts.txt");
    prop_oneof![
        6 => select(tricky),
        1 => select(vec!["x", "x ", "x: ", "\u{85}", "é\n"]).prop_map(|piece| piece.repeat(500)),
        2 => any::<String>(),
        2 => "[ -~\t\n]{0,24}",
        2 => "[a: \\-#\n\"']{0,12}",
        2 => "[ \ta\n\r\u{85}\u{2028}\u{feff}]{0,8}",
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|float| Number::from_f64(float).map_or(Value::Null, Value::Number)),
        any_text().prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 16, 4, |value| {
        prop_oneof![
            vec(value.clone(), 0..4).prop_map(Value::Array),
            btree_map(any_key(), value, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A key of a property: `<<` is refused, for it would be taken for a merge key.
fn any_key() -> impl Strategy<Value = String> {
    any_text().prop_filter("a merge key", |key| key != "<<")
}

fn any_name() -> impl Strategy<Value = Name> {
    "[a-zA-Z0-9._:/-]{1,8}|true|null|~?0x[0-9]{1,3}|[0-9]{1,3}"
        .prop_filter_map("not a name", |name| Name::new(name).ok())
}

/// Any text that may be a label, a word, …
fn valid<T: std::fmt::Debug + TryFrom<String>>() -> impl Strategy<Value = T> {
    prop_oneof![any_text(), "[a-z]{1,4}"].prop_filter_map("not valid", |text| text.try_into().ok())
}

fn any_attributes() -> impl Strategy<Value = BTreeSet<Word>> {
    btree_set(valid::<Word>(), 0..3)
}

fn any_entities() -> impl Strategy<Value = BTreeMap<Name, Entity>> {
    let entity = (any_attributes(), btree_map(any_key(), any_value(), 0..4))
        .prop_map(|(attributes, properties)| Entity { attributes, properties });
    btree_map(any_name(), entity, 0..3)
}

fn any_resource() -> impl Strategy<Value = Resource> {
    (
        any_name(),
        option::of(valid::<Label>()),
        any_attributes(),
        option::of(valid::<Text>()),
        option::of(valid::<Text>()),
        btree_map(any_key(), any_value(), 0..3),
        any_entities(),
    )
        .prop_map(
            |(name, location, attributes, description, endpoint, properties, entities)| Resource {
                name,
                id: None,
                location,
                attributes,
                description,
                endpoint,
                properties,
                entities,
            },
        )
}

fn any_allowance() -> impl Strategy<Value = Allowance> {
    let limit = || option::of(1..=u32::MAX);
    (limit(), limit()).prop_map(|(per_holder, per_group)| Allowance { per_holder, per_group })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let longest = MAX_DURATION.as_micros() as u64;
    let hold_back_after = prop_oneof![Just(0), 0..5_000_000_u64, 0..=longest, Just(longest)];
    let group_tag = option::of(valid::<Label>());
    (any::<bool>(), hold_back_after, any_allowance(), any_allowance(), group_tag).prop_map(
        |(ephemeral, micros, max_leases, max_resources, group_tag)| Rules {
            ephemeral,
            hold_back_after: Duration::from_micros(micros),
            max_leases,
            max_resources,
            group_tag: group_tag.map(GroupTag).unwrap_or_default(),
        },
    )
}

/// Stacks of some of these resources.
fn any_stacks(names: &[Name]) -> BoxedStrategy<BTreeSet<Stack>> {
    if names.len() < 2 {
        return Just(BTreeSet::new()).boxed();
    }
    let stack = subsequence(names.to_vec(), 2..=names.len());
    btree_set(stack.prop_map(|names| Stack(names.into_iter().collect())), 0..3).boxed()
}

fn any_inventory() -> impl Strategy<Value = Inventory> {
    let resources = vec(any_resource(), 0..4).prop_map(|mut resources| {
        resources.sort_by(|a, b| a.name.cmp(&b.name));
        resources.dedup_by(|a, b| a.name == b.name);
        // Every other one, so that none has the id of another.
        for (resource, id) in resources.iter_mut().zip(1..).step_by(2) {
            resource.id = NonZeroU32::new(u32::MAX / id);
        }
        resources
    });
    (resources, any_rules())
        .prop_flat_map(|(resources, rules)| {
            let names: Vec<Name> = resources.iter().map(|it| it.name.clone()).collect();
            (Just(resources), any_stacks(&names), Just(rules))
        })
        .prop_map(|(resources, stacks, rules)| {
            Inventory::new(resources).unwrap().with_stacks(stacks).unwrap().with_rules(rules)
        })
}

fn any_document() -> impl Strategy<Value = InventoryDocument> {
    btree_map(valid::<Label>(), any_inventory(), 1..3)
        .prop_map(|pools| InventoryDocument::new(pools.into_iter().collect()))
}

proptest! {
    #[test]
    fn whatever_is_written_reads_back_equal(document in any_document()) {
        let written = document.to_yaml();
        match InventoryDocument::parse(&written) {
            Ok(read) => prop_assert_eq!(read, document, "{}", written),
            Err(problems) => prop_assert!(false, "{problems}\n{written}"),
        }
    }
}

#[test]
fn each_good_inventory_reads_back_equal() {
    for (path, text) in fixtures("good") {
        let document = InventoryDocument::parse(&text).unwrap();
        let written = document.to_yaml();
        assert_eq!(InventoryDocument::parse(&written).unwrap(), document, "{}", path.display());
    }
}

#[test]
fn an_inventory_is_written_for_people_to_read() {
    let text = "pool: {name: test benches, stacks: [[b-2, b-1]], resources: {b-2: , b-1: {tags: \
                lin can, location: 1, properties: {rack: 2}, entities: {dut: {properties: {socket: \
                '127.0.0.1:1', on: true, no: '1'}}}}}, group_tag: team, ephemeral: true, \
                hold_back_after: 90, max_leases: {per_group: 2}, max_resources: }";
    assert_eq!(
        InventoryDocument::parse(text).unwrap().to_yaml(),
        "\
pool:
  name: test benches
  ephemeral: true
  hold_back_after: 1m30s
  max_leases:
    per_group: 2
  group_tag: team
  resources:
    b-1:
      location: '1'
      attributes:
      - can
      - lin
      properties:
        rack: 2
      entities:
        dut:
          properties:
            no: '1'
            on: true
            socket: 127.0.0.1:1
    b-2: {}
  stacks:
  - - b-1
    - b-2
"
    );
}
