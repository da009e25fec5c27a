//! How much a holder and a group may have.

use crate::story::{Story, all, any, held_by, inventory, one_of, tagged, without_waiting};
use respo::rules::GroupTag;
use respo::{Allowance, Label, Rules};

fn most_leases(per_holder: Option<u32>, per_group: Option<u32>) -> Rules {
    Rules { max_leases: Allowance { per_holder, per_group }, ..Rules::default() }
}

fn most_resources(per_holder: Option<u32>, per_group: Option<u32>) -> Rules {
    Rules { max_resources: Allowance { per_holder, per_group }, ..Rules::default() }
}

#[test]
fn whoever_has_enough_waits_and_blocks_nobody() {
    let mut story = Story::with_rules("a b", most_leases(Some(1), None));
    assert_eq!(story.submit(1, held_by("ann", all([one_of("a")]))), "1 gets a");
    assert_eq!(story.submit(2, held_by("ann", all([any(2)]))), "", "in another session, too");
    assert_eq!(story.kept_for(2), "", "though b is free");
    assert_eq!(story.submit(3, held_by("bob", all([one_of("b")]))), "3 gets b");
    assert_eq!(story.end(3), "3 ends: released");
    assert_eq!(story.end(1), "1 ends: released, 2 gets a b");
}

#[test]
fn those_without_a_name_are_one_holder() {
    let mut story = Story::with_rules("a b", most_leases(Some(1), None));
    assert_eq!(story.ask(1, &[any(1)]), "1 gets a");
    assert_eq!(story.ask(2, &[any(1)]), "");
    assert_eq!(story.submit(2, held_by("ann", all([any(1)]))), "3 gets b");
}

#[test]
fn a_group_is_who_shares_the_value_of_the_tag_and_those_without_it_are_free() {
    let team = GroupTag(Label::new("team").unwrap());
    let rules = Rules { group_tag: team, ..most_leases(None, Some(1)) };
    let mut story = Story::with_rules("a b c d e", rules);
    assert_eq!(story.submit(1, tagged("team", "red", all([any(1)]))), "1 gets a");
    assert_eq!(story.submit(2, tagged("team", "red", all([any(1)]))), "");
    assert_eq!(story.submit(3, tagged("team", "blue", all([any(1)]))), "3 gets b");
    assert_eq!(story.submit(4, tagged("group", "red", all([any(1)]))), "4 gets c");
    assert_eq!(story.ask(5, &[any(1)]), "5 gets d");
}

#[test]
fn resources_are_counted_over_all_leases() {
    let mut story = Story::with_rules("a b c d", most_resources(Some(3), None));
    assert_eq!(story.ask(1, &[any(2)]), "1 gets a b");
    assert_eq!(story.ask(1, &[any(2)]), "");
    assert_eq!(story.ask(1, &[any(1)]), "3 gets c", "which makes three");
    assert_eq!(story.end(3), "3 ends: released");
    assert_eq!(story.end(1), "1 ends: released, 2 gets d a");
}

#[test]
fn a_request_that_is_over_its_limit_is_told_busy_if_it_does_not_wait() {
    let mut story = Story::with_rules("a b", most_leases(Some(1), None));
    story.ask(1, &[any(1)]);
    assert_eq!(story.submit(1, without_waiting(all([any(1)]))), "busy");
}

#[test]
fn what_is_more_than_one_may_ever_have_is_refused() {
    let mut story = Story::with_rules("a b c", most_resources(Some(2), Some(1)));
    assert_eq!(story.ask(1, &[any(1), any(2)]), "over_limit");
    assert_eq!(story.submit(1, tagged("group", "red", all([any(2)]))), "over_limit");
    assert_eq!(story.ask(1, &[any(2)]), "1 gets a b", "it is in no group");
    assert_eq!(story.ask(1, &[any(4)]), "over_limit", "rather than no_such");
}

#[test]
fn what_waits_ends_when_the_rules_come_to_forbid_it() {
    let mut story = Story::new("a b");
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[any(2)]);
    let rules = most_resources(Some(1), None);
    assert_eq!(story.replace(inventory("a b", &[], rules)), "2 ends: no_such");
}
