//! Writing a request. What is as it would be if nothing were said is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::names::{Label, Name, Text, Word};
use crate::property::WantedProperties;
use crate::request::{Priority, Request, Requirement, Wait, Wanted};
use crate::selector::EntityPattern;
use crate::time::HumanDuration;

/// A request, as it is written.
#[derive(Serialize)]
pub(super) struct RequestDocument<'r> {
    requirements: Vec<RequirementDocument<'r>>,
    #[serde(skip_serializing_if = "is_default")]
    priority: Priority,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'r Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'r Label>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'r BTreeMap<Label, Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    linger: Option<HumanDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<HumanDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_duration: Option<HumanDuration>,
}

#[derive(Serialize, Default)]
struct RequirementDocument<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<OneOrMany<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'r Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'r BTreeSet<Word>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<PatternDocument<'r>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<&'r str, Value>,
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    condition: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<&'r BTreeSet<Name>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<&'r Label>,
}

#[derive(Serialize)]
struct PatternDocument<'r> {
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    attributes: &'r BTreeSet<Word>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<&'r str, Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany<'r> {
    One(&'r Name),
    Many(&'r BTreeSet<Name>),
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(super) fn document(request: &Request) -> RequestDocument<'_> {
    let linger = Some(request.linger()).filter(|linger| *linger != Duration::ZERO);
    RequestDocument {
        requirements: request.requirements().iter().map(requirement).collect(),
        priority: request.priority,
        description: request.description.as_ref(),
        name: request.holder.as_ref(),
        tags: &request.tags,
        wait: (request.wait != Wait::Forever).then(|| request.wait.to_string()),
        linger: linger.map(HumanDuration),
        ttl: request.ttl().map(HumanDuration),
        max_duration: request.max_duration.map(HumanDuration),
    }
}

fn requirement(requirement: &Requirement) -> RequirementDocument<'_> {
    let mut document = RequirementDocument {
        count: (requirement.count != 1).then_some(requirement.count),
        stack: requirement.stack.as_ref(),
        ..RequirementDocument::default()
    };
    match &requirement.wanted {
        Wanted::Keys(keys) => document.keys = Some(keys),
        Wanted::Matching(selector) => {
            document.resource = match (selector.names.len(), selector.names.first()) {
                (1, Some(name)) => Some(OneOrMany::One(name)),
                (_, Some(_)) => Some(OneOrMany::Many(&selector.names)),
                (_, None) => None,
            };
            document.location = selector.location.as_ref();
            let attributes = Some(&selector.attributes);
            document.attributes = attributes.filter(|attributes| !attributes.is_empty());
            document.entities = selector.entities().iter().map(pattern).collect();
            document.properties = properties(&selector.properties);
            document.condition = selector.condition.as_ref().map(|condition| condition.as_str());
        }
    }
    document
}

fn pattern(pattern: &EntityPattern) -> PatternDocument<'_> {
    PatternDocument { attributes: &pattern.attributes, properties: properties(&pattern.properties) }
}

fn properties(wanted: &WantedProperties) -> BTreeMap<&str, Value> {
    wanted.iter().map(|(path, value)| (path.as_str(), value.to_json())).collect()
}
