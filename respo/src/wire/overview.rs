//! What everyone may know of the pools: every resource and every waiting request.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ResourceState, Waiter};
use crate::inventory::{Entity, Stack};
use crate::lease::Holding;
use crate::names::{Label, Name, Text, Word};
use crate::request::{Priority, RequestId};
use crate::time::Timestamp;

/// `GET /` as JSON: every pool, every resource, every waiting request. No properties, no tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// The version of the server.
    pub version: String,
    /// The server's clock.
    pub time: Timestamp,
    /// The pools in the order of their names.
    pub pools: Vec<PoolOverview>,
}

/// One pool of an [`Overview`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolOverview {
    /// Its name.
    pub name: Label,
    /// How often its inventory has changed; 1 at first.
    pub revision: u64,
    /// Its resources in the order of their names, retired ones last.
    pub resources: Vec<ResourceOverview>,
    /// Resources that are wired together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stacks: Vec<Stack>,
    /// Its waiting requests in the order in which they will be served.
    pub waiting: Vec<WaitingOverview>,
}

/// One resource of an [`Overview`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourceOverview {
    /// Its name.
    pub name: Name,
    /// Its state.
    pub state: ResourceState,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Label>,
    /// What it is or can do.
    pub attributes: BTreeSet<Word>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Its address as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Text>,
    /// The attributes of its entities, by name. Their properties are not shown.
    pub entities: BTreeMap<Name, EntityOverview>,
    /// Who holds it, or, of a collateral, its stack-mate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Holding>,
    /// The waiting request that it, or a stack-mate, is held back for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back_for: Option<Waiter>,
    /// It is a key that is not in the inventory, and is there while it is asked for or held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
    /// How many waiting requests could take it.
    pub queue: u64,
}

/// One entity of an [`Overview`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EntityOverview {
    /// What it is or can do.
    pub attributes: BTreeSet<Word>,
}

impl From<&Entity> for EntityOverview {
    fn from(entity: &Entity) -> Self {
        Self { attributes: entity.attributes.clone() }
    }
}

/// One waiting request of an [`Overview`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaitingOverview {
    /// Its id.
    pub id: RequestId,
    /// Its place among the waiting requests that could take one of its candidates; 1 is next.
    pub position: u64,
    /// How many such requests wait, this one included.
    pub of: u64,
    /// Who goes first.
    pub priority: Priority,
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Label>,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Since when it waits.
    pub since: Timestamp,
    /// What it asks for, in the form of the query string (`location=office1&attributes=[can]`).
    pub selector: String,
    /// What it asks for, requirement by requirement, in the short form (`2 location=office1 +can`).
    #[serde(default)]
    pub requirements: Vec<String>,
    /// How many resources could serve it.
    pub candidates_total: u64,
    /// The candidates that are held back for it already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<Name>,
    /// The allowance of the pool that keeps it waiting, whatever is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

/// The answer to `GET /v1/resources`: resources of one or several pools. No properties, no tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResourceList {
    /// Those that were asked for, pool by pool, in the order of the overview.
    pub resources: Vec<PooledResource>,
    /// There are more: `after` of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A resource, with the pool that it is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PooledResource {
    /// The name of the pool.
    pub pool: Label,
    /// The resource.
    #[serde(flatten)]
    pub resource: ResourceOverview,
}

/// A lease as everyone may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeaseOverview {
    /// The pool it is in.
    pub pool: Label,
    /// Who holds it, since when, and until when.
    #[serde(flatten)]
    pub holding: Holding,
    /// What it holds, for each requirement in the order of the request.
    pub resources: Vec<Vec<Name>>,
    /// What the client says about itself.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<Label, Text>,
}

/// `GET /v1/leases`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeaseList {
    /// The leases in the order of their ids, pool by pool.
    pub leases: Vec<LeaseOverview>,
    /// There are more: `after` of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `GET /v1/requests`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestList {
    /// The waiting requests in the order in which they will be served, pool by pool.
    pub requests: Vec<PooledRequest>,
    /// There are more: `after` of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A waiting request as everyone may know it, with the pool that it is in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PooledRequest {
    /// The name of the pool.
    pub pool: Label,
    /// The request.
    #[serde(flatten)]
    pub request: WaitingOverview,
}

/// `GET /v1/stacks`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StackList {
    /// The stacks, pool by pool, in the order of the inventory.
    pub stacks: Vec<PooledStack>,
}

/// Resources that are wired together, with the pool that they are in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PooledStack {
    /// The name of the pool.
    pub pool: Label,
    /// The names of the resources.
    pub members: Stack,
}
