//! Inventories: small, so that clients are in each other's way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use respo::{Allowance, Entity, Inventory, Label, Name, Resource, Rules, Stack, Word};

use super::kinds::Kinds;
use crate::crash::dice::Dice;

/// The locations that there are.
pub(super) const LOCATIONS: [&str; 2] = ["office1", "office2"];
/// The attributes that there are.
pub(super) const ATTRIBUTES: [&str; 2] = ["can", "lin"];
/// The attributes of entities that there are.
pub(super) const PARTS: [&str; 2] = ["jtag", "uart"];

/// The name of the resource of this number.
pub(super) fn resource_name(number: u64) -> Name {
    Name::new(format!("r{number}")).expect("it is a name")
}

/// Some of these words.
pub(super) fn words(dice: &mut Dice, words: &[&str], percent: u64) -> BTreeSet<Word> {
    let chosen = words.iter().filter(|_| dice.chance(percent));
    chosen.map(|word| Word::new(word).expect("it is a word")).collect()
}

/// A label.
pub(super) fn label(text: &str) -> Label {
    Label::new(text).expect("it is a label")
}

/// An inventory of at most this many resources.
pub(super) fn inventory(dice: &mut Dice, most: u64, kinds: Kinds) -> Inventory {
    let mut resources: Vec<Resource> = Vec::new();
    for number in 1..=most {
        if dice.chance(90) {
            resources.push(resource(dice, number));
        }
    }
    let names: Vec<Name> = resources.iter().map(|resource| resource.name.clone()).collect();
    let mut inventory = Inventory::new(resources).expect("the names differ");
    if kinds.stacks {
        inventory = inventory.with_stacks(stacks(dice, &names)).expect("stacks of what is there");
    }
    inventory.with_rules(rules(dice, kinds))
}

fn resource(dice: &mut Dice, number: u64) -> Resource {
    let mut resource = Resource::new(resource_name(number));
    resource.attributes = words(dice, &ATTRIBUTES, 60);
    resource.location = dice.chance(80).then(|| label(dice.pick::<&str>(&LOCATIONS)));
    let mut entities = BTreeMap::new();
    for entity in 0..dice.below(3) {
        let name = Name::new(format!("e{entity}")).expect("it is a name");
        let attributes = words(dice, &PARTS, 60);
        entities.insert(name, Entity { attributes, ..Entity::default() });
    }
    resource.entities = entities;
    resource
}

fn stacks(dice: &mut Dice, names: &[Name]) -> BTreeSet<Stack> {
    let mut stacks = BTreeSet::new();
    if names.len() < 2 {
        return stacks;
    }
    for _ in 0..1 + dice.below(4) {
        let members = (0..2 + dice.below(2)).map(|_| dice.pick(names).clone()).collect();
        let stack = Stack(members);
        if stack.0.len() > 1 {
            stacks.insert(stack);
        }
    }
    stacks
}

fn rules(dice: &mut Dice, kinds: Kinds) -> Rules {
    let mut rules = Rules { ephemeral: kinds.keys && dice.chance(60), ..Rules::default() };
    if kinds.rules {
        rules.hold_back_after = Duration::from_millis(*dice.pick(&[0, 0, 500, 5_000]));
        rules.max_leases = allowance(dice, 3);
        rules.max_resources = allowance(dice, 5);
    }
    rules
}

fn allowance(dice: &mut Dice, most: u64) -> Allowance {
    let mut limit = |percent| {
        let limit = u32::try_from(1 + dice.below(most)).unwrap_or(1);
        dice.chance(percent).then_some(limit)
    };
    Allowance { per_holder: limit(20), per_group: limit(20) }
}
