//! What is refused or ended since no grant could ever come of it.

use crate::story::{Story, any, inventory, on, one_of};
use respo::Rules;

#[test]
fn requirements_that_can_be_met_alone_but_not_together_are_impossible() {
    let mut story = Story::new("a b");
    assert_eq!(story.ask(1, &[one_of("a"), one_of("a")]), "no_such");
    assert_eq!(story.ask(1, &[any(1), any(2)]), "no_such");
    assert_eq!(story.ask(1, &[any(1), any(1)]), "1 gets a + b");
}

#[test]
fn what_is_held_is_possible() {
    let mut story = Story::with_stacks("a b", &["a b"]);
    story.ask(1, &[any(2)]);
    assert_eq!(story.ask(2, &[one_of("a")]), "");
}

#[test]
fn a_label_for_which_no_stack_is_sufficient_is_impossible() {
    let mut story = Story::with_stacks("a b c d", &["a b", "b c"]);
    assert_eq!(story.ask(1, &[on("s", any(3))]), "no_such");
    assert_eq!(story.ask(1, &[on("s", one_of("d"))]), "no_such", "d is in no stack");
    assert_eq!(story.ask(1, &[on("s", one_of("a")), on("s", one_of("c"))]), "no_such");
    assert_eq!(story.ask(1, &[on("s", one_of("a")), on("t", one_of("c"))]), "1 gets a + c");
}

#[test]
fn what_waits_ends_when_the_inventory_makes_it_impossible_and_others_are_served() {
    let mut story = Story::new("a b");
    story.ask(1, &[any(2)]);
    story.ask(2, &[any(2)]);
    story.ask(3, &[any(1)]);
    assert_eq!(story.replace(inventory("a c", &[], Rules::default())), "", "c is kept for 2");
    let ends = story.replace(inventory("c", &[], Rules::default()));
    assert_eq!(ends, "2 ends: no_such, 3 gets c");
}

#[test]
fn a_resource_that_leaves_while_it_is_held_stays_with_its_holder_and_comes_back_as_new() {
    let mut story = Story::new("a b");
    story.ask(1, &[one_of("a")]);
    story.replace(inventory("b", &[], Rules::default()));
    assert_eq!(story.ask(2, &[any(1)]), "2 gets b");
    story.end(1);
    story.end(2);
    story.replace(inventory("a b", &[], Rules::default()));
    assert_eq!(story.ask(1, &[any(1)]), "3 gets a", "its age went with its lease");
}

#[test]
fn a_resource_that_leaves_and_returns_while_it_is_held_is_held_still() {
    let mut story = Story::new("a b");
    story.ask(1, &[one_of("a")]);
    story.replace(inventory("b", &[], Rules::default()));
    story.replace(inventory("a b", &[], Rules::default()));
    assert_eq!(story.ask(2, &[one_of("a")]), "");
}
