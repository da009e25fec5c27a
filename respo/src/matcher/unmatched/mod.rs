//! Which parts of a selector no resource satisfies.
//!
//! It says what kind of value stands where a property is asked for, but never which: that is for the holder
//! of a lease alone.

use super::{AttributeMatcher, Matcher, is_too_expensive, without_condition};
use crate::condition::Condition;
use crate::inventory::{Inventory, ResourceIndex};
use crate::query::bracketed;
use crate::refusal::{MAX_UNMATCHED_PARTS, UnmatchedPart};
use crate::selector::Selector;

mod entities;
mod properties;

pub(super) fn unmatched(selector: &Selector, inventory: &Inventory) -> Vec<UnmatchedPart> {
    if inventory.is_empty() {
        let detail = "the inventory is empty".to_owned();
        return vec![part("combination", selector.to_string(), detail)];
    }
    let mut parts = Vec::new();
    unmatched_names(selector, inventory, &mut parts);
    unmatched_location(selector, inventory, &mut parts);
    unmatched_attributes(selector, inventory, &mut parts);
    properties::unmatched(selector, inventory, &mut parts);
    entities::unmatched(selector, inventory, &mut parts);
    unmatched_condition(selector, inventory, &mut parts);
    parts.truncate(MAX_UNMATCHED_PARTS);
    if parts.is_empty() {
        let value = selector.to_string();
        let detail = format!("each part matches some resource, but none matches all of {value}");
        parts.push(part("combination", value, detail));
    }
    parts
}

fn part(part: &'static str, value: String, detail: String) -> UnmatchedPart {
    UnmatchedPart { requirement: None, part, value, detail }
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
    parts.push(part("resource", value, detail));
}

fn unmatched_location(selector: &Selector, inventory: &Inventory, parts: &mut Vec<UnmatchedPart>) {
    let Some(location) = &selector.location else {
        return;
    };
    if inventory.at_location(location).is_empty() {
        let detail = format!("no resource is at location {:?}", location.as_str());
        parts.push(part("location", location.to_string(), detail));
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
            parts.push(part("attributes", word.to_string(), detail));
        }
    }
    let alone = Selector { attributes: selector.attributes.clone(), ..Selector::any() };
    if parts.len() == before && none_matches(&alone, inventory) {
        let value = bracketed(&selector.attributes);
        let detail = format!("no resource has all of the attributes {value}");
        parts.push(part("attributes", value, detail));
    }
}

/// The condition is asked of what the rest of the selector leaves. If that is nothing, the condition is not to
/// blame.
fn unmatched_condition(selector: &Selector, inventory: &Inventory, parts: &mut Vec<UnmatchedPart>) {
    let Some(condition) = &selector.condition else {
        return;
    };
    let left = without_condition(selector, inventory);
    if left.is_empty() {
        return;
    }
    let which = match left.len() {
        all if all == inventory.len() => "no resource".to_owned(),
        1 => "the one resource that everything else leaves does not".to_owned(),
        some => format!("none of the {some} resources that everything else leaves"),
    };
    let text = condition.as_str();
    let detail = if is_too_expensive(condition, &left, inventory) {
        format!(
            "the condition {text} is too expensive for {} resources; ask for a location or attributes as \
             well, so that it need not look at so many, or leave out loops",
            left.len()
        )
    } else {
        let verb = if left.len() == 1 && inventory.len() > 1 { "satisfy" } else { "satisfies" };
        let failure = common_failure(condition, &left, inventory);
        let because = failure.map(|(name, why)| {
            format!("; it cannot be evaluated for any of them, first for {name}: {why}")
        });
        format!("{which} {verb} {text}{}", because.unwrap_or_default())
    };
    parts.push(part("where", text.to_owned(), detail));
}

/// The first failure, if the condition can be evaluated for no resource: the name of the resource, and why.
fn common_failure(
    condition: &Condition,
    resources: &[ResourceIndex],
    inventory: &Inventory,
) -> Option<(String, String)> {
    let mut first = None;
    for resource in resources.iter().filter_map(|index| inventory.at(*index)) {
        let why = condition.accepts(resource).err()?;
        first.get_or_insert_with(|| (resource.name.to_string(), why));
    }
    first
}

fn none_matches(selector: &Selector, inventory: &Inventory) -> bool {
    AttributeMatcher.candidates(selector, inventory).is_empty()
}
