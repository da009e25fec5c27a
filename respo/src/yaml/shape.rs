//! The shape of the format as types: they write it, and its JSON Schema is derived from them.
//!
//! What an editor shows of the schema are the doc comments here. Reading is not done by these
//! types, for they could report only the first mistake; a test holds checker and schema together.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::inventory::{MAX_ENTITIES, MAX_RESOURCES};
use crate::{Entity, Inventory, Label, Name, Resource, Text, Word};

/// The resources that respod leases: one pool of them, or several.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    title = "respo inventory",
    extend("additionalProperties" = false),
    extend("oneOf" = [{"required": ["pool"]}, {"required": ["pools"]}])
)]
pub(super) struct DocumentShape<'a> {
    /// The only pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PoolShape<'_>")]
    pool: Option<PoolShape<'a>>,
    /// Several pools, each with a name of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<PoolShape<'_>>", extend("minItems" = 1))]
    pools: Option<Vec<PoolShape<'a>>>,
}

/// A named set of resources with one queue.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Pool", extend("additionalProperties" = false))]
struct PoolShape<'a> {
    /// What the pool is called.
    name: &'a Label,
    /// What can be leased, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = MAX_RESOURCES))]
    resources: Option<BTreeMap<&'a Name, Option<ResourceShape<'a>>>>,
}

/// What is leased: a test bench, a board, a phone, a licence.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    rename = "Resource",
    extend("additionalProperties" = false),
    extend("not" = {"required": ["attributes", "tags"]})
)]
struct ResourceShape<'a> {
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Label")]
    location: Option<&'a Label>,
    /// What the resource as a whole is or can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<AttributesShape<'a>>,
    /// A synonym of `attributes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<AttributesShape<'a>>,
    /// For people: whoever looks at the overview sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text")]
    description: Option<&'a Text>,
    /// An address under which the resource as a whole is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text")]
    endpoint: Option<&'a Text>,
    /// Its parts, by name: the device under test, the programmer, the power supply.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = MAX_ENTITIES))]
    entities: Option<BTreeMap<&'a Name, Option<EntityShape<'a>>>>,
}

/// A part of a resource, such as its device under test, its programmer or its power supply.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    rename = "Entity",
    extend("additionalProperties" = false),
    extend("not" = {"required": ["attributes", "tags"]})
)]
struct EntityShape<'a> {
    /// What the entity is or can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<AttributesShape<'a>>,
    /// A synonym of `attributes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<AttributesShape<'a>>,
    /// Hosts, ports, keys, in any form. Only the lease's holder and administrators see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<&'a BTreeMap<String, Value>>,
}

/// Attributes as they are written. Its schema is in `schema.rs`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct AttributesShape<'a>(&'a BTreeSet<Word>);

impl<'a> DocumentShape<'a> {
    /// `pool` if there is one, else `pools`.
    pub(super) fn new(pools: &'a [(Label, Inventory)]) -> Self {
        let mut shapes: Vec<_> =
            pools.iter().map(|(name, inventory)| PoolShape::new(name, inventory)).collect();
        if pools.len() == 1 {
            Self { pool: shapes.pop(), pools: None }
        } else {
            Self { pool: None, pools: Some(shapes) }
        }
    }
}

impl<'a> PoolShape<'a> {
    fn new(name: &'a Label, inventory: &'a Inventory) -> Self {
        let resources = inventory.resources().iter();
        let resources = resources.map(|it| (&it.name, Some(ResourceShape::new(it))));
        Self { name, resources: Some(resources.collect()) }
    }
}

impl<'a> ResourceShape<'a> {
    fn new(resource: &'a Resource) -> Self {
        let entities = resource.entities.iter();
        let entities = entities.map(|(name, entity)| (name, Some(EntityShape::new(entity))));
        Self {
            location: resource.location.as_ref(),
            attributes: AttributesShape::new(&resource.attributes),
            tags: None,
            description: resource.description.as_ref(),
            endpoint: resource.endpoint.as_ref(),
            entities: Some(entities.collect())
                .filter(|entities: &BTreeMap<_, _>| !entities.is_empty()),
        }
    }
}

impl<'a> EntityShape<'a> {
    fn new(entity: &'a Entity) -> Self {
        Self {
            attributes: AttributesShape::new(&entity.attributes),
            tags: None,
            properties: Some(&entity.properties).filter(|properties| !properties.is_empty()),
        }
    }
}

impl<'a> AttributesShape<'a> {
    fn new(attributes: &'a BTreeSet<Word>) -> Option<Self> {
        (!attributes.is_empty()).then_some(Self(attributes))
    }
}
