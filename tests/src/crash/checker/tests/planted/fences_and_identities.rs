//! Fences and ids that are not what they must be.

use super::breaks;
use crate::crash::checker::tests::story::story;
use crate::crash::checker::tests::violated;
use crate::crash::checker::{Property, check};

#[test]
fn a_fence_is_given_twice() {
    breaks(
        Property::Fences,
        "10 a asks one
         11 b asks two
         20 a granted 1 fence 1 one
         30 b granted 2 fence 1 two
         40 a closes
         50 b closes",
    );
}

#[test]
fn a_fence_is_smaller_than_one_that_was_told_before() {
    breaks(
        Property::Fences,
        "10 a asks one
         20 a granted 1 fence 7 one
         30 b asks two
         40 b granted 2 fence 6 two
         50 a closes
         60 b closes",
    );
}

#[test]
fn a_fence_falls_over_a_restart_while_its_request_waits() {
    breaks(
        Property::Fences,
        "10 a asks one
         15 b asks two
         20 a queued 1
         30 b granted 2 fence 7 two
         35 server dead
         36 a lost
         37 b lost
         40 server started
         50 a resumes
         60 a queued 1
         70 a granted 1 fence 6 one
         75 b vanishes
         80 a closes",
    );
}

#[test]
fn a_lease_comes_back_with_another_fence() {
    breaks(
        Property::Identities,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         50 a resumes
         60 a granted 1 fence 2 one
         70 a closes",
    );
}

#[test]
fn a_lease_comes_back_with_another_resource() {
    breaks(
        Property::Identities,
        "10 a asks one,two
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         50 a resumes
         60 a granted 1 fence 1 two
         70 a closes",
    );
}

#[test]
fn a_token_gives_another_request() {
    let history = story(
        "10 a asks one
         20 a queued 1
         30 server dead
         35 a lost
         40 server started
         50 a resumes
         60 a queued 2
         70 a closes",
    );
    assert_eq!(violated(&history), [Property::Identities]);
    assert_eq!(check(&history).len(), 2, "the id and the token");
}

#[test]
fn an_id_is_given_twice() {
    breaks(
        Property::Identities,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 a closes
         40 b asks one
         50 b granted 1 fence 2 one
         60 b closes",
    );
}

#[test]
fn a_lease_is_of_a_resource_that_was_not_asked_for() {
    breaks(
        Property::Identities,
        "10 a asks one
         20 a granted 1 fence 1 two
         30 a closes",
    );
}
