//! Reading a request, key by key.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::properties::Properties;
use super::values::{Count, List, OneOrMany, Parsed, Refuse, Tags, Then, Whole};
use crate::inventory::MAX_ENTITIES;
use crate::names::{Name, Word};
use crate::request::draft::{Draft, parse_condition};
use crate::request::lists::EMPTY;
use crate::request::requirement::{MAX_KEYS, MAX_REQUIREMENTS, Requirement};
use crate::request::{Hold, MIN_TTL, Priority, Request};
use crate::selector::{EntityPattern, MAX_SELECTOR_ITEMS};
use crate::time::HumanDuration;

/// A request whose requirements have not been looked at together.
pub(super) struct Unchecked(pub(super) Request);

impl<'de> Deserialize<'de> for Unchecked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RequestVisitor).map(Self)
    }
}

/// The next key of a map, if it is one of `known` and has not been `seen`. The value of any other is refused.
fn next_key<'de, A: MapAccess<'de>>(
    map: &mut A,
    known: &'static [&'static str],
    seen: &mut BTreeSet<&'static str>,
) -> Result<Option<&'static str>, A::Error> {
    let Some(key) = map.next_key::<String>()? else {
        return Ok(None);
    };
    let problem = match known.iter().find(|known| **known == key) {
        Some(known) if seen.insert(known) => return Ok(Some(known)),
        Some(_) => "it is given twice".to_owned(),
        None => format!("there is none of this name; there are {}", known.join(", ")),
    };
    map.next_value_seed(Refuse(problem))?;
    Ok(None)
}

struct RequestVisitor;

impl RequestVisitor {
    const KEYS: &[&str] = &[
        "requirements",
        "priority",
        "description",
        "name",
        "tags",
        "wait",
        "linger",
        "ttl",
        "max_duration",
    ];
}

impl<'de> Visitor<'de> for RequestVisitor {
    type Value = Request;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request, such as {\"requirements\": [{\"resource\": \"bench-1\"}]}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Request, A::Error> {
        let mut seen = BTreeSet::new();
        let mut request = Request::of(Vec::new());
        while let Some(key) = next_key(&mut map, Self::KEYS, &mut seen)? {
            match key {
                "requirements" => {
                    let (what, most) = ("requirements", MAX_REQUIREMENTS);
                    let list = List { what, item: RequirementVisitor, most };
                    request.requirements = map.next_value_seed(list)?;
                }
                "priority" => {
                    let check = |value| Priority::new(value).map_err(|error| error.to_string());
                    request.priority = map.next_value_seed(Then(Whole, check))?;
                }
                "description" => {
                    request.description = Some(map.next_value_seed(Parsed::new("a text"))?);
                }
                "name" => request.holder = Some(map.next_value_seed(Parsed::new("a text"))?),
                "tags" => request.tags = map.next_value_seed(Tags)?,
                "wait" => {
                    let wait = Parsed::new("\"0\", a duration such as \"10m\", or \"forever\"");
                    request.wait = map.next_value_seed(wait)?;
                }
                "linger" | "ttl" => {
                    let both = seen.contains("linger") && seen.contains("ttl");
                    request.hold = map.next_value_seed(Then(duration(), |duration| {
                        if both { Err(EITHER.to_owned()) } else { hold(key, duration) }
                    }))?;
                }
                _ => {
                    let HumanDuration(longest) = map.next_value_seed(duration())?;
                    request.max_duration = Some(longest);
                }
            }
        }
        if !seen.contains("requirements") {
            let problem = "the key requirements is missing; it lists what is needed, such as \
                           [{\"resource\": \"bench-1\"}]";
            return Err(A::Error::custom(problem));
        }
        Ok(request)
    }
}

const EITHER: &str = "linger and ttl do not go together: with a linger a lease is kept by its connection, with \
                      a ttl by being renewed";

