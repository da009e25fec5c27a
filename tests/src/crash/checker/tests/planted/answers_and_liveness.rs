//! Wrong answers, things that never end, and nonsense.

use super::breaks;
use crate::crash::checker::Property;

#[test]
fn a_request_is_refused() {
    breaks(
        Property::Answers,
        "10 a asks one
         20 a refused 409",
    );
}

#[test]
fn a_waiter_never_hears_again() {
    breaks(
        Property::Liveness,
        "10 a asks one
         20 a queued 1",
    );
}

#[test]
fn a_client_that_was_cut_off_never_hears_again() {
    breaks(
        Property::Liveness,
        "10 a asks one
         20 a queued 1
         30 server dead
         35 a lost
         40 server started
         50 a resumes",
    );
}

#[test]
fn something_is_left_in_the_end() {
    breaks(
        Property::Liveness,
        "10 a asks one
         20 a granted 1 fence 1 one
         30 a closes
         40 server left one",
    );
}

#[test]
fn the_server_ends_by_itself() {
    breaks(Property::Liveness, "10 server exited");
}

#[test]
fn somebody_is_told_of_what_it_did_not_ask_for() {
    breaks(Property::WellFormed, "10 a queued 1");
}
