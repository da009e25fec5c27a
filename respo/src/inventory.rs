//! What can be leased: a pool's resources and the entities that they consist of.
//!
//! An [`Inventory`] is valid by construction: names are unique, and the index from attributes and
//! locations to resources always agrees with the resources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::inventory_change::InventoryChange;
use crate::names::{Label, Name, Text, Word};
use crate::resource_id;
use crate::rules::Rules;

/// The most resources that one pool may have.
pub const MAX_RESOURCES: usize = 100_000;
/// The most entities that one resource may have.
pub const MAX_ENTITIES: usize = 64;
/// The most attributes that one resource or entity may have.
pub const MAX_ATTRIBUTES: usize = 256;
/// The most stacks that one pool may have.
pub const MAX_STACKS: usize = 10_000;
/// The most resources that one stack may have.
pub const MAX_STACK_SIZE: usize = 64;

/// A part of a resource, such as its device under test, its programmer or its power supply.
///
/// `Debug` shows the names of its properties, not what they are.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entity {
    /// What the entity is or can do.
    #[serde(default)]
    pub attributes: BTreeSet<Word>,
    /// How to reach it: hosts, ports, keys. Shown to the holder of the lease and to administrators.
    #[serde(default)]
    pub properties: BTreeMap<String, Value>,
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: Vec<&String> = self.properties.keys().collect();
        f.debug_struct("Entity")
            .field("attributes", &self.attributes)
            .field("properties", &properties)
            .finish()
    }
}

/// What is leased: a test bench, a board, a phone, a licence.
///
/// `Debug` shows the names of its properties, not what they are.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Resource {
    /// Unique in the pool.
    pub name: Name,
    /// The number that clients know it by who know resources by number, if one was given; unique in the
    /// pool. [`numeric_id`](Self::numeric_id) is there always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1))]
    pub id: Option<NonZeroU32>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Label>,
    /// What the resource as a whole is or can do.
    #[serde(default)]
    pub attributes: BTreeSet<Word>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// An address under which the resource as a whole is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Text>,
    /// What else there is to know of the resource as a whole. Shown to the holder of the lease and to
    /// administrators.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Value>,
    /// Its parts, by name.
    #[serde(default)]
    pub entities: BTreeMap<Name, Entity>,
}

impl Resource {
    /// A resource of this name with nothing else said about it.
    #[must_use]
    pub fn new(name: Name) -> Self {
        Self {
            name,
            id: None,
            location: None,
            attributes: BTreeSet::new(),
            description: None,
            endpoint: None,
            properties: BTreeMap::new(),
            entities: BTreeMap::new(),
        }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: Vec<&String> = self.properties.keys().collect();
        f.debug_struct("Resource")
            .field("name", &self.name)
            .field("id", &self.id)
            .field("location", &self.location)
            .field("attributes", &self.attributes)
            .field("description", &self.description)
            .field("endpoint", &self.endpoint)
            .field("properties", &properties)
            .field("entities", &self.entities)
            .finish()
    }
}

/// Resources that are wired together, by name: at least two. While a session holds one of them, the others
/// are its collateral: free for that session, and for no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stack(pub BTreeSet<Name>);

/// The place of a resource in its [`Inventory`], counted from 0 in the order of names.
///
/// It means nothing for another revision of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceIndex(pub u32);

impl ResourceIndex {
    /// As an index into a slice that runs parallel to the inventory.
    #[must_use]
    pub fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// Why resources do not make an inventory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// Two resources have the same name.
    #[error("two resources are named {0}")]
    DuplicateName(Name),
    /// Two resources were given the same id.
    #[error("{0} and {1} have the same id")]
    DuplicateId(Name, Name),
    /// More than [`MAX_RESOURCES`].
    #[error("a pool has at most {MAX_RESOURCES} resources, this one has {0}")]
    TooManyResources(usize),
    /// A resource with more than [`MAX_ENTITIES`].
    #[error("a resource has at most {MAX_ENTITIES} entities, {0} has more")]
    TooManyEntities(Name),
    /// A resource, or an entity of it, with more than [`MAX_ATTRIBUTES`].
    #[error("at most {MAX_ATTRIBUTES} attributes, {0} has more")]
    TooManyAttributes(Name),
    /// A stack with a resource that is not there.
    #[error("a stack has {0} in it, which is no resource of the pool")]
    UnknownInStack(Name),
    /// A stack of fewer than two resources, or of more than [`MAX_STACK_SIZE`].
    #[error("a stack has 2 to {MAX_STACK_SIZE} resources, one has {0}")]
    StackSize(usize),
    /// Two stacks with the same resources.
    #[error("two stacks have the same resources, {0} among them")]
    DuplicateStack(Name),
    /// More than [`MAX_STACKS`].
    #[error("a pool has at most {MAX_STACKS} stacks, this one has {0}")]
    TooManyStacks(usize),
}

/// The resources of one pool, in the [natural order](Name::natural_cmp) of their names, and indexed; its
/// stacks and its rules.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    resources: Vec<Arc<Resource>>,
    stacks: Vec<Stack>,
    rules: Rules,
    /// For look-ups only: nothing depends on its order, which is the same in every process besides.
    by_name: HashMap<Name, ResourceIndex, FxBuildHasher>,
    by_attribute: BTreeMap<Word, Vec<ResourceIndex>>,
    by_location: BTreeMap<Label, Vec<ResourceIndex>>,
    /// By the attributes of their entities.
    by_part: BTreeMap<Word, Vec<ResourceIndex>>,
}