/// What keeps a request alive, as the key `linger` or `ttl` says it.
fn hold(key: &str, HumanDuration(duration): HumanDuration) -> Result<Hold, String> {
    match key {
        "linger" => Ok(Hold::Connection { linger: duration }),
        _ if duration < MIN_TTL => Err("a ttl is at least 1s".to_owned()),
        _ => Ok(Hold::Ttl { ttl: duration }),
    }
}

fn duration() -> Parsed<HumanDuration> {
    Parsed::new("a duration such as \"30s\" or \"2h\"")
}

#[derive(Clone, Copy)]
struct RequirementVisitor;

impl RequirementVisitor {
    const KEYS: &[&str] = &[
        "count",
        "resource",
        "location",
        "attributes",
        "entities",
        "properties",
        "where",
        "keys",
        "stack",
    ];
}

impl<'de> DeserializeSeed<'de> for RequirementVisitor {
    type Value = Requirement;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Requirement, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RequirementVisitor {
    type Value = Requirement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a requirement, such as {\"resource\": \"bench-1\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Requirement, A::Error> {
        let mut seen = BTreeSet::new();
        let mut draft = Draft::default();
        while let Some(key) = next_key(&mut map, Self::KEYS, &mut seen)? {
            take(&mut draft, key, &mut map)?;
        }
        draft.finish().map_err(A::Error::custom)
    }
}

/// Reads the value of one key of a requirement.
fn take<'de, A: MapAccess<'de>>(
    draft: &mut Draft,
    key: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    match key {
        "count" => map.next_value_seed(Then(Count, |count| draft.count(count))),
        "resource" => {
            let names = OneOrMany::new("a name", MAX_SELECTOR_ITEMS);
            map.next_value_seed(Then(names, |names| draft.names(filled(names)?)))
        }
        "location" => {
            map.next_value_seed(Then(Parsed::new("a text"), |label| draft.location(label)))
        }
        "attributes" => map.next_value_seed(Then(attributes(), |words| draft.attributes(words))),
        "entities" => {
            let (what, most) = ("entity patterns", MAX_ENTITIES);
            let list = List { what, item: PatternVisitor, most };
            map.next_value_seed(Then(list, |patterns: Vec<EntityPattern>| {
                draft.selector_for(key)?;
                patterns.into_iter().try_for_each(|pattern| draft.entity(pattern))
            }))
        }
        "properties" => map.next_value_seed(Then(Properties, |properties| {
            draft.selector_for(key)?.properties = properties;
            Ok(())
        })),
        "where" => {
            let condition = |text: String| draft.condition(parse_condition(&text)?);
            map.next_value_seed(Then(Parsed::new("an expression as a text"), condition))
        }
        "keys" => {
            let keys = OneOrMany::new("a key", MAX_KEYS);
            map.next_value_seed(Then(keys, |keys| draft.keys(filled(keys)?)))
        }
        _ => map.next_value_seed(Then(Parsed::new("a text"), |label| draft.stack(label))),
    }
}

fn attributes() -> OneOrMany<Word> {
    OneOrMany::new("an attribute", MAX_SELECTOR_ITEMS)
}

fn filled(names: BTreeSet<Name>) -> Result<BTreeSet<Name>, String> {
    if names.is_empty() { Err(EMPTY.to_owned()) } else { Ok(names) }
}

#[derive(Clone, Copy)]
struct PatternVisitor;

impl<'de> DeserializeSeed<'de> for PatternVisitor {
    type Value = EntityPattern;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<EntityPattern, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PatternVisitor {
    type Value = EntityPattern;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entity pattern, such as {\"attributes\": [\"jtag\"]}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EntityPattern, A::Error> {
        let mut seen = BTreeSet::new();
        let mut pattern = EntityPattern::default();
        while let Some(key) = next_key(&mut map, &["attributes", "properties"], &mut seen)? {
            match key {
                "attributes" => pattern.attributes = map.next_value_seed(attributes())?,
                _ => pattern.properties = map.next_value_seed(Properties)?,
            }
        }
        Ok(pattern)
    }
}
