//! Whether a resource suits a selector: everything that the selector says is true of it.

use std::collections::BTreeMap;

use respo::{Entity, EntityPattern, PropertyPath, PropertyValue, Resource, Selector};
use serde_json::Value;

use super::conditions;

/// Whether the selector takes the resource.
#[must_use]
pub fn suits(selector: &Selector, resource: &Resource) -> bool {
    let entities: Vec<&Entity> = resource.entities.values().collect();
    (selector.names.is_empty() || selector.names.contains(&resource.name))
        && (selector.location.is_none() || selector.location == resource.location)
        && selector.attributes.iter().all(|word| resource.attributes.contains(word))
        && selector.properties.iter().all(|wanted| has(&resource.properties, wanted))
        && selector.condition.as_ref().is_none_or(|text| conditions::holds(text, resource))
        && each_finds_its_own(selector.entities(), &entities)
}

/// Whether each pattern can be given an entity of its own: every way is tried.
fn each_finds_its_own(patterns: &[EntityPattern], entities: &[&Entity]) -> bool {
    let Some((pattern, others)) = patterns.split_first() else {
        return true;
    };
    (0..entities.len()).any(|n| {
        let mut rest = entities.to_vec();
        let entity = rest.remove(n);
        fits(pattern, entity) && each_finds_its_own(others, &rest)
    })
}

fn fits(pattern: &EntityPattern, entity: &Entity) -> bool {
    pattern.attributes.iter().all(|word| entity.attributes.contains(word))
        && pattern.properties.iter().all(|wanted| has(&entity.properties, wanted))
}

/// Whether one of the values that stand at the path is as wanted.
fn has(properties: &BTreeMap<String, Value>, wanted: (&PropertyPath, &PropertyValue)) -> bool {
    let (path, value) = wanted;
    let mut all = Vec::new();
    for (key, value) in properties {
        list(key.clone(), value, &mut all);
    }
    all.iter().any(|(place, found)| place == path.as_str() && is(found, value))
}

/// Adds every value with its path: a map's values stand below it, after a dot.
fn list<'v>(path: String, value: &'v Value, all: &mut Vec<(String, &'v Value)>) {
    if let Value::Object(map) = value {
        for (key, below) in map {
            list(format!("{path}.{key}"), below, all);
        }
    }
    all.push((path, value));
}

fn is(found: &Value, wanted: &PropertyValue) -> bool {
    match (wanted, found) {
        (PropertyValue::Equal(scalar), _) => equal(found, &scalar.to_json()),
        (PropertyValue::Contains(scalars), Value::Array(items)) => {
            scalars.iter().all(|scalar| items.iter().any(|item| equal(item, &scalar.to_json())))
        }
        (PropertyValue::Contains(_), _) => false,
    }
}

/// Numbers are equal however they are written; everything else is if it is the same.
fn equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}
