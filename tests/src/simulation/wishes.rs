//! What clients ask for.

use std::collections::BTreeSet;
use std::time::Duration;

use respo::{
    EntityPattern, Hold, Label, Name, Priority, Request, Requirement, Selector, Text, Wait, Wanted,
};

use super::kinds::Kinds;
use super::pool::{ATTRIBUTES, LOCATIONS, PARTS, label, resource_name, words};
use crate::crash::dice::Dice;

/// A request to a pool of at most this many resources.
pub(super) fn request(dice: &mut Dice, most: u64, kinds: Kinds) -> Request {
    let number = if kinds.several && dice.chance(50) { 1 + dice.below(3) } else { 1 };
    let mut keys = BTreeSet::new();
    let requirements = (0..number).map(|_| requirement(dice, most, kinds, &mut keys)).collect();
    let mut request = Request::new(requirements).expect("no key is there twice");
    if dice.chance(25) {
        let priority = i64::try_from(dice.below(3)).unwrap_or_default() - 1;
        request.priority = Priority::new(priority).expect("it is from -1 to 1");
    }
    request.wait = match dice.below(10) {
        0 => Wait::No,
        1 | 2 => Wait::UpTo(dice.millis(1, 15_000)),
        _ => Wait::Forever,
    };
    let linger = if dice.chance(50) { dice.millis(1, 15_100) } else { Duration::ZERO };
    request.hold = Hold::Connection { linger };
    if kinds.terms && dice.chance(30) {
        request.hold = Hold::Ttl { ttl: dice.millis(1_000, 15_000) };
    }
    request.max_duration = dice.chance(20).then(|| dice.millis(1, 20_000));
    if kinds.rules {
        request.holder = dice.chance(70).then(|| label(dice.pick::<&str>(&["ann", "bob"])));
        if dice.chance(50) {
            let group = Text::new(*dice.pick(&["red", "blue"])).expect("it is a text");
            request.tags.insert(label("group"), group);
        }
    }
    request
}

/// How long a lease is to live from now on, or how much longer.
pub(super) fn more_time(dice: &mut Dice) -> Duration {
    dice.millis(900, 35_000)
}

/// Whom a lease is passed on to.
pub(super) fn new_holder(dice: &mut Dice) -> Label {
    label(dice.pick::<&str>(&["ann", "bob", "cleo"]))
}

fn requirement(
    dice: &mut Dice,
    most: u64,
    kinds: Kinds,
    taken: &mut BTreeSet<Name>,
) -> Requirement {
    let count =
        if kinds.several { u16::try_from(*dice.pick(&[1, 1, 1, 2])).unwrap_or(1) } else { 1 };
    let mut requirement = Requirement::one(selector(dice, most));
    requirement.count = count;
    if kinds.keys && dice.chance(30) {
        let keys = keys(dice, most, taken);
        if keys.len() >= usize::from(count) {
            taken.extend(keys.iter().cloned());
            requirement.wanted = Wanted::Keys(keys);
        }
    }
    if kinds.stacks && dice.chance(25) {
        requirement.stack = Some(label(dice.pick::<&str>(&["s", "s", "t"])));
    }
    requirement
}

fn keys(dice: &mut Dice, most: u64, taken: &BTreeSet<Name>) -> BTreeSet<Name> {
    let mut keys = BTreeSet::new();
    for _ in 0..1 + dice.below(3) {
        let own = Name::new(format!("k{}", 1 + dice.below(3))).expect("it is a name");
        let key = if dice.chance(60) { own } else { resource_name(1 + dice.below(most)) };
        if !taken.contains(&key) {
            keys.insert(key);
        }
    }
    keys
}

fn selector(dice: &mut Dice, most: u64) -> Selector {
    let mut selector = Selector::any();
    if dice.chance(35) {
        selector.names =
            (0..1 + dice.below(3)).map(|_| resource_name(1 + dice.below(most))).collect();
        return selector;
    }
    // Most can be served by several resources, so that clients compete in many ways.
    selector.attributes = words(dice, &ATTRIBUTES, 15);
    if dice.chance(10) {
        selector.location = Some(label(dice.pick::<&str>(&LOCATIONS)));
    }
    if dice.chance(10) {
        let mut patterns = Vec::new();
        for _ in 0..1 + dice.below(2) {
            let attributes = words(dice, &PARTS, 50);
            patterns.push(EntityPattern { attributes, ..EntityPattern::default() });
        }
        selector = selector.with_entities(patterns);
    }
    selector
}
