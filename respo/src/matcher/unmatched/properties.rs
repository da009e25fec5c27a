//! Which properties no resource, or no entity, has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{none_matches, part};
use crate::inventory::Inventory;
use crate::property::{PropertyPath, PropertyValue, Scalar};
use crate::refusal::UnmatchedPart;
use crate::selector::Selector;

const PART: &str = "properties";

pub(super) fn unmatched(
    selector: &Selector,
    inventory: &Inventory,
    parts: &mut Vec<UnmatchedPart>,
) {
    let before = parts.len();
    for (path, wanted) in &selector.properties {
        let places = inventory.resources().iter().map(|resource| &resource.properties);
        if let Some(detail) = explain("resource", path, wanted, places) {
            parts.push(part(PART, format!("{path}={wanted}"), detail));
        }
    }
    let alone = Selector { properties: selector.properties.clone(), ..Selector::any() };
    if parts.len() == before && none_matches(&alone, inventory) {
        let each = selector.properties.iter().map(|(path, wanted)| format!("{path}={wanted}"));
        let value = each.collect::<Vec<_>>().join(",");
        let detail = format!("no resource has all of the properties {value}");
        parts.push(part(PART, value, detail));
    }
}

/// Why a property is not found in any of these `places`, which `what` has; `None` if it is.
///
/// It says what kinds of value stand there, and whether the value that is asked for stands there as another
/// kind, and nothing else that the asker did not say.
pub(super) fn explain<'p>(
    what: &str,
    path: &PropertyPath,
    wanted: &PropertyValue,
    places: impl Iterator<Item = &'p BTreeMap<String, Value>>,
) -> Option<String> {
    let mut kinds = BTreeSet::new();
    let mut otherwise = None;
    for found in places.flat_map(|place| path.find(place)) {
        if wanted.accepts(found) {
            return None;
        }
        kinds.insert(kind(found));
        otherwise = otherwise.or_else(|| as_another_kind(wanted, found));
    }
    if kinds.is_empty() {
        return Some(format!("no {what} has a property {path}"));
    }
    let asked = match wanted {
        PropertyValue::Equal(scalar) => format!("no {what} has {path} = {scalar}"),
        PropertyValue::Contains(_) => format!("no {what} has all of {wanted} in {path}"),
    };
    let own_kind = kind(&wanted.to_json());
    Some(match otherwise {
        Some((scalar, there)) => {
            format!("{asked}; {scalar} is {} here, and {there} there", kind(&scalar.to_json()))
        }
        None if kinds.contains(own_kind) => asked,
        None => {
            let there: Vec<&str> = kinds.into_iter().collect();
            format!("{asked}; it is {own_kind} here, and {} there", there.join(" or "))
        }
    })
}

/// What is asked for, and what kind of value it is there, if it reads the same but is of another kind: `12` and
/// `"12"`.
fn as_another_kind<'w>(
    wanted: &'w PropertyValue,
    found: &Value,
) -> Option<(&'w Scalar, &'static str)> {
    match (wanted, found) {
        (PropertyValue::Equal(scalar), found) => {
            reads_the_same(scalar, found).then(|| (scalar, kind(found)))
        }
        (PropertyValue::Contains(scalars), Value::Array(items)) => {
            let there = |scalar: &Scalar| items.iter().any(|item| scalar.is(item));
            scalars.iter().filter(|scalar| !there(scalar)).find_map(|scalar| {
                let same = items.iter().find(|item| reads_the_same(scalar, item))?;
                Some((scalar, kind(same)))
            })
        }
        (PropertyValue::Contains(_), _) => None,
    }
}

fn reads_the_same(wanted: &Scalar, found: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => Scalar::of(other).map(|scalar| scalar.to_string()).unwrap_or_default(),
    };
    let wanted = wanted.to_json();
    kind(&wanted) != kind(found) && !plain(found).is_empty() && plain(&wanted) == plain(found)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
