//! Which resources satisfy a selector.

use crate::condition::Condition;
use crate::inventory::{Inventory, Resource, ResourceIndex};
use crate::property::has_properties;
use crate::refusal::UnmatchedPart;
use crate::selector::Selector;

mod entities;
mod search;
mod unmatched;

pub use entities::pairing;
pub use search::{Search, TooExpensive};

/// What it may cost to evaluate the condition of a selector for all resources that the rest of the selector
/// leaves, in the units of [`MAX_EVALUATION_COST`](crate::condition::MAX_EVALUATION_COST): about half a second at
/// worst. Beyond that the selector matches nothing, and [`Matcher::unmatched`] says why.
pub const MAX_CONDITION_COST: u64 = 5_000_000;

/// Decides which resources of an inventory satisfy a selector.
///
/// # Contract
/// - Pure: the answer depends on the two arguments alone. It knows nothing of leases.
/// - `candidates` is sorted and free of repetitions.
/// - `unmatched` is asked only if `candidates` is empty, and then names at least one part.
///
/// The engine asks once for each distinct selector until the inventory changes.
pub trait Matcher: Send + Sync {
    /// The resources that satisfy `selector`, in order.
    fn candidates(&self, selector: &Selector, inventory: &Inventory) -> Vec<ResourceIndex>;

    /// The parts of `selector` that no resource satisfies.
    fn unmatched(&self, selector: &Selector, inventory: &Inventory) -> Vec<UnmatchedPart>;
}

/// The matcher for everything that a selector can say.
///
/// Names, locations and attributes are looked up in the inventory's index; properties and entities are looked
/// at where these leave a resource; the condition is evaluated last. Whether each entity pattern finds an
/// entity of its own is decided exactly.
#[derive(Debug, Clone, Copy, Default)]
pub struct AttributeMatcher;

impl Matcher for AttributeMatcher {
    fn candidates(&self, selector: &Selector, inventory: &Inventory) -> Vec<ResourceIndex> {
        let mut found = without_condition(selector, inventory);
        if let Some(condition) = &selector.condition {
            if is_too_expensive(condition, &found, inventory) {
                return Vec::new();
            }
            found.retain(|index| inventory.at(*index).is_some_and(|it| satisfies(condition, it)));
        }
        found
    }

    fn unmatched(&self, selector: &Selector, inventory: &Inventory) -> Vec<UnmatchedPart> {
        unmatched::unmatched(selector, inventory)
    }
}

/// Whether `resource` satisfies `selector`.
#[must_use]
pub fn matches(selector: &Selector, resource: &Resource) -> bool {
    matches_without_condition(selector, resource)
        && selector.condition.as_ref().is_none_or(|it| satisfies(it, resource))
}

fn satisfies(condition: &Condition, resource: &Resource) -> bool {
    condition.accepts(resource) == Ok(true)
}

/// What is cheap to find out comes first.
fn matches_without_condition(selector: &Selector, resource: &Resource) -> bool {
    (selector.names.is_empty() || selector.names.contains(&resource.name))
        && (selector.location.is_none() || selector.location == resource.location)
        && selector.attributes.is_subset(&resource.attributes)
        && has_properties(&selector.properties, &resource.properties)
        && entities::suffice(selector.entities(), resource)
}

/// The resources that satisfy everything but the condition, in order.
fn without_condition(selector: &Selector, inventory: &Inventory) -> Vec<ResourceIndex> {
    let suits = |index: &ResourceIndex| {
        let resource = inventory.at(*index);
        resource.is_some_and(|resource| matches_without_condition(selector, resource))
    };
    match narrowest(selector, inventory) {
        Some(indexes) => indexes.into_iter().filter(suits).collect(),
        None => (0u32..).map(ResourceIndex).take(inventory.len()).filter(suits).collect(),
    }
}

/// Whether evaluating `condition` for all of these would take too long.
fn is_too_expensive(
    condition: &Condition,
    resources: &[ResourceIndex],
    inventory: &Inventory,
) -> bool {
    let mut left = Some(MAX_CONDITION_COST);
    resources.iter().filter_map(|index| inventory.at(*index)).any(|resource| {
        // Where one evaluation is too expensive by itself, there is none.
        let cost = condition.cost(resource).unwrap_or(1);
        left = left.and_then(|left| left.checked_sub(cost));
        left.is_none()
    })
}

/// The shortest list of resources that the index has for one part of the selector.
fn narrowest(selector: &Selector, inventory: &Inventory) -> Option<Vec<ResourceIndex>> {
    if !selector.names.is_empty() {
        let named = selector.names.iter().filter_map(|name| inventory.index_of(name.as_str()));
        let mut named: Vec<ResourceIndex> = named.collect();
        // Sets of names are not in the order of the inventory.
        named.sort_unstable();
        return Some(named);
    }
    let by_location = selector.location.iter().map(|location| inventory.at_location(location));
    let by_attribute = selector.attributes.iter().map(|word| inventory.with_attribute(word));
    let words = selector.entities().iter().flat_map(|pattern| &pattern.attributes);
    let by_part = words.map(|word| inventory.with_entity_attribute(word));
    by_location
        .chain(by_attribute)
        .chain(by_part)
        .min_by_key(|indexes| indexes.len())
        .map(<[_]>::to_vec)
}
