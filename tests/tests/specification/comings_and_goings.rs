//! Sessions, deadlines, bounds, and stops.

use std::sync::Arc;
use std::time::Duration;

use crate::story::{Story, all, any, inventory, one_of, without_waiting};
use respo::{
    Authority, Command, Hold, Inventory, Limits, Request, RequestId, RequestState, Rules,
    SessionId, State, Timestamp, Wait,
};
use tests::random_histories::token;
use tests::specification::{Happened, Specification};

fn lingering(micros: u64, mut request: Request) -> Request {
    request.hold = Hold::Connection { linger: Duration::from_micros(micros) };
    request
}

fn at_most(micros: u64, mut request: Request) -> Request {
    request.max_duration = Some(Duration::from_micros(micros));
    request
}

fn ready_to_wait(micros: u64, mut request: Request) -> Request {
    request.wait = Wait::UpTo(Duration::from_micros(micros));
    request
}

#[test]
fn what_a_session_has_ends_with_it_by_id_before_anything_is_granted() {
    let mut story = Story::new("a b");
    story.ask(1, &[any(1)]);
    story.ask(2, &[any(2)]);
    story.ask(1, &[one_of("b")]);
    story.ask(1, &[any(1)]);
    assert_eq!(
        story.close(1),
        "1 ends: disconnected, 3 ends: disconnected, 4 ends: disconnected, 2 gets b a"
    );
    assert_eq!(story.ask(1, &[any(1)]), "no_session");
}

#[test]
fn what_lingers_stays_for_so_long_unless_it_is_resumed() {
    let mut story = Story::new("a b");
    story.submit(1, lingering(10, all([one_of("a")])));
    story.submit(1, lingering(20, all([one_of("b")])));
    assert_eq!(story.close(1), "");
    assert_eq!(story.resume(2, 2), "");
    assert_eq!(story.at(9), "");
    assert_eq!(story.at(10), "1 ends: orphaned");
    assert_eq!(story.at(100), "");
    assert_eq!(story.close(2), "");
    assert_eq!(story.at(120), "2 ends: orphaned");
    assert_eq!(story.resume(2, 2), "wrong_token");
}

#[test]
fn a_request_is_resumed_from_a_session_that_is_still_there() {
    let mut story = Story::new("a");
    story.ask(1, &[any(1)]);
    assert_eq!(story.resume(2, 1), "");
    assert_eq!(story.close(1), "");
    assert_eq!(story.close(2), "1 ends: disconnected");
}

#[test]
fn what_is_due_at_one_moment_ends_by_id_before_anything_is_granted() {
    let mut story = Story::new("a b");
    story.submit(1, at_most(10, all([any(1)])));
    story.submit(1, at_most(10, all([any(1)])));
    story.submit(2, ready_to_wait(10, all([any(1)])));
    story.submit(3, ready_to_wait(11, all([any(2)])));
    assert_eq!(
        story.at(10),
        "1 ends: max_duration, 2 ends: max_duration, 3 ends: wait_expired, 4 gets a b"
    );
    assert_eq!(story.at(11), "", "it waits no more");
}

#[test]
fn moments_are_served_one_after_another_even_if_all_have_passed() {
    let mut story = Story::new("a");
    story.submit(1, at_most(10, all([any(1)])));
    story.submit(2, ready_to_wait(20, all([any(1)])));
    assert_eq!(story.at(30), "1 ends: max_duration, 2 gets a");
}

#[test]
fn a_request_is_refused_for_the_first_of_several_reasons() {
    let mut limits = Limits::default();
    limits.max_waiting = 1;
    limits.max_requests_per_session = 2;
    limits.max_duration = Some(Duration::from_micros(50));
    let mut story = Story::with_limits(inventory("a", &[], Rules::default()), limits);
    story.ask(1, &[any(1)]);
    assert_eq!(story.submit(1, at_most(51, all([any(2)]))), "over_limit");
    assert_eq!(story.ask(1, &[any(2)]), "no_such");
    assert_eq!(story.ask(1, &[any(1)]), "");
    assert_eq!(story.submit(1, at_most(51, all([any(2)]))), "too_many_requests");
    assert_eq!(story.submit(2, without_waiting(all([any(1)]))), "busy");
    assert_eq!(story.submit(2, ready_to_wait(0, all([any(1)]))), "busy");
    assert_eq!(story.ask(2, &[any(1)]), "queue_full");
    assert_eq!(story.submit(11, at_most(51, all([any(2)]))), "no_session");
    assert_eq!(story.at(50), "1 ends: max_duration, 2 gets a", "the pool's own maximum");
    story.command(Command::Drain { deadline: Duration::ZERO });
    assert_eq!(story.submit(11, all([any(1)])), "draining");
}

