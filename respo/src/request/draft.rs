//! A requirement, as far as it has been said: what its three forms have in common.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::lists::{EMPTY, list, list_of_lists};
use super::requirement::{MAX_KEYS, MAX_REQUESTED, Requirement, Wanted};
use super::sizes::{check_sizes, shown};
use super::text::property_term;
use crate::condition::Condition;
use crate::inventory::MAX_ENTITIES;
use crate::names::{Label, Name, Word};
use crate::property::{MAX_PROPERTIES, PropertyPath, PropertyValue, WantedProperties};
use crate::selector::{EntityPattern, MAX_SELECTOR_ITEMS, Selector};

/// Everything that the query string and the text form can say of one requirement as KEY=VALUE.
pub(crate) const REQUIREMENT_PARAMETERS: [&str; 10] = [
    "count",
    "resource",
    "location",
    "attributes",
    "entity_properties",
    "entities",
    "property",
    "where",
    "keys",
    "stack",
];

/// What has been said. A value that may be said once is `None` until then.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    count: Option<u16>,
    selector: Selector,
    keys: Option<BTreeSet<Name>>,
    stack: Option<Label>,
    /// The first thing that was said of the selector, which may not stand beside `keys`.
    selector_key: Option<&'static str>,
}

impl Draft {
    /// Takes one of the [`REQUIREMENT_PARAMETERS`], and says what is wrong with it.
    pub(crate) fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "count" => self.count(parse_count(value)?),
            "resource" => self.names(parse_all(&filled_list(value)?)?),
            "location" => self.location(parse(value)?),
            "attributes" => self.attributes(parse_all(&list(value)?)?),
            "entity_properties" | "entities" => {
                list_of_lists(value)?.iter().try_for_each(|items| self.entity(pattern_of(items)?))
            }
            "property" => {
                let (path, value) = property_term(value)?;
                self.property(path, value)
            }
            "where" => self.condition(parse_condition(value)?),
            "keys" => self.keys(parse_all(&filled_list(value)?)?),
            "stack" => self.stack(parse(value)?),
            _ => Err(format!("there is none of this name; there are {}", parameter_names())),
        }
    }

    /// Whether it has been said which resources will do by their names.
    pub(crate) fn has_names(&self) -> bool {
        !self.selector.names.is_empty()
    }

    /// Whether keys have been said.
    pub(crate) fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// What has been said of the selector alone.
    pub(crate) fn into_selector(self) -> Selector {
        self.selector
    }

    pub(crate) fn count(&mut self, count: u16) -> Result<(), String> {
        once(&mut self.count, count)
    }

    pub(crate) fn stack(&mut self, stack: Label) -> Result<(), String> {
        once(&mut self.stack, stack)
    }

    pub(crate) fn keys(&mut self, keys: BTreeSet<Name>) -> Result<(), String> {
        if let Some(key) = self.selector_key {
            return Err(format!("it does not go with {key}: {BESIDE_KEYS}"));
        }
        extend(self.keys.get_or_insert_default(), keys, MAX_KEYS)
    }

    pub(crate) fn names(&mut self, names: BTreeSet<Name>) -> Result<(), String> {
        extend(&mut self.selector_for("resource")?.names, names, MAX_SELECTOR_ITEMS)
    }

    pub(crate) fn location(&mut self, location: Label) -> Result<(), String> {
        once(&mut self.selector_for("location")?.location, location)
    }

    pub(crate) fn attributes(&mut self, words: BTreeSet<Word>) -> Result<(), String> {
        extend(&mut self.selector_for("attributes")?.attributes, words, MAX_SELECTOR_ITEMS)
    }

    pub(crate) fn condition(&mut self, condition: Condition) -> Result<(), String> {
        once(&mut self.selector_for("where")?.condition, condition)
    }

    pub(crate) fn entity(&mut self, pattern: EntityPattern) -> Result<(), String> {
        let patterns = &mut self.selector_for("entities")?.entities;
        if patterns.len() == MAX_ENTITIES {
            return Err(format!("at most {MAX_ENTITIES} entity patterns"));
        }
        patterns.push(pattern);
        Ok(())
    }

    pub(crate) fn property(
        &mut self,
        path: PropertyPath,
        value: PropertyValue,
    ) -> Result<(), String> {
        insert_property(&mut self.selector_for("properties")?.properties, path, value)
    }

    /// The selector, to say something of it under `key`.
    pub(crate) fn selector_for(&mut self, key: &'static str) -> Result<&mut Selector, String> {
        if self.keys.is_some() {
            return Err(format!("it does not go with keys: {BESIDE_KEYS}"));
        }
        self.selector_key.get_or_insert(key);
        Ok(&mut self.selector)
    }

    /// The requirement. What is wrong with the request as a whole is not known yet.
    pub(crate) fn finish(self) -> Result<Requirement, String> {
        check_sizes(&self.selector)?;
        let wanted = match self.keys {
            Some(keys) => Wanted::Keys(keys),
            None => Wanted::Matching(self.selector),
        };
        Ok(Requirement { count: self.count.unwrap_or(1), wanted, stack: self.stack })
    }
}

