//! The checker itself: it accepts what is legal, and finds and names what is not.

mod legal;
mod model;
mod mutations;
mod planted;
mod planting;
mod story;

use crate::crash::checker::{Property, check, list};
use crate::crash::history::History;

/// What is violated, each property once.
fn violated(history: &History) -> Vec<Property> {
    let mut properties: Vec<_> = check(history).iter().map(|it| it.property).collect();
    properties.sort();
    properties.dedup();
    properties
}

/// Panics with the explanations if there are any violations.
#[track_caller]
fn expect_legal(what: &str, history: &History) {
    let violations = check(history);
    let mut listed = String::new();
    list(&violations, &mut listed).unwrap();
    assert!(violations.is_empty(), "{what}: {listed}");
}