impl Inventory {
    /// Sorts and indexes `resources`.
    ///
    /// # Errors
    /// [`InventoryError`] if two share a name, or there is too much of something.
    pub fn new(resources: impl IntoIterator<Item = Resource>) -> Result<Self, InventoryError> {
        let mut resources: Vec<Arc<Resource>> = resources.into_iter().map(Arc::new).collect();
        if resources.len() > MAX_RESOURCES {
            return Err(InventoryError::TooManyResources(resources.len()));
        }
        resources.sort_by(|a, b| a.name.natural_cmp(b.name.as_str()));
        if let Some(pair) = resources.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(InventoryError::DuplicateName(pair[0].name.clone()));
        }
        resources.iter().try_for_each(|resource| check_size(resource))?;
        resource_id::check(&resources)?;
        let mut inventory = Self { resources, ..Self::default() };
        inventory.build_index();
        Ok(inventory)
    }

    /// The same resources, with these stacks.
    ///
    /// # Errors
    /// [`InventoryError`] if a stack has a resource that is not there, or is there twice, or there is too
    /// much of something.
    pub fn with_stacks(
        mut self,
        stacks: impl IntoIterator<Item = Stack>,
    ) -> Result<Self, InventoryError> {
        let mut stacks: Vec<Stack> = stacks.into_iter().collect();
        if stacks.len() > MAX_STACKS {
            return Err(InventoryError::TooManyStacks(stacks.len()));
        }
        stacks.sort();
        for Stack(members) in &stacks {
            if !(2..=MAX_STACK_SIZE).contains(&members.len()) {
                return Err(InventoryError::StackSize(members.len()));
            }
            if let Some(unknown) = members.iter().find(|name| self.find(name.as_str()).is_none()) {
                return Err(InventoryError::UnknownInStack(unknown.clone()));
            }
        }
        let twice = stacks.windows(2).find(|pair| pair[0] == pair[1]);
        if let Some(name) = twice.and_then(|pair| pair[0].0.first()) {
            return Err(InventoryError::DuplicateStack(name.clone()));
        }
        self.stacks = stacks;
        Ok(self)
    }

    /// The same resources, under these rules.
    #[must_use]
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// The stacks, in order.
    #[must_use]
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// What the pool allows.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    fn build_index(&mut self) {
        for (index, resource) in (0u32..).map(ResourceIndex).zip(&self.resources) {
            self.by_name.insert(resource.name.clone(), index);
            for attribute in &resource.attributes {
                self.by_attribute.entry(attribute.clone()).or_default().push(index);
            }
            let parts = resource.entities.values().flat_map(|entity| &entity.attributes);
            for attribute in parts.collect::<BTreeSet<_>>() {
                self.by_part.entry(attribute.clone()).or_default().push(index);
            }
            if let Some(location) = &resource.location {
                self.by_location.entry(location.clone()).or_default().push(index);
            }
        }
    }

    /// How many resources there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// All resources in the order of their names, which is that of their indexes.
    #[must_use]
    pub fn resources(&self) -> &[Arc<Resource>] {
        &self.resources
    }

    /// The resource at `index`, if there is one.
    #[must_use]
    pub fn at(&self, index: ResourceIndex) -> Option<&Arc<Resource>> {
        self.resources.get(index.as_usize())
    }

    /// Where the resource of this name stands.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<ResourceIndex> {
        self.by_name.get(name).copied()
    }

    /// The resource of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<Resource>> {
        self.index_of(name).and_then(|index| self.at(index))
    }

    /// The resources with this attribute, in order.
    #[must_use]
    pub fn with_attribute(&self, attribute: &Word) -> &[ResourceIndex] {
        self.by_attribute.get(attribute).map_or(&[], Vec::as_slice)
    }

    /// The resources with an entity that has this attribute, in order.
    #[must_use]
    pub fn with_entity_attribute(&self, attribute: &Word) -> &[ResourceIndex] {
        self.by_part.get(attribute).map_or(&[], Vec::as_slice)
    }

    /// The resources at this location, in order.
    #[must_use]
    pub fn at_location(&self, location: &Label) -> &[ResourceIndex] {
        self.by_location.get(location).map_or(&[], Vec::as_slice)
    }

    /// Every location, in order.
    pub fn locations(&self) -> impl Iterator<Item = &Label> {
        self.by_location.keys()
    }
}

fn check_size(resource: &Resource) -> Result<(), InventoryError> {
    let entities = resource.entities.values();
    let mut attributes = entities.map(|entity| &entity.attributes).chain([&resource.attributes]);
    if attributes.any(|attributes| attributes.len() > MAX_ATTRIBUTES) {
        return Err(InventoryError::TooManyAttributes(resource.name.clone()));
    }
    if resource.entities.len() > MAX_ENTITIES {
        return Err(InventoryError::TooManyEntities(resource.name.clone()));
    }
    Ok(())
}

/// Two inventories are equal if their resources, stacks and rules are.
impl PartialEq for Inventory {
    fn eq(&self, other: &Self) -> bool {
        self.resources == other.resources
            && self.stacks == other.stacks
            && self.rules == other.rules
    }
}
