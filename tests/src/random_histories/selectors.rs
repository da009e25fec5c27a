//! Random resources, and selectors that suit some of them.

use std::collections::{BTreeMap, BTreeSet};

use respo::property::WantedProperties;
use respo::{
    Condition, Entity, EntityPattern, Label, Name, PropertyPath, PropertyValue, Resource, Selector,
    Word,
};
use serde_json::{Value, json};

use super::Kinds;
use crate::crash::dice::Dice;
use crate::specification::conditions::CONDITIONS;

/// What resources are called. Their natural order is not that of their letters.
pub(super) const NAMES: [&str; 7] = ["r1", "r2", "r3", "r10", "r11", "r20", "r21"];

/// A resource of this name.
#[must_use]
pub fn resource(name: &str, dice: &mut Dice, kinds: Kinds) -> Resource {
    let mut resource = Resource::new(Name::new(name).unwrap());
    resource.attributes = words(&["a", "b"], 60, dice);
    resource.location = location(70, dice);
    if kinds.properties {
        resource.properties = properties(dice);
    }
    for n in 0..dice.below(4) {
        let attributes = words(&["x", "y", "z"], 50, dice);
        let properties = if kinds.properties { properties(dice) } else { BTreeMap::new() };
        resource
            .entities
            .insert(Name::new(format!("e{n}")).unwrap(), Entity { attributes, properties });
    }
    resource
}

/// A selector; most say little, so that they suit something.
pub fn selector(dice: &mut Dice, kinds: Kinds) -> Selector {
    let mut selector = Selector::any();
    if dice.chance(20) {
        let some = 1 + dice.below(3);
        selector.names = (0..some).map(|_| Name::new(dice.pick(&NAMES)).unwrap()).collect();
    }
    selector.location = location(12, dice);
    selector.attributes = words(&["a", "b"], 12, dice);
    let patterns = if dice.chance(15) { 1 + dice.below(2) } else { 0 };
    for _ in 0..patterns {
        let attributes = words(&["x", "y", "z"], 30, dice);
        let properties = wanted(30, dice, kinds);
        selector.entities.push(EntityPattern { attributes, properties });
    }
    selector.properties = wanted(12, dice, kinds);
    if kinds.conditions && dice.chance(10) {
        selector.condition = Some(Condition::new(dice.pick(&CONDITIONS).0).unwrap());
    }
    selector
}

fn words(all: &[&str], percent: u64, dice: &mut Dice) -> BTreeSet<Word> {
    let some = all.iter().filter(|_| dice.chance(percent));
    some.map(|word| Word::new(word).unwrap()).collect()
}

fn location(percent: u64, dice: &mut Dice) -> Option<Label> {
    let some = dice.chance(percent);
    some.then(|| Label::new(dice.pick(&["office1", "office2"])).unwrap())
}

/// Texts, numbers and lists, under a plain key, under a path, and under a key with a dot in it.
fn properties(dice: &mut Dice) -> BTreeMap<String, Value> {
    let mut properties = BTreeMap::new();
    if dice.chance(60) {
        properties.insert("os".to_owned(), json!(dice.pick(&["android", "ios"])));
    }
    if dice.chance(40) {
        properties.insert(
            "sim".to_owned(),
            json!({"slots": dice.pick(&[json!(1), json!(1.0), json!("1")])}),
        );
    }
    if dice.chance(20) {
        properties.insert("sim.slots".to_owned(), json!(2));
    }
    if dice.chance(40) {
        properties.insert(
            "can".to_owned(),
            dice.pick(&[json!(["p", "q"]), json!(["q"]), json!("q")]).clone(),
        );
    }
    properties
}

fn wanted(percent: u64, dice: &mut Dice, kinds: Kinds) -> WantedProperties {
    if !kinds.properties || !dice.chance(percent) {
        return WantedProperties::new();
    }
    let (path, value) = dice
        .pick(&[
            ("os", json!("android")),
            ("sim.slots", json!(1)),
            ("sim.slots", json!(2)),
            ("can", json!(["q"])),
            ("can", json!(["q", "p"])),
            ("can", json!("q")),
        ])
        .clone();
    let value = PropertyValue::of(&value).unwrap();
    WantedProperties::from([(PropertyPath::new(path).unwrap(), value)])
}
