//! Keys, and resources that exist only while they are asked for or held.

use crate::story::{Story, any, inventory, keys, one_of};
use respo::{Name, Rules};

fn ephemeral() -> Rules {
    Rules { ephemeral: true, ..Rules::default() }
}

#[test]
fn a_key_that_is_in_no_inventory_is_held_by_one_at_a_time() {
    let mut story = Story::with_rules("", ephemeral());
    assert_eq!(story.ask(1, &[keys(1, "licence")]), "1 gets licence");
    assert_eq!(story.ask(2, &[keys(1, "licence")]), "");
    assert_eq!(story.end(1), "1 ends: released, 2 gets licence");
}

#[test]
fn so_many_of_the_keys_are_given() {
    let mut story = Story::with_rules("a", ephemeral());
    assert_eq!(story.ask(1, &[keys(2, "a x y")]), "1 gets a x");
    assert_eq!(story.ask(2, &[keys(1, "x y")]), "2 gets y");
    assert_eq!(story.ask(3, &[keys(2, "a y z")]), "");
    assert_eq!(story.kept_for(3), "z");
    assert_eq!(story.ask(4, &[keys(1, "z")]), "", "z is kept, although it is in no inventory");
    assert_eq!(story.end(2), "2 ends: released, 3 gets y z");
}

#[test]
fn where_the_pool_does_not_allow_it_only_keys_of_the_inventory_are_candidates() {
    let mut story = Story::new("a b");
    assert_eq!(story.ask(1, &[keys(1, "licence")]), "no_such");
    assert_eq!(story.ask(1, &[keys(2, "a licence")]), "no_such");
    assert_eq!(story.ask(1, &[keys(1, "b licence")]), "1 gets b");
}

#[test]
fn no_selector_takes_a_key_that_is_in_no_inventory() {
    let mut story = Story::with_rules("a", ephemeral());
    assert_eq!(story.ask(1, &[keys(1, "k"), any(1)]), "1 gets k + a");
    assert_eq!(story.ask(2, &[one_of("k")]), "no_such");
    assert_eq!(story.ask(2, &[any(2)]), "no_such");
}

#[test]
fn when_the_pool_stops_to_allow_it_holders_keep_their_keys_and_those_who_wait_end() {
    let mut story = Story::with_rules("a", ephemeral());
    story.ask(1, &[keys(1, "k")]);
    story.ask(2, &[keys(1, "k")]);
    assert_eq!(story.replace(inventory("a", &[], Rules::default())), "2 ends: no_such");
    assert_eq!(story.0.held().len(), 1);
}

#[test]
fn a_held_key_that_comes_into_the_inventory_stays_held_and_keeps_its_age() {
    let mut story = Story::with_rules("a", ephemeral());
    story.ask(1, &[keys(1, "k")]);
    assert_eq!(story.replace(inventory("a k", &[], ephemeral())), "");
    assert_eq!(story.0.holder_of(&Name::new("k").unwrap()), Some(respo::RequestId(1)));
    assert_eq!(story.ask(2, &[one_of("k")]), "");
    assert_eq!(story.end(1), "1 ends: released, 2 gets k");
    story.end(2);
    assert_eq!(story.ask(3, &[any(1)]), "3 gets a");
}
