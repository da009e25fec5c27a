//! Random inventories: resources, stacks that overlap, and rules.

use std::sync::Arc;
use std::time::Duration;

use respo::rules::GroupTag;
use respo::{Allowance, Inventory, Label, Name, Rules, Stack};

use super::Kinds;
use super::selectors::{NAMES, resource};
use crate::crash::dice::Dice;

/// An inventory of at most seven resources.
#[must_use]
pub fn inventory(dice: &mut Dice, kinds: Kinds) -> Arc<Inventory> {
    let present: Vec<&str> = NAMES.into_iter().filter(|_| dice.chance(75)).collect();
    let resources: Vec<_> = present.iter().map(|name| resource(name, dice, kinds)).collect();
    let inventory = Inventory::new(resources).unwrap().with_rules(rules(dice, kinds));
    if !kinds.stacks || present.len() < 2 {
        return Arc::new(inventory);
    }
    Arc::new(inventory.with_stacks(stacks(&present, dice)).unwrap())
}

/// Up to four different stacks of two to four of these resources.
fn stacks(present: &[&str], dice: &mut Dice) -> Vec<Stack> {
    let mut stacks: Vec<Stack> = Vec::new();
    for _ in 0..dice.below(5) {
        let size = 2 + dice.below(3);
        let names = (0..size).map(|_| Name::new(dice.pick(present)).unwrap());
        let stack = Stack(names.collect());
        if stack.0.len() >= 2 && !stacks.contains(&stack) {
            stacks.push(stack);
        }
    }
    stacks
}

fn rules(dice: &mut Dice, kinds: Kinds) -> Rules {
    let ephemeral = kinds.keys && dice.chance(60);
    let mut rules = Rules { ephemeral, ..Rules::default() };
    if kinds.hold_back && dice.chance(40) {
        rules.hold_back_after = Duration::from_micros(1 + dice.below(30));
    }
    if kinds.limits && dice.chance(50) {
        rules.max_leases = allowance(1, dice);
        rules.max_resources = allowance(2, dice);
        if dice.chance(30) {
            rules.group_tag = GroupTag(Label::new("team").unwrap());
        }
    }
    rules
}

fn allowance(least: u32, dice: &mut Dice) -> Allowance {
    let mut limit = || dice.chance(40).then(|| least + u32::from(dice.chance(60)) * 2);
    Allowance { per_holder: limit(), per_group: limit() }
}
