//! Leases that are kept by being renewed, extended, and given back in part.

use std::sync::Arc;
use std::time::Duration;

use crate::story::{SECOND, Story, all, any, inventory, one_of, renewed_every};
use respo::{Command, Limits, MAX_DURATION, Request, Rules, Timestamp};
use tests::specification::Specification;

fn at_most(seconds: u64, mut request: Request) -> Request {
    request.max_duration = Some(Duration::from_secs(seconds));
    request
}

fn short() -> Limits {
    let mut limits = Limits::default();
    limits.max_ttl = Duration::from_secs(10);
    limits.max_duration = Some(Duration::from_secs(20));
    limits.grace = Duration::from_secs(5);
    limits
}

#[test]
fn what_is_not_renewed_ends_at_its_very_moment_whoever_is_there() {
    let mut story = Story::new("a");
    story.submit(1, renewed_every(2, all([any(1)])));
    story.ask(2, &[any(1)]);
    assert_eq!(story.at(2 * SECOND - 1), "");
    assert_eq!(story.at(2 * SECOND), "1 ends: expired, 2 gets a");
}

#[test]
fn a_renewal_puts_the_end_off_and_never_forward() {
    let mut story = Story::new("a");
    story.submit(1, renewed_every(3, all([any(1)])));
    assert_eq!(story.renew(1, Some(1)), "renewed until 3000000");
    assert_eq!(story.at(SECOND), "");
    assert_eq!(story.renew(1, None), "renewed until 4000000");
    assert_eq!(story.renew(1, Some(7)), "renewed until 8000000");
    assert_eq!(story.renew(1, None), "renewed until 8000000");
    assert_eq!(story.close(1), "", "it is no session's");
    assert_eq!(story.at(8 * SECOND), "1 ends: expired");
    assert_eq!(story.renew(1, None), "no_request");
}

#[test]
fn a_renewal_at_the_moment_of_the_end_comes_too_late() {
    let mut story = Story::new("a");
    story.submit(1, renewed_every(1, all([any(1)])));
    let (id, by) = (respo::RequestId(1), crate::story::holder_of(1));
    let renew = Command::Renew { id, by, ttl: None };
    let happened = story.0.handle(Timestamp::from_micros(SECOND), &renew);
    assert_eq!(happened.len(), 2, "{happened:?}");
    assert_eq!(happened[1], tests::specification::Happened::Refused("no_request"));
}

#[test]
fn what_waits_needs_renewal_only_while_nobody_follows_it() {
    let mut story = Story::new("a");
    story.ask(3, &[any(1)]);
    story.submit(1, renewed_every(2, all([any(1)])));
    assert_eq!(story.at(100 * SECOND), "");
    assert_eq!(story.renew(2, None), "renewed by presence");
    story.close(1);
    assert_eq!(story.at(101 * SECOND), "");
    assert_eq!(story.renew(2, None), "renewed until 103000000");
    assert_eq!(story.resume(2, 2), "");
    assert_eq!(story.at(200 * SECOND), "");
    story.close(2);
    assert_eq!(story.at(202 * SECOND), "2 ends: expired");
}

#[test]
fn who_comes_and_goes_does_not_shorten_what_was_renewed_for_long() {
    let mut story = Story::new("a");
    story.ask(3, &[any(1)]);
    story.submit(1, renewed_every(2, all([any(1)])));
    story.close(1);
    assert_eq!(story.renew(2, Some(60)), "renewed until 60000000");
    assert_eq!(story.resume(2, 2), "");
    assert_eq!(story.at(10 * SECOND), "");
    story.close(2);
    assert_eq!(story.at(60 * SECOND - 1), "");
    assert_eq!(story.at(60 * SECOND), "2 ends: expired");
}

#[test]
fn only_what_has_a_ttl_is_renewed_and_only_for_as_long_as_the_pool_allows() {
    let mut story = Story::with_limits(inventory("a b", &[], Rules::default()), short());
    story.ask(1, &[any(1)]);
    assert_eq!(story.renew(1, None), "not_renewable");
    story.submit(1, renewed_every(2, all([any(1)])));
    assert_eq!(story.renew(2, Some(0)), "over_limit");
    assert_eq!(story.renew(2, Some(10)), "renewed until 10000000");
    assert_eq!(story.renew(2, Some(11)), "over_limit");
    assert_eq!(story.submit(1, renewed_every(11, all([any(1)]))), "over_limit");
    assert_eq!(story.submit(1, renewed_every(0, all([any(1)]))), "over_limit");
}