const BESIDE_KEYS: &str =
    "a list of keys says which ones will do, so only a count and a stack go with it";

pub(crate) fn parameter_names() -> String {
    REQUIREMENT_PARAMETERS.join(", ")
}

pub(crate) fn once<T>(place: &mut Option<T>, value: T) -> Result<(), String> {
    if place.is_some() {
        return Err("it is given twice; it takes one value".to_owned());
    }
    *place = Some(value);
    Ok(())
}

pub(crate) fn parse<T: FromStr<Err: fmt::Display>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error.to_string())
}

/// Checks a count.
pub(super) fn parse_count(value: &str) -> Result<u16, String> {
    let count = value.trim().parse().ok().filter(|&count| is_count(count));
    let count = count.and_then(|count| u16::try_from(count).ok());
    count.ok_or_else(|| format!("{} is not a count; {COUNT}", shown(value)))
}

/// What a count is.
pub(super) const COUNT: &str = "it is a whole number from 1 to 256";

pub(super) fn is_count(count: u64) -> bool {
    (1..=MAX_REQUESTED as u64).contains(&count)
}

pub(super) fn parse_condition(text: &str) -> Result<Condition, String> {
    if text.trim().is_empty() {
        return Err("an expression is missing, such as where=name.startsWith(\"b\")".to_owned());
    }
    Condition::new(text).map_err(|error| error.to_string())
}

pub(super) fn insert_property(
    properties: &mut WantedProperties,
    path: PropertyPath,
    value: PropertyValue,
) -> Result<(), String> {
    super::sizes::check_value(&value)?;
    if properties.insert(path.clone(), value).is_some() {
        return Err(format!("the property {} is given twice", shown(path.as_str())));
    }
    if properties.len() > MAX_PROPERTIES {
        return Err(format!("at most {MAX_PROPERTIES} properties"));
    }
    Ok(())
}

fn extend<T: Ord>(set: &mut BTreeSet<T>, items: BTreeSet<T>, most: usize) -> Result<(), String> {
    set.extend(items);
    if set.len() > most {
        return Err(format!("at most {most} values"));
    }
    Ok(())
}

fn filled_list(value: &str) -> Result<Vec<&str>, String> {
    let items = list(value)?;
    if items.is_empty() { Err(EMPTY.to_owned()) } else { Ok(items) }
}

fn parse_all<T: Ord + FromStr<Err: fmt::Display>>(items: &[&str]) -> Result<BTreeSet<T>, String> {
    items.iter().map(|item| parse_item(item)).collect()
}

pub(super) fn parse_item<T: FromStr<Err: fmt::Display>>(item: &str) -> Result<T, String> {
    item.parse().map_err(|error: T::Err| format!("{}: {error}", shown(item)))
}

/// An entity pattern: words are attributes, items in braces are properties.
fn pattern_of(items: &[&str]) -> Result<EntityPattern, String> {
    let mut pattern = EntityPattern::default();
    for item in items {
        match item.strip_prefix('{').and_then(|item| item.strip_suffix('}')) {
            Some(term) => {
                let (path, value) = property_term(term)?;
                insert_property(&mut pattern.properties, path, value)?;
            }
            None => {
                pattern.attributes.insert(parse_item(item)?);
            }
        }
    }
    if pattern.attributes.len() > MAX_SELECTOR_ITEMS {
        return Err(format!("at most {MAX_SELECTOR_ITEMS} values"));
    }
    Ok(pattern)
}
