//! Which resources satisfy a selector.

use crate::inventory::{Inventory, Resource, ResourceIndex};
use crate::query::bracketed;
use crate::refusal::{MAX_UNMATCHED_PARTS, UnmatchedPart};
use crate::selector::{EntityPattern, Selector};

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

/// The matcher for names, locations, attributes and entity patterns.
///
/// Names, locations and attributes are looked up in the inventory's index; whether each entity pattern
/// finds an entity of its own is decided exactly.
#[derive(Debug, Clone, Copy, Default)]
pub struct AttributeMatcher;

impl Matcher for AttributeMatcher {
    fn candidates(&self, selector: &Selector, inventory: &Inventory) -> Vec<ResourceIndex> {
        let satisfies = |index: &ResourceIndex| {
            inventory.at(*index).is_some_and(|resource| matches(selector, resource))
        };
        match narrowest(selector, inventory) {
            Some(indexes) => indexes.into_iter().filter(satisfies).collect(),
            None => (0u32..).map(ResourceIndex).take(inventory.len()).filter(satisfies).collect(),
        }
    }

    fn unmatched(&self, selector: &Selector, inventory: &Inventory) -> Vec<UnmatchedPart> {
        let mut parts = Vec::new();
        unmatched_names(selector, inventory, &mut parts);
        unmatched_location(selector, inventory, &mut parts);
        unmatched_attributes(selector, inventory, &mut parts);
        unmatched_entities(selector, inventory, &mut parts);
        parts.truncate(MAX_UNMATCHED_PARTS);
        if parts.is_empty() {
            let value = selector.to_string();
            let detail = if inventory.is_empty() {
                "the inventory is empty".to_owned()
            } else {
                format!("each part matches some resource, but none matches all of {value}")
            };
            parts.push(UnmatchedPart { requirement: None, part: "combination", value, detail });
        }
        parts
    }
}

/// Whether `resource` satisfies `selector`.
#[must_use]
pub fn matches(selector: &Selector, resource: &Resource) -> bool {
    (selector.names.is_empty() || selector.names.contains(&resource.name))
        && (selector.location.is_none() || selector.location == resource.location)
        && selector.attributes.is_subset(&resource.attributes)
        && entities_match(selector.entities(), resource)
}

/// The shortest list of resources that the index has for one part of the selector.
fn narrowest(selector: &Selector, inventory: &Inventory) -> Option<Vec<ResourceIndex>> {
    if !selector.names.is_empty() {
        let named = selector.names.iter().filter_map(|name| inventory.index_of(name.as_str()));
        return Some(named.collect());
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

/// Whether each pattern can be given an entity of its own: a maximum bipartite matching by augmenting
/// paths (Berge 1957; Kuhn's form of the Hungarian method, 1955).
fn entities_match(patterns: &[EntityPattern], resource: &Resource) -> bool {
    if patterns.is_empty() {
        return true;
    }
    if patterns.len() > resource.entities.len() {
        return false;
    }
    let suits: Vec<Vec<bool>> = patterns
        .iter()
        .map(|pattern| {
            let suits = |entity: &crate::Entity| pattern.attributes.is_subset(&entity.attributes);
            resource.entities.values().map(suits).collect()
        })
        .collect();
    let mut taken_by: Vec<Option<usize>> = vec![None; resource.entities.len()];
    (0..patterns.len()).all(|pattern| {
        let mut seen = vec![false; taken_by.len()];
        augment(pattern, &suits, &mut taken_by, &mut seen)
    })
}

/// Gives `pattern` an entity, moving others to theirs where needed. Each call marks an entity as seen,
/// so the depth is bounded by the number of entities.
fn augment(
    pattern: usize,
    suits: &[Vec<bool>],
    taken_by: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for entity in 0..taken_by.len() {
        if !suits[pattern][entity] || seen[entity] {
            continue;
        }
        seen[entity] = true;
        let free = match taken_by[entity] {
            None => true,
            Some(other) => augment(other, suits, taken_by, seen),
        };
        if free {
            taken_by[entity] = Some(pattern);
            return true;
        }
    }
    false
}

fn unmatched_names(selector: &Selector, inventory: &Inventory, parts: &mut Vec<UnmatchedPart>) {
    let known = |name: &crate::Name| inventory.index_of(name.as_str()).is_some();
    if selector.names.is_empty() || selector.names.iter().any(known) {
        return;
    }
    let names: Vec<&str> = selector.names.iter().map(AsRef::as_ref).collect();
    let value = names.join(",");
    let detail = match names.len() {
        1 => format!("no resource is named {value:?}"),
        _ => format!("no resource has one of the names {value}"),
    };
    parts.push(UnmatchedPart { requirement: None, part: "resource", value, detail });
}

fn unmatched_location(selector: &Selector, inventory: &Inventory, parts: &mut Vec<UnmatchedPart>) {
    let Some(location) = &selector.location else {
        return;
    };
    if inventory.at_location(location).is_empty() {
        let detail = format!("no resource is at location {:?}", location.as_str());
        parts.push(UnmatchedPart {
            requirement: None,
            part: "location",
            value: location.to_string(),
            detail,
        });
    }
}

fn unmatched_attributes(
    selector: &Selector,
    inventory: &Inventory,
    parts: &mut Vec<UnmatchedPart>,
) {
    let before = parts.len();
    for word in &selector.attributes {
        if inventory.with_attribute(word).is_empty() {
            let detail = format!("no resource has the attribute {:?}", word.as_str());
            parts.push(UnmatchedPart {
                requirement: None,
                part: "attributes",
                value: word.to_string(),
                detail,
            });
        }
    }
    let alone = Selector { attributes: selector.attributes.clone(), ..Selector::any() };
    if parts.len() == before && none_matches(&alone, inventory) {
        let value = bracketed(&selector.attributes);
        let detail = format!("no resource has all of the attributes {value}");
        parts.push(UnmatchedPart { requirement: None, part: "attributes", value, detail });
    }
}

fn unmatched_entities(selector: &Selector, inventory: &Inventory, parts: &mut Vec<UnmatchedPart>) {
    let before = parts.len();
    // Patterns are sorted: equal ones are neighbours.
    for pattern in selector.entities().chunk_by(|a, b| a == b).filter_map(<[_]>::first) {
        if none_matches(&Selector::any().with_entities([pattern.clone()]), inventory) {
            let value = bracketed(&pattern.attributes);
            let detail = format!("no resource has an entity with all of {value}");
            parts.push(UnmatchedPart { requirement: None, part: "entities", value, detail });
        }
    }
    let alone = Selector::any().with_entities(selector.entities().iter().cloned());
    if parts.len() == before && !selector.entities().is_empty() && none_matches(&alone, inventory) {
        let patterns: Vec<String> =
            selector.entities().iter().map(|pattern| bracketed(&pattern.attributes)).collect();
        let value = format!("[{}]", patterns.join(","));
        let detail = format!("no resource has a different entity for each of {value}");
        parts.push(UnmatchedPart { requirement: None, part: "entities", value, detail });
    }
}

fn none_matches(selector: &Selector, inventory: &Inventory) -> bool {
    AttributeMatcher.candidates(selector, inventory).is_empty()
}
