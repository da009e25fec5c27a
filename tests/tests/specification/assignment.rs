//! Which resources a request gets.

use crate::story::{Story, any, keys, on, one_of};
use respo::Rules;

#[test]
fn the_longest_unused_is_given_and_the_never_used_first() {
    let mut story = Story::new("a b");
    assert_eq!(story.ask(1, &[any(1)]), "1 gets a");
    story.end(1);
    assert_eq!(story.ask(1, &[any(1)]), "2 gets b");
    story.end(2);
    assert_eq!(story.ask(1, &[any(1)]), "3 gets a");
}

#[test]
fn those_never_used_are_given_in_the_order_of_the_inventory_where_numbers_count() {
    let mut story = Story::new("bench-10 bench-9");
    assert_eq!(story.ask(1, &[any(1)]), "1 gets bench-9");
}

#[test]
fn those_last_used_by_one_grant_are_given_in_the_order_of_the_inventory() {
    let mut story = Story::new("a b c");
    assert_eq!(story.ask(1, &[one_of("c"), one_of("b")]), "1 gets c + b");
    story.end(1);
    assert_eq!(story.ask(1, &[any(3)]), "2 gets a b c");
}

#[test]
fn on_a_tie_what_is_in_the_inventory_is_given_before_other_keys_and_those_in_the_order_of_letters()
{
    let ephemeral = Rules { ephemeral: true, ..Rules::default() };
    let mut story = Story::with_rules("z", ephemeral);
    assert_eq!(story.ask(1, &[keys(2, "k2 k10 z")]), "1 gets z k10");
    story.end(1);
    assert_eq!(story.ask(1, &[keys(1, "k2 z")]), "2 gets k2", "which was never used");
}

#[test]
fn a_requirement_leaves_to_another_what_that_one_cannot_do_without() {
    let mut story = Story::new("a b");
    assert_eq!(story.ask(1, &[any(1), one_of("a")]), "1 gets b + a");
}

#[test]
fn the_oldest_resources_count_all_together_before_the_first_requirement_is_favoured() {
    let mut story = Story::new("a b c");
    assert_eq!(story.ask(1, &[one_of("a b"), one_of("a c")]), "1 gets b + a", "and c is left");
}

#[test]
fn of_the_same_resources_the_first_requirement_gets_the_oldest() {
    let mut story = Story::new("a b c");
    assert_eq!(story.ask(1, &[one_of("c")]), "1 gets c");
    story.end(1);
    assert_eq!(story.ask(1, &[one_of("a")]), "2 gets a");
    story.end(2);
    assert_eq!(story.ask(1, &[any(2), any(1)]), "3 gets b c + a");
}

#[test]
fn the_smallest_sufficient_stack_is_chosen_even_if_another_is_older() {
    let mut story = Story::with_stacks("a b c d e", &["a b c", "d e"]);
    assert_eq!(story.ask(1, &[on("s", any(1))]), "1 gets d");
    assert_eq!(story.ask(2, &[on("s", any(3))]), "2 gets a b c", "no other has three");
}

#[test]
fn more_resources_count_before_smaller_stacks() {
    let mut story = Story::with_stacks("a b c d e x", &["a b", "c d e"]);
    assert_eq!(story.ask(1, &[one_of("a"), one_of("x")]), "1 gets a + x");
    assert_eq!(story.ask(2, &[on("s", any(2)), one_of("x")]), "");
    assert_eq!(story.kept_for(2), "c d");
}

#[test]
fn the_age_decides_between_stacks_of_one_size() {
    let mut story = Story::with_stacks("a b c d", &["a b", "c d"]);
    assert_eq!(story.ask(1, &[one_of("a")]), "1 gets a");
    story.end(1);
    assert_eq!(story.ask(1, &[on("s", any(2))]), "2 gets b a", "since b is the oldest of all");
    story.end(2);
    assert_eq!(story.ask(1, &[on("s", any(2))]), "3 gets c d");
}

#[test]
fn labels_may_share_a_stack_that_is_then_counted_for_each() {
    let mut story = Story::with_stacks("a b c d e", &["a b c", "d e"]);
    let both = [on("s", any(1)), on("t", any(1))];
    assert_eq!(story.ask(1, &both), "1 gets d + e", "4 in all, where a and d would be 5");
    assert_eq!(story.ask(2, &both), "2 gets a + b");
}

#[test]
fn the_sizes_of_all_stacks_are_added_up() {
    let mut story = Story::with_stacks("a b c d x y", &["a b c d", "x y"]);
    let large_and_any = [on("s", any(3)), on("t", any(1))];
    assert_eq!(story.ask(1, &large_and_any), "1 gets a b c + x", "6 in all, where d would make 8");
}

#[test]
fn a_stack_is_sufficient_for_a_label_alone_whatever_the_rest_of_the_request_takes() {
    // For the label alone the small stack would do; but then nothing would be left for the other
    // requirement, and the larger stack gives the fuller assignment.
    let mut story = Story::with_stacks("a b c d e", &["a b", "c d e"]);
    assert_eq!(story.ask(1, &[on("s", any(2)), one_of("a")]), "1 gets c d + a");
}
