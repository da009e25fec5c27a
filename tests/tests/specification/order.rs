//! Whose turn it is, and what is kept for those who wait for more.

use std::time::Duration;

use crate::story::{Story, all, any, first_of_all, inventory, one_of, without_waiting};
use respo::Rules;

fn hold_back_after(micros: u64) -> Rules {
    Rules { hold_back_after: Duration::from_micros(micros), ..Rules::default() }
}

#[test]
fn higher_priority_is_served_first_then_who_came_first() {
    let mut story = Story::new("a");
    assert_eq!(story.ask(1, &[any(1)]), "1 gets a");
    story.ask(2, &[any(1)]);
    story.ask(3, &[any(1)]);
    story.submit(4, first_of_all(all([any(1)])));
    assert_eq!(story.waiting(), [4, 2, 3]);
    assert_eq!(story.end(1), "1 ends: released, 4 gets a");
    assert_eq!(story.end(4), "4 ends: released, 2 gets a");
}

#[test]
fn who_needs_several_is_not_starved_by_those_who_need_one() {
    let mut story = Story::new("a b");
    story.ask(1, &[one_of("a")]);
    assert_eq!(story.ask(2, &[any(2)]), "");
    assert_eq!(story.kept_for(2), "b");
    assert_eq!(story.ask(3, &[one_of("b")]), "", "b is free, but kept");
    assert_eq!(story.end(1), "1 ends: released, 2 gets b a");
    assert_eq!(story.end(2), "2 ends: released, 3 gets b");
}

#[test]
fn nothing_is_kept_from_those_who_come_first() {
    let mut story = Story::new("a b");
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[any(2)]);
    assert_eq!(story.submit(3, first_of_all(all([any(1)]))), "3 gets b");
    assert_eq!(story.kept_for(2), "");
}

#[test]
fn who_comes_later_is_told_busy_of_what_is_kept() {
    let mut story = Story::new("a b");
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[any(2)]);
    assert_eq!(story.submit(3, without_waiting(all([one_of("b")]))), "busy");
    assert_eq!(story.ask(3, &[one_of("b")]), "", "and a refused request leaves no id behind");
    assert_eq!(story.waiting(), [2, 3]);
}

#[test]
fn nothing_is_kept_before_the_hold_back_time_and_from_then_on_it_is() {
    let mut story = Story::with_rules("a b", hold_back_after(10));
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[any(2)]);
    story.at(9);
    assert_eq!(story.kept_for(2), "");
    assert_eq!(story.ask(3, &[one_of("b")]), "3 gets b");
    story.end(3);
    story.at(10);
    assert_eq!(story.kept_for(2), "b");
    assert_eq!(story.ask(3, &[one_of("b")]), "");
}

#[test]
fn a_hold_back_time_that_comes_may_free_what_was_kept_for_another() {
    let stacks = ["a b", "c d e"];
    let mut story = Story::of(inventory("a b c d e x y", &stacks, hold_back_after(10)));
    let from_a_stack = crate::story::on("s", any(2));
    story.ask(1, &[one_of("x"), one_of("y")]);
    assert_eq!(story.ask(2, &[from_a_stack, one_of("x")]), "", "2 is to get a stack, and x");
    story.at(10);
    assert_eq!(story.kept_for(2), "a b");
    story.submit(3, first_of_all(all([one_of("a"), one_of("y")])));
    assert_eq!(story.ask(3, &[one_of("b")]), "", "which is kept for 2");
    // Now a is kept for 3, so that 2 must look to the other stack, and 4 is of the party of 3.
    assert_eq!(story.0.next_due().map(|at| at.as_micros()), Some(20));
    assert_eq!(story.at(20), "4 gets b");
    assert_eq!((story.kept_for(3), story.kept_for(2)), ("a".to_owned(), "c d".to_owned()));
}

#[test]
fn each_keeps_of_what_those_before_have_left() {
    let mut story = Story::new("a b c");
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[one_of("a"), one_of("b")]);
    story.ask(3, &[one_of("a"), any(1)]);
    assert_eq!((story.kept_for(2), story.kept_for(3)), ("b".to_owned(), "c".to_owned()));
    assert_eq!(story.ask(4, &[one_of("c")]), "");
    assert_eq!(story.end(1), "1 ends: released, 2 gets a + b");
    assert_eq!(story.kept_for(3), "c");
}
