//! Requests that are made once, however often they are sent.

use std::sync::Arc;

use crate::story::{SECOND, Story, all, any, renewed_every};
use respo::idempotency::MadeWith;
use respo::{Command, Request, SessionId};
use tests::random_histories::token;

impl Story {
    fn once(&mut self, session: u64, key: u64, request: Request) -> String {
        let token_of_next = token(self.0.last_id().0 + 1, 0).digest();
        let made_with = MadeWith { key: token(key, 77).digest(), salt: [0; 16] };
        self.command(Command::SubmitOnce {
            session: SessionId(session),
            request: Arc::new(request),
            token: token_of_next,
            made_with,
        })
    }
}

#[test]
fn the_same_key_takes_up_what_it_has_made_from_wherever() {
    let mut story = Story::new("a b");
    assert_eq!(story.once(1, 5, all([any(1)])), "1 gets a");
    assert_eq!(story.once(1, 5, all([any(1)])), "1 again");
    assert_eq!(story.once(2, 5, all([any(1)])), "1 again");
    assert_eq!(story.close(1), "", "it is the other session's now");
    assert_eq!(story.once(3, 6, all([any(1)])), "2 gets b", "another key");
    assert_eq!(story.once(3, 5, all([any(2)])), "key_reused");
}

#[test]
fn the_key_of_what_has_ended_or_was_passed_on_makes_nothing_more() {
    let mut story = Story::new("a b");
    story.once(1, 5, all([any(1)]));
    story.once(1, 6, all([any(1)]));
    story.end(1);
    assert_eq!(story.once(1, 5, all([any(1)])), "key_spent");
    story.pass_on(2, 0, "bob");
    assert_eq!(story.once(1, 6, all([any(1)])), "key_spent");
}

#[test]
fn what_is_refused_spends_no_key() {
    let mut story = Story::new("a");
    story.ask(2, &[any(1)]);
    assert_eq!(story.once(1, 5, crate::story::without_waiting(all([any(1)]))), "busy");
    story.end(1);
    assert_eq!(story.once(1, 5, all([any(1)])), "2 gets a");
}

#[test]
fn spent_keys_are_forgotten_after_a_day_once_another_is_spent() {
    let mut story = Story::new("a b");
    let day = 24 * 3600 * SECOND;
    story.once(1, 5, all([any(1)]));
    story.once(1, 6, all([any(1)]));
    story.end(1);
    assert_eq!(story.at(day), "");
    story.end(2);
    assert_eq!(story.once(1, 5, all([any(1)])), "key_spent", "a day, and no more");
    story.once(1, 7, all([any(1)]));
    assert_eq!(story.at(day + 1), "");
    story.end(3);
    assert_eq!(story.once(1, 5, all([any(1)])), "4 gets b");
}

#[test]
fn a_repetition_renews_what_is_kept_by_that() {
    let mut story = Story::new("a");
    story.once(1, 5, renewed_every(2, all([any(1)])));
    assert_eq!(story.at(SECOND), "");
    assert_eq!(story.once(2, 5, renewed_every(2, all([any(1)]))), "1 again");
    assert_eq!(story.at(2 * SECOND), "");
    assert_eq!(story.at(3 * SECOND), "1 ends: expired");
}
