//! Which entity patterns no resource serves.

use super::{none_matches, part, properties};
use crate::inventory::Inventory;
use crate::query::bracketed;
use crate::refusal::UnmatchedPart;
use crate::selector::{EntityPattern, Selector};

const PART: &str = "entities";

pub(super) fn unmatched(
    selector: &Selector,
    inventory: &Inventory,
    parts: &mut Vec<UnmatchedPart>,
) {
    let before = parts.len();
    let patterns = selector.entities();
    // Equal ones need not be neighbours.
    for (place, pattern) in patterns.iter().enumerate() {
        if !patterns[..place].contains(pattern) && alone_matches_none(pattern, inventory) {
            for part in unmatched_pattern(pattern, inventory) {
                // Patterns may have in common what no entity has.
                if parts.iter().all(|known| known.detail != part.detail) {
                    parts.push(part);
                }
            }
        }
    }
    let alone = Selector::any().with_entities(patterns.iter().cloned());
    if parts.len() == before && !patterns.is_empty() && none_matches(&alone, inventory) {
        let each: Vec<String> = patterns.iter().map(describe).collect();
        let value = format!("[{}]", each.join(","));
        let detail = format!("no resource has a different entity for each of {value}");
        parts.push(part(PART, value, detail));
    }
}

/// Says what it is about the pattern that no entity has: the attributes, single properties, or all together.
fn unmatched_pattern(pattern: &EntityPattern, inventory: &Inventory) -> Vec<UnmatchedPart> {
    let mut parts = Vec::new();
    let attributes =
        EntityPattern { attributes: pattern.attributes.clone(), ..EntityPattern::default() };
    if *pattern == EntityPattern::default() {
        parts.push(part(PART, "[]".to_owned(), "no resource has an entity".to_owned()));
    } else if !attributes.attributes.is_empty() && alone_matches_none(&attributes, inventory) {
        let value = bracketed(&pattern.attributes);
        let detail = format!("no resource has an entity with all of {value}");
        parts.push(part(PART, value, detail));
    }
    for (path, wanted) in &pattern.properties {
        let entities = inventory.resources().iter().flat_map(|resource| resource.entities.values());
        let places = entities.map(|entity| &entity.properties);
        if let Some(detail) = properties::explain("entity", path, wanted, places) {
            parts.push(part(PART, format!("{path}={wanted}"), detail));
        }
    }
    if parts.is_empty() {
        let value = describe(pattern);
        let detail = format!("no resource has an entity with all of {value}");
        parts.push(part(PART, value, detail));
    }
    parts
}

fn alone_matches_none(pattern: &EntityPattern, inventory: &Inventory) -> bool {
    none_matches(&Selector::any().with_entities([pattern.clone()]), inventory)
}

/// The attributes and properties of a pattern: `[jtag,platform="android"]`.
fn describe(pattern: &EntityPattern) -> String {
    let attributes = pattern.attributes.iter().map(ToString::to_string);
    let properties = pattern.properties.iter().map(|(path, wanted)| format!("{path}={wanted}"));
    format!("[{}]", attributes.chain(properties).collect::<Vec<_>>().join(","))
}
