//! The JSON that adapters and clients share. `docs/protocol.md` shows each shape with an example.
//!
//! Readers ignore keys that they do not know: later versions add some.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod events;
mod lease;
mod overview;
mod problem;
pub mod socket;

pub use events::{EventId, EventIdError, Happening, PublicEvent};
pub use lease::{IssuedToken, PendingRequest, RenewedLease, VerifiedLease};
pub use overview::{
    EntityOverview, LeaseList, LeaseOverview, Overview, PoolOverview, PooledRequest,
    PooledResource, PooledStack, RequestList, ResourceList, ResourceOverview, StackList,
    WaitingOverview,
};

pub use problem::ProblemKind;

use crate::inventory::Resource;
use crate::lease::{EndReason, Grant, Holding};
use crate::names::{Label, Name};
use crate::request::{Fence, Request, RequestId};
use crate::revision::Revision;
use crate::time::Timestamp;
use crate::token::Token;

/// One line of the stream that answers `POST /lock`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Event {
    /// The request waits. Sent once at the start and again when its place or the candidates change.
    Queued {
        /// The request and its place.
        request: QueuedRequest,
    },
    /// The request was granted.
    Granted {
        /// What was granted.
        lease: GrantedLease,
    },
    /// Nothing has changed; the server is there.
    Heartbeat {
        /// The server's clock.
        time: Timestamp,
    },
    /// The server is about to stop.
    Draining {
        /// How long it still waits for holders, in seconds.
        deadline_seconds: u64,
    },
    /// The server stops, and keeps the request or the lease. Nothing follows; whoever comes back with the
    /// token goes on.
    Restarting {
        /// How long the token is good for once the server is back, in seconds.
        grace_seconds: u64,
    },
    /// The request or the lease has ended. Nothing follows.
    Ended {
        /// Which one.
        id: RequestId,
        /// Why, for programs.
        reason: EndReason,
        /// Why, for people.
        detail: String,
    },
}

/// A waiting request as its client sees it. `Debug` does not show the token.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueuedRequest {
    /// Its id, which the lease will keep.
    pub id: RequestId,
    /// The secret that proves whose it is; in the first `queued` line only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Its place among the waiting requests that could take one of its candidates; 1 is next.
    pub position: u64,
    /// How many such requests wait, this one included.
    pub of: u64,
    /// Since when it waits.
    pub since: Timestamp,
    /// The resources that it waits for; at most 16 are listed.
    pub candidates: Vec<Candidate>,
    /// How many candidates there are.
    pub candidates_total: u64,
    /// The candidates that are held back for it already; they are not among those listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<Name>,
    /// The allowance of the pool that keeps it waiting, whatever is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
}

impl fmt::Debug for QueuedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedRequest")
            .field("id", &self.id)
            .field("position", &self.position)
            .field("of", &self.of)
            .field("since", &self.since)
            .field("candidates", &self.candidates)
            .field("held_back", &self.held_back)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The state of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResourceState {
    /// Can be leased now.
    Free,
    /// Held.
    Leased,
    /// Held by a client that is away and may still come back.
    Orphaned,
    /// Held, and no longer in the inventory: it goes when the lease ends.
    Retired,
    /// Free, and it or a stack-mate is held back for a waiting request that needs more than this.
    HeldBack,
    /// Free for one client alone, which has a stack-mate of it.
    Collateral,
    /// One that this version does not know.
    #[serde(other)]
    Unknown,
}

impl ResourceState {
    /// Every state that a resource can be in.
    pub const ALL: [Self; 6] =
        [Self::Free, Self::Leased, Self::Orphaned, Self::Retired, Self::HeldBack, Self::Collateral];

    /// The stable name, as the surfaces show it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Leased => "leased",
            Self::Orphaned => "orphaned",
            Self::Retired => "retired",
            Self::HeldBack => "held_back",
            Self::Collateral => "collateral",
            Self::Unknown => "unknown",
        }
    }
}

/// A resource that a request waits for, or that made it `busy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Candidate {
    /// Its name.
    pub resource: Name,
    /// Its state.
    pub state: ResourceState,
    /// Who holds it, or, of a collateral, its stack-mate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Holding>,
    /// The waiting request that it, or a stack-mate, is held back for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back_for: Option<Waiter>,
}

