//! A request as JSON: what stores write down.
//!
//! It reads back the same. What is not valid is not read: unknown keys, and whatever a query string
//! could not say either.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Hold, Priority, Request, Requirement, Wait};
use crate::names::{Label, Name, Text, Word};
use crate::selector::{EntityPattern, Selector};
use crate::time::HumanDuration;

/// A request, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestDocument {
    requirements: Vec<RequirementDocument>,
    #[serde(default, skip_serializing_if = "is_default")]
    priority: Priority,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Label>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<Label, Text>,
    /// `0`, a duration, or nothing: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wait: Option<HumanDuration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linger: Option<HumanDuration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_duration: Option<HumanDuration>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequirementDocument {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    resource: BTreeSet<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<Label>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    attributes: BTreeSet<Word>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entities: Vec<EntityDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntityDocument {
    attributes: BTreeSet<Word>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let optional = |duration: Duration| (!duration.is_zero()).then_some(duration);
        let document = RequestDocument {
            requirements: self.requirements.iter().map(write_requirement).collect(),
            priority: self.priority,
            description: self.description.clone(),
            name: self.holder.clone(),
            tags: self.tags.clone(),
            wait: match self.wait {
                Wait::Forever => None,
                Wait::No => Some(Duration::ZERO),
                Wait::UpTo(limit) => Some(limit),
            }
            .map(HumanDuration),
            linger: optional(self.linger()).map(HumanDuration),
            max_duration: self.max_duration.map(HumanDuration),
        };
        document.serialize(serializer)
    }
}

fn write_requirement(requirement: &Requirement) -> RequirementDocument {
    let any = Selector::any();
    let selector = requirement.selector().unwrap_or(&any);
    let entity =
        |pattern: &EntityPattern| EntityDocument { attributes: pattern.attributes.clone() };
    RequirementDocument {
        resource: selector.names.clone(),
        location: selector.location.clone(),
        attributes: selector.attributes.clone(),
        entities: selector.entities().iter().map(entity).collect(),
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = RequestDocument::deserialize(deserializer)?;
        let [requirement] = <[RequirementDocument; 1]>::try_from(document.requirements)
            .map_err(|_| de::Error::custom("a request has one requirement"))?;
        let mut request = Self::one(read_selector(requirement));
        request.priority = document.priority;
        request.description = document.description;
        request.holder = document.name;
        request.tags = document.tags;
        request.wait = match document.wait {
            None => Wait::Forever,
            Some(HumanDuration(Duration::ZERO)) => Wait::No,
            Some(HumanDuration(limit)) => Wait::UpTo(limit),
        };
        let linger = document.linger.map_or(Duration::ZERO, |HumanDuration(linger)| linger);
        request.hold = Hold::Connection { linger };
        request.max_duration = document.max_duration.map(|HumanDuration(longest)| longest);
        Ok(request)
    }
}

fn read_selector(requirement: RequirementDocument) -> Selector {
    let entity = |document: EntityDocument| EntityPattern {
        attributes: document.attributes,
        ..EntityPattern::default()
    };
    let mut selector = Selector::any().with_entities(requirement.entities.into_iter().map(entity));
    selector.names = requirement.resource;
    selector.location = requirement.location;
    selector.attributes = requirement.attributes;
    selector
}