#[test]
fn a_full_queue_keeps_out_nobody_who_need_not_wait() {
    let mut limits = Limits::default();
    limits.max_waiting = 1;
    let mut story = Story::with_limits(inventory("a b", &[], Rules::default()), limits);
    story.ask(1, &[one_of("a")]);
    story.ask(2, &[one_of("a")]);
    assert_eq!(story.ask(3, &[one_of("b")]), "3 gets b");
}

#[test]
fn only_the_holder_and_an_administrator_end_a_request() {
    let mut story = Story::new("a b");
    story.ask(1, &[any(1)]);
    story.ask(1, &[any(1)]);
    let mut end = |id, by| story.command(Command::End { id: RequestId(id), by });
    assert_eq!(end(1, Authority::Session(SessionId(2))), "no_request");
    assert_eq!(end(1, Authority::Token(token(2, 0))), "wrong_token");
    assert_eq!(end(3, Authority::Administrator), "no_request");
    assert_eq!(end(1, Authority::Session(SessionId(1))), "1 ends: released");
    assert_eq!(end(2, Authority::Administrator), "2 ends: revoked");
}

#[test]
fn a_pool_that_drains_ends_what_waits_and_grants_nothing_more() {
    let mut story = Story::new("a b");
    story.submit(1, lingering(10, all([any(1)])));
    story.ask(2, &[any(2)]);
    let drain = Command::Drain { deadline: Duration::from_secs(1) };
    assert_eq!(story.command(drain), "2 ends: draining");
    assert_eq!(story.close(1), "");
    assert_eq!(story.resume(3, 1), "", "holders may still come back");
    assert_eq!(story.command(Command::EndAll), "1 ends: draining");
}

#[test]
fn a_suspended_pool_keeps_everything_as_it_is() {
    let mut story = Story::new("a");
    story.ask(1, &[any(1)]);
    story.ask(2, &[any(1)]);
    assert_eq!(story.command(Command::Suspend), "");
    assert_eq!(story.close(1) + &story.close(2), "");
    assert_eq!(story.resume(3, 1), "draining");
    assert_eq!((story.0.held().len(), story.waiting()), (1, vec![2]));
}

#[test]
fn after_a_restart_each_has_the_grace_period_to_come_back_and_the_loop_is_run() {
    let mut limits = Limits::default();
    limits.grace = Duration::from_micros(60);
    let waiting = |party, request| {
        let (token, at) = (token(party, 0).digest(), Timestamp::from_micros(0));
        RequestState::waiting(Arc::new(request), token, RequestId(party), at)
    };
    let state = State {
        inventory: Arc::new(Inventory::clone(&inventory("a", &[], Rules::default()))),
        requests: [
            (RequestId(1), waiting(1, all([any(1)]))),
            (RequestId(2), waiting(2, lingering(90, all([any(1)])))),
            (RequestId(3), waiting(3, all([any(2)]))),
        ]
        .into(),
        last_id: RequestId(3),
        ..State::default()
    };
    let there = [(SessionId(1), vec![RequestId(1)])];
    let mut specification =
        Specification::restore(limits, &state, Timestamp::from_micros(100), &there);
    let ended = |id, reason| Happened::Ended { id: RequestId(id), reason };
    let happened = specification.pass_time(Timestamp::from_micros(100));
    assert_eq!(happened.first(), Some(&ended(3, respo::EndReason::NoSuch)));
    assert_eq!(specification.leases(), [RequestId(1)]);
    assert_eq!(specification.pass_time(Timestamp::from_micros(189)), []);
    let happened = specification.pass_time(Timestamp::from_micros(190));
    assert_eq!(happened, [ended(2, respo::EndReason::Orphaned)]);
}