#[test]
fn an_extension_moves_every_end_as_far_as_the_pool_allows_or_none() {
    let mut story = Story::with_limits(inventory("a b", &[], Rules::default()), short());
    story.submit(1, at_most(5, renewed_every(4, all([any(1)]))));
    assert_eq!(story.extend(1, 3), "1 has until 7000000, renewed until 7000000");
    assert_eq!(story.extend(1, 4), "over_limit", "its ttl would be over in 11 s");
    assert_eq!(story.at(6 * SECOND), "");
    assert_eq!(story.renew(1, Some(9)), "renewed until 8000000", "that is all it has");
    assert_eq!(story.extend(1, 1), "1 has until 9000000, renewed until 9000000");
    assert_eq!(story.at(9 * SECOND), "1 ends: max_duration");
    story.submit(2, at_most(5, all([any(1)])));
    assert_eq!(story.extend(2, 15), "2 has until 29000000, renewed until 29000000");
    assert_eq!(story.extend(2, 1), "over_limit", "a lease of the pool lasts 20 s");
}

#[test]
fn nothing_is_extended_that_waits_or_has_no_end() {
    let mut story = Story::new("a");
    story.ask(1, &[any(1)]);
    story.submit(1, renewed_every(1, all([any(1)])));
    assert_eq!(story.extend(1, 1), "not_renewable");
    assert_eq!(story.extend(2, 1), "not_granted");
    let longest = MAX_DURATION.as_secs();
    story.end(1);
    assert_eq!(story.extend(2, longest), "over_limit");
}

#[test]
fn after_a_restart_a_ttl_begins_anew_and_what_was_promised_is_kept() {
    let ends = |grace: u64, promised: Option<u64>| {
        let mut limits = Limits::default();
        limits.grace = Duration::from_secs(grace);
        let request = Arc::new(renewed_every(8, all([any(1)])));
        let at = Timestamp::from_micros(0);
        let token = tests::random_histories::token(1, 0).digest();
        let mut waiting = respo::RequestState::waiting(request, token, respo::RequestId(1), at);
        waiting.until = promised.map(|seconds| Timestamp::from_micros(seconds * SECOND));
        let state = respo::State {
            inventory: Arc::new(inventory("a", &[], Rules::default())),
            requests: [(respo::RequestId(1), waiting)].into(),
            last_id: respo::RequestId(1),
            ..respo::State::default()
        };
        let now = Timestamp::from_micros(100 * SECOND);
        let mut restored = Specification::restore(limits, &state, now, &[]);
        restored.pass_time(now);
        restored.next_due().unwrap().as_micros() / SECOND
    };
    assert_eq!(ends(5, None), 108);
    assert_eq!(ends(9, None), 109);
    assert_eq!(ends(9, Some(112)), 112);
    assert_eq!(ends(9, Some(50)), 109);
}

#[test]
fn what_is_given_back_goes_to_the_next_and_what_is_kept_stays() {
    let mut story = Story::new("a b c");
    story.ask(1, &[any(2), any(1)]);
    story.ask(2, &[one_of("b")]);
    story.ask(3, &[any(2)]);
    assert_eq!(story.give_back(1, "b d"), "not_held", "all or nothing");
    assert_eq!(story.give_back(1, ""), "");
    assert_eq!(story.give_back(1, "b c"), "1 gives back b c, 2 gets b");
    assert_eq!(story.give_back(1, "b"), "not_held");
    assert_eq!(story.give_back(1, "a"), "1 ends: released, 3 gets a c");
    assert_eq!(story.give_back(3, "a"), "3 gives back a");
}

#[test]
fn the_rest_of_a_stack_stays_with_whoever_has_a_part_of_it() {
    let mut story = Story::with_stacks("a b c", &["a b"]);
    story.ask(1, &[one_of("a"), one_of("b")]);
    story.ask(2, &[one_of("b")]);
    assert_eq!(story.give_back(1, "b"), "1 gives back b");
    assert_eq!(story.end(1), "1 ends: released, 2 gets b");
}

#[test]
fn what_is_given_back_counts_no_more() {
    let mut rules = Rules::default();
    rules.max_resources.per_holder = Some(2);
    let mut story = Story::with_rules("a b c", rules);
    story.ask(1, &[any(2)]);
    story.ask(1, &[any(1)]);
    assert_eq!(story.waiting(), [2]);
    assert_eq!(story.give_back(1, "a"), "1 gives back a, 2 gets c");
}
