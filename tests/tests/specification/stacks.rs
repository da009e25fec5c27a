//! A stack is not split between parties.

use crate::story::{Story, inventory, one_of};
use respo::Rules;

#[test]
fn while_a_party_holds_a_part_the_rest_is_for_it_alone() {
    let mut story = Story::with_stacks("a b", &["a b"]);
    story.ask(1, &[one_of("a")]);
    assert_eq!(story.ask(2, &[one_of("b")]), "");
    assert_eq!(story.0.collateral().len(), 1);
    assert_eq!(story.ask(1, &[one_of("b")]), "3 gets b");
    assert_eq!(story.end(1), "1 ends: released", "of a nobody asks anything");
    assert_eq!(story.end(3), "3 ends: released, 2 gets b");
}

#[test]
fn stacks_that_overlap_bind_what_they_share_only_through_it() {
    let mut story = Story::with_stacks("a b c", &["a b", "b c"]);
    story.ask(1, &[one_of("a")]);
    assert_eq!(story.ask(2, &[one_of("c")]), "2 gets c", "no stack has both");
    assert_eq!(story.ask(1, &[one_of("b")]), "", "its stack with c is in other hands");
    assert_eq!(story.ask(2, &[one_of("b")]), "", "and its stack with a");
    assert_eq!(story.end(1), "1 ends: released, 4 gets b");
}

#[test]
fn what_is_kept_makes_collateral_like_what_is_held() {
    let mut story = Story::with_stacks("a b x", &["a b"]);
    story.ask(1, &[one_of("x")]);
    story.ask(2, &[one_of("a"), one_of("x")]);
    assert_eq!(story.kept_for(2), "a");
    assert_eq!(story.ask(3, &[one_of("b")]), "");
    assert_eq!(story.ask(2, &[one_of("b")]), "4 gets b", "of the party that a is kept for");
}

#[test]
fn a_party_is_that_of_the_eldest_request_of_the_session_and_stays_the_same() {
    let mut story = Story::with_stacks("a b c d", &["a b c"]);
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[one_of("d")]);
    assert_eq!(story.resume(2, 1), "");
    assert_eq!(story.ask(2, &[one_of("b")]), "3 gets b", "its eldest request is now 1");
    assert_eq!(story.ask(1, &[one_of("c")]), "", "it has no request any more");
    let party = |id| story.0.party_of(respo::RequestId(id)).map(|party| party.0);
    assert_eq!([1, 2, 3, 4].map(party), [Some(1), Some(2), Some(1), Some(4)]);
    story.end(1);
    assert_eq!(story.end(3), "3 ends: released, 4 gets c");
    assert_eq!(story.ask(2, &[one_of("a")]), "", "it is of the party of 2, and 4 holds c");
    assert_eq!(story.0.party_of(respo::RequestId(5)), Some(respo::RequestId(2)));
}

#[test]
fn a_party_outlives_the_request_that_it_is_named_after() {
    let mut story = Story::with_stacks("a b c", &["b c"]);
    story.ask(1, &[one_of("a")]);
    story.ask(1, &[one_of("b")]);
    story.end(1);
    assert_eq!(story.ask(1, &[one_of("c")]), "3 gets c");
    assert_eq!(story.0.party_of(respo::RequestId(3)), Some(respo::RequestId(1)));
}

#[test]
fn of_a_stack_that_comes_to_be_held_by_two_parties_nobody_gets_the_rest() {
    let mut story = Story::new("a b c");
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[one_of("b")]);
    story.replace(inventory("a b c", &["a b c"], Rules::default()));
    assert_eq!(story.ask(1, &[one_of("c")]), "");
    assert_eq!(story.ask(2, &[one_of("c")]), "");
    assert_eq!(
        story.end(1),
        "1 ends: released, 4 gets c",
        "3 is of the party of 1, 4 of that of 2"
    );
}

#[test]
fn a_change_of_the_stacks_frees_what_was_collateral() {
    let mut story = Story::with_stacks("a b", &["a b"]);
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[one_of("b")]);
    assert_eq!(story.replace(inventory("a b", &[], Rules::default())), "2 gets b");
}
