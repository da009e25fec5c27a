//! Random requests.

use std::collections::BTreeSet;
use std::time::Duration;

use respo::{Hold, Label, Name, Priority, Request, Requirement, Selector, Text, Wait, Wanted};

use super::Kinds;
use super::acts::ttl;
use super::selectors::selector;
use crate::crash::dice::Dice;

/// What is asked for by key: some of these may be in the inventory. The order of their names is not the
/// natural one.
const KEYS: [&str; 6] = ["r1", "r10", "k2", "k10", "k1", "r3"];

/// The most that one request asks for in all.
const MOST: u16 = 4;

/// A request.
pub fn request(dice: &mut Dice, kinds: Kinds) -> Request {
    let mut request = Request::new(requirements(dice, kinds)).unwrap();
    let priority = dice.pick(&[-1, 0, 0, 0, 1]);
    request.priority = Priority::new(*priority).unwrap();
    request.wait = match dice.below(10) {
        0 | 1 => Wait::No,
        2 | 3 => Wait::UpTo(Duration::from_micros(dice.below(40))),
        _ => Wait::Forever,
    };
    let linger = if dice.chance(33) { 1 + dice.below(30) } else { 0 };
    request.hold = Hold::Connection { linger: Duration::from_micros(linger) };
    if kinds.terms && dice.chance(25) {
        request.hold = Hold::Ttl { ttl: ttl(dice) };
    }
    request.max_duration = dice.chance(30).then(|| Duration::from_micros(1 + dice.below(60)));
    if kinds.limits {
        let holder = dice.chance(80).then(|| *dice.pick(&["ann", "bob"]));
        request.holder = holder.map(|holder| Label::new(holder).unwrap());
        for tag in ["group", "team"] {
            if dice.chance(50) {
                let team = Text::new(dice.pick(&["red", "blue"])).unwrap();
                request.tags.insert(Label::new(tag).unwrap(), team);
            }
        }
    }
    request
}

fn requirements(dice: &mut Dice, kinds: Kinds) -> Vec<Requirement> {
    let many = if kinds.several { *dice.pick(&[1, 1, 1, 2, 2, 3]) } else { 1 };
    let mut unused_keys: Vec<&str> = KEYS.to_vec();
    let mut left = MOST - many;
    let one = |_| {
        let more = u16::try_from(*dice.pick(&[0, 0, 0, 1, 1, 2])).unwrap().min(left);
        let count = if kinds.several { 1 + more } else { 1 };
        let mut requirement = Requirement { count, wanted: wanted(dice, kinds), stack: None };
        if kinds.keys && dice.chance(30) && unused_keys.len() >= usize::from(count) {
            requirement.wanted = Wanted::Keys(some_keys(count, &mut unused_keys, dice));
        }
        if kinds.stacks && dice.chance(35) {
            requirement.stack = Some(Label::new(dice.pick(&["s", "s", "t"])).unwrap());
        }
        left -= count - 1;
        requirement
    };
    (0..many).map(one).collect()
}

/// Requests for several are seldom so particular that nothing suits all of their requirements.
fn wanted(dice: &mut Dice, kinds: Kinds) -> Wanted {
    let anything = kinds.several && dice.chance(40);
    Wanted::Matching(if anything { Selector::any() } else { selector(dice, kinds) })
}

/// At least `count` keys, which are unused from here on.
fn some_keys(count: u16, unused: &mut Vec<&str>, dice: &mut Dice) -> BTreeSet<Name> {
    let many = (usize::from(count) + usize::from(dice.chance(50))).min(unused.len());
    let take = |_| {
        let index = dice.below(unused.len() as u64);
        Name::new(unused.swap_remove(usize::try_from(index).unwrap())).unwrap()
    };
    (0..many).map(take).collect()
}
