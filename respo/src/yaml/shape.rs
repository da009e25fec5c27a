//! The shape of the format as types: they write it, and its JSON Schema is derived from them.
//!
//! What an editor shows of the schema are the doc comments here. Reading is not done by these
//! types, for they could report only the first mistake; a test holds checker and schema together.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::inventory::{MAX_ENTITIES, MAX_RESOURCES, MAX_STACKS};
use crate::rules::GroupTag;
use crate::{
    Allowance, Entity, HumanDuration, Inventory, Label, Name, Resource, Stack, Text, Word,
};

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
    /// Whether clients may ask for keys that are not among the resources: such a resource exists while it
    /// is asked for or held.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ephemeral: bool,
    /// How long a request waits before free resources are held back for it while others that it needs are
    /// missing. Without it: at once, so that large requests never starve.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "HumanDuration")]
    hold_back_after: Option<HumanDuration>,
    /// How many leases one holder, or one group, may have at a time. What goes beyond that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_leases: Option<AllowanceShape>,
    /// How many resources one holder, or one group, may have at a time in all its leases.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_resources: Option<AllowanceShape>,
    /// The tag by whose value requests are grouped; `group` if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Label")]
    group_tag: Option<&'a Label>,
    /// What can be leased, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = MAX_RESOURCES))]
    resources: Option<BTreeMap<&'a Name, Option<ResourceShape<'a>>>>,
    /// Resources that are wired together, by name. While a client has one of them, the others of its stack
    /// are for nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxItems" = MAX_STACKS), extend("uniqueItems" = true))]
    stacks: Option<Vec<StackShape<'a>>>,
}

/// How much one holder and one group may have at a time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Limit", extend("additionalProperties" = false))]
struct AllowanceShape {
    /// For all requests with the same `name` together. Without it there is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", extend("minimum" = 1), extend("maximum" = u32::MAX))]
    per_holder: Option<u32>,
    /// For all requests with the same value of the pool's `group_tag` together. Without it there is no
    /// limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", extend("minimum" = 1), extend("maximum" = u32::MAX))]
    per_group: Option<u32>,
}

/// What is leased: a test bench, a board, a phone, a licence.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(
    rename = "Resource",
    extend("additionalProperties" = false),
    extend("not" = {"required": ["attributes", "tags"]})
)]
struct ResourceShape<'a> {
    /// A number for clients that know resources by number, each given once in the pool. Without it there is
    /// one that is derived from the name, above 4294967295.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", extend("minimum" = 1), extend("maximum" = u32::MAX))]
    id: Option<NonZeroU32>,
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
    /// What else there is to know, in any form. Only the lease's holder and administrators see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<&'a BTreeMap<String, Value>>,
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

/// A stack as it is written. Its schema is in `schema.rs`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct StackShape<'a>(&'a Stack);

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
        let (stacks, rules) = (inventory.stacks(), inventory.rules());
        let (hold_back_after, group_tag) = (rules.hold_back_after, &rules.group_tag);
        Self {
            name,
            ephemeral: rules.ephemeral,
            hold_back_after: (!hold_back_after.is_zero()).then_some(HumanDuration(hold_back_after)),
            max_leases: AllowanceShape::new(&rules.max_leases),
            max_resources: AllowanceShape::new(&rules.max_resources),
            group_tag: (*group_tag != GroupTag::default()).then_some(&group_tag.0),
            resources: Some(resources.collect()),
            stacks: (!stacks.is_empty()).then(|| stacks.iter().map(StackShape).collect()),
        }
    }
}

impl AllowanceShape {
    fn new(allowance: &Allowance) -> Option<Self> {
        let Allowance { per_holder, per_group } = *allowance;
        (!allowance.is_unlimited()).then_some(Self { per_holder, per_group })
    }
}

impl<'a> ResourceShape<'a> {
    fn new(resource: &'a Resource) -> Self {
        let entities = resource.entities.iter();
        let entities = entities.map(|(name, entity)| (name, Some(EntityShape::new(entity))));
        Self {
            id: resource.id,
            location: resource.location.as_ref(),
            attributes: AttributesShape::new(&resource.attributes),
            tags: None,
            description: resource.description.as_ref(),
            endpoint: resource.endpoint.as_ref(),
            properties: Some(&resource.properties).filter(|properties| !properties.is_empty()),
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
