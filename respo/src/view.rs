//! What everyone may know, borrowed from a [`Snapshot`](crate::snapshot::Snapshot): written as JSON without a copy.
//!
//! The JSON is the same as that of [`wire`](crate::wire)'s types, which clients read.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::inventory::{Entity, Resource, Stack};
use crate::lease::Holding;
use crate::names::{Label, Name, Text, Word};
use crate::snapshot::Status;
use crate::time::Timestamp;
use crate::wire::{ResourceOverview, ResourceState, Waiter, WaitingOverview};

/// [`Overview`](crate::wire::Overview), borrowed.
#[derive(Debug, Serialize)]
pub struct OverviewView<'s> {
    /// The version of the server.
    pub version: &'s str,
    /// The server's clock.
    pub time: Timestamp,
    /// The pools in the order of their names.
    pub pools: Vec<PoolView<'s>>,
}

/// [`PoolOverview`](crate::wire::PoolOverview), borrowed.
#[derive(Debug, Serialize)]
pub struct PoolView<'s> {
    pub(crate) name: &'s Label,
    pub(crate) revision: u64,
    pub(crate) resources: Vec<ResourceView<'s>>,
    #[serde(skip_serializing_if = "<[Stack]>::is_empty")]
    pub(crate) stacks: &'s [Stack],
    pub(crate) waiting: Vec<WaitingOverview>,
}

/// [`ResourceList`](crate::wire::ResourceList), borrowed.
#[derive(Debug, Serialize)]
pub struct ResourceListView<'s> {
    /// Those that were asked for, pool by pool, in the order of the overview.
    pub resources: Vec<PooledResourceView<'s>>,
    /// There are more: `after` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// [`PooledResource`](crate::wire::PooledResource), borrowed.
#[derive(Debug, Serialize)]
pub struct PooledResourceView<'s> {
    /// The name of the pool.
    pub pool: &'s Label,
    /// The resource.
    #[serde(flatten)]
    pub resource: ResourceView<'s>,
}

/// [`ResourceOverview`], borrowed.
#[derive(Debug, Clone, Serialize)]
pub struct ResourceView<'s> {
    pub(crate) name: &'s Name,
    pub(crate) state: ResourceState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<&'s Label>,
    pub(crate) attributes: &'s BTreeSet<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'s Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<&'s Text>,
    #[serde(serialize_with = "without_properties")]
    pub(crate) entities: &'s BTreeMap<Name, Entity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lease: Option<&'s Holding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) held_back_for: Option<&'s Waiter>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ephemeral: bool,
    pub(crate) queue: u64,
}

impl<'s> ResourceView<'s> {
    pub(crate) fn new(
        resource: &'s Resource,
        state: ResourceState,
        status: &'s Status,
        queue: u64,
    ) -> Self {
        let (lease, held_back_for) = status.parts();
        Self {
            name: &resource.name,
            state,
            location: resource.location.as_ref(),
            attributes: &resource.attributes,
            description: resource.description.as_ref(),
            endpoint: resource.endpoint.as_ref(),
            entities: &resource.entities,
            lease,
            held_back_for,
            ephemeral: false,
            queue,
        }
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> ResourceState {
        self.state
    }

    /// The same with everything its own.
    #[must_use]
    pub fn to_overview(&self) -> ResourceOverview {
        let entities = self.entities.iter();
        ResourceOverview {
            name: self.name.clone(),
            state: self.state,
            location: self.location.cloned(),
            attributes: self.attributes.clone(),
            description: self.description.cloned(),
            endpoint: self.endpoint.cloned(),
            entities: entities.map(|(name, entity)| (name.clone(), entity.into())).collect(),
            lease: self.lease.cloned(),
            held_back_for: self.held_back_for.cloned(),
            ephemeral: self.ephemeral,
            queue: self.queue,
        }
    }
}

/// Of the entities only what they can do: the rest is for who holds the resource.
fn without_properties<S: Serializer>(
    entities: &BTreeMap<Name, Entity>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct EntityView<'s> {
        attributes: &'s BTreeSet<Word>,
    }
    let mut map = serializer.serialize_map(Some(entities.len()))?;
    for (name, Entity { attributes, .. }) in entities {
        map.serialize_entry(name, &EntityView { attributes })?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Inventory;
    use crate::snapshot::Snapshot;
    use crate::wire::PoolOverview;

    /// A resource with everything that one can have, in every state.
    #[test]
    fn what_is_borrowed_is_written_as_what_clients_read() {
        let everything = serde_json::json!({
            "name": "bench-1", "location": "office1", "attributes": ["can"], "description": "the old one",
            "endpoint": "10.0.0.1", "properties": {"secret": "x"},
            "entities": {"dut": {"attributes": ["arm64"], "properties": {"socket": "127.0.0.1:1"}}},
        });
        let everything: Resource = serde_json::from_value(everything).unwrap();
        let bare = Resource::new(Name::new("bench-2").unwrap());
        let holding = Holding {
            id: crate::RequestId(1),
            fence: crate::Fence(1),
            holder: Some(Label::new("ci-88").unwrap()),
            description: None,
            since: Timestamp::default(),
            expires: None,
            orphaned_until: None,
            allowed: Vec::new(),
        };
        let waiter = Waiter { id: crate::RequestId(2), holder: None };
        let pool = Label::new("lab").unwrap();
        for status in [
            Status::Free,
            Status::Held(holding.clone()),
            Status::Collateral(holding),
            Status::HeldBack(waiter),
        ] {
            let snapshot = Snapshot {
                inventory: Inventory::new([everything.clone(), bare.clone()]).unwrap().into(),
                statuses: vec![status; 2],
                queue_lengths: vec![3, 0],
                ..Snapshot::default()
            };
            let written = serde_json::to_value(snapshot.view(&pool)).unwrap();
            assert_eq!(written, serde_json::to_value(snapshot.overview(&pool)).unwrap());
            let read: PoolOverview = serde_json::from_value(written).unwrap();
            assert_eq!(read, snapshot.overview(&pool));
        }
    }
}