/// Who waits for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waiter {
    /// The waiting request.
    pub id: RequestId,
    /// Who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Label>,
}

/// A resource that was granted, with its properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantedResource {
    /// What was granted.
    #[serde(flatten)]
    pub resource: Resource,
    /// For each entity pattern of the requirement, in its order, the entity that serves it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairing: Vec<Name>,
}

impl std::ops::Deref for GrantedResource {
    type Target = Resource;

    fn deref(&self) -> &Resource {
        &self.resource
    }
}

/// A lease as its holder sees it. `Debug` shows neither the token nor the properties.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantedLease {
    /// Its id.
    pub id: RequestId,
    /// The secret that proves whose it is.
    pub token: String,
    /// Larger than that of every earlier lease in the pool.
    pub fence: Fence,
    /// The pool it is in.
    pub pool: Label,
    /// What was leased, with all properties, where it is one resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<GrantedResource>,
    /// What was leased, for each requirement in the order of the request.
    #[serde(default)]
    pub resources: Vec<Vec<GrantedResource>>,
    /// Since when.
    pub since: Timestamp,
    /// Until when at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

impl GrantedLease {
    /// A lease as it is told to its holder: what was granted to `request`.
    #[must_use]
    pub fn new(pool: Label, token: &Token, grant: &Grant, request: &Request) -> Self {
        let pairings = grant.pairing(request);
        let granted = |(resources, pairings): (&Vec<Arc<Resource>>, Vec<Vec<Name>>)| {
            let granted = resources.iter().zip(pairings);
            let granted = granted.map(|(resource, pairing)| GrantedResource {
                resource: resource.as_ref().clone(),
                pairing,
            });
            granted.collect::<Vec<_>>()
        };
        let resources: Vec<Vec<GrantedResource>> =
            grant.resources.iter().zip(pairings).map(granted).collect();
        let resource = match resources.as_slice() {
            [only] if only.len() == 1 => only.first().cloned(),
            _ => None,
        };
        Self {
            id: grant.id,
            token: token.reveal().to_owned(),
            fence: grant.fence,
            pool,
            resource,
            resources,
            since: grant.since,
            expires: grant.expires,
        }
    }

    /// Everything that was leased, in the order of the request.
    pub fn all(&self) -> impl Iterator<Item = &GrantedResource> {
        self.resources.iter().flatten()
    }
}

impl fmt::Debug for GrantedLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantedLease")
            .field("id", &self.id)
            .field("fence", &self.fence)
            .field("pool", &self.pool)
            .field("resources", &self.resources)
            .field("since", &self.since)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The answer to `POST /inventory`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InventoryAnswer {
    /// Whether this only says what would change.
    pub dry_run: bool,
    /// What changes, per pool.
    pub pools: Vec<PoolChange>,
}

/// What changes in one pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolChange {
    /// The pool.
    pub name: Label,
    /// The revision after the change, or the present one if nothing changes or this is a dry run.
    pub revision: u64,
    /// Added, removed, changed and retired resources, by name; whether the stacks or the rules change.
    #[serde(flatten)]
    pub change: crate::inventory::InventoryChange,
}

/// `GET /v1/inventory/revisions`: which inventories there have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InventoryRevisions {
    /// The pools in the order of their names, or the one that was asked for.
    pub pools: Vec<PoolRevisions>,
}

/// The revisions of one pool's inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolRevisions {
    /// The pool.
    pub name: Label,
    /// Those that are kept, the newest, which is in force, first.
    pub revisions: Vec<Revision>,
}

/// An error: an RFC 9457 problem document, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// A URI for the kind of problem: `urn:respo:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable name of the kind, for programs.
    pub code: String,
    /// What is wrong with this request, and how to mend it.
    pub detail: String,
    /// More about it: `candidates` for `busy`, `parts` for `no_such`, `problems` for an inventory,
    /// `parameter` for a malformed query, `path` for a malformed body.
    #[serde(flatten)]
    pub more: BTreeMap<String, Value>,
}
