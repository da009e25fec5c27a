//! What the checker must find: for each rule the shortest histories that break it.

mod answers_and_liveness;
mod exclusion;
mod fences_and_identities;
mod kept;
mod order;

use super::story::story;
use super::violated;
use crate::crash::checker::{Property, check};

/// Checks that a story breaks this property and no other.
#[track_caller]
fn breaks(property: Property, text: &str) {
    let history = story(text);
    assert_eq!(violated(&history), [property], "{:#?}", check(&history));
}
