//! Two holders of one resource.

use super::breaks;
use crate::crash::checker::tests::story::story;
use crate::crash::checker::{Property, check};

#[test]
fn two_hold_one_resource_at_one_time() {
    breaks(
        Property::Exclusion,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 b asks one
         40 b granted 2 fence 2 one
         50 a closes
         60 b closes",
    );
}

#[test]
fn another_gets_the_resource_while_its_holder_is_cut_off_and_comes_back() {
    breaks(
        Property::Exclusion,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         31 a lost
         35 server started
         40 b asks one
         50 b granted 2 fence 2 one
         55 b closes
         60 a resumes
         70 a granted 1 fence 1 one
         80 a closes",
    );
}

#[test]
fn another_gets_the_resource_before_the_grace_is_over() {
    breaks(
        Property::Exclusion,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         31 a lost
         32 a vanishes
         35 server started
         40 b asks one
         1030 b granted 2 fence 2 one
         1040 b closes",
    );
}

#[test]
fn another_gets_the_resource_although_no_server_lived_as_long_as_the_grace() {
    breaks(
        Property::Exclusion,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         31 a lost
         32 a vanishes
         35 server started
         1000 server dead
         1010 server started
         1040 b asks one
         1050 b granted 2 fence 2 one
         1060 b closes",
    );
}

#[test]
fn another_gets_the_resource_before_the_linger_is_over() {
    breaks(
        Property::Exclusion,
        "10 a asks one linger 100
         20 a granted 1 fence 1 one
         30 a vanishes
         40 b asks one
         125 b granted 2 fence 2 one
         140 b closes",
    );
}

#[test]
fn the_order_of_fences_is_not_that_of_time() {
    // Both asked before either was told, so that nothing is wrong but the order on the one resource.
    breaks(
        Property::Exclusion,
        "10 a asks one
         11 b asks one
         20 a granted 1 fence 2 one
         30 a closes
         40 b granted 2 fence 1 one
         50 b closes",
    );
}

#[test]
fn an_explanation_says_who_which_and_when() {
    let violations = check(&story(
        "10 a asks one
         20 a granted 1 fence 1 one
         30 b asks one
         40 b granted 2 fence 2 one
         50 a closes
         60 b closes",
    ));
    assert_eq!(
        violations[0].to_string(),
        "Exclusion: one was held by client 1's request 1 (id 1, fence 1, one) from 0.020000 s to 0.050000 s \
         (it closed its connection); meanwhile, at 0.040000 s, client 2's request 1 (id 2, fence 2, one) was \
         told that it has it"
    );
}
