//! The conditions that random selectors may have, each with what it means in Rust.
//!
//! The specification does not evaluate expressions. It knows these, and no others.

use respo::{Condition, Resource};

/// What a condition says of a resource.
type Meaning = fn(&Resource) -> bool;

/// The texts, and what they mean.
pub const CONDITIONS: [(&str, Meaning); 4] = [
    ("name == 'r2' || name == 'r10'", |resource| ["r2", "r10"].contains(&resource.name.as_str())),
    ("location == 'office1'", |resource| {
        resource.location.as_ref().is_some_and(|location| location.as_str() == "office1")
    }),
    ("'a' in attributes && !('b' in attributes)", |resource| {
        let has = |word: &str| resource.attributes.iter().any(|one| one.as_str() == word);
        has("a") && !has("b")
    }),
    ("size(entities) >= 2", |resource| resource.entities.len() >= 2),
];

/// Whether the condition is true of the resource.
///
/// # Panics
/// On a condition that is not in [`CONDITIONS`].
#[must_use]
pub fn holds(condition: &Condition, resource: &Resource) -> bool {
    let known = CONDITIONS.iter().find(|(text, _)| *text == condition.as_str());
    let (_, meaning) = known.unwrap_or_else(|| panic!("no meaning for {condition:?}"));
    meaning(resource)
}
