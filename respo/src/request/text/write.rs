//! Writing a requirement in the form in which it is read.

use std::collections::BTreeSet;

use super::property::{Written, is_plain_path, written_text, written_value};
use super::read::{PROPERTIES, is_number};
use crate::names::Name;
use crate::property::{PropertyPath, PropertyValue};
use crate::request::draft::REQUIREMENT_PARAMETERS;
use crate::request::requirement::{Requirement, Wanted};
use crate::selector::{EntityPattern, Selector};

/// The canonical text.
pub(super) fn requirement(requirement: &Requirement) -> String {
    let mut terms = Vec::new();
    match &requirement.wanted {
        Wanted::Keys(keys) => terms.push(format!("{} of {}", requirement.count, join(keys))),
        Wanted::Matching(selector) => {
            if requirement.count != 1 {
                terms.push(requirement.count.to_string());
            }
            push_selector(&mut terms, selector);
        }
    }
    if let Some(stack) = &requirement.stack {
        terms.push(format!("@{}", written_text(stack.as_str())));
    }
    if let Some(condition) = requirement.selector().and_then(|one| one.condition.as_ref()) {
        terms.push(format!("where={condition}"));
    }
    if terms.is_empty() {
        terms.push(requirement.count.to_string());
    }
    terms.join(" ")
}

/// Everything but the condition, which must come last.
fn push_selector(terms: &mut Vec<String>, selector: &Selector) {
    if !selector.names.is_empty() {
        let names = join(&selector.names);
        let would_be_read_otherwise = is_number(&names) || names == "of";
        terms.push(if would_be_read_otherwise { format!("resource={names}") } else { names });
    }
    if let Some(location) = &selector.location {
        terms.push(format!("location={}", written_text(location.as_str())));
    }
    terms.extend(selector.attributes.iter().map(|word| format!("+{word}")));
    terms.extend(selector.entities().iter().map(pattern));
    terms.extend(selector.properties.iter().map(|(path, value)| property(path, value)));
}

fn property(path: &PropertyPath, value: &PropertyValue) -> String {
    let text = path.as_str();
    let is_key = REQUIREMENT_PARAMETERS.contains(&text) || text.starts_with(PROPERTIES);
    if is_key && is_plain_path(text) {
        format!("{PROPERTIES}{text}={}", written_value(value))
    } else {
        Written(path, value).to_string()
    }
}

fn pattern(pattern: &EntityPattern) -> String {
    let attributes = pattern.attributes.iter().map(|word| {
        let marked = word.as_str().contains('=') || word.as_str().starts_with('+');
        if marked { format!("+{word}") } else { word.to_string() }
    });
    let properties =
        pattern.properties.iter().map(|(path, value)| Written(path, value).to_string());
    format!("{{{}}}", attributes.chain(properties).collect::<Vec<_>>().join(" "))
}

fn join(names: &BTreeSet<Name>) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(",")
}
