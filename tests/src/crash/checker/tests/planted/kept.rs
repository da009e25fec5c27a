//! What is gone too early, and what comes back although it had ended.

use super::breaks;
use crate::crash::checker::Property;

#[test]
fn a_lease_is_lost_in_a_restart() {
    breaks(
        Property::Kept,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         50 a resumes
         60 a resume refused 403",
    );
}

#[test]
fn a_waiting_request_is_lost_in_a_restart() {
    breaks(
        Property::Kept,
        "10 a asks one
         20 a queued 1
         30 server dead
         35 a lost
         40 server started
         50 a resumes
         60 a resume refused 403",
    );
}

#[test]
fn a_lease_is_lost_although_each_server_was_killed_before_the_grace_was_over() {
    breaks(
        Property::Kept,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         1000 server dead
         1010 server started
         1990 a resumes
         2000 a resume refused 403",
    );
}

#[test]
fn a_lease_that_lingers_is_lost() {
    breaks(
        Property::Kept,
        "10 a asks one linger 100
         20 a granted 1 fence 1 one
         30 a blinks
         40 a resumes
         60 a resume refused 403",
    );
}

#[test]
fn a_release_does_not_find_the_lease() {
    breaks(
        Property::Kept,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         50 a releases
         60 a released 404",
    );
}

#[test]
fn a_lease_goes_back_to_the_queue() {
    breaks(
        Property::Kept,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 server dead
         35 a lost
         40 server started
         50 a resumes
         60 a queued 1
         70 a closes",
    );
}

#[test]
fn a_lease_is_ended_without_a_cause() {
    breaks(
        Property::Kept,
        "10 a asks one max 100
         20 a granted 1 fence 1 one
         30 a ended 1 max_duration",
    );
}

#[test]
fn a_connection_breaks_without_a_restart_and_the_lease_is_gone() {
    breaks(
        Property::Kept,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 a lost
         40 a resumes
         50 a resume refused 403",
    );
}

#[test]
fn a_released_lease_is_there_again_after_a_restart() {
    breaks(
        Property::EndedForGood,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 a releases
         40 a released 204
         50 server dead
         60 server started
         70 a resumes
         80 a granted 1 fence 1 one",
    );
}
