//! Waiters that are overtaken.

use super::breaks;
use crate::crash::checker::Property;

#[test]
fn a_waiter_is_overtaken() {
    breaks(
        Property::Order,
        "10 a asks one
         20 a queued 1
         30 b asks one
         35 b queued 2
         50 b granted 2 fence 1 one
         60 b closes
         70 a granted 1 fence 2 one
         80 a closes",
    );
}

#[test]
fn a_waiter_is_overtaken_and_never_granted() {
    breaks(
        Property::Order,
        "10 a asks one
         20 a queued 1
         30 b asks one
         50 b granted 2 fence 1 one
         60 server dead
         61 a lost
         62 b lost
         63 server started
         70 a resumes
         75 a queued 1
         80 a closes
         90 b vanishes",
    );
}

#[test]
fn a_waiter_is_overtaken_by_one_that_asked_in_another_way() {
    breaks(
        Property::Order,
        "10 a asks one
         20 a queued 1
         30 b asks one,two
         50 b granted 2 fence 1 one
         60 b closes
         70 a granted 1 fence 2 one
         80 a closes",
    );
}

#[test]
fn a_lower_priority_goes_first() {
    breaks(
        Property::Order,
        "10 a asks one priority 5
         20 a queued 1
         30 b asks one
         50 b granted 2 fence 1 one
         60 b closes
         70 a granted 1 fence 2 one
         80 a closes",
    );
}

#[test]
fn a_lower_priority_that_came_earlier_goes_first() {
    breaks(
        Property::Order,
        "10 b asks one
         15 b queued 1
         20 a asks one priority 5
         25 a queued 2
         30 server dead
         31 a lost
         32 b lost
         35 server started
         36 b resumes
         38 b queued 1
         39 a resumes
         40 a queued 2
         50 b granted 1 fence 1 one
         60 b closes
         70 a granted 2 fence 2 one
         80 a closes",
    );
}
