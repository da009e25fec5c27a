//! How much one requirement may say.

use std::fmt;

use crate::inventory::MAX_ENTITIES;
use crate::property::{MAX_PROPERTIES, PropertyValue, WantedProperties};
use crate::selector::{MAX_SELECTOR_ITEMS, Selector};

/// Says what a selector has too much of, if it has.
pub(crate) fn check_sizes(selector: &Selector) -> Result<(), String> {
    let over = |what: &str, most: usize| Err(format!("a selector has at most {most} {what}"));
    if selector.names.len() > MAX_SELECTOR_ITEMS {
        return over("names", MAX_SELECTOR_ITEMS);
    }
    let patterns = selector.entities().iter();
    let attributes = patterns.clone().map(|pattern| pattern.attributes.len());
    if attributes.chain([selector.attributes.len()]).any(|words| words > MAX_SELECTOR_ITEMS) {
        return over("attributes", MAX_SELECTOR_ITEMS);
    }
    if selector.entities().len() > MAX_ENTITIES {
        return over("entity patterns", MAX_ENTITIES);
    }
    let properties = patterns.map(|pattern| &pattern.properties);
    properties.chain([&selector.properties]).try_for_each(check_properties)
}

fn check_properties(properties: &WantedProperties) -> Result<(), String> {
    if properties.len() > MAX_PROPERTIES {
        return Err(format!("at most {MAX_PROPERTIES} properties"));
    }
    properties.values().try_for_each(check_value)
}

/// What could not be read back may not be written down.
pub(super) fn check_value(value: &PropertyValue) -> Result<(), String> {
    match value {
        PropertyValue::Contains(items) if items.len() > MAX_SELECTOR_ITEMS => {
            Err(format!("a property's list has at most {MAX_SELECTOR_ITEMS} items"))
        }
        value => PropertyValue::of(&value.to_json()).map(drop).map_err(|error| error.to_string()),
    }
}

/// The most characters of what was given that a message repeats.
const MAX_SHOWN: usize = 60;

/// What was given, as messages repeat it: in quotes, without control characters, not too long.
pub(super) fn shown(text: &str) -> impl fmt::Display + use<> {
    match text.char_indices().nth(MAX_SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}
