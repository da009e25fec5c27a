//! A resource as an expression sees it. Texts are borrowed from the resource.

use std::collections::{BTreeMap, BTreeSet};

use cel::Context;
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use serde_json::Value;

use super::environment;
use crate::inventory::{Entity, Resource};
use crate::names::Word;

/// The names of the variables.
pub(super) const VARIABLES: [&str; 7] =
    ["name", "location", "attributes", "description", "endpoint", "properties", "entities"];

/// How deep the values of properties are looked into. Readers of YAML and JSON do not let in any deeper ones;
/// an embedder might.
pub(super) const MAX_VALUE_DEPTH: usize = 128;

type Boxed<'v> = Box<dyn Val + 'v>;

/// The variables that an expression uses.
pub(super) fn context<'v>(
    resource: &'v Resource,
    variables: &BTreeSet<&'static str>,
) -> Context<'v, 'v> {
    let mut context = Context::with_env(environment::shared());
    for variable in variables {
        context.add_variable_as_val(*variable, value_of(resource, variable));
    }
    context
}

fn value_of<'v>(resource: &'v Resource, variable: &str) -> Boxed<'v> {
    match variable {
        "name" => text(resource.name.as_str()),
        "location" => text_or_null(resource.location.as_ref().map(|label| label.as_str())),
        "description" => text_or_null(resource.description.as_ref().map(|text| text.as_str())),
        "endpoint" => text_or_null(resource.endpoint.as_ref().map(|text| text.as_str())),
        "attributes" => words(&resource.attributes),
        "properties" => properties(&resource.properties),
        "entities" => {
            let entities = resource.entities.iter();
            map(entities.map(|(name, one)| (name.as_str(), entity(one))))
        }
        // The check lets no others in.
        _ => Box::new(CelNull),
    }
}

fn entity(entity: &Entity) -> Boxed<'_> {
    map([("attributes", words(&entity.attributes)), ("properties", properties(&entity.properties))])
}

fn properties(properties: &BTreeMap<String, Value>) -> Boxed<'_> {
    map(properties.iter().map(|(key, value)| (key.as_str(), json(value, 0))))
}

fn json(value: &Value, depth: usize) -> Boxed<'_> {
    match value {
        Value::Bool(truth) => Box::new(CelBool::from(*truth)),
        Value::Number(number) => self::number(number),
        Value::String(string) => text(string),
        Value::Array(items) if depth < MAX_VALUE_DEPTH => {
            list(items.iter().map(|item| json(item, depth + 1)))
        }
        Value::Object(entries) if depth < MAX_VALUE_DEPTH => {
            map(entries.iter().map(|(key, value)| (key.as_str(), json(value, depth + 1))))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Box::new(CelNull),
    }
}

fn number<'v>(number: &serde_json::Number) -> Boxed<'v> {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(int), ..) => Box::new(CelInt::from(int)),
        (None, Some(uint), _) => Box::new(CelUInt::from(uint)),
        (None, None, Some(double)) => Box::new(CelDouble::from(double)),
        (None, None, None) => Box::new(CelNull),
    }
}

fn text(text: &str) -> Boxed<'_> {
    Box::new(CelString::from(text))
}

fn text_or_null(text: Option<&str>) -> Boxed<'_> {
    match text {
        Some(text) => self::text(text),
        None => Box::new(CelNull),
    }
}

fn words(words: &BTreeSet<Word>) -> Boxed<'_> {
    list(words.iter().map(|word| text(word.as_str())))
}

fn list<'v>(items: impl Iterator<Item = Boxed<'v>>) -> Boxed<'v> {
    Box::new(CelList::from(items.collect::<Vec<_>>()))
}

/// The library keeps maps as hash maps, whose order is random. Nothing goes through one but by way of
/// [`IN_ORDER`](environment::IN_ORDER).
#[expect(clippy::disallowed_types, reason = "see above")]
fn map<'v>(entries: impl IntoIterator<Item = (&'v str, Boxed<'v>)>) -> Boxed<'v> {
    let key = |key: &'v str| CelMapKey::String(CelString::from(key));
    let entries = entries.into_iter().map(|(name, value)| (key(name), value));
    Box::new(CelMap::from(entries.collect::<std::collections::HashMap<_, _>>()))
}
